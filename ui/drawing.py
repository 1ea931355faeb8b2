"""Where the nodes of a small graph stand: the entity in the middle, its neighbours around it, one sector a relation."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from yiwen.client import Edge, Entity, Graph

WIDTH, HEIGHT = 860, 640
MIDDLE = (WIDTH / 2, HEIGHT / 2)
INNER, OUTER = 0.66, 0.98
"""Shares of the largest ellipse that fits; neighbours in a row stand on either in turn so that names do not collide."""
LABEL_AT = 0.42
MARGIN_X, MARGIN_Y = 150, 45


@dataclass(frozen=True)
class Drawing:
    """Coordinates in units of `width` x `height`, as the script takes them."""

    width: int
    height: int
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    labels: list[dict[str, Any]]


def radial(graph: Graph) -> Drawing:
    """Every neighbour once, beside others of its relation; the order is that of the service."""
    by_id = {node.id: node for node in graph.nodes}
    sectors = _sectors(graph)
    neighbours = [node for members in sectors.values() for node in members]
    place = {graph.center: MIDDLE}
    angle_of: dict[str, float] = {}
    for index, identifier in enumerate(neighbours):
        angle = 2 * math.pi * index / max(len(neighbours), 1) - math.pi / 2
        reach = (OUTER if index % 2 else INNER) if len(neighbours) > 12 else 0.8
        place[identifier], angle_of[identifier] = _at(angle, reach), angle
    nodes = [_node(by_id[graph.center], MIDDLE, None)]
    nodes += [_node(by_id[identifier], place[identifier], angle_of[identifier]) for identifier in neighbours]
    edges = [_edge(edge, place, by_id) for edge in graph.edges if edge.start in place and edge.end in place]
    return Drawing(WIDTH, HEIGHT, nodes, edges, _labels(graph, sectors, angle_of))


def _sectors(graph: Graph) -> dict[str, list[str]]:
    """Neighbours by the label of the first relation that leads to them."""
    found: dict[str, list[str]] = defaultdict(list)
    seen = {graph.center}
    for edge in graph.edges:
        other = edge.end if edge.start == graph.center else edge.start
        if other not in seen:
            seen.add(other)
            found[edge.label].append(other)
    return found


def _at(angle: float, reach: float) -> tuple[float, float]:
    return (
        MIDDLE[0] + reach * (MIDDLE[0] - MARGIN_X) * math.cos(angle),
        MIDDLE[1] + reach * (MIDDLE[1] - MARGIN_Y) * math.sin(angle),
    )


def _node(node: Entity, place: tuple[float, float], angle: float | None) -> dict[str, Any]:
    """`angle` is None for the one in the middle, whose name stands below it."""
    shown: dict[str, Any] = {
        "id": node.id,
        "name": node.name,
        "type": node.type,
        "center": angle is None,
        "x": round(place[0], 1),
        "y": round(place[1], 1),
        "opens": angle is not None and not node.id.startswith("text:"),
    }
    if angle is None:
        return shown | {"dx": 0, "dy": 28, "anchor": "middle"}
    across = math.cos(angle)
    if abs(across) < 0.35:
        return shown | {"dx": 0, "dy": 19 if math.sin(angle) > 0 else -18, "anchor": "middle"}
    return shown | {"dx": 13 if across > 0 else -13, "dy": 0, "anchor": "start" if across > 0 else "end"}


def _edge(edge: Edge, place: dict[str, tuple[float, float]], names: dict[str, Entity]) -> dict[str, Any]:
    (x1, y1), (x2, y2) = place[edge.start], place[edge.end]
    title = f"{names[edge.start].name} — {edge.label} → {names[edge.end].name}"
    return {"x1": round(x1, 1), "y1": round(y1, 1), "x2": round(x2, 1), "y2": round(y2, 1), "title": title}


def _labels(graph: Graph, sectors: dict[str, list[str]], angle_of: dict[str, float]) -> list[dict[str, Any]]:
    """The name of each relation once, between the middle and its neighbours."""
    labels = []
    for text, members in sectors.items():
        angle = (angle_of[members[0]] + angle_of[members[-1]]) / 2
        x, y = _at(angle, LABEL_AT)
        labels.append({"text": text, "x": round(x, 1), "y": round(y, 1)})
    return labels

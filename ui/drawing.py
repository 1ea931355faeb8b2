"""Where the nodes of a small graph stand: the entity in the middle, its neighbours left and right, by relation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yiwen.client import Edge, Entity, Graph

WIDTH, ROW, MARGIN = 860, 30, 20
LEFT, RIGHT = 250, WIDTH - 250
"""Where the neighbours of a side stand; their names go outwards."""
LEAST_HEIGHT = 260
NARROW, BELOW = 360, 66
"""The width for a phone, and where all neighbours stand there."""


_Groups = dict[str, list[str]]


@dataclass(frozen=True)
class Drawing:
    """Coordinates in units of `width` x `height`, as the script takes them."""

    width: int
    height: int
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    labels: list[dict[str, Any]]


def drawn(graph: Graph) -> Drawing:
    """Every neighbour that is an entity, once, in a row of its own below the name of its relation."""
    sides = _halves(_by_relation(graph))
    height = max(LEAST_HEIGHT, 2 * MARGIN + ROW * max(map(_rows, sides)))
    columns = [(groups, x, (height - ROW * _rows(groups)) / 2) for groups, x in zip(sides, (LEFT, RIGHT), strict=True)]
    return _placed(graph, columns, (WIDTH / 2, height / 2), WIDTH, height)


def drawn_narrow(graph: Graph) -> Drawing:
    """The same as one column below the entity, for a phone."""
    groups = _by_relation(graph)
    top = 2 * MARGIN + ROW / 2
    return _placed(graph, [(groups, BELOW, top)], (MARGIN, MARGIN), NARROW, top + ROW * _rows(groups) + MARGIN)


def _placed(
    graph: Graph, columns: Sequence[tuple[_Groups, int, float]], middle: tuple[float, float], width: int, height: float
) -> Drawing:
    """`columns`: the groups below each other, the x of their nodes, the y where they begin."""
    by_id = {node.id: node for node in graph.nodes}
    place = {graph.center: middle}
    labels = []
    for groups, x, top in columns:
        y = top + ROW / 2
        for label, members in groups.items():
            labels.append({"text": label, "x": x, "y": y, "anchor": "end" if x == LEFT else "start"})
            for number, identifier in enumerate(members, start=1):
                place[identifier] = (x, y + number * ROW)
            y += ROW * (len(members) + 1)
    nodes = [_node(by_id[identifier], place[identifier], graph.center) for identifier in place]
    edges = [_edge(edge, place, by_id) for edge in graph.edges if edge.start in place and edge.end in place]
    return Drawing(width, int(height), nodes, edges, labels)


def _by_relation(graph: Graph) -> _Groups:
    """Neighbours by the label of the first relation that leads to them; texts are left to the list of facts."""
    found: _Groups = defaultdict(list)
    seen = {graph.center}
    for edge in graph.edges:
        other = edge.end if edge.start == graph.center else edge.start
        if other not in seen and not other.startswith("text:"):
            seen.add(other)
            found[edge.label].append(other)
    return found


def _halves(groups: _Groups) -> tuple[_Groups, _Groups]:
    """Each relation on the side that has fewer rows so far."""
    left: _Groups = {}
    right: _Groups = {}
    for label, members in groups.items():
        (left if _rows(left) <= _rows(right) else right)[label] = members
    return left, right


def _rows(groups: _Groups) -> int:
    return sum(len(members) + 1 for members in groups.values())


def _node(node: Entity, place: tuple[float, float], center: str) -> dict[str, Any]:
    x, y = place
    shown: dict[str, Any] = {"id": node.id, "name": node.name, "type": node.type, "x": x, "y": y}
    if node.id == center and x == MARGIN:
        return shown | {"center": True, "dx": 24, "dy": 1, "anchor": "start"}
    if node.id == center:
        return shown | {"center": True, "dx": 0, "dy": 32, "anchor": "middle"}
    return shown | {"center": False, "dx": -15 if x == LEFT else 15, "dy": 1, "anchor": "end" if x == LEFT else "start"}


def _edge(edge: Edge, place: dict[str, tuple[float, float]], names: dict[str, Entity]) -> dict[str, Any]:
    """A curve that leaves both ends sideways."""
    (x1, y1), (x2, y2) = place[edge.start], place[edge.end]
    middle = (x1 + x2) / 2
    title = f"{names[edge.start].name} — {edge.label} → {names[edge.end].name}"
    return {
        "path": f"M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}",
        "title": title,
    }

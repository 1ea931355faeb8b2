"""The picture of a graph: every node once, inside the frame, none on top of another."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import pytest

from ui.drawing import NARROW, ROW, WIDTH, Drawing, drawn, drawn_narrow
from yiwen.client import Edge, Entity, Graph, Source

SOURCE = Source(id="s:1", title="编者整理", grade="editorial")


def graph(neighbours: int) -> Graph:
    middle = Entity(id="disease:甲病", name="甲病", type="disease")
    others = [Entity(id=f"symptom:{n}", name=f"症状{n}", type="symptom") for n in range(neighbours)]
    edges = [
        Edge(id=f"f:{n}", relation="has_symptom" if n % 2 else "has_cause", label="症状" if n % 2 else "病因",
             start=middle.id if n % 3 else other.id, end=other.id if n % 3 else middle.id, source=SOURCE)
        for n, other in enumerate(others)
    ]  # fmt: skip
    return Graph(center=middle.id, nodes=(middle, *others), edges=tuple(edges), kb_version=1)


@pytest.mark.parametrize(("draw", "width"), [(drawn, WIDTH), (drawn_narrow, NARROW)])
@pytest.mark.parametrize("neighbours", [0, 1, 2, 13, 40])
def test_every_node_stands_alone_inside_the_frame(
    neighbours: int, draw: Callable[[Graph], Drawing], width: int
) -> None:
    drawing = draw(graph(neighbours))
    assert drawing.width == width
    assert len({node["id"] for node in drawing.nodes}) == len(drawing.nodes) == neighbours + 1
    assert all(0 < node["x"] < width and 0 < node["y"] < drawing.height for node in drawing.nodes)
    assert len(drawing.edges) == neighbours
    assert [label["text"] for label in drawing.labels] == ["病因", "症状"][: min(neighbours, 2)]
    for a, b in combinations(drawing.nodes, 2):
        assert math.dist((a["x"], a["y"]), (b["x"], b["y"])) > ROW / 2


def test_texts_are_not_drawn() -> None:
    middle = Entity(id="disease:甲病", name="甲病", type="disease")
    text = Entity(id="text:f:1", name="终身", type="treatment_duration")
    edge = Edge(id="f:1", relation="treatment_duration", label="治疗周期", start=middle.id, end=text.id, source=SOURCE)
    drawing = drawn(Graph(center=middle.id, nodes=(middle, text), edges=(edge,), kb_version=1))
    assert [node["id"] for node in drawing.nodes] == [middle.id]
    assert drawing.edges == drawing.labels == []

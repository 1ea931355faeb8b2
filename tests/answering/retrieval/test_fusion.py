"""Fusing ranked lists, and the file of weights."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigurationError
from rag.retrieval.fusion import LANGUAGES, WEIGHTS, Tuning, default_tuning, fuse, fuse_languages
from rag.text import language_of

TWO = {"sparse": 1.0, "dense": 0.5}
HITS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(-10, 1000)), max_size=12)
# No arm tells hits apart by less than a millionth; at 5e-324 a scale of 0.001 gives 0, which is not found.
DISTINCT = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(-10, 0) | st.floats(1e-6, 1000)), max_size=12)


def example() -> Tuning:
    table = {"sparse": 1.0, "dense": 0.25, "graph": 0.5, "concepts": 1.0}
    return Tuning({"zh": table, "en": table | {"dense": 0.0}}, {"answer": 0.3})


def test_scores_are_shares_of_the_best_of_their_arm() -> None:
    fused = fuse({"sparse": [("p:1", 8.0), ("p:2", 6.0)], "dense": [("p:2", 0.5), ("p:3", 0.4)]}, TWO)
    assert [name for name, _, _ in fused] == ["p:2", "p:1", "p:3"]
    assert fused[0][1] == pytest.approx(0.75 + 0.5)
    assert fused[0][2] == {"sparse": 0.75, "dense": 1.0}
    assert fused[1][2] == {"sparse": 1.0}


def test_ties_go_by_id() -> None:
    fused = fuse({"sparse": [("p:2", 5.0), ("p:1", 5.0)]}, TWO)
    assert [name for name, _, _ in fused] == ["p:1", "p:2"]


def test_an_arm_without_weight_adds_nothing() -> None:
    assert fuse({"dense": [("p:1", 0.5)], "graph": [("p:2", 1.0)]}, {"dense": 0.0}) == []


@pytest.mark.parametrize("score", [0.0, -0.2])
def test_scores_of_zero_and_below_are_not_found(score: float) -> None:
    assert fuse({"dense": [("p:1", score)]}, TWO) == []


@given(DISTINCT, HITS, st.floats(0.001, 1000))
def test_the_scale_of_an_arm_does_not_matter(
    sparse: list[tuple[str, float]], dense: list[tuple[str, float]], scale: float
) -> None:
    one = fuse({"sparse": sparse, "dense": dense}, TWO)
    other = fuse({"sparse": [(name, score * scale) for name, score in sparse], "dense": dense}, TWO)
    assert {name: score for name, score, _ in other} == pytest.approx({name: score for name, score, _ in one}, rel=1e-9)


@given(HITS, HITS)
def test_order_of_hits_does_not_matter_and_scores_fall(
    sparse: list[tuple[str, float]], dense: list[tuple[str, float]]
) -> None:
    fused = fuse({"sparse": sparse, "dense": dense}, TWO)
    assert fused == fuse({"sparse": sparse[::-1], "dense": dense[::-1]}, TWO)
    assert [score for _, score, _ in fused] == sorted((score for _, score, _ in fused), reverse=True)
    assert {name for name, _, _ in fused} == {name for name, score in sparse + dense if score > 0}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("偏头痛吃什么药", "zh"),
        ("hydrochlorothiazide副作用", "zh"),
        ("Does aspirin prevent stroke?", "en"),
        ("What does 偏头痛 mean in English", "en"),
        ("β-blocker", "en"),
        ("120/80", "zh"),
        ("", "zh"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_tuning_round_trip_keeps_the_name() -> None:
    tuning = example()
    assert Tuning.from_json(tuning.to_json()) == tuning
    assert Tuning.from_json(tuning.to_json()).name == tuning.name
    assert len(tuning.name) == 16


def test_changed_weights_change_the_name() -> None:
    tuning = example()
    assert Tuning(tuning.weights, {"answer": 0.31}).name != tuning.name


def test_a_tuning_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        example().weights["zh"]["dense"] = 1.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"weights": {"zh": {}}}, "expected"),
        ({"weights": []}, "expected an object"),
        ({"thresholds": {"answer": "high"}}, "expected a number"),
        ({"thresholds": {"answer": True}}, "expected a number"),
        ({"extra": 1}, "exactly"),
    ],
)
def test_a_wrong_file_is_refused(change: dict[str, object], message: str) -> None:
    content = json.loads(example().to_json()) | change
    with pytest.raises(ConfigurationError, match=message):
        Tuning.from_json(json.dumps(content))


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not JSON"):
        Tuning.from_json("{")


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_weights_are_finite_and_not_negative(weight: float) -> None:
    table = {"sparse": 1.0, "dense": weight, "graph": 0.5, "concepts": 1.0}
    with pytest.raises(ConfigurationError, match="dense"):
        Tuning({"zh": table, "en": table}, {})


def test_the_packaged_tuning_is_canonical() -> None:
    tuning = default_tuning()
    assert set(tuning.weights) == set(LANGUAGES)
    assert all(set(table) == set(WEIGHTS) for table in tuning.weights.values())


def test_the_other_language_is_merged_by_rank() -> None:
    arms = {"sparse": [("p:1", 8.0), ("p:2", 4.0)], "graph": [("p:8", 3.0), ("p:9", 1.0)]}
    merged = fuse_languages(arms, {"sparse": 1.0, "graph": 0.9})
    assert [name for name, _, _ in merged] == ["p:1", "p:8", "p:2", "p:9"]


def test_a_passage_found_in_both_ways_keeps_its_place_in_the_other_language() -> None:
    arms = {"sparse": [("p:1", 8.0), ("p:8", 0.1)], "graph": [("p:8", 3.0)]}
    assert [hit[:1] for hit in fuse_languages(arms, {"sparse": 1.0, "graph": 0.9})] == [("p:1",), ("p:8",)]


def test_without_own_hits_the_other_language_stands_alone() -> None:
    assert [name for name, _, _ in fuse_languages({"graph": [("p:8", 3.0)]}, {"graph": 0.5})] == ["p:8"]

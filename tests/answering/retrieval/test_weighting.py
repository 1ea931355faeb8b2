"""Weights of a question's tokens, and the table they come from."""

from __future__ import annotations

import json

import pytest

from rag.errors import ConfigurationError
from rag.retrieval.weighting import TermWeights, default_weights


def example() -> TermWeights:
    return TermWeights({"头": 2.0, "咋": 0.25}, 0.5, {"seed": 0})


def test_counts_and_factors_multiply() -> None:
    assert example().of("头头头头，咋，aspirin") == {"头": 4.0, "头头": 3**0.5, "咋": 0.25, "aspirin": 1.0}


def test_a_text_without_tokens_has_no_weights() -> None:
    assert example().of("。。。") == {}


def test_round_trip() -> None:
    assert TermWeights.from_json(example().to_json()) == example()


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"text_version": 99}, {"factors": {"头": 0}}, {"factors": {"头": "x"}}, {"factors": []}],
)
def test_a_wrong_table_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="term weights"):
        TermWeights.from_json(json.dumps(json.loads(example().to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_text_that_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="expected a file"):
        TermWeights.from_json(text)


def test_the_packaged_table_prefers_what_is_asked_about() -> None:
    weights = default_weights().of("请问头晕怎么治疗")
    assert weights["头晕"] > weights["怎么"]
    assert weights["晕"] > weights["问"]


def test_english_counts_as_before() -> None:
    assert set(default_weights().of("does aspirin prevent stroke").values()) == {1.0}

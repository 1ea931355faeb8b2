"""Stop texts and the window of a model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.prompt import SYSTEM
from rag.domain import Turn
from rag.errors import DependencyError
from rag.generators.stopping import estimated_length, fitted, until
from tests.answering.records import CONCLUSION, request, told


@given(
    st.lists(st.text("ab#\n", max_size=4), max_size=12), st.lists(st.text("ab#", min_size=1, max_size=3), max_size=3)
)
def test_the_text_before_the_first_stop_however_it_is_cut(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    # The stop that is complete first ends the text, as it does for whoever reads along.
    ends = [at + len(stop) for stop in stops if (at := text.find(stop)) >= 0]
    seen = text[: min(ends)] if ends else text
    expected = min((at for stop in stops if (at := seen.find(stop)) >= 0), default=len(seen))
    whole = "".join(until(list(text), stops))
    assert whole == text[:expected]
    if len(stops) <= 1:
        assert "".join(until(pieces, stops)) == whole


def test_nothing_waits_that_cannot_begin_a_stop() -> None:
    stream = until(iter(["甲", "乙<", "x", "<|end", "|>丙"]), ["<|end|>"])
    assert list(stream) == ["甲", "乙", "<x"]


ASKED = replace(
    request([told(CONCLUSION)], question="偏头痛吃什么药"),
    history=(Turn("user", "旧" * 100), Turn("assistant", "答" * 100), Turn("user", "新")),
)


def test_the_oldest_turns_give_way_and_the_rest_stays() -> None:
    whole = fitted(ASKED, 10_000, estimated_length)
    assert len(whole) == 5
    needed = estimated_length(whole)
    assert fitted(ASKED, needed, estimated_length) == whole
    assert fitted(ASKED, needed - 1, estimated_length) == [whole[0], *whole[2:]]
    fewest = fitted(ASKED, needed - 225, estimated_length)
    assert fewest == [("system", SYSTEM), whole[-1]]
    assert CONCLUSION.text in fewest[-1][1]


def test_evidence_that_does_not_fit_is_no_answer() -> None:
    with pytest.raises(DependencyError, match="YIWEN_LLM_CONTEXT_TOKENS"):
        fitted(ASKED, 100, estimated_length)

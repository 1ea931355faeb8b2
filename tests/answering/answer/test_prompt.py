"""Evidence within a budget, and the messages for a model."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag.answer.prompt import SYSTEM, assemble, estimated_tokens, messages
from rag.domain import Turn
from rag.vocabulary import Relation
from tests.answering.records import CONCLUSION, ENGLISH, request, stated, told


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 80)), max_size=12), st.integers(1, 400))
def test_assembled_evidence_fits_keeps_its_order_and_has_no_repeats(sizes: list[tuple[int, int]], budget: int) -> None:
    candidates = [replace(told(CONCLUSION), id=f"p:{key}", text="甲" * size) for key, size in sizes]
    chosen = assemble(candidates, tokens=budget)
    assert bool(chosen) == bool(candidates)
    assert len({e.id for e in chosen}) == len(chosen)
    places = [candidates.index(e) for e in chosen]
    assert places == sorted(places)
    assert len(chosen) == 1 or sum(len(e.text) + 12 for e in chosen) <= budget


def test_a_repeat_costs_nothing() -> None:
    first = told(CONCLUSION)
    fact = stated("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心")
    assert assemble([first, first, fact], tokens=estimated_tokens(first.text) + 40) == (first, fact)


def test_tokens_are_counted_by_script() -> None:
    assert (estimated_tokens("偏头痛"), estimated_tokens("migraine"), estimated_tokens("")) == (3, 2, 0)


def test_the_static_part_comes_first_and_evidence_is_numbered() -> None:
    asked = replace(
        request([told(CONCLUSION), told(ENGLISH)], question="偏头痛吃什么药"), history=(Turn("user", "你好"),)
    )
    (system, static), (role, said), (last, prompt) = messages(asked)
    assert (system, static, role, said, last) == ("system", SYSTEM, "user", "你好", "user")
    assert prompt.index("[1] （临床试验，2019年）布洛芬400mg") < prompt.index("[2] （临床试验，2019年）Ibuprofen")
    assert prompt.endswith("问题：偏头痛吃什么药")


def test_every_request_shares_its_first_message() -> None:
    first = messages(request([told(CONCLUSION)]))[0]
    assert first == messages(request([told(ENGLISH)], question="另一个问题"))[0]

"""A reranker moves the best passages, by a weight of the tuning; without one nothing moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.linking.names import Names
from rag.retrieval.fusion import Tuning, default_tuning, in_new_order
from rag.retrieval.passages import PassageSearch
from tests.answering.records import RECORDS
from tests.fake_knowledge_base import FakeKnowledgeBase

QUESTION = "布洛芬可以缓解偏头痛吗"


class Preferring:
    """Gives a text 1 if it holds a word, else 0."""

    identity = "preferring"

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        return np.array([self.word in text for text in texts], dtype=np.float32)


def search(reranker: Preferring | None, **weights: float) -> PassageSearch:
    kb, packaged = FakeKnowledgeBase(RECORDS), default_tuning()
    tuning = Tuning(packaged.weights, {**packaged.thresholds, **{f"rerank.{name}": w for name, w in weights.items()}})
    return PassageSearch(kb, Names(kb.names()), None, tuning, reranker)


def test_what_it_prefers_comes_first_and_keeps_its_score() -> None:
    plain = search(None).passages(QUESTION, (), top_k=8)
    last = plain[-1]
    moved = search(Preferring(last.text), zh=4.0).passages(QUESTION, (), top_k=8)
    assert len(plain) > 1
    assert moved[0].id == last.id
    assert moved[0].score == last.score
    assert moved[0].arms["rerank"] == 1.0
    assert {e.id for e in moved} == {e.id for e in plain}
    assert search(Preferring(last.text), zh=4.0).passages(QUESTION, (), top_k=1)[0].id == last.id


@pytest.mark.parametrize("weights", [{}, {"zh": 0.0}, {"en": 4.0}])
def test_it_is_not_asked_where_it_earned_no_place(weights: dict[str, float]) -> None:
    reranker = Preferring("任何")
    assert search(reranker, **weights).passages(QUESTION, (), top_k=8) == search(None).passages(QUESTION, (), top_k=8)
    assert reranker.read == []


def test_nothing_found_is_nothing_read() -> None:
    reranker = Preferring("任何")
    assert search(reranker, zh=1.0).reranked(QUESTION, []) == []
    assert reranker.read == []


@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 1)), min_size=1, max_size=20),
    st.floats(0, 10),
)
def test_the_order_is_that_of_the_sums(rows: list[tuple[float, float]], weight: float) -> None:
    hits = [(f"p:{n}", score, {"sparse": 1.0}) for n, (score, _) in enumerate(rows)]
    read = {f"p:{n}": given for n, (_, given) in enumerate(rows)}
    ordered = in_new_order(hits, read, weight)
    top = max(score for score, _ in rows)
    sums = [score / top + weight * parts["rerank"] for _, score, parts in ordered]
    assert sums == sorted(sums, reverse=True)
    assert sorted(name for name, _, _ in ordered) == sorted(read)

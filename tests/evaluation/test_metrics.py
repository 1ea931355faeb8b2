"""Measures against naive definitions, and the bootstrap against known answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import ndcg, paired_bootstrap, precision_at, recall_at, reciprocal_rank
from rag.errors import UsageError

FOUND = st.lists(st.integers(0, 15), unique=True, max_size=16)
RELEVANT = st.sets(st.integers(0, 15), min_size=1)
K = st.integers(1, 20)


@given(FOUND, RELEVANT, K)
def test_recall_counts_hits(found: list[int], relevant: set[int], k: int) -> None:
    hits = sum(1 for place, item in enumerate(found) if place < k and item in relevant)
    assert recall_at(found, relevant, k) == hits / len(relevant)
    assert precision_at(found, relevant, k) == hits / k


@given(FOUND, RELEVANT, K)
def test_reciprocal_rank_is_the_first_hit(found: list[int], relevant: set[int], k: int) -> None:
    places = [place for place in range(min(k, len(found))) if found[place] in relevant]
    assert reciprocal_rank(found, relevant, k) == (1 / (min(places) + 1) if places else 0)


@given(FOUND, RELEVANT, K)
def test_ndcg_is_gain_over_the_best_gain(found: list[int], relevant: set[int], k: int) -> None:
    def dcg(order: list[int]) -> float:
        return sum((item in relevant) / math.log2(place + 2) for place, item in enumerate(order[:k]))

    ideal = sorted(range(16), key=lambda item: item not in relevant)
    assert ndcg(found, relevant, k) == pytest.approx(dcg(found) / dcg(ideal))


@given(FOUND, RELEVANT)
def test_measures_stay_within_0_and_1_when_items_repeat(found: list[int], relevant: set[int]) -> None:
    for measure in (recall_at, precision_at, reciprocal_rank, ndcg):
        assert 0 <= measure(found + found, relevant, 10) <= 1


def test_known_values() -> None:
    assert recall_at(["a", "b"], {"b", "c"}, 2) == 0.5
    assert reciprocal_rank(["a", "b"], {"b"}) == 0.5
    assert ndcg(["a", "b"], {"b"}) == pytest.approx(1 / math.log2(3))
    assert reciprocal_rank([str(n) for n in range(11)], {"10"}) == 0.0


@pytest.mark.parametrize(("relevant", "k"), [(set(), 10), ({"a"}, 0)])
def test_a_question_without_gold_is_an_error(relevant: set[str], k: int) -> None:
    with pytest.raises(UsageError, match="expected k >= 1"):
        recall_at(["a"], relevant, k)


def test_bootstrap_of_a_constant_gain_is_that_gain() -> None:
    gain = paired_bootstrap([0.1] * 20, [0.3] * 20, samples=100)
    assert (gain.mean, gain.low, gain.high) == pytest.approx((0.2, 0.2, 0.2))
    assert gain.better
    assert not gain.worse


def test_bootstrap_interval_is_near_the_normal_one() -> None:
    before = [0.0] * 400
    after = [1.0 if n % 4 == 0 else 0.0 for n in range(400)]
    gain = paired_bootstrap(before, after, samples=4000)
    half = 1.96 * math.sqrt(0.25 * 0.75 / 400)
    assert gain.mean == pytest.approx(0.25)
    assert gain.low == pytest.approx(0.25 - half, abs=0.005)
    assert gain.high == pytest.approx(0.25 + half, abs=0.005)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30), st.integers(0, 9))
def test_bootstrap_is_seeded_and_antisymmetric(rows: list[tuple[float, float]], seed: int) -> None:
    before, after = [a for a, _ in rows], [b for _, b in rows]
    one = paired_bootstrap(before, after, samples=50, seed=seed)
    assert one == paired_bootstrap(before, after, samples=50, seed=seed)
    other = paired_bootstrap(after, before, samples=50, seed=seed)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.low <= one.high


@pytest.mark.parametrize(("before", "after"), [([], []), ([0.1], [0.1, 0.2])])
def test_bootstrap_needs_pairs(before: list[float], after: list[float]) -> None:
    with pytest.raises(UsageError, match="equal length"):
        paired_bootstrap(before, after)

"""Measures of ranked retrieval per question, and whether two systems differ: pure functions.

Every measure takes what was found, best first, and what is relevant, and returns one number in [0, 1] for one
question; the mean over questions is the caller's. Relevance is yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.errors import UsageError


def recall_at(found: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """The share of relevant items among the first `k`; UsageError if nothing is relevant or k < 1."""
    wanted = _wanted(relevant, k)
    return len(wanted.intersection(found[:k])) / len(wanted)


def precision_at(found: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """The share of distinct relevant items among the first `k` places; places left empty count as misses."""
    return len(_wanted(relevant, k).intersection(found[:k])) / k


def reciprocal_rank(found: Sequence[Hashable], relevant: Collection[Hashable], k: int = 10) -> float:
    """1 / the place of the first relevant item among the first `k`, else 0; its mean is MRR@k."""
    wanted = _wanted(relevant, k)
    return next((1 / place for place, item in enumerate(found[:k], start=1) if item in wanted), 0.0)


def ndcg(found: Sequence[Hashable], relevant: Collection[Hashable], k: int = 10) -> float:
    """Discounted gain (1 / log2(place + 1)) of the first `k`, over that of a perfect order; repeats gain nothing."""
    wanted = _wanted(relevant, k)
    first_seen = dict.fromkeys(found[:k])
    places = {item: place for place, item in reversed(list(enumerate(found[:k], start=1)))}
    gain = sum(1 / math.log2(places[item] + 1) for item in first_seen if item in wanted)
    return gain / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))


def _wanted(relevant: Collection[Hashable], k: int) -> frozenset[Hashable]:
    if k < 1 or not relevant:
        raise UsageError(f"a measure at {k} of {len(relevant)} relevant items; expected k >= 1 and at least one item")
    return frozenset(relevant)


@dataclass(frozen=True)
class Difference:
    """Mean of (after - before) per question, with its bootstrap interval [low, high] at `confidence`."""

    mean: float
    low: float
    high: float
    confidence: float
    questions: int

    @property
    def better(self) -> bool:
        """The whole interval lies above 0."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """The whole interval lies below 0."""
        return self.high < 0


def paired_bootstrap(
    before: Sequence[float],
    after: Sequence[float],
    *,
    samples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """How much `after` gains over `before` on the same questions, in order: percentile bootstrap over questions.

    UsageError: lengths differ, no questions, or a confidence outside (0, 1).
    """
    if len(before) != len(after) or not before or not 0 < confidence < 1 or samples < 1:
        raise UsageError(
            f"paired bootstrap of {len(before)} and {len(after)} values, {samples} samples, confidence {confidence}; "
            "expected two lists of one equal length above 0, samples >= 1 and a confidence between 0 and 1"
        )
    gains = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    random = np.random.default_rng(seed)
    means = np.array([gains[random.integers(0, len(gains), len(gains))].mean() for _ in range(samples)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Difference(float(gains.mean()), float(low), float(high), confidence, len(gains))

"""Measures of ranked retrieval per question, and whether two systems differ: pure functions.

Every measure takes what was found, best first, and what is relevant, and returns one number in [0, 1] for one
question; the mean over questions is the caller's. Relevance is yes or no.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Share:
    """`right` of `of`, summed over questions, with its bootstrap interval [low, high] at `confidence`.

    Of nothing the share is 0 and the interval is [0, 1].
    """

    right: float
    of: float
    low: float
    high: float
    confidence: float = 0.95

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.right / self.of if self.of else 0.0

    def summary(self) -> dict[str, float]:
        """For a JSON document."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4),
                "right": self.right, "of": self.of}  # fmt: skip

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] ({self.right:g} of {self.of:g})"


def share_of(
    right: Sequence[float], of: Sequence[float], *, samples: int = 2_000, seed: int = 0, confidence: float = 0.95
) -> Share:
    """The sum of `right` over the sum of `of`, one element a question: percentile bootstrap over questions.

    UsageError: lengths differ.
    """
    if len(right) != len(of):
        raise UsageError(f"{len(right)} values over {len(of)}; expected two lists of one length")
    top, bottom = np.asarray(right, dtype=np.float64), np.asarray(of, dtype=np.float64)
    if not bottom.sum():
        return Share(0.0, 0.0, 0.0, 1.0, confidence)
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(top), (samples, len(top)))
    sums = bottom[drawn].sum(axis=1)
    shares = top[drawn].sum(axis=1)[sums > 0] / sums[sums > 0]
    low, high = np.quantile(shares, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Share(float(top.sum()), float(bottom.sum()), float(low), float(high), confidence)


def half_of(text: str) -> int:
    """0 or 1, by CRC-32: whose faults may be read while rules are written, and the half that is only counted."""
    return zlib.crc32(text.encode()) % 2


def harmonic(precision: float, recall: float) -> float:
    """F1."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def share(
    hits: Sequence[bool], *, samples: int = 2_000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float, float, int]:
    """The share of hits with its bootstrap interval: (value, low, high, rows). UsageError if there are no rows."""
    if not hits:
        raise UsageError("a share of no rows; expected at least one")
    value = sum(hits) / len(hits)
    drawn = np.random.default_rng(seed).binomial(len(hits), value, samples) / len(hits)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return value, float(low), float(high), len(hits)


@dataclass(frozen=True)
class Interval:
    """A figure with its bootstrap interval [low, high] at 95 %."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float]:
        """Value, low, high with four decimals, for a JSON document."""
        return [round(self.value, 4), round(self.low, 4), round(self.high, 4)]

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float], count: int, *, samples: int = 2_000, seed: int = 0
) -> Interval:
    """`statistic` of all `count` rows, given as their indices, and the percentile bootstrap over rows.

    A count of 0 has no figure: all three are 0.
    """
    if count == 0:
        return Interval(0.0, 0.0, 0.0)
    random = np.random.default_rng(seed)
    drawn = [statistic(random.integers(0, count, count)) for _ in range(samples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(statistic(np.arange(count)), float(low), float(high))


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of one number a question."""
    array = np.asarray(values, dtype=np.float64)
    return bootstrap(lambda rows: float(array[rows].mean()), len(array))


def ratio_interval(parts: Sequence[float], wholes: Sequence[float]) -> Interval:
    """The sum of `parts` over the sum of `wholes`, drawn by question; 0 where the wholes are."""
    part, whole = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    return bootstrap(lambda rows: float(part[rows].sum() / max(whole[rows].sum(), 1e-12)), len(part))

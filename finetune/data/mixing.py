"""In which order the rows of several data sets are learnt: one after another, interleaved, or drawn by priority.

Priority sampling is HuatuoGPT-II's law: all slots are drawn once without replacement, at each step in proportion to the
weight of what is left. That order is the same in law as sorting by Exp(1)/weight, one sort without a limit on rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigurationError

Order = NDArray[np.uint32] | NDArray[np.int64]
_SMALL = 1 << 32


@dataclass(frozen=True)
class Source:
    """A data set as it is mixed: rows, and how often each goes in; weights count among the others."""

    name: str
    rows: int
    epochs: float = 1.0
    weight: float = 1.0
    priority: float = 1.0

    @property
    def slots(self) -> int:
        """How many of its rows go in, as the reference counts: the whole part of rows x epochs."""
        return int(self.rows * self.epochs)


@dataclass(frozen=True)
class Schedule:
    """The order of training. `order` holds slots: those of the first source, then of the second, ..."""

    sources: Sequence[Source]
    order: Order
    slots: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.order)

    def rows(self, start: int = 0, stop: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(source, row in it) of each step from `start`: the same whether read at once or resumed anywhere."""
        chosen = self.order[start:stop].astype(np.int64)
        bounds = np.cumsum([0, *self.slots])
        source = np.searchsorted(bounds, chosen, side="right") - 1
        sizes = np.array([one.rows for one in self.sources])
        return source.astype(np.int64), (chosen - bounds[source]) % sizes[source]

    def curve(self, parts: int = 30) -> NDArray[np.int64]:
        """How many rows of each source stand in each part of the run; (parts, sources)."""
        edges = np.linspace(0, len(self), parts + 1).astype(np.int64)
        counted = [np.bincount(self.rows(a, b)[0], minlength=len(self.sources)) for a, b in pairwise(edges)]
        return np.array(counted, np.int64)


def concatenated(sources: Sequence[Source], *, seed: int | None) -> Schedule:
    """All slots, shuffled by `seed`; None leaves the data sets one behind the other."""
    slots = _slots(sources)
    order = _small(np.arange(sum(slots)), sum(slots))
    if seed is not None:
        np.random.default_rng(seed).shuffle(order)
    return Schedule(sources, order, slots)


def by_priority(sources: Sequence[Source], *, seed: int) -> Schedule:
    """HuatuoGPT-II's order. 5 M rows take under a second and 100 MB; the same seed gives the same order."""
    slots = _slots(sources)
    keys = np.random.default_rng(seed).standard_exponential(sum(slots))
    start = 0
    for source, count in zip(sources, slots, strict=True):
        keys[start : start + count] /= source.priority
        start += count
    return Schedule(sources, _small(np.argsort(keys), len(keys)), slots)


def expected_shares(sources: Sequence[Source], progress: float) -> list[float]:
    """The share of each source at `progress` (0 to below 1) through a run by priority.

    After "time" s a slot of weight w is left with probability exp(-w s); s follows from how many are left.
    """
    slots = np.array(_slots(sources), float)
    weights = np.array([source.priority for source in sources])
    low, high = 0.0, 100.0 / weights.min()
    for _ in range(200):
        middle = (low + high) / 2
        left = float((slots * np.exp(-weights * middle)).sum()) / slots.sum()
        low, high = (middle, high) if left > 1 - progress else (low, middle)
    rates = slots * weights * np.exp(-weights * low)
    return [float(share) for share in rates / rates.sum()]


def interleaved(sources: Sequence[Source], *, seed: int, over: bool) -> Schedule:
    """Each step's source by its weight, its rows in order; an exhausted one begins again.

    Ends when the first source is exhausted, or (`over`) when all have been. `epochs` are not heard.
    """
    sizes = np.array([source.rows for source in sources])
    weights = np.array([source.weight for source in sources])
    drawn = _drawn(np.random.default_rng(seed), weights / weights.sum(), sizes, over=over)
    place = np.empty(len(drawn), np.int64)
    bounds = np.cumsum([0, *sizes])
    for number, size in enumerate(sizes):
        mine = np.flatnonzero(drawn == number)
        place[mine] = bounds[number] + np.arange(len(mine)) % size
    return Schedule(sources, _small(place, int(bounds[-1])), tuple(int(size) for size in sizes))


def _drawn(
    chance: np.random.Generator, shares: NDArray[np.float64], sizes: NDArray[np.int64], *, over: bool
) -> NDArray[np.int64]:
    """Sources step by step, up to the step at which the first (`over`: the last) has given all its rows."""
    drawn = np.empty(0, np.int64)
    while True:
        block = chance.choice(len(sizes), size=max(1024, int(sizes.sum())), p=shares)
        drawn = np.concatenate([drawn, block])
        ends = [_step_of(drawn == number, size) for number, size in enumerate(sizes)]
        known = [end for end in ends if end is not None]
        if known and (not over or len(known) == len(ends)):
            return drawn[: (max(known) if over else min(known)) + 1]


def _step_of(mine: NDArray[np.bool_], size: int) -> int | None:
    """At which step a source has given `size` rows."""
    steps = np.flatnonzero(mine)
    return int(steps[size - 1]) if len(steps) >= size else None


def held_out(keys: Sequence[str], rows: int, *, seed: int) -> NDArray[np.bool_]:
    """Which of the rows are kept for validation: at most `rows`, drawn by `seed`.

    Rows of one key (the same question) stay together, so none is learnt and judged.
    """
    groups: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(key, []).append(number)
    members = list(groups.values())
    chosen = np.zeros(len(keys), bool)
    left = rows
    for number in np.random.default_rng(seed).permutation(len(members)):
        if len(members[number]) <= left:
            chosen[members[number]] = True
            left -= len(members[number])
        if not left:
            break
    return chosen


def _slots(sources: Sequence[Source]) -> tuple[int, ...]:
    slots = tuple(source.slots for source in sources)
    empty = [source.name for source, count in zip(sources, slots, strict=True) if not count]
    if empty or not sources:
        raise ConfigurationError(
            f"no row of {', '.join(empty) or 'any data set'} would go in; raise its epochs, or leave it out"
        )
    return slots


def _small(order: NDArray[np.int64], slots: int) -> Order:
    """In half the memory where the numbers allow it."""
    return order.astype(np.uint32) if slots < _SMALL else order

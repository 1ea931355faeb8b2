"""Rows into packs of a fixed length, whole and in order: a window of open packs, best fit, the oldest leaves first."""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import DataError

WINDOW = 8


def pack(lengths: Sequence[int], capacity: int, *, window: int = WINDOW) -> list[list[int]]:
    """Which rows go into which pack, by number.

    Packs stand in the order of their first rows, and so do the rows in each: a row is never `window` packs or more
    before one that came earlier. DataError for a row that is longer than a pack.
    """
    packs: list[list[int]] = []
    room: list[int] = []  # tokens left in the open packs, the last of `packs`
    for row, length in enumerate(lengths):
        if length > capacity:
            raise DataError(f"row {row} has {length} tokens, a pack {capacity}; lower data.cutoff")
        fitting = [(left, place) for place, left in enumerate(room) if left >= length]
        if fitting:
            best = min(fitting)[1]
            packs[best - len(room)].append(row)
            room[best] -= length
        else:
            packs.append([row])
            room = [*room, capacity - length][-window:]
    return packs


def fill(packs: Sequence[Sequence[int]], lengths: Sequence[int], capacity: int) -> float:
    """The share of all places that hold a token."""
    return sum(lengths[row] for one in packs for row in one) / (len(packs) * capacity) if packs else 0.0

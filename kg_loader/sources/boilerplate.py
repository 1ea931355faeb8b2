"""Names that a site pastes under unrelated headings: they keep each other's company far too often.

Two complications of one disease may share its list; two rare ones that share a fifth of all lists in which either
stands do so because a page template put them there (measured on 中心词 records: template pairs 0.20 to 0.89, the
closest true pair, cataract and glaucoma, 0.17).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

BOILERPLATE = "site boilerplate"
_TOGETHER = 20
_JACCARD = 0.2
_MOST_PAIRS = 500_000
_LONGEST = 40


class Company:
    """Counts of names and of pairs of names in one list; memory bounded by forgetting pairs seen once."""

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()

    def add(self, names: Iterable[str]) -> None:
        """Count one list."""
        listed = sorted(set(names))[:_LONGEST]
        self._names.update(listed)
        self._pairs.update(combinations(listed, 2))
        if len(self._pairs) > _MOST_PAIRS:
            self._pairs = Counter({pair: count for pair, count in self._pairs.items() if count > 1})

    def pasted(self) -> frozenset[tuple[str, str]]:
        """Pairs (both orders) that no disease explains."""
        found = {
            (a, b)
            for (a, b), both in self._pairs.items()
            if both >= _TOGETHER and both >= _JACCARD * (self._names[a] + self._names[b] - both)
        }
        return frozenset(found | {(b, a) for a, b in found})

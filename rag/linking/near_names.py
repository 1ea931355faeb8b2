"""Names that a question holds in another spelling or with a slip of the pen. Pure, built from the names of one version.

Two tables are looked up for stretches of the question: other spellings of names (`rag.linking.spelling`) and their
sounds (`rag.linking.homophones`). What was typed and what is stored must agree in every hard feature.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from rag.linking.features import compatible
from rag.linking.homophones import Homophones
from rag.linking.spelling import folded, spellings

_LONGEST = 16
_BETWEEN_RESTS = 2_000


class ExactNames(Protocol):
    """What finds names as they are written: `rag.linking.linker.Names`."""

    def find(self, text: str) -> list[tuple[str, int, int]]:
        """(name, start, end) in `text`."""
        ...


class NearNames:
    """The other spellings and the sounds of all names of one version; each table is built when it is first needed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._rest: Callable[[], None] | None = None

    def warm(self, rest: Callable[[], None]) -> None:
        """Build everything now, calling `rest` often."""
        self._rest = rest
        for table in (self._spellings, self._heads, self._sounds):
            assert table is not None

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        known = set(self._names)
        found: dict[str, list[str]] = defaultdict(list)
        for number, name in enumerate(self._names, start=1):
            if self._rest and number % _BETWEEN_RESTS == 0:
                self._rest()
            for spelling in spellings(name):
                if spelling not in known and len(spelling) > 1:
                    found[spelling].append(name)
        return dict(found)

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The first two characters of all spellings: most stretches end there."""
        return frozenset(spelling[:2] for spelling in self._spellings)

    @cached_property
    def _sounds(self) -> Homophones:
        return Homophones(self._names, self._rest)

    def slips(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, name): stretches of normalised `text` that sound like `name` and are no Chinese themselves."""
        return self._sounds.find(text)

    def spelt(self, text: str, exact: ExactNames) -> Iterator[tuple[int, int, str]]:
        """(start, end, name): stretches of normalised `text` that are `name` in another spelling."""
        one, origin = folded(text)
        found = [(start, end, name) for name, start, end in exact.find(one)] if one != text else []
        for start in range(len(one) - 1):
            if one[start : start + 2] not in self._heads:
                continue
            for end in range(start + 2, min(len(one), start + _LONGEST) + 1):
                found += [(start, end, name) for name in self._spellings.get(one[start:end], ())]
        for start, end, name in found:
            first, last = origin[start], origin[end - 1] + 1
            last = max(last, origin[end] if end < len(origin) else last)
            if text[first:last] != name and compatible(text[first:last], name):
                yield first, last, name

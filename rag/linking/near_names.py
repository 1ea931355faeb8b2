"""Names that a question holds in another spelling or with a slip of the pen. Pure, built from the names of one version.

Three tables are looked up for stretches of the question: other spellings of names (`rag.linking.spelling`), their
sounds (`rag.linking.homophones`) and those sounds in Latin letters (`tangniaobing`). What was typed and what is stored
must agree in every hard feature.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from rag.linking.features import compatible
from rag.linking.homophones import Homophones
from rag.linking.pinyin import spelt
from rag.linking.spelling import folded, spellings

_LONGEST = 16
_BETWEEN_RESTS = 2_000
_TYPED_NAME = re.compile("[一-鿿]{2,8}")
_LATIN = re.compile(r"(?<![a-z0-9])[a-z]+(?: [a-z]+)*(?![a-z0-9])")
_WORD = re.compile("[a-z]+")
_MOST_WORDS = 8
_FEWEST_LETTERS = 6
"""Shorter ones are English words too."""


class ExactNames(Protocol):
    """What finds names as they are written: `rag.linking.names.Names`."""

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
        for table in (self._spellings, self._heads, self._sounds, self._letters):
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

    @cached_property
    def _letters(self) -> dict[str, list[str]]:
        """Names by how they are typed without a Chinese keyboard: `tangniaobing`."""
        typed: dict[str, list[str]] = defaultdict(list)
        for first in range(0, len(self._names), _BETWEEN_RESTS):
            chinese = [name for name in self._names[first : first + _BETWEEN_RESTS] if _TYPED_NAME.fullmatch(name)]
            for name, letters in zip(chinese, spelt("\n".join(chinese)).split("\n"), strict=False):
                typed[letters].append(name)
            if self._rest:
                self._rest()
        return dict(typed)

    def typed(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, name): words of Latin letters in normalised `text` that are the sounds of `name`."""
        for run in _LATIN.finditer(text):
            words = list(_WORD.finditer(text, *run.span()))
            for number, first in enumerate(words):
                for last in words[number : number + _MOST_WORDS]:
                    letters = text[first.start() : last.end()].replace(" ", "")
                    names = self._letters.get(letters, ()) if len(letters) >= _FEWEST_LETTERS else ()
                    for name in names:
                        yield first.start(), last.end(), name

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

"""Grades, stages and types in a text: `3级`, `2型`, `3~5期`, `Ⅲ期`. They are part of names and count nothing. Pure."""

from __future__ import annotations

import re

_GRADE = re.compile(
    r"(?<![\d.a-z])(?P<low>\d|[ivx]{1,4})(?:(?:-|~|–|—|至|到|、|和|或)(?P<high>\d|[ivx]{1,4}))?(?P<unit>[级期型度])(?![间高低])"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}


def grades_in(text: str) -> frozenset[tuple[int, str]]:
    """(number, 级 | 期 | 型 | 度) of each in normalised `text`, all of a range."""
    found: set[tuple[int, str]] = set()
    for match in _GRADE.finditer(text):
        low = _number(match["low"])
        high = _number(match["high"]) if match["high"] else low
        found.update((n, match["unit"]) for n in range(low, high + 1))
    return frozenset(found)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _ROMAN.get(text, 0)

"""The type of an illness said apart from it: `感冒风寒型` and `风寒型感冒` are 风寒感冒, if that is a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text import HAN

_BEFORE = re.compile(rf"(?P<kind>[{HAN}]{{2,4}}?)(?:证|症)?型的?$")
_AFTER = re.compile(rf"(?P<kind>[0-9一二三]|[{HAN}]{{2,4}}?)(?:证|症)?型")
_SHORTEST = 2


def typed_names(text: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, names) of what a type right beside the illness at [start, end) may make of it, longest first."""
    name = text[start:end]
    if before := _BEFORE.search(text[:start]):
        kind = before["kind"]
        for first in range(len(kind) - _SHORTEST + 1):
            yield before.start() + first, end, _names(kind[first:], name)
    if after := _AFTER.match(text[end:]):
        yield start, end + after.end(), _names(after["kind"], name)


def _names(kind: str, name: str) -> tuple[str, ...]:
    return kind + name, kind + "型" + name

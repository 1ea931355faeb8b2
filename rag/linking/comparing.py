"""Two things in one name: `糖尿病和高血压有什么区别` asks for both, even if some illness is called so. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.domain import Mention
from rag.linking.linker import Linker
from rag.question.comparisons import COMPARISON

_AND = re.compile(r"[和与跟同及、]")
_SURE = 0.5


def apart(question: str, mentions: Sequence[Mention], linker: Linker) -> tuple[Mention, ...]:
    """The mentions; where a comparison has only one, and its name joins two known ones of its kind, those two."""
    if len(mentions) != 1 or not COMPARISON.search(question):
        return tuple(mentions)
    (whole,) = mentions
    for mark in _AND.finditer(whole.surface):
        first = _known(whole.surface[: mark.start()], whole, linker)
        second = _known(whole.surface[mark.end() :], whole, linker)
        if first and second:
            places = (whole.start, whole.start + mark.end())
            return tuple(
                replace(one, start=place + one.start, end=place + one.end)
                for one, place in zip((first, second), places, strict=True)
            )
    return tuple(mentions)


def _known(name: str, like: Mention, linker: Linker) -> Mention | None:
    """`name` as a mention if the whole of it is known as something of the kind of `like`."""
    found = linker.link(name)
    kinds = {c.type for c in like.candidates}
    if len(found) != 1 or found[0].surface != name or found[0].modifier:
        return None
    return found[0] if any(c.type in kinds and c.score >= _SURE for c in found[0].candidates) else None

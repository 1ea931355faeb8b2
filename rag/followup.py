"""Earlier turns: what a follow-up question leaves out (`那它要做什么检查`). Rules only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.domain import Mention, Turn
from rag.linking import Linker
from rag.retrieval import may_be_subject

_LOOK_BACK = 6


def carried_mentions(mentions: Sequence[Mention], history: Sequence[Turn], linker: Linker) -> tuple[Mention, ...]:
    """Subjects of the latest user turn that has any, if the question itself names none; offsets are (0, 0)."""
    if any(may_be_subject(m) or m.modifier for m in mentions):
        return ()
    for turn in reversed(history[-_LOOK_BACK:]):
        if turn.role == "user":
            subjects = [m for m in linker.link(turn.content) if may_be_subject(m) and not m.negated]
            if subjects:
                return tuple(replace(m, start=0, end=0, carried=True) for m in subjects)
    return ()

"""Earlier turns as they were meant, and the pieces of which a follow-up question is written out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.domain import Mention
from rag.retrieval.selection import may_be_subject
from rag.vocabulary import EntityType


@dataclass(frozen=True)
class Understood:
    """A question as it is meant: `mentions` are those of `question`.

    `asked` are the same for a reader of the question as it was typed: offsets in that, (0, 0) for what was carried.
    """

    question: str
    mentions: tuple[Mention, ...]
    asked: tuple[Mention, ...]
    rewritten: bool = False


@dataclass(frozen=True)
class Piece:
    """A stretch of a rewritten question; `origin` is where it stood in the one that was typed."""

    text: str
    origin: int | None = None


def kinds(mention: Mention) -> set[EntityType]:
    """What it may be."""
    return {c.type for c in mention.candidates}


def whole(question: str, mention: Mention) -> tuple[int, int]:
    """Where a name stands together with what modifies it."""
    size = len(mention.modifier)
    if mention.modifier and question[mention.end : mention.end + size] == mention.modifier:
        return mention.start, mention.end + size
    if mention.modifier and question[max(0, mention.start - size) : mention.start] == mention.modifier:
        return mention.start - size, mention.end
    return mention.start, mention.end


def said(turn: Understood, mention: Mention) -> str:
    """A name of an earlier turn with what modifies it."""
    return turn.question[slice(*whole(turn.question, mention))]


def subjects_of(turn: Understood) -> list[Mention]:
    """What a turn may have been about."""
    return [m for m in turn.mentions if may_be_subject(m) and not m.negated]


def latest_with_subject(before: Sequence[Understood]) -> Iterator[Understood]:
    """The turns that were about something, the latest first."""
    return (turn for turn in reversed(before) if subjects_of(turn))

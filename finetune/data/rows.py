"""What a training file holds, whatever its form: a dialogue, a preference or a plain text. Frozen, without I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `role` is system, user or assistant.

    `input` is the second field of Alpaca rows, kept apart for templates that place it themselves.
    """

    role: str
    content: str
    input: str = ""

    @property
    def text(self) -> str:
        """Content and input as templates without a place for the latter show them."""
        return f"{self.content}\n{self.input}" if self.input else self.content


@dataclass(frozen=True, slots=True)
class Row:
    """A dialogue that ends with an answer; `source` is its file, `number` its line or place in it, from 1."""

    messages: tuple[Message, ...]
    source: str = ""
    number: int = 0

    @property
    def prompt(self) -> str:
        """The questions, one a line."""
        return "\n".join(message.text for message in self.messages if message.role == USER)

    @property
    def answers(self) -> tuple[str, ...]:
        """What is learnt."""
        return tuple(message.content for message in self.messages if message.role == ASSISTANT)


@dataclass(frozen=True, slots=True)
class Preference:
    """Two answers to one prompt, the better one first."""

    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    source: str = ""
    number: int = 0

    @property
    def prompt(self) -> str:
        """The questions, one a line."""
        return "\n".join(message.text for message in self.messages if message.role == USER)


@dataclass(frozen=True, slots=True)
class Text:
    """A document without roles, all of it learnt."""

    text: str
    source: str = ""
    number: int = 0

    @property
    def prompt(self) -> str:
        """The whole text."""
        return self.text


@dataclass(frozen=True, slots=True)
class Left:
    """A row that was left out or cut: where it stands and why; `reason` is a phrase that can be counted."""

    source: str
    number: int
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.source}, row {self.number}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


AnyRow = Row | Preference | Text


def texts_of(row: AnyRow) -> Iterator[str]:
    """All that is said in a row."""
    if isinstance(row, Text):
        yield row.text
        return
    yield from (message.text for message in row.messages)
    if isinstance(row, Preference):
        yield from (row.chosen, row.rejected)


def fault_of(messages: Sequence[Message]) -> str | None:
    """Why these messages are no dialogue to learn from, as a countable phrase; None if they are one."""
    turns = [message for message in messages if message.role != SYSTEM]
    if any(message.role == SYSTEM for message in messages[1:]):
        return "a system message that is not the first"
    if not turns or turns[0].role != USER:
        return "no question before the first answer"
    if any(a.role == b.role for a, b in pairwise(turns)):
        return "two turns of one role in a row"
    if turns[-1].role != ASSISTANT:
        return "no answer"
    if any(not message.text.strip() for message in turns if message.role == USER):
        return "empty question"
    return "empty answer" if any(not m.content.strip() for m in turns if m.role == ASSISTANT) else None

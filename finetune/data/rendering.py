"""Dialogues as text in segments, each learnt or not: the template is asked once for each sequence of roles.

What the template writes around messages is found with marks in their place; the result is compared with what the
template makes of the messages themselves, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from finetune.data.rows import ASSISTANT, SYSTEM, Message, Row, Text
from rag.errors import ConfigurationError, DataError
from rag.templates import Template, placed, places_system, render, template

_MARK = re.compile("\ue000(\\d+)([ci])\ue001")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the text of a row."""

    text: str
    supervised: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """What the template writes (`text`), or the place of a message's content or input."""

    text: str
    supervised: bool
    message: int = -1
    is_input: bool = False


class CannotRender(Exception):
    """A row that the template cannot show; the text is a countable phrase. Never leaves `finetune.data`."""


class Renderer:
    """Renders rows by one template of one tokenizer."""

    def __init__(self, tokenizer: Any, name: str | None = None) -> None:  # noqa: ANN401 - of transformers
        """Raises ConfigurationError for a template that is named and not there, and a tokenizer without end token."""
        self._tokenizer = tokenizer
        own = getattr(tokenizer, "chat_template", None)
        self._template = template(name, own) if name is not None or own else None
        self.end: str = tokenizer.eos_token or ""
        if not self.end:
            raise ConfigurationError("the tokenizer has no end token; answers could not end. Set its eos_token")
        self._shapes: dict[tuple[tuple[str, bool], ...], tuple[_Part, ...]] = {}
        special = sorted(filter(None, getattr(tokenizer, "all_special_tokens", [])), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special))) if special else None

    @property
    def template(self) -> Template:
        """The one named, else the tokenizer's. Raises ConfigurationError if there is neither: texts need none."""
        return self._template or template(None, None)

    def hand_over(self) -> None:
        """Gives the tokenizer the template, so that it is saved with it and serves."""
        if self._template is not None:
            self._tokenizer.chat_template = self._template.jinja

    def segments(self, row: Row | Text) -> list[Segment]:
        """The row's text in pieces. CannotRender; DataError where the template lacks a place the row needs."""
        if isinstance(row, Text):
            self._no_special(row.text)
            return [Segment(row.text + self.end, True)]
        for message in row.messages:
            self._no_special(message.text)
        self._check_input(row.messages, f"{row.source}, row {row.number}")
        return self._filled(self.placed(row.messages))

    def placed(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages as the service would send them: a system message never gets lost."""
        if not messages or messages[0].role != SYSTEM or self._places_system:
            return tuple(messages)
        given = [{"role": m.role, "content": m.content, "input": m.input} for m in messages]
        return tuple(Message(**one) for one in placed(self._tokenizer, self.template, given))

    @cached_property
    def _places_system(self) -> bool:
        return places_system(self._tokenizer, self.template)

    def prompt(self, messages: Sequence[Message]) -> str:
        """The text up to where the next answer begins. DataError where the template lacks a place for an input."""
        self._check_input(messages, "the row")
        return self.text(self.placed(messages), prompt=True)

    def _check_input(self, messages: Sequence[Message], where: str) -> None:
        if self.template.input_fault and any(message.input for message in messages):
            raise DataError(
                f"{where} has an input, but {self.template.input_fault}; "
                "take another template, or leave the column out of the registry's `columns`"
            )

    def text(self, messages: Sequence[Message], *, prompt: bool = False) -> str:
        """What the template makes of messages; `prompt`: up to where the next answer begins."""
        return render(self._tokenizer, self.template, [self._given(one) for one in messages], prompt=prompt)

    def _given(self, message: Message) -> dict[str, str]:
        if self.template.places_input:
            return {"role": message.role, "content": message.content, "input": message.input}
        return {"role": message.role, "content": message.text}

    def _no_special(self, text: str) -> None:
        """A message that writes the tokens which end turns could answer itself."""
        if self._special is not None and self._special.search(text):
            raise CannotRender("a special token of the tokenizer in a message")

    def _filled(self, messages: Sequence[Message]) -> list[Segment]:
        shape = self._shape(messages)
        whole = self.text(messages)
        for strip in (False, True):
            filled = [_fill(part, messages, strip, self.template.places_input) for part in shape]
            text = "".join(segment.text for segment in filled)
            if text == whole or text == whole + self.end:
                return _joined(filled)
        raise CannotRender("the template rewrites its messages")

    def _shape(self, messages: Sequence[Message]) -> tuple[_Part, ...]:
        key = tuple((message.role, bool(message.input) and self.template.places_input) for message in messages)
        if key not in self._shapes:
            self._shapes[key] = self._asked([Message(role, f"\ue000{n}c\ue001", f"\ue000{n}i\ue001" * has_input)
                                             for n, (role, has_input) in enumerate(key)])  # fmt: skip
        return self._shapes[key]

    def _asked(self, marked: Sequence[Message]) -> tuple[_Part, ...]:
        whole = self.text(marked)
        prompt = self.text(marked[:-1], prompt=True)
        pieces = _MARK.split(whole)
        literals, places = (
            pieces[::3],
            [(int(n), kind == "i") for n, kind in zip(pieces[1::3], pieces[2::3], strict=True)],
        )
        if not places or places[-1][0] != len(marked) - 1 or not whole.startswith(prompt):
            raise ConfigurationError(
                f"the template {self.template.name} writes an answer otherwise than its prompt; set data.template"
            )
        ending = literals[-1].rstrip()
        parts = _opened(literals[0], whole, prompt, len(places) == 1)
        for number, (place, literal) in enumerate(zip(places, literals[1:], strict=True)):
            answer = marked[place[0]].role == ASSISTANT
            parts.append(_Part("", answer, *place))
            if answer:
                end, literal = _ended(literal, ending, self.end)
                parts.append(_Part(end, True))
            last = number == len(places) - 2
            parts += _opened(literal, whole, prompt, True) if last else [_Part(literal, False)]
        if not ending:
            parts.append(_Part(self.end, True))
        return tuple(part for part in parts if part.text or part.message >= 0)


def _opened(literal: str, whole: str, prompt: str, last: bool) -> list[_Part]:
    """What stands before the last answer: what the prompt does not hold the model has to write, so it is learnt."""
    answer = whole.rfind("\ue000")
    own = answer - len(prompt) if last else 0
    if own <= 0 or own > len(literal):
        return [_Part(literal, False)]
    return [_Part(literal[:-own], False), _Part(literal[-own:], True)]


def _ended(literal: str, ending: str, eos: str) -> tuple[str, str]:
    """The mark that closes an answer, and what comes after it."""
    place = literal.find(eos)
    length = place + len(eos) if place >= 0 else len(ending) if ending and literal.startswith(ending) else 0
    return literal[:length], literal[length:]


def _fill(part: _Part, messages: Sequence[Message], strip: bool, places_input: bool) -> Segment:
    if part.message < 0:
        return Segment(part.text, part.supervised)
    message = messages[part.message]
    text = message.input if part.is_input else message.content if places_input else message.text
    return Segment(text.strip() if strip else text, part.supervised)


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Neighbours of one sort as one."""
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1].supervised == segment.supervised:
            found[-1] = Segment(found[-1].text + segment.text, segment.supervised)
        elif segment.text:
            found.append(segment)
    return found

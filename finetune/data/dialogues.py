"""Dialogues out of the shapes that files give them: lists of turns, lists of messages, one flattened text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from finetune.data.rows import ASSISTANT, SYSTEM, USER, Message

ROLES = {
    "human": USER, "user": USER, "patient": USER, "问": USER, "病人": USER,
    "gpt": ASSISTANT, "assistant": ASSISTANT, "bot": ASSISTANT, "chatgpt": ASSISTANT, "model": ASSISTANT,
    "doctor": ASSISTANT, "答": ASSISTANT, "system": SYSTEM,
}  # fmt: skip
"""What files call the three roles."""
_FLATTENED = re.compile(r"\s*<(user|bot)>\s*[:：]\s*")
_MARKED = re.compile(r"\s*(问|答)\s*[:：]\s*")


def from_messages(turns: Sequence[object], role_key: str, content_key: str) -> tuple[Message, ...]:
    """Of ShareGPT's and OpenAI's lists. ValueError, a countable phrase, for another shape."""
    found = []
    for turn in turns:
        if not isinstance(turn, dict) or not isinstance(turn.get(content_key), str):
            raise ValueError(f"a turn without {content_key}")
        role = ROLES.get(str(turn.get(role_key)).lower())
        if role is None:
            raise ValueError(f"a turn of an unknown {role_key}: {str(turn.get(role_key))[:20]}")
        found.append(Message(role, turn[content_key]))
    return tuple(found)


def from_texts(texts: Sequence[object]) -> tuple[Message, ...]:
    """Question, answer, question, ... by place; a question at the end is left out, as the reference does."""
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a turn that is no text")
    whole = texts[: len(texts) - len(texts) % 2] if len(texts) > 1 else texts
    return tuple(Message((USER, ASSISTANT)[n % 2], str(text)) for n, text in enumerate(whole))


def from_marked(texts: Sequence[object]) -> tuple[Message, ...]:
    """HuatuoGPT's lists: each text says `问：` or `答：` what it is; a question at the end is left out."""
    found = []
    for text in texts:
        match = _MARKED.match(text) if isinstance(text, str) else None
        if match is None or not isinstance(text, str):
            raise ValueError("a turn that begins with neither 问： nor 答：")
        found.append(Message(ROLES[match[1]], text[match.end() :]))
    while found and found[-1].role == USER and len(found) > 1:
        found.pop()
    return tuple(found)


def is_flattened(text: str) -> bool:
    """Whether a history stands in the text: it begins with `<user>:`."""
    return text.lstrip().startswith(("<user>:", "<user>："))


def unflattened(text: str) -> tuple[Message, ...]:
    """BenTsao's ` <user>: Q1 <bot>: A1 <user>: Q2` as turns, all but the last answer."""
    parts = _FLATTENED.split(text)
    roles, contents = parts[1::2], parts[2::2]
    if parts[0].strip():
        raise ValueError("text before the first <user>:")
    return tuple(Message(ROLES[role], said.strip()) for role, said in zip(roles, contents, strict=True))


def from_history(pairs: Iterable[object]) -> tuple[Message, ...]:
    """Earlier turns as `[[question, answer], ...]`."""
    found: list[Message] = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise ValueError("a history that is no list of [question, answer]")
        found += [Message(USER, pair[0]), Message(ASSISTANT, pair[1])]
    return tuple(found)

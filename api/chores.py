"""What chat programs ask of a model beside the conversation: a title, tags, suggestions, search queries.

Open WebUI sends such a task as a message of the user that ends with the conversation between `<chat_history>` tags and
wants JSON of a given shape. To us it would be a medical question of two pages, so it is answered here, without a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import orjson

_TASK = re.compile(r"\s*### Task:\s(?P<task>.*)<chat_history>(?P<history>.*)</chat_history>\s*", re.DOTALL)
_SHAPE = re.compile(r'\{\s*"(\w+)"\s*:')
_ASKED = re.compile(r"^USER: *(.+?)(?=^ASSISTANT:|\Z)", re.DOTALL | re.MULTILINE)
_TITLE_MAX = 24


def _title(history: str) -> str:
    """What was asked, in one short line."""
    asked = _ASKED.search(history)
    text = " ".join(asked[1].split()) if asked else ""
    return text if len(text) <= _TITLE_MAX else text[: _TITLE_MAX - 1] + "…"


_ANSWERS: Mapping[str, Callable[[str], object]] = {
    "title": _title,
    "tags": lambda _: [],
    "follow_ups": lambda _: [],
    "queries": lambda _: [],
    "text": lambda _: "",
}
"""By the key of the JSON that a task wants; where there is nothing to say, nothing is made up."""


def chore(question: str) -> str | None:
    """The JSON that a task of this kind wants; None for what somebody asks."""
    found = _TASK.fullmatch(question)
    shape = _SHAPE.search(found["task"]) if found else None
    if found is None or shape is None or shape[1] not in _ANSWERS:
        return None
    return orjson.dumps({shape[1]: _ANSWERS[shape[1]](found["history"])}).decode()

"""Everything the pages say, in Chinese and English. What the knowledge base says stays in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ui.words import consultation, everywhere, graph, knowledge, medications, retrieval, status

Language = Literal["zh", "en"]
LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}

PARTS = (everywhere, consultation, graph, medications, knowledge, retrieval, status)
"""A module for each page, and one for what several say."""
WORDS: Mapping[str, tuple[str, str]] = {key: texts for part in PARTS for key, texts in part.WORDS.items()}


def say(language: Language, key: str, **values: object) -> str:
    """What `key` stands for in a language, its `{places}` filled. Raises KeyError for an unknown key."""
    text = WORDS[key][0 if language == "zh" else 1]
    return text.format(**values) if values else text


def say_or(language: Language, prefix: str, name: str) -> str:
    """The text of `prefix_name`, or `name` itself where a newer service says something that is not listed here."""
    return say(language, f"{prefix}_{name}") if f"{prefix}_{name}" in WORDS else name.replace("_", " ")

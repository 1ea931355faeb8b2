"""Everyday words in their written form. Pure."""

from __future__ import annotations

from rag.text import normalise

_COLLOQUIAL = (
    ("啥", "什么"),
    ("咋", "怎么"),
    ("咱办", "怎么办"),
    ("咱治", "怎么治"),
    ("肿么", "怎么"),
    ("甚么", "什么"),
    ("哪儿", "哪里"),
    ("怎样", "怎么"),
    ("如何", "怎么"),
)


def plain(question: str) -> str:
    """Normalised, everyday words in their written form."""
    text = normalise(question)
    for said, meant in _COLLOQUIAL:
        text = text.replace(said, meant)
    return text

"""Text of the knowledge base as Markdown that shows it as it is: no links, pictures, HTML or directives come of it."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")


def plain(text: str) -> str:
    """Escaped; line breaks stay line breaks."""
    return _SPECIAL.sub(r"\\\1", text.replace("\r", "")).replace("\n", "  \n")


def names_in(text: str) -> list[str]:
    """The names of a list that people typed, separated by commas, semicolons, 、 or line breaks; each once."""
    parts = (part.strip() for part in re.split(r"[、，,;；\n]+", text))
    return list(dict.fromkeys(part for part in parts if part))

"""What stands over the items of a numbered list: `慎用：1.血友病。2.孕妇。`, and in a list within a list. Pure."""

from __future__ import annotations

import re

from rag.text import ITEM_NUMBER

_LABEL = re.compile(r"[^:]{1,16}:")
_ITEM = re.compile(r" ?(?:(?P<inner>\(?\d{1,2}\)|[①-⑳])|\d{1,2}[.、](?!\d))")


def numbered(piece: str) -> str:
    """`piece` with its item number apart from an age behind it: `2.2岁` is the second item."""
    item = ITEM_NUMBER.match(piece)
    return f"{item[0].strip()} {piece[item.end() :]}" if item and piece[item.end() :][:1].isdigit() else piece


class Lists:
    """Reads the pieces of a text in order."""

    def __init__(self) -> None:
        self._over = self._inner = ""

    def over(self, piece: str, heading: str) -> str:
        """The label that stands over `piece`: that of its list, else `heading`, none where it has one of its own."""
        item = _ITEM.match(piece)
        label = _LABEL.match(piece, item.end() if item else 0)
        first = _ITEM.match(piece, label.end()) if label else None
        if label and not item:
            self._over, self._inner = label[0][:-1] if first else "", ""
            return ""
        if item and not item["inner"]:
            nested = label is not None and first is not None and first["inner"] is not None
            self._inner = label[0][:-1] if label and nested else ""
        if label or item is None:
            return heading
        return (self._inner if item["inner"] else "") or self._over or heading

"""The quality page: figures between marks are made, the words around them are ours.

<!-- eval graph -->
... made by `yiwen eval graph`, never edited ...
<!-- end graph -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rag.errors import DataError

_PART = re.compile(r"<!-- eval (?P<name>[a-z-]+) -->\n(?P<made>.*?)<!-- end (?P=name) -->\n", re.DOTALL)


def filled(page: str, parts: Mapping[str, str]) -> str:
    """`page` with what stands between the marks of each part replaced; the rest stays, byte for byte.

    Raises DataError for a part that the page has no marks for.
    """
    if missing := sorted(parts.keys() - set(names(page))):
        raise DataError(
            f"the page has no place for {', '.join(missing)}; write <!-- eval NAME --> and <!-- end NAME -->"
        )

    def made(found: re.Match[str]) -> str:
        name = found["name"]
        text = parts[name].strip() if name in parts else None
        return found[0] if text is None else f"<!-- eval {name} -->\n{text}\n<!-- end {name} -->\n"

    return _PART.sub(made, page)


def names(page: str) -> list[str]:
    """The parts that a page has places for, in order."""
    return [found["name"] for found in _PART.finditer(page)]

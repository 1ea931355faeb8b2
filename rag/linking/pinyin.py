"""How Chinese names are typed by sound: `piantoutong`, `ptt`. One reading a character, without tones. Pure."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from itertools import islice

SHORTEST = 2
"""Letters that are worth looking for; one letter begins everything."""
_TYPED = re.compile("[a-z0-9]+")
_HAN = re.compile("[一-鿿]")


@lru_cache(maxsize=1)
def characters() -> Mapping[str, str]:
    """Syllable -> its characters."""
    text = resources.files("rag.linking").joinpath("readings.json").read_text(encoding="utf-8")
    table: Mapping[str, str] = json.loads(text)["characters"]
    return table


@lru_cache(maxsize=1)
def _syllables() -> Mapping[int, str]:
    return {ord(char): syllable for syllable, chars in characters().items() for char in chars}


@lru_cache(maxsize=1)
def _initials() -> Mapping[int, str]:
    return {char: syllable[0] for char, syllable in _syllables().items()}


def spelt(text: str) -> str:
    """偏头痛 -> piantoutong; what is no Chinese character stays."""
    return text.translate(_syllables())


def initials(text: str) -> str:
    """偏头痛 -> ptt; what is no Chinese character stays."""
    return text.translate(_initials())


class Spellings:
    """The Chinese names of one version by spelling and by initials."""

    def __init__(self, names: Iterable[str]) -> None:
        chinese = [name for name in names if _HAN.search(name)]
        keys = ((key(name), len(name), name) for name in chinese for key in (initials, spelt))
        self._sorted = sorted(entry for entry in keys if _TYPED.fullmatch(entry[0]))

    def beginning(self, typed: str) -> Iterator[str]:
        """Names whose initials or spelling begin with `typed`, those that are nothing more first."""
        prefix = "".join(typed.lower().split())
        if len(prefix) < SHORTEST or not _TYPED.fullmatch(prefix):
            return
        for key, _, name in islice(self._sorted, bisect_left(self._sorted, (prefix,)), None):
            if not key.startswith(prefix):
                return
            yield name

"""Words of a Chinese question that are no names, as English abstracts say them. Pure.

Names alone tell which illness a study is about; whether it is about survival, children or an operation, these tell.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from rag.text import normalise, tokens


def english_words(question: str) -> dict[str, float]:
    """Index terms of the English words for those of a question, each worth as much as a name."""
    finder, meant = _table()
    said = dict.fromkeys(word for found in finder.findall(normalise(question)) for word in meant[found])
    return dict.fromkeys((term for word in said for term in tokens(word)), 1.0)


@lru_cache(maxsize=1)
def _table() -> tuple[re.Pattern[str], Mapping[str, tuple[str, ...]]]:
    groups = tomllib.loads((resources.files("rag.retrieval") / "words.toml").read_text(encoding="utf-8"))
    meant = {
        chinese: tuple(english.split())
        for group in groups.values()
        for words, english in group.items()
        for chinese in words.split()
    }
    longest_first = sorted(meant, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), meant

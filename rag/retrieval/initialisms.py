"""Initialisms that a text may use for words of a question: `transcatheter aortic valve implantation` -> `tavi`. Pure.

Conclusions of papers call by its initials what their title spells out. The words of a question that stand together are
read by their initials, with and without the small words between them (`quality of life` is both `qol` and `ql`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from rag.text import tokens

WEIGHT = 0.5
"""Of an initialism as a term, a word of the question itself counts 1. Three to five letters of a question make some
words by chance, so it counts less."""
_LENGTHS = (3, 4, 5)
_WORD = re.compile(r"[a-z]+")
_SMALL = frozenset(
    (
        "a an the of in on for to and or is are was were be been do does did can could should would may might with by "
        "from at as it its this that these those there has have had not no than into per via versus vs if how what "
        "when who whose why which will between during within"
    ).split()
)


@lru_cache(maxsize=64)
def initialisms(question: str) -> Mapping[str, frozenset[str]]:
    """Index term of an initialism -> the index terms that it stands for; none begins or ends with a small word."""
    words = _WORD.findall(question.lower())
    large = [word for word in words if word not in _SMALL]
    found: dict[str, frozenset[str]] = {}
    for run in (run for row in (words, large) for n in _LENGTHS for run in _runs(row, n)):
        for term in tokens(_initials(run)):
            found[term] = found.get(term, frozenset()) | set(tokens(" ".join(run)))
    return MappingProxyType(found)


def _runs(words: Sequence[str], length: int) -> list[Sequence[str]]:
    return [words[place : place + length] for place in range(len(words) - length + 1)]


def _initials(words: Sequence[str]) -> str:
    return "" if words[0] in _SMALL or words[-1] in _SMALL else "".join(word[0] for word in words)

"""Names as they are written in a text, where the first and longest one is not what is meant. Pure.

From the left the longest name wins, and two things go wrong with that: it may hide a longer one that begins inside it
(女性生殖 of `女性生殖器疱疹`), and it may be a piece of a longer word and then hide a shorter one that is meant
(瘙痒症 of `瘙痒症状`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from rag.text import is_han

_WORD = 2
_LONGEST = 16
"""Characters looked at behind a name for one that begins inside it."""

Written = tuple[str, int, int]
"""(name, start, end) in a normalised text."""


class Finder(Protocol):
    """What finds names from the left, the longest first: `rag.linking.names.Names`."""

    def find(self, text: str) -> list[Written]:
        """(name, start, end), not overlapping."""
        ...


def written_names(
    names: Finder, text: str, is_meant: Callable[[Written], bool], is_piece: Callable[[Written], bool]
) -> Iterator[Written]:
    """Names in `text` that are meant, in order, not overlapping; what a piece of a longer word hid is looked for."""
    found = names.find(text)
    last = 0
    for number, one in enumerate(found):
        if one[1] < last:
            continue
        following = found[number + 1][1] if number + 1 < len(found) else len(text)
        longer = next((other for other in _longer(names, text, one) if is_meant(other)), None)
        chosen = [longer or one]
        if longer is None and is_piece(one):
            chosen = _inside(names, text, one, following)
        chosen = [other for other in chosen if is_meant(other)]
        yield from chosen
        last = max([one[2], *(end for _, _, end in chosen)])


def _longer(names: Finder, text: str, one: Written) -> Iterator[Written]:
    """Longer names that begin inside `one`, behind a word of its own, and go beyond it."""
    _, start, end = one
    for other in _found(names, text, start + _WORD, end + _LONGEST):
        if other[1] < end < other[2] and other[2] - other[1] > end - start:
            yield other


def _inside(names: Finder, text: str, one: Written, following: int) -> list[Written]:
    """Names that `one` hid: shorter ones in it, else those that begin later."""
    _, start, end = one
    return _found(names, text, start, end - 1) or _found(names, text, start + 1, following)


def _found(names: Finder, text: str, first: int, last: int) -> list[Written]:
    """Chinese names of a stretch of `text`: where a Latin one is cut, the stretch does not tell."""
    found = ((name, first + start, first + end) for name, start, end in names.find(text[first:last]))
    return [one for one in found if all(map(is_han, one[0]))]

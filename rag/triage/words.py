"""The small language of the triage table's words, and finding them fast.

Words are plain text with four signs: `(a|b)` either, `?` the sign or group before it may be missing, `~` up to six
characters of the same clause that hold no negation, `#` a number in Arabic or Chinese numerals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import add

FORBIDDEN = re.compile(r"[.*+\[\]{}^$\\,;:!。？，；：！\s]")
_NUMERALS = frozenset("0123456789半几一二两三四五六七八九十百")
_SIGNS = {
    "~": r"(?:[^,;:!?。\n不没无未]|不停|不断|不知|不舒服|不明|不由){0,6}?",
    "#": r"(?:[0-9]{1,4}(?:\.[0-9]{1,2})?|[半几一二两三四五六七八九十百]{1,4})",
}


Places = Mapping[str, Sequence[int]]
"""Where what some words begin with, a character or a pair of neighbours, stands in a text."""


@dataclass(frozen=True, eq=False)
class Words:
    """A group of words as one expression.

    `starts` are the pairs of characters that its matches begin with, single ones where a word is no longer or a gap
    follows.
    """

    pattern: re.Pattern[str]
    starts: frozenset[str]

    def spans(self, text: str, places: Places) -> Sequence[tuple[int, int]]:
        """Where the words stand in `text`, as `finditer` tells, but tried only where one of them may begin."""
        found: list[tuple[int, int]] = []
        free = 0
        for place in sorted({place for start in self.starts.intersection(places) for place in places[start]}):
            if place >= free and (match := self.pattern.match(text, place)):
                found.append(match.span())
                free = match.end()
        return found


Heads = Mapping[str, Set[Words]]
"""What groups of words begin with -> those groups."""


def heads_of(groups: Iterable[Words]) -> Heads:
    """What all `groups` begin with."""
    heads: dict[str, set[Words]] = {}
    for words in groups:
        for start in words.starts:
            heads.setdefault(start, set()).add(words)
    return heads


def places_in(text: str, heads: Heads) -> Places:
    """The places of the heads in `text`, in one pass."""
    places: dict[str, list[int]] = {}
    for place, pair in enumerate(map(add, text, text[1:] + "\n")):
        if pair in heads:
            places.setdefault(pair, []).append(place)
        if pair[0] in heads:
            places.setdefault(pair[0], []).append(place)
    return places


def compile_words(words: Sequence[str]) -> Words:
    """One alternation, longest word first to take in the most; re.error for brackets or signs that do not fit."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    pattern = re.compile("|".join(_expression(word) for word in ordered))
    if pattern.match(""):
        raise re.error("a word matches the empty text")
    trees = [_tree(word) for word in ordered]
    heads = {head.split(_GAP)[0] for tree in trees for head in _heads(tree)}
    if "" in heads:
        raise re.error("a gap needs text on both sides")
    return Words(pattern, frozenset(heads))


def _expression(word: str) -> str:
    if word.strip("~") != word:
        raise re.error("a gap needs text on both sides")
    if word.count("(") != word.count(")"):  # they must not balance across words
        raise re.error("brackets do not balance")
    expression = word.replace("(", "(?:")
    for sign, meaning in _SIGNS.items():
        expression = expression.replace(sign, meaning)
    return expression


@dataclass(frozen=True)
class _Piece:
    """A character, or the branches of a group; `optional` by a `?` behind it or because it is a gap."""

    content: str | list[list[_Piece]]
    optional: bool


def _tree(word: str) -> list[_Piece]:
    branches, _ = _branches(word, 0)
    return branches[0]


def _branches(word: str, at: int) -> tuple[list[list[_Piece]], int]:
    """The branches from `at` to the closing bracket or the end, and the offset behind it."""
    branches: list[list[_Piece]] = [[]]
    while at < len(word) and word[at] != ")":
        char, at = word[at], at + 1
        if char == "|":
            branches.append([])
            continue
        content: str | list[list[_Piece]] = char
        if char == "(":
            content, at = _branches(word, at)
        optional = char == "~" or word[at : at + 1] == "?"
        at += word[at : at + 1] == "?"
        branches[-1].append(_Piece(content, optional))
    return branches, at + 1


_GAP = "~"


def _heads(pieces: list[_Piece]) -> set[str]:
    """What `pieces` may begin with, up to two characters each; a gap, or more of a number, is one `~`."""
    heads = {""}
    for piece in pieces:
        if isinstance(piece.content, list):
            options = set[str]().union(*(_heads(branch) for branch in piece.content))
        else:
            options = {numeral + _GAP for numeral in _NUMERALS} if piece.content == "#" else {piece.content}
        if piece.optional:
            options.add("")
        heads = {(head + option)[:2] for head in heads for option in options}
        if all(len(head) == 2 for head in heads):
            break
    return heads

"""The small language of the triage table's words, and finding them fast.

Words are plain text with four signs: `(a|b)` either, `?` the sign or group before it may be missing, `~` up to six
characters of the same clause that hold no negation, `#` a number in Arabic or Chinese numerals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

FORBIDDEN = re.compile(r"[.*+\[\]{}^$\\,;:!。？，；：！\s]")
_NUMERALS = frozenset("0123456789半几一二两三四五六七八九十百")
_SIGNS = {
    "~": r"(?:[^,;:!?。\n不没无未]|不停|不断|不知|不舒服|不明|不由){0,6}?",
    "#": r"(?:[0-9]{1,4}(?:\.[0-9]{1,2})?|[半几一二两三四五六七八九十百]{1,4})",
}


@dataclass(frozen=True, eq=False)
class Words:
    """A group of words as one expression, with the characters its matches may begin and end with."""

    pattern: re.Pattern[str]
    starts: Set[str]
    ends: Set[str]

    def spans(self, text: str, characters: Set[str]) -> Sequence[tuple[int, int]]:
        """Where the words stand in `text`; `characters` are those of `text`, and rule most groups out at once."""
        if self.starts.isdisjoint(characters) or self.ends.isdisjoint(characters):
            return ()
        return [match.span() for match in self.pattern.finditer(text)]


def compile_words(words: Sequence[str]) -> Words:
    """One alternation, longest word first to take in the most; re.error for brackets or signs that do not fit."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    pattern = re.compile("|".join(_expression(word) for word in ordered))
    if pattern.match(""):
        raise re.error("a word matches the empty text")
    trees = [_tree(word) for word in ordered]
    starts = frozenset[str]().union(*(_edge(tree) for tree in trees))
    ends = frozenset[str]().union(*(_edge(tree, from_end=True) for tree in trees))
    return Words(pattern, starts, ends)


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


def _edge(pieces: list[_Piece], *, from_end: bool = False) -> frozenset[str]:
    """The characters a match may begin (or end) with; a gap may be anything, so the piece behind it counts instead."""
    found: frozenset[str] = frozenset()
    for piece in reversed(pieces) if from_end else pieces:
        if isinstance(piece.content, list):
            found = found.union(*(_edge(branch, from_end=from_end) for branch in piece.content))
        elif piece.content != "~":
            found |= _NUMERALS if piece.content == "#" else {piece.content}
        if not piece.optional:
            break
    return found

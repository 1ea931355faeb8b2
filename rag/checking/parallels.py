"""Clauses that tell the same of two: `胃溃疡多在餐后疼痛，十二指肠溃疡多在空腹疼痛`. Pure.

What is told of one must not be said of the other. Whose a value is, is judged by itself (`rag.checking.holders`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from rag.checking.clauses import Clause, Segment, bare
from rag.checking.signs import OPPOSITE, SAME_WAY
from rag.text import is_han

_LONGEST_HEAD = 8
_ENOUGH = 2
"""Pairs of characters that stand in the other clause alone."""
_KINDS = frozenset("组者症儿期型级")
"""What the names of two of a kind end with: `轻症`, `重症`."""


def told_of_the_other(clause: Clause, used: Sequence[Segment]) -> bool:
    """Whether the clause names one of two and tells what the evidence tells of the other alone."""
    if clause.amounts:
        return False
    for one, other, mine, theirs in _parallels(used):
        if mine <= clause.content and not theirs & clause.content:
            rest = clause.core - mine
            alone, strange = rest & (one.content - other.content), rest & (other.content - one.content)
            if not alone and (len(strange) >= _ENOUGH or _goes_the_other_way(clause, one, other)):
                return True
    return False


def _goes_the_other_way(clause: Clause, one: Clause, other: Clause) -> bool:
    """Whether what the clause says of the one goes as the other does, against what the evidence says of the one."""
    said, mine, theirs = ({way.kind for way in part.ways} for part in (clause, one, other))
    return any(kind in theirs and not mine & SAME_WAY[kind] and bool(mine & OPPOSITE[kind]) for kind in said)


def _parallels(used: Sequence[Segment]) -> Iterator[tuple[Clause, Clause, frozenset[str], frozenset[str]]]:
    """Pairs of clauses of the evidence that begin alike but for what they are about, and what tells the two apart."""
    parts = [part for segment in used for part in segment.clauses if not part.label]
    for one, other in combinations(parts, 2):
        mine, theirs = _heads(one.text, other.text)
        mine, theirs = mine - other.content, theirs - one.content
        if mine and theirs:
            yield one, other, mine, theirs
            yield other, one, theirs, mine


def _heads(one: str, other: str) -> tuple[frozenset[str], frozenset[str]]:
    """What two clauses begin with up to where they go on alike, that included; words that only join left out."""
    for first in range(1, min(_LONGEST_HEAD, len(one))):
        alike = one[first] if one[first] in _KINDS else one[first : first + 2]
        second = other.find(alike, 1, _LONGEST_HEAD + 1) if is_han(alike[-1]) else -1
        if second > 0:
            return bare(one[: first + 1]), bare(other[: second + 1])
    return frozenset(), frozenset()

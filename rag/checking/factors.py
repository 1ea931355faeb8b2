"""What is a cause, a risk or a protection of what: `甲是乙的危险因素`, `甲可增加乙的风险`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.checking.clauses import Clause, Segment, content_of

_FACTOR = re.compile(
    r"(?P<what>[^,，:]{2,40}?)(?:也|均|都)?(?:是|为|属于)(?:(?P<of>[^,，]{2,20})的)?(?:独立|主要|常见|重要|最|的)*"
    r"(?P<sort>病因|诱因|风险因素|高危因素|保护性?因素)"
)
_RAISES = re.compile(
    r"(?P<what>[^,，:]{2,40}?)(?:会|可以?|能够?|将)?(?:使|让)?(?P<sort>增加|升高|提高|降低|减少)(?P<of>[^,，]{2,20}?)的?(?:风险|几率)"
)
_SPARING = ("保护", "降低", "减少")


@dataclass(frozen=True)
class Factor:
    """`what` brings about `of`, or keeps from it."""

    what: frozenset[str]
    of: frozenset[str]
    protects: bool


def factors_in(text: str) -> Iterator[Factor]:
    """Those that canonical text tells."""
    for pattern in (_FACTOR, _RAISES):
        for match in pattern.finditer(text):
            yield Factor(content_of(match["what"]), content_of(match["of"] or ""), match["sort"].startswith(_SPARING))


def _there(used: Sequence[Segment]) -> list[Factor]:
    return [factor for segment in used for part in segment.clauses for factor in factors_in(part.text)]


def tells_factor(clause: Clause, used: Sequence[Segment]) -> bool:
    """Whether the clause tells in its own words a factor that the evidence tells: 增加…的风险 of 危险因素."""
    there = _there(used)
    said = list(factors_in(clause.text))
    return bool(said) and all(
        any(mine.what & theirs.what and mine.protects == theirs.protects for theirs in there) for mine in said
    )


def turns_factor(clause: Clause, used: Sequence[Segment]) -> bool:
    """Whether it makes a risk of what protects, or lets what is brought about bring about its factor."""
    there = _there(used)
    for mine in factors_in(clause.text):
        same = max((len(mine.what & f.what) for f in there if f.protects == mine.protects), default=0)
        other = max((len(mine.what & f.what) for f in there if f.protects != mine.protects), default=0)
        if other > same or (not same and any(mine.of & f.what for f in there)):
            return True
    return False

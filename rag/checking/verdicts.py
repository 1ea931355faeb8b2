"""What does well and what badly: whether a sentence gives the verdict of the evidence to what it was given to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.checking.clauses import Clause, Segment, content_of

_EFFECT = "(?:疗效|反应|预后|耐受)"
_WELL = re.compile(rf"{_EFFECT}(?:也|均|都|更|很|较|为|比较)*(?:良好|佳|好|满意|确切)|(?:良好|满意|确切)的?{_EFFECT}")
_BADLY = re.compile(rf"{_EFFECT}(?:也|均|都|更|很|较|为|比较)*(?:差|不佳|欠佳|不良|不好|不满意|不理想)")


def turns_verdict(clause: Clause, used: Sequence[Segment]) -> bool:
    """Whether the evidence says the opposite of what is most like that of which the clause says it."""
    said = _verdict(clause.text)
    if said is None:
        return False
    about = content_of(_WELL.sub(" ", _BADLY.sub(" ", clause.text)))
    same, other = 0, 0
    for well, told in _told(used):
        if well is said:
            same = max(same, len(about & told))
        else:
            other = max(other, len(about & told))
    return other > same


def _told(used: Sequence[Segment]) -> Iterator[tuple[bool, frozenset[str]]]:
    """Each verdict with the words that it is given to: of its clause, else of those since the verdict before."""
    for segment in used:
        before: frozenset[str] = frozenset()
        for part in segment.clauses:
            before |= part.content
            well = _verdict(part.text)
            if well is not None:
                yield well, before
                before = frozenset()


def _verdict(text: str) -> bool | None:
    if _BADLY.search(text):
        return False
    return True if _WELL.search(text) else None

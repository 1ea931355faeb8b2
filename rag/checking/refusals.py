"""What the evidence refuses and the sentence allows, or states without a sign of denial. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.clauses import Clause, Segment, core_of
from rag.checking.ground import Ground
from rag.checking.signs import ALLOW, DENY, FORBID, NEGATIVE, UNADVISED

LIST = re.compile(r"[、和或及与如]| and | or ")
"""Between the items that one sign bears on."""
LESS = re.compile("少[吃喝食饮]")
"""Advice that a ban on food bears out."""


def _forbids(segment: Segment, own: frozenset[str]) -> bool:
    """Whether a ban speaks of what is said to be allowed: in its clause or the one before, or the list that it heads.

    `葡萄柚汁可抑制其代谢，应避免饮用`: a ban need not name again what it is of.
    """
    for n, part in enumerate(segment.clauses):
        if any(mark.kind in _BANS for mark in part.marks):
            near = segment.clauses if part.label else segment.clauses[max(n - 1, 0) : n + 1]
            spoken_of = (other.core for other in near)
            if own & frozenset().union(*spoken_of):
                return True
    return False


_BANS = frozenset({FORBID, UNADVISED, DENY})


def refusal_reason(clause: Clause, ground: Ground, used: Sequence[Segment]) -> str | None:
    """Whether the evidence refuses what the clause allows or states without a sign of denial."""
    kinds = {mark.kind for mark in clause.marks}
    own = clause.core - ground.title_content
    allowed = any(mark.kind == ALLOW for segment in used for part in segment.clauses for mark in part.marks)
    banned = ALLOW in kinds and not allowed and any(_forbids(segment, own) for segment in used)
    refused = (
        not kinds & NEGATIVE and not LESS.search(clause.text) and any(_refused_by(segment, clause) for segment in used)
    )
    return "polarity_not_in_evidence" if banned or refused else None


def _refused_by(segment: Segment, clause: Clause) -> bool:
    """Whether the segment is a plain no (`医保：否`), or lists what the clause names under what not to eat."""
    labels = [part for part in segment.clauses if part.label]
    listed = [part for part in segment.clauses if not part.label]
    if labels and any(part.text == "否" for part in listed):
        return True
    if not any(_BANNED.search(part.text) for part in labels):
        return False
    items = [core_of(item) for part in listed for item in LIST.split(part.text)]
    return any(item and item <= clause.core for item in items)


_BANNED = re.compile("(?<!宜)忌[吃食饮]")

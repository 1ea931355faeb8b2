"""How a remedy is given: whether the evidence forbids the way that a sentence states. Pure.

`勿口服` denies no more than the way itself, which is said of any remedy and so chooses no place in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.clauses import Clause, Segment
from rag.checking.signs import NEGATIVE

_ROUTE = re.compile("口服|内服|外用|静脉注射|静脉滴注|肌肉注射|皮下注射|鞘内注射|吸入|含服|直肠给药")


def forbidden_route(clause: Clause, used: Sequence[Segment]) -> bool:
    """Whether the clause states, and does not deny, a way of taking that its segments forbid."""
    said = set(_ROUTE.findall(clause.text))
    if not said or any(mark.kind in NEGATIVE for mark in clause.marks):
        return False
    parts = [part for segment in used for part in segment.clauses]
    banned = {found[0] for part in parts for mark in part.marks if (found := _denied(part, mark.kind, mark.end))}
    return bool(said & banned)


def _denied(part: Clause, kind: str, end: int) -> re.Match[str] | None:
    return _ROUTE.match(part.text, end) if kind in NEGATIVE else None

"""Facts that meet conditions, put together by subject: the same for every graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rag.domain import Condition, EntityId, GraphFact, RankedSubject


def divided(conditions: Sequence[Condition]) -> tuple[list[Condition], list[Condition]]:
    """Those by entities, which lead to subjects, and those by words, which only choose among them."""
    return [c for c in conditions if c.objects], [c for c in conditions if not c.objects]


def meeting(facts: Iterable[GraphFact], conditions: Sequence[Condition]) -> list[RankedSubject]:
    """Subjects by id whose facts meet all conditions; of one statement by several sources the strongest, then by id."""
    found: dict[EntityId, dict[object, GraphFact]] = defaultdict(dict)
    for fact in sorted(facts, key=lambda fact: (-fact.grade_rank, fact.id)):
        found[fact.subject].setdefault((fact.relation, fact.object), fact)
    return [
        RankedSubject(subject, next(iter(own.values())).subject_name, len(conditions), tuple(own.values()), len(own))
        for subject, own in sorted(found.items())
        if all(any(condition.met_by(fact) for fact in own.values()) for condition in conditions)
    ]

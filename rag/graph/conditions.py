"""Facts that meet conditions, put together by subject: the same for every graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rag.domain import Condition, EntityId, GraphFact, RankedSubject
from rag.vocabulary import SORTS


def divided(conditions: Sequence[Condition]) -> tuple[list[Condition], list[Condition]]:
    """Those by entities, which lead to subjects, and those by words, which only choose among them.

    Where none is by entities, words about what remedies are lead too; else both are empty: there is nobody.
    """
    leading, choosing = [c for c in conditions if c.objects], [c for c in conditions if not c.objects]
    led = leading or any(c.relation in SORTS for c in choosing)
    return (leading, choosing) if led else ([], [])


def types_of(conditions: Sequence[Condition]) -> list[str]:
    """The types of subjects that are wanted, any if empty."""
    return sorted({kind.value for condition in conditions for kind in condition.of})


def meeting(rows: Iterable[tuple[int, GraphFact]], conditions: Sequence[Condition]) -> list[RankedSubject]:
    """Subjects whose facts meet all conditions, those that most facts name first, then by id.

    `rows`: how many facts name the subject, and a fact of it. Of one statement by several sources the strongest counts,
    then the first by id.
    """
    found: dict[EntityId, dict[object, GraphFact]] = defaultdict(dict)
    named: dict[EntityId, int] = {}
    for count, fact in sorted(rows, key=lambda row: (-row[1].grade_rank, row[1].id)):
        found[fact.subject].setdefault((fact.relation, fact.object), fact)
        named[fact.subject] = count
    return [
        RankedSubject(
            subject,
            next(iter(own.values())).subject_name,
            len(conditions),
            tuple(own.values()),
            len(own),
            named[subject],
        )
        for subject, own in sorted(found.items(), key=lambda item: (-named[item[0]], item[0]))
        if all(any(condition.met_by(fact) for fact in own.values()) for condition in conditions)
    ]

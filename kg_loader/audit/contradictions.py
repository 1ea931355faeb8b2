"""Texts of one lineage that cannot both be true of one subject: contagious and not, 10 % cured and 95 %.

Neither side can be believed, so where the two are beyond doubt all of them are held until a person releases one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kg_loader.audit.knowledge import Knowledge, fact_id
from rag.answer.conflicts import DENIED, rate, stance
from rag.domain import Finding, Severity
from rag.vocabulary import RELATIONS, Relation

CONTRADICTION = "contradiction"
_FAR, _VERY_FAR = 30.0, 60.0
"""Percentage points between the nearest ends of two rates."""


def contradictions(kb: Knowledge) -> Iterator[Finding]:
    """Subjects of which one lineage says two things."""
    for relation in (*DENIED, Relation.CURE_RATE):
        for subject, facts in _several(kb, relation):
            yield from _rates(subject, facts) if relation is Relation.CURE_RATE else _yes_no(subject, relation, facts)


_Facts = list[tuple[int, str]]


def _several(kb: Knowledge, relation: Relation) -> Iterator[tuple[str, _Facts]]:
    """(subject, its facts) for each subject, lineage and population that has more than one."""
    sql = (
        "SELECT f.pk, f.subject, coalesce(s.lineage, s.pk), coalesce(f.population, ''), f.literal FROM fact f "
        "JOIN source s ON s.pk = f.source WHERE f.relation = ? AND f.literal IS NOT NULL ORDER BY f.pk"
    )
    found: dict[tuple[int, object, str], _Facts] = defaultdict(list)
    for key, subject, lineage, population, text in kb.connection.execute(sql, (relation,)):
        found[subject, lineage, population].append((key, text))
    return ((kb.name(subject), facts) for (subject, *_), facts in found.items() if len(facts) > 1)


def _findings(severity: Severity, subject: str, relation: Relation, facts: _Facts) -> Iterator[Finding]:
    said = " / ".join(sorted({text for _, text in facts}))
    for key, _ in facts:
        others = tuple(fact_id(other) for other, _ in facts if other != key)
        detail = f"{subject} {RELATIONS[relation].label}: one source says {said}"
        yield Finding(CONTRADICTION, severity, "fact", fact_id(key), detail, others)


def _yes_no(subject: str, relation: Relation, facts: _Facts) -> Iterator[Finding]:
    denied = [fact for fact in facts if stance(relation, fact[1]) is False]
    affirmed = [fact for fact in facts if stance(relation, fact[1])]
    if denied and affirmed:
        yield from _findings(Severity.SEVERE, subject, relation, denied + affirmed)


def _rates(subject: str, facts: _Facts) -> Iterator[Finding]:
    rates = [(key, text, found) for key, text in facts if (found := rate(text)) is not None]
    if len(rates) < 2:
        return
    gap = max(low for *_, (low, _) in rates) - min(high for *_, (_, high) in rates)
    if gap >= _FAR:
        severity = Severity.SEVERE if gap >= _VERY_FAR else Severity.WARNING
        yield from _findings(severity, subject, Relation.CURE_RATE, [(key, text) for key, text, _ in rates])

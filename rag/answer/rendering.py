"""Facts as sentences. The text made here is what fact evidence quotes and what spans refer to."""

from __future__ import annotations

from rag.domain import Evidence, GraphFact, Literal, Source
from rag.vocabulary import GRADE_LABELS, RELATIONS


def object_text(fact: GraphFact) -> str:
    """The object with what limits the fact, such as `阿司匹林（严重程度：严重）`."""
    limits = [
        f"{label}：{value}"
        for label, value in (
            ("严重程度", fact.qualifiers.severity),
            ("人群", fact.qualifiers.population),
            ("用量", fact.qualifiers.dose),
        )
        if value
    ]
    return f"{fact.object_text}（{'；'.join(limits)}）" if limits else fact.object_text


def fact_text(fact: GraphFact) -> str:
    """Such as `偏头痛的症状：恶心`."""
    return f"{fact.subject_name}的{RELATIONS[fact.relation].label}：{object_text(fact)}"


def fact_evidence(fact: GraphFact, source: Source) -> Evidence:
    """A graph fact as evidence; `text` is what its citation quotes."""
    ends = (fact.subject,) if isinstance(fact.object, Literal) else (fact.subject, fact.object)
    return Evidence(
        id=fact.id,
        kind="fact",
        text=fact_text(fact),
        source=source,
        score=1.0,
        arms={"graph": 1.0},
        title=fact.subject_name,
        fact=fact,
        entities=ends,
    )


def source_line(source: Source) -> str:
    """`标题（年份，等级）`."""
    grade = GRADE_LABELS[source.grade]
    notes = [str(source.year)] if source.year else []
    if grade != source.title:
        notes.append(grade)
    return f"{source.title}（{'，'.join(notes)}）" if notes else source.title

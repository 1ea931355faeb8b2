"""Facts as sentences. The text made here is what fact evidence quotes and what spans refer to."""

from __future__ import annotations

from rag.domain import GraphFact
from rag.vocabulary import RELATIONS


def fact_text(fact: GraphFact) -> str:
    """Such as `偏头痛的症状：恶心` or `华法林的相互作用：阿司匹林（严重程度：严重）`."""
    text = f"{fact.subject_name}的{RELATIONS[fact.relation].label}：{fact.object_text}"
    limits = [
        f"{label}：{value}"
        for label, value in (
            ("严重程度", fact.qualifiers.severity),
            ("人群", fact.qualifiers.population),
            ("用量", fact.qualifiers.dose),
        )
        if value
    ]
    return f"{text}（{'；'.join(limits)}）" if limits else text

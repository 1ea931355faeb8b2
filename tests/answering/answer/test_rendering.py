"""Facts as text."""

from __future__ import annotations

import pytest

from rag.answer.rendering import fact_text, object_text
from rag.domain import Literal, Qualifiers
from rag.text import quantities
from rag.vocabulary import RELATIONS, Relation
from tests.answering.records import stated


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Qualifiers(), "阿司匹林"),
        (Qualifiers(severity="严重"), "阿司匹林（严重程度：严重）"),
        (Qualifiers("严重", "儿童", "每次0.5g"), "阿司匹林（严重程度：严重；人群：儿童；用量：每次0.5g）"),
    ],
)
def test_what_limits_a_fact_stands_behind_its_object(limits: Qualifiers, text: str) -> None:
    evidence = stated("drug:布洛芬", Relation.INTERACTION, "drug:阿司匹林", limits)
    assert evidence.fact is not None
    assert object_text(evidence.fact) == text
    assert evidence.text == fact_text(evidence.fact) == f"布洛芬的相互作用：{text}"


@pytest.mark.parametrize("relation", list(Relation))
def test_every_relation_has_a_sentence(relation: Relation) -> None:
    evidence = stated("disease:某病", relation, Literal("3-6个月", relation.value))
    assert evidence.text == f"某病的{RELATIONS[relation].label}：3-6个月"
    assert [(q.low, q.high, q.unit) for q in quantities(evidence.text)] == [(3, 6, "个月")]


def test_fact_evidence_names_both_ends_and_a_literal_none() -> None:
    assert stated("disease:某病", Relation.SYMPTOM, "symptom:头痛").entities == ("disease:某病", "symptom:头痛")
    assert stated("disease:某病", Relation.COST, Literal("约千元", "cost")).entities == ("disease:某病",)

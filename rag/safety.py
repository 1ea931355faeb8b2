"""Warnings from data: what the graph says against a drug for this patient. Pure apart from one graph read.

Every drug, herb and formula in the question and in the evidence is looked up. A hit needs an edge; no edge is never
called safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.domain import EntityId, Evidence, GraphFact, Mention, Patient, SafetyWarning
from rag.intent import REMEDIES
from rag.linking import Linker, entity_type
from rag.ports import GraphReader
from rag.rendering import fact_text
from rag.vocabulary import Relation

SAFETY_RELATIONS = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.INTERACTION, Relation.INCOMPATIBLE)
_KINDS = {
    Relation.CONTRAINDICATION: "contraindication",
    Relation.CAUTION: "caution",
    Relation.INTERACTION: "interaction",
    Relation.INCOMPATIBLE: "incompatibility",
}
_FACTS_EACH = 100
DISCLAIMER = "以上内容由 AI 根据知识库生成，仅供参考，不能代替医生的诊断和处方。"
"""Stands under every answer and in every export."""


def remedies_in(mentions: Iterable[Mention], evidence: Iterable[Evidence]) -> list[EntityId]:
    """Drugs, herbs and formulas of the question and of fact evidence, in order."""
    asked = [c.entity for m in mentions for c in m.candidates if c.score >= 0.5]
    offered = [
        entity for e in evidence if e.fact for entity in (e.fact.subject, e.fact.object) if isinstance(entity, str)
    ]
    return [e for e in dict.fromkeys([*asked, *offered]) if entity_type(EntityId(e)) in REMEDIES]


def patient_entities(patient: Patient | None, linker: Linker) -> set[EntityId]:
    """What is known of the patient as entities: conditions, drugs, allergies, and the groups they belong to."""
    if patient is None:
        return set()
    words = [*patient.conditions, *patient.drugs, *patient.allergies, *_groups(patient)]
    found: set[EntityId] = set()
    for word in words:
        found.update(c.entity for m in linker.link(word) for c in m.candidates if c.score >= 0.5)
    return found


def _groups(patient: Patient) -> list[str]:
    groups = []
    if patient.pregnant:
        groups += ["孕妇", "妊娠", "妊娠期", "孕妇及哺乳期妇女"]
    if patient.age is not None and patient.age < 18:
        groups += ["儿童", "小儿"] + (["婴儿", "婴幼儿"] if patient.age < 3 else [])
    if patient.age is not None and patient.age >= 65:
        groups += ["老年人", "老年患者"]
    return groups


def safety_facts(graph: GraphReader, drugs: Sequence[EntityId], concern: set[EntityId]) -> list[GraphFact]:
    """Facts that speak against one of `drugs` for something in `concern` or for another of `drugs`."""
    if not drugs:
        return []
    found = graph.neighbourhood(dict.fromkeys(drugs, SAFETY_RELATIONS), limit_each=_FACTS_EACH)
    relevant = concern | set(drugs)
    return [f for f in found.outgoing if isinstance(f.object, str) and f.object in relevant and f.object != f.subject]


def warnings_from(facts: Iterable[GraphFact]) -> tuple[SafetyWarning, ...]:
    """One warning a fact, in order."""
    return tuple(SafetyWarning(_KINDS[fact.relation], fact_text(fact) + "。", (fact.id,)) for fact in facts)

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
_MUTUAL = frozenset({Relation.INTERACTION, Relation.INCOMPATIBLE})
"""These hold both ways, whichever record states them."""
_FACTS_EACH = 100
_OFFERING = frozenset({Relation.DRUG, Relation.TREATMENT, Relation.ADJUVANT, Relation.PREVENTION, Relation.INGREDIENT})
"""Relations whose object is something to take."""
DISCLAIMER = "以上内容由 AI 根据知识库生成，仅供参考，不能代替医生的诊断和处方。"
"""Stands under every answer and in every export."""


def remedies_in(mentions: Iterable[Mention], evidence: Iterable[Evidence]) -> list[EntityId]:
    """Drugs, herbs and formulas of the question and of those that the evidence offers, in order."""
    asked = [c.entity for m in mentions if not m.modifier for c in m.candidates if c.score >= 0.5]
    offered = [e.fact.object for e in evidence if e.fact and e.fact.relation in _OFFERING]
    offered += [e.fact.subject for e in evidence if e.fact and e.fact.relation is Relation.INDICATION]
    names = [entity for entity in [*asked, *offered] if isinstance(entity, str)]
    return [EntityId(e) for e in dict.fromkeys(names) if entity_type(EntityId(e)) in REMEDIES]


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
    """What speaks against one of `drugs` because of something in `concern`; of two mirrored facts only the first."""
    if not drugs or not concern:
        return []
    found = graph.neighbourhood(dict.fromkeys(drugs, SAFETY_RELATIONS), limit_each=_FACTS_EACH)
    relevant = [f for f in found.outgoing if f.object in concern and f.object != f.subject]
    mirrored = [f for f in found.incoming if f.relation in _MUTUAL and f.subject in concern and f.object != f.subject]
    pairs: dict[tuple[frozenset[object], Relation], GraphFact] = {}
    for fact in [*relevant, *mirrored]:
        pairs.setdefault((frozenset((fact.subject, fact.object)), fact.relation), fact)
    return list(pairs.values())


def warnings_from(facts: Iterable[GraphFact]) -> tuple[SafetyWarning, ...]:
    """One warning a fact, in order."""
    return tuple(SafetyWarning(_KINDS[fact.relation], fact_text(fact) + "。", (fact.id,)) for fact in facts)

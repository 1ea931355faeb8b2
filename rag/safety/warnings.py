"""Warnings from data that go before an answer: what the knowledge base holds against a drug for this patient.

Every drug, herb and formula in the question and in the evidence is looked up. A hit needs a record; no record is
never called safe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.domain import Candidate, EntityId, Evidence, Mention, Patient, SafetyWarning
from rag.linking.linker import Linker
from rag.linking.medicines import resolve
from rag.linking.names import entity_name, entity_type
from rag.question.concerns import About, Concern, concerns_of
from rag.question.patient import SURE, is_child
from rag.question.patient_groups import for_mothers_alone
from rag.retrieval.remedies import INDICATIONS
from rag.retrieval.retriever import Retriever
from rag.safety.hazards import Hazard
from rag.safety.lookup import Subject
from rag.safety.medications import NO_RECORD, NOT_SAFE
from rag.safety.screening import evidence_of, screen
from rag.text import normalise
from rag.vocabulary import REMEDIES, Relation

_OFFERING = frozenset({Relation.DRUG, Relation.TREATMENT, Relation.ADJUVANT, Relation.PREVENTION, Relation.INGREDIENT})
"""Relations whose object is something to take."""
DISCLAIMER = "以上内容由 AI 根据知识库生成，仅供参考，不能代替医生的诊断和处方。"
"""Stands under every answer and in every export."""


@dataclass(frozen=True)
class Safety:
    """Warnings with their records, the gravest first, and a note on what has no record (empty: nothing to say)."""

    warnings: tuple[SafetyWarning, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    note: str = ""


def remedies_in(mentions: Iterable[Mention], evidence: Iterable[Evidence]) -> list[EntityId]:
    """Drugs, herbs and formulas of the question and of those that the evidence offers, in order."""
    asked = [c.entity for m in mentions if not m.modifier for c in m.candidates if c.score >= SURE]
    offered = [e.fact.object for e in evidence if e.fact and e.fact.relation in _OFFERING]
    offered += [e.fact.subject for e in evidence if e.fact and e.fact.relation is Relation.INDICATION]
    names = [entity for entity in [*asked, *offered] if isinstance(entity, str)]
    return [EntityId(e) for e in dict.fromkeys(names) if entity_type(EntityId(e)) in REMEDIES]


def asked_entities(mentions: Iterable[Mention]) -> list[EntityId]:
    """What the question surely names, in order."""
    present = (m for m in mentions if not m.negated and not m.modifier)
    sure = ([c for c in m.candidates if c.score >= SURE] for m in present)
    return list(dict.fromkeys(c.entity for found in sure for c in _as_remedy(found)))


def _as_remedy(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """A drug that some source lists as a treatment too (阿司匹林) is one thing, and not two to be held against it."""
    return [c for c in candidates if c.type in REMEDIES] or candidates


def look(
    retriever: Retriever, linker: Linker, mentions: Sequence[Mention], evidence: Sequence[Evidence],
    patient: Patient | None,
) -> Safety:  # fmt: skip
    """Look up every drug of the question and the evidence against the question's other entities and the patient.

    One read of the graph, two where something is known of the patient or several drugs are asked about.
    """
    drugs = remedies_in(mentions, evidence)
    if not drugs:
        return Safety()
    asked = asked_entities(mentions)
    if is_child(patient):  # `宝宝哺乳期能吃吗` asks about no nursing woman
        asked = [entity for entity in asked if not for_mothers_alone(entity_name(entity))]
    taken = [
        entity for name in (patient.drugs if patient else ()) for entity in resolve(name, linker, retriever.kb).entities
    ]
    concerns = concerns_of(patient, retriever.names)
    named = [entity for entity in asked if entity_type(entity) in REMEDIES]
    records = bool(concerns or taken or len(named) > 1)
    others = tuple(dict.fromkeys((*asked, *taken)))
    found = screen(retriever, Subject(tuple(drugs), others, concerns, records=records))
    names = {key: entity.name for key, entity in retriever.kb.entities(named or drugs).items()} if concerns else {}
    conditions = [concern for concern in concerns if concern.about is About.CONDITION]
    told = _spoken_of([*evidence, *(_indications(retriever, named) if conditions else ())], conditions)
    told |= {(drug, hazard.because) for hazard in found for drug in hazard.drugs}
    told |= _met_in(evidence, concerns)
    note = _note(names, concerns, told, _meant_for(evidence))
    return Safety(warnings_from(found), tuple(evidence_of(retriever, found).values()), note)


def warnings_from(found: Iterable[Hazard]) -> tuple[SafetyWarning, ...]:
    """One warning a hazard, in order; what is told twice in the same words once."""
    told = {hazard.text: hazard for hazard in reversed(list(found))}
    return tuple(
        SafetyWarning(hazard.kind.value, text, hazard.evidence_ids, hazard.level.value)
        for text, hazard in reversed(told.items())
    )


_LISTED = 3
"""Drugs that a note names; a list of a hundred would bury the answer."""


def _meant_for(evidence: Iterable[Evidence]) -> set[tuple[object, object]]:
    """(remedy, illness) where the evidence says that the one is for the other."""
    facts = [e.fact for e in evidence if e.fact is not None]
    offered = {(fact.object, fact.subject) for fact in facts if fact.relation in _OFFERING}
    return offered | {(fact.subject, fact.object) for fact in facts if fact.relation is Relation.INDICATION}


def _indications(retriever: Retriever, drugs: Sequence[EntityId]) -> list[Evidence]:
    """What the monographs of the drugs that are asked about say they are for."""
    found = retriever.kb.evidence(retriever.kb.about(drugs, limit_each=_FIELDS)).values()
    return [e for e in found if e.passage is not None and e.passage.aspect in INDICATIONS]


_FIELDS = 40
"""Pieces of a monograph."""


def _spoken_of(evidence: Iterable[Evidence], concerns: Sequence[Concern]) -> set[tuple[object, str]]:
    """(remedy, condition) where its own monograph speaks of it: 胃痛 is among what 布洛芬 may do."""
    own = [(e.passage.about, normalise(e.text)) for e in evidence if e.passage is not None and e.passage.about]
    return {(drug, c.label) for drug, text in own for c in concerns if any(name in text for name in c.names)}


def _met_in(evidence: Iterable[Evidence], concerns: Sequence[Concern]) -> set[tuple[object, str]]:
    """(remedy, group) where what is shown of a remedy speaks of the group, such as its dose for them."""
    own = [(e.passage.about, normalise(e.text)) for e in evidence if e.passage is not None and e.passage.about]
    return {(drug, c.label) for drug, text in own for c in concerns if c.met is not None and c.met(text)}


_CLASS = re.compile(r"^(?:[降止退消抗安利助通镇避]\w{1,3}|感冒|胃)药[物品]?$|抗生素$|激素$")
"""Named by what it is for, as 降压药 is: that it has no record beside an illness says nothing."""


def _note(
    names: Mapping[EntityId, str],
    concerns: Sequence[Concern],
    told: Collection[tuple[object, str]],
    meant_for: Collection[tuple[object, object]],
) -> str:
    """What the drugs in question have no record on for this patient; what one is for is on record."""
    silent: list[str] = []
    for concern in concerns:
        spoken = {
            name
            for entity, name in names.items()
            if (entity, concern.label) in told or any((entity, ill) in meant_for for ill in concern.entities)
        }
        if concern.about is About.CONDITION:
            spoken |= {name for name in names.values() if _CLASS.search(name)}
        without = [name for name in dict.fromkeys(names.values()) if name not in spoken]
        if without:
            more = f"等{len(without)}种药物" if len(without) > _LISTED else ""
            silent.append(f"{'、'.join(without[:_LISTED])}{more}与{concern.label}")
    return f"{NO_RECORD}：{'；'.join(silent)}。{NOT_SAFE}" if silent else ""


__all__ = ["DISCLAIMER", "Safety", "asked_entities", "look", "remedies_in", "warnings_from"]

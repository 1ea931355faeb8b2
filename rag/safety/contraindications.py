"""Hazards for the patient by the graph: contraindications and cautions whose object is what the patient is or has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from rag.domain import EntityId, GraphFact
from rag.linking.names import entity_type
from rag.question.allergens import allergic_place
from rag.question.concerns import About, Concern
from rag.safety.allergies import allergic_by, called
from rag.safety.hazards import KINDS, OF_PATIENTS, Hazard, Kind, fact_step, level_of, path_text
from rag.safety.lookup import Known, Subject
from rag.text import normalise
from rag.vocabulary import EntityType

_DEGREE = re.compile(
    r"严重|重度|中重度|中度|轻度|活动性|未控制的?|未经控制的?|难治性|失代偿期?|患者$|病人$|者$|病史$|史$"
)
_SLACK = 3
"""Characters that the name of a disease may have beside the words for a group; else it is another (妊娠期高血压)."""


def contraindications(known: Known, subject: Subject) -> Iterator[Hazard]:
    """For each drug what speaks against it by what the patient is or has, or by what was asked about."""
    allergens = {allergy.label: called(known, allergy) for allergy in subject.allergies}
    facts = _facts_by_subject(known)
    for part in known.parts_of(subject.drug_set):
        for fact in facts.get(part.entity, {}).values():
            path = (*part.steps, fact_step(fact))
            for concern in subject.concerns:
                further = allergic_by(fact, allergens.get(concern.label, {}))
                if further or meets(concern, fact):
                    kind = Kind.ALLERGY if concern.label in allergens else KINDS[fact.relation]
                    whole = (*path, *further)
                    yield Hazard(kind, level_of(fact), (part.drug,), concern.label, whole, path_text(whole))
            if fact.object in subject.other_set and not any(meets(concern, fact) for concern in subject.concerns):
                because = known.name(EntityId(str(fact.object)))
                yield Hazard(KINDS[fact.relation], level_of(fact), (part.drug,), because, path, path_text(path))


def _facts_by_subject(known: Known) -> Mapping[EntityId, Mapping[str, GraphFact]]:
    facts: dict[EntityId, dict[str, GraphFact]] = defaultdict(dict)
    for fact in [*(f for found in known.own.values() for f in found), *known.between]:
        if fact.relation in OF_PATIENTS:
            facts[fact.subject][fact.id] = fact
    return facts


def meets(concern: Concern, fact: GraphFact) -> bool:
    """Whether the object of a fact is what the concern is, or a graver form of it (严重肾功能不全)."""
    if fact.object in concern.entities:
        return True
    text = normalise(fact.object_text)
    if concern.about is About.ALLERGY:
        return any(allergic_place(text, name) for name in concern.names)
    bare = _DEGREE.sub("", text)
    if concern.met is None:
        return any(bare == _DEGREE.sub("", name) for name in concern.names)
    found = concern.met(text)
    if found is None:
        return False
    return len(bare) <= len(found.group()) + _SLACK or entity_type(EntityId(str(fact.object))) is EntityType.POPULATION

"""Hazards by an allergy: the drug is the allergen, of its class, or forbidden to whoever is allergic to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rag.domain import EntityId, GraphFact
from rag.question.allergens import allergic_place
from rag.question.concerns import Concern
from rag.safety.hazards import Hazard, Kind, Step, fact_step, path_text
from rag.safety.leaflets import Statement
from rag.safety.levels import Level
from rag.safety.lookup import Known, Part, Subject
from rag.safety.monographs import quoted
from rag.text import normalise

Called = Mapping[str, tuple[Step, ...]]
"""What an allergen is called, each name with the records by which it is called so."""
_ITSELF = ("本品", "本药", "该药", "该品")
"""How the monograph of a drug calls it."""


def allergies(known: Known, subject: Subject) -> Iterator[Hazard]:
    """The drug is the allergen, belongs to its class, or its monograph forbids it to those allergic to either."""
    said: dict[EntityId, list[Statement]] = defaultdict(list)
    for statement in known.said:
        if "过敏" in statement.text and statement.of_people:
            said[statement.about].append(statement)
    for part in known.parts_of(subject.drug_set):
        for allergy in subject.allergies:
            yield from _allergy(known, part, allergy, said.get(part.entity, ()))


def called(known: Known, allergy: Concern) -> Called:
    """Names of the allergen, and of the classes that the graph gives it with the record that says so."""
    entities = sorted(allergy.entities)
    classes = {term: (fact_step(fact),) for entity in entities for term, fact in known.classes(entity)}
    own = (*allergy.names, *(normalise(known.name(entity)) for entity in entities))
    return classes | dict.fromkeys(own, ())


def allergic_by(fact: GraphFact, names: Called) -> tuple[Step, ...]:
    """The records by which an allergy to a class is one to the allergen; nothing where the fact names itself."""
    text = normalise(fact.object_text)
    return next((steps for name, steps in names.items() if steps and allergic_place(text, name)), ())


def _allergy(known: Known, part: Part, allergy: Concern, said: Sequence[Statement]) -> Iterator[Hazard]:
    names = called(known, allergy)
    if part.entity in allergy.entities or normalise(known.name(part.entity)) in allergy.names:
        path = (*part.steps, Step(f"所填过敏药物与{known.name(part.entity)}是同一种"))
        yield Hazard(Kind.ALLERGY, Level.CONTRAINDICATED, (part.drug,), allergy.label, path, path_text(path))
        names = {**names, **dict.fromkeys(_ITSELF, ())}
    else:
        yield from _by_class(known, part, allergy, names)
    for statement in said:
        yield from _told(known, part, allergy, names, statement)


def _told(known: Known, part: Part, allergy: Concern, names: Called, statement: Statement) -> Iterator[Hazard]:
    """A sentence on an allergy to one of the names, or on those who are allergic to much."""
    hits = ((allergic_place(statement.text, name), steps) for name, steps in names.items())
    place, further = next(((m, steps) for m, steps in hits if m is not None), (None, ()))
    found = place or re.search("过敏体质", statement.text)
    if found is not None:
        forbidden = place is not None and statement.level(found.start()) == "forbidden"
        level = Level.CONTRAINDICATED if forbidden else Level.CAUTION
        path = (*quoted(known, part, statement, found), *further)
        yield Hazard(Kind.ALLERGY, level, (part.drug,), allergy.label, path, path_text(path))


def _by_class(known: Known, part: Part, allergy: Concern, names: Called) -> Iterator[Hazard]:
    """`青霉素` in the class 青霉素类抗生素 of the drug; or one class of substances (…类) for both."""
    for term, fact in known.classes(part.entity):
        named = any(len(name) > 1 and name in term for name in allergy.names)
        shared = names.get(term, ()) if "类" in term else ()
        if named or shared:
            path = (*part.steps, fact_step(fact), *shared)
            level = Level.MAJOR if named else Level.CAUTION
            text = f"{path_text(path)[:-1]}，所填过敏：{allergy.label.removesuffix('过敏')}。"
            yield Hazard(Kind.ALLERGY, level, (part.drug,), allergy.label, path, text)

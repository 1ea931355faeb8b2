"""Hazards that monographs tell: sentences that speak of the patient or of another drug of the list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.question.concerns import About, Concern
from rag.safety.hazards import Hazard, Kind, Step, fact_step, path_text
from rag.safety.leaflets import Statement
from rag.safety.levels import Level
from rag.safety.lookup import Known, Part, Subject
from rag.text import normalise

_SHORT_NAME = 2
_BY_ITSELF = r"(?<![^\W与和及或对他它用种类含加服使于])"
_LISTED = {"forbidden": "（禁用）", "careful": "（慎用）", None: ""}
_LEVELS = {"forbidden": Level.CONTRAINDICATED, "careful": Level.CAUTION, None: Level.UNKNOWN}


def told_in_monographs(known: Known, subject: Subject) -> Iterator[Hazard]:
    """Sentences that speak of the patient, and sentences on use together with another drug of the list."""
    against, looked_at = known.parts_of(subject.other_set), known.parts_of(subject.drug_set)
    for statement in known.said:
        for part in known.by_entity.get(statement.about, ()):
            if part.drug in subject.drug_set and statement.of_people:
                yield from _of_the_patient(known, part, statement, subject.concerns)
            if not statement.interaction or statement.harmless:
                continue
            beside = [
                *(against if part.drug in subject.drug_set else ()),
                *(looked_at if part.drug in subject.other_set else ()),
            ]
            for other in dict.fromkeys(beside):
                if other.drug != part.drug and other.entity != part.entity:
                    yield from _of_another(known, part, other, statement)


def _of_the_patient(known: Known, part: Part, statement: Statement, concerns: Sequence[Concern]) -> Iterator[Hazard]:
    for concern in concerns:
        if concern.about is About.ALLERGY:
            continue
        place = concern.met(statement.text) if concern.met is not None else _first(concern.names, statement.text)
        told = statement.level(place.start()) if place is not None else None
        if place is not None and told is not None:
            kind = Kind.CONTRAINDICATION if told == "forbidden" else Kind.CAUTION
            path = quoted(known, part, statement, place)
            yield Hazard(kind, _LEVELS[told], (part.drug,), concern.label, path, path_text(path))


def _of_another(known: Known, part: Part, other: Part, statement: Statement) -> Iterator[Hazard]:
    """The sentence names the other drug, or a class that the graph gives it."""
    place = _first((normalise(known.name(other.entity)),), statement.text)
    further = other.steps
    if place is None:
        own = {term for term, _ in known.classes(part.entity)}  # the class of both is what the monograph is about
        classes = [(term, fact) for term, fact in known.classes(other.entity) if term not in own]
        named = ((_class_place(term, statement.text), fact) for term, fact in classes)
        place, fact = next(((m, fact) for m, fact in named if m is not None), (None, None))
        further = (*other.steps, fact_step(fact)) if fact is not None else further
    if place is None:
        return
    drugs = tuple(sorted((part.drug, other.drug)))
    path = (*quoted(known, part, statement, place), *further)
    level = _LEVELS[statement.told(place.start())]
    yield Hazard(Kind.INTERACTION, level, drugs, "与".join(map(known.name, drugs)), path, path_text(path))


def _first(names: Iterable[str], text: str) -> re.Match[str] | None:
    """The first of the names that stands in the text; a short one by itself, for 洋地黄 is no 地黄."""
    return next((m for name in names if len(name) > 1 and (m := _named(name, text))), None)


def _named(name: str, text: str) -> re.Match[str] | None:
    return re.search((_BY_ITSELF if len(name) <= _SHORT_NAME else "") + re.escape(name), text)


def _class_place(term: str, text: str) -> re.Match[str] | None:
    """The class by itself: 利尿药 is not 保钾利尿药 and not 噻嗪类利尿药."""
    written = _ALSO_WRITTEN.get(term, re.escape(term))
    return re.search(rf"(?<![^\W与和及或等对他它用种])(?:{written})", text)


_ALSO_WRITTEN = {
    "抗凝血药": "抗凝血?[药剂]",
    "抗血小板药": "抗血小板(?:聚集)?[药剂]|血小板聚集抑制[药剂]",
    "利尿药": "利尿[药剂]",
    "降血糖药": "降血?糖[药剂]",
}
"""Classes that a graph calls by one word and monographs by several."""


def quoted(known: Known, part: Part, statement: Statement, place: re.Match[str]) -> tuple[Step, ...]:
    """The path to a sentence of the monograph of a part, with the words around `place`."""
    quote = statement.quote(place.start(), place.end())
    listed = "" if statement.told_itself else _LISTED[statement.lead]
    text = f"{known.name(part.entity)}的{statement.aspect}{listed}：“{quote}”"
    return (*part.steps, Step(text, statement.passage, source=statement.source))

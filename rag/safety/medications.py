"""The medication check: a list of drugs and a patient -> everything the knowledge base holds against it. Pure.

What it does not know is said: names it does not know, and pairs without a record. No record is never called safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rag.domain import EntityId, Evidence, Patient
from rag.errors import UsageError
from rag.linking.linker import Linker
from rag.linking.medicines import Medicine, resolve
from rag.question.concerns import Concern, concerns_of
from rag.retrieval.retriever import Retriever
from rag.safety.hazards import Hazard, Kind, Step, ordered
from rag.safety.levels import Level
from rag.safety.lookup import Subject
from rag.safety.screening import evidence_of, screen
from rag.text import clean, normalise

MOST_DRUGS = 50
NO_RECORD = "知识库无此信息"
NOT_SAFE = "没有记录不等于安全，请咨询医生或药师。"


@dataclass(frozen=True)
class Unrecorded:
    """Two drugs, or a drug and something known of the patient, between which nothing is recorded."""

    drugs: tuple[str, ...]
    about: str | None = None


@dataclass(frozen=True)
class Report:
    """Known and unknown names, what was found (the gravest first) with its records, and what has no record."""

    medicines: tuple[Medicine, ...]
    unknown: tuple[Medicine, ...]
    concerns: tuple[Concern, ...]
    hazards: tuple[Hazard, ...]
    evidence: Mapping[str, Evidence]
    names: Mapping[EntityId, str]
    unrecorded: tuple[Unrecorded, ...]


def check(retriever: Retriever, linker: Linker, drugs: Sequence[str], patient: Patient | None = None) -> Report:
    """Look at all pairs of `drugs` and of what the patient takes, and at each for the patient.

    At most three reads of the graph. Raises UsageError without a name, and for more than `MOST_DRUGS`.
    """
    given = _given(drugs, patient)
    resolved = [resolve(name, linker, retriever.kb) for name in given]
    medicines = tuple(medicine for medicine in resolved if medicine.entities)
    concerns = concerns_of(patient, retriever.names)
    entities = tuple(sorted({entity for medicine in medicines for entity in medicine.entities}))
    subject = Subject(entities, entities, concerns, thorough=True)
    names = {key: entity.name for key, entity in retriever.kb.entities(entities).items()}
    between = [hazard for hazard in screen(retriever, subject) if _of_different_names(hazard, medicines)]
    found = ordered((*between, *_one_under_two_names(medicines, names)))
    return Report(
        medicines=medicines,
        unknown=tuple(medicine for medicine in resolved if not medicine.entities),
        concerns=concerns,
        hazards=found,
        evidence=evidence_of(retriever, found),
        names=names,
        unrecorded=tuple(_unrecorded(medicines, concerns, found)),
    )


def _given(drugs: Sequence[str], patient: Patient | None) -> list[str]:
    """Each name once, in an order of their own."""
    written = (clean(name) for name in (*drugs, *(patient.drugs if patient else ())))
    names = {normalise(name): name for name in sorted(written, reverse=True) if name}
    if not names:
        raise UsageError("no drug is named; give at least one name, such as 阿司匹林")
    if len(names) > MOST_DRUGS:
        raise UsageError(f"{len(names)} drugs are named; at most {MOST_DRUGS} are checked at once, split the list")
    return [names[key] for key in sorted(names)]


def _of_different_names(hazard: Hazard, medicines: Sequence[Medicine]) -> bool:
    """Whether two names of the list stand for the two drugs: one name may stand for a substance and its tablet."""
    if len(hazard.drugs) < 2:
        return True
    first, second = hazard.drugs
    owners = [[n for n, medicine in enumerate(medicines) if drug in medicine.entities] for drug in (first, second)]
    return any(a != b for a in owners[0] for b in owners[1])


def _one_under_two_names(medicines: Sequence[Medicine], names: Mapping[EntityId, str]) -> Iterator[Hazard]:
    """Two names of the list that stand for one drug, such as a trade name and what is in it."""
    for a, b in combinations(medicines, 2):
        for entity in sorted(set(a.entities) & set(b.entities)):
            name = names.get(entity, a.given)
            path = tuple(Step(f"{m.given}即{name}") for m in (a, b) if m.given != name)
            text = f"{a.given}与{b.given}在知识库中是同一种药物（{name}），可能重复用药。"
            yield Hazard(Kind.DUPLICATE, Level.MODERATE, (entity,), f"{a.given}与{b.given}", path, text)


def _unrecorded(
    medicines: Sequence[Medicine], concerns: Sequence[Concern], found: Sequence[Hazard]
) -> Iterator[Unrecorded]:
    together = [set(hazard.drugs) for hazard in found if len(hazard.drugs) > 1]
    alone = {(drug, hazard.because) for hazard in found if len(hazard.drugs) == 1 for drug in hazard.drugs}
    for a, b in combinations(medicines, 2):
        one, other = set(a.entities), set(b.entities)
        if not (one & other or any(pair & one and pair & other for pair in together)):
            yield Unrecorded((a.given, b.given))
    for medicine in medicines:
        for concern in concerns:
            if not any((entity, concern.label) in alone for entity in medicine.entities):
                yield Unrecorded((medicine.given,), concern.label)

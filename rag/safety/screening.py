"""Screening: everything that speaks against drugs, between them and for one patient, with its records."""

from __future__ import annotations

from collections.abc import Iterable

from rag.domain import Evidence
from rag.retrieval.retriever import Retriever
from rag.safety.allergies import allergies
from rag.safety.contraindications import contraindications
from rag.safety.hazards import Hazard, ordered, told_once
from rag.safety.interactions import duplicates, interactions
from rag.safety.lookup import Subject, look_up
from rag.safety.monographs import told_in_monographs


def screen(retriever: Retriever, subject: Subject) -> tuple[Hazard, ...]:
    """Everything found, the gravest first."""
    if not subject.drugs or not (subject.others or subject.concerns):
        return ()
    known = look_up(retriever, subject)
    found = [
        *interactions(known, subject),
        *contraindications(known, subject),
        *told_in_monographs(known, subject),
        *duplicates(known, subject),
        *allergies(known, subject),
    ]
    return ordered(told_once(found))


def evidence_of(retriever: Retriever, found: Iterable[Hazard]) -> dict[str, Evidence]:
    """The records of findings by id, in their order."""
    steps = {step.evidence_id: step for hazard in found for step in hazard.path if step.evidence_id is not None}
    facts = retriever.as_evidence([step.fact for step in steps.values() if step.fact is not None])
    passages = retriever.kb.evidence([key for key, step in steps.items() if step.fact is None])
    known = {e.id: e for e in facts} | passages
    return {key: known[key] for key in steps if key in known}

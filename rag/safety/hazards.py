"""What a hazard is: what speaks against a drug, how grave it is, by which records; and the order of hazards. Pure.

A *hazard* needs a record: a fact of the graph, a sentence of a monograph, or names that mean the same thing. No
hazard says nothing of safety; it means that the knowledge base has no such record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.answer.rendering import fact_text
from rag.domain import EntityId, GraphFact
from rag.safety.levels import Level, level_named
from rag.vocabulary import Relation


class Kind(StrEnum):
    """What a hazard is about."""

    CONTRAINDICATION = "contraindication"
    CAUTION = "caution"
    INTERACTION = "interaction"
    INCOMPATIBILITY = "incompatibility"
    ALLERGY = "allergy"
    DUPLICATE = "duplicate"


KINDS = {
    Relation.CONTRAINDICATION: Kind.CONTRAINDICATION,
    Relation.CAUTION: Kind.CAUTION,
    Relation.INTERACTION: Kind.INTERACTION,
    Relation.INCOMPATIBLE: Kind.INCOMPATIBILITY,
}
"""The relations that state a hazard."""
OF_PATIENTS = (Relation.CONTRAINDICATION, Relation.CAUTION)
"""Those of them whose object is what a patient is or has."""


@dataclass(frozen=True)
class Step:
    """One step of a path: what a record says, and which record; names alone have none."""

    text: str
    evidence_id: str | None = None
    fact: GraphFact | None = None
    source: str | None = None


def fact_step(fact: GraphFact) -> Step:
    """The step that a fact of the graph is."""
    return Step(fact_text(fact), fact.id, fact, fact.source)


def path_text(path: Sequence[Step]) -> str:
    """All that a path says, as one sentence."""
    return "；".join(step.text for step in path) + "。"


@dataclass(frozen=True)
class Hazard:
    """What speaks against `drugs` (one, or two together) because of `because`: another drug or what the patient is."""

    kind: Kind
    level: Level
    drugs: tuple[EntityId, ...]
    because: str
    path: tuple[Step, ...]
    text: str

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """Records of the path, in its order."""
        return tuple(dict.fromkeys(step.evidence_id for step in self.path if step.evidence_id))


def level_of(fact: GraphFact) -> Level:
    """By the relation, and for interactions by the severity that the record gives."""
    if fact.relation in (Relation.CONTRAINDICATION, Relation.INCOMPATIBLE):
        return Level.CONTRAINDICATED
    if fact.relation is Relation.CAUTION:
        return Level.CAUTION
    return level_named(fact.qualifiers.severity)


# ---------------------------------------------------------------- the order


def ordered(found: Iterable[Hazard]) -> tuple[Hazard, ...]:
    """The gravest first, then by kind, drugs, words and records; what a source says twice in the same words once."""
    unique: dict[object, Hazard] = {}
    for hazard in sorted(found, key=_place):
        sources = tuple(step.source for step in hazard.path)
        key = (hazard.kind, hazard.level, hazard.drugs, hazard.because, hazard.text, sources)
        first = unique.setdefault(key, hazard)
        further = tuple(step for step in hazard.path if step not in first.path)
        unique[key] = replace(first, path=(*first.path, *further)) if further else first
    return tuple(sorted(unique.values(), key=_place))


_LEVELS = {level: n for n, level in enumerate(Level)}
_ORDER = {kind: n for n, kind in enumerate(Kind)}


def _place(hazard: Hazard) -> tuple[object, ...]:
    rank = _LEVELS[hazard.level], _ORDER[hazard.kind]
    return *rank, hazard.drugs, hazard.text, hazard.because, hazard.evidence_ids


def told_once(found: Sequence[Hazard]) -> Iterator[Hazard]:
    """With a fact joined to the sentence that it was read out of: the same source says both."""
    quoted = {key for hazard in found for key in _quoted_keys(hazard)}
    joined: dict[object, list[Step]] = defaultdict(list)
    kept: list[Hazard] = []
    for hazard in found:
        stated = [step for step in hazard.path if step.fact is not None and step.fact.relation in OF_PATIENTS]
        key = next((key for step in stated if (key := (*_key(hazard), step.source)) in quoted), None)
        if key is None:
            kept.append(hazard)
        else:
            joined[key] += stated
    for hazard in kept:
        further = dict.fromkeys(step for key in _quoted_keys(hazard) for step in joined[key])
        steps = sorted(further, key=lambda step: step.evidence_id or "")
        yield replace(hazard, path=(*hazard.path, *steps)) if steps else hazard


def _quoted_keys(hazard: Hazard) -> list[tuple[object, ...]]:
    return [(*_key(hazard), step.source) for step in hazard.path if step.fact is None and step.evidence_id]


def _key(hazard: Hazard) -> tuple[object, ...]:
    return hazard.level, hazard.drugs, hazard.because

"""Hazards between two drugs by the graph: interactions, incompatibilities, one substance in both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from rag.domain import EntityId, GraphFact
from rag.linking.names import entity_type
from rag.retrieval.selection import MIRRORED
from rag.safety.hazards import KINDS, Hazard, Kind, fact_step, level_of, path_text
from rag.safety.levels import Level
from rag.safety.lookup import Known, Part, Subject
from rag.vocabulary import EntityType, Relation


def interactions(known: Known, subject: Subject) -> Iterator[Hazard]:
    """Interactions and incompatibilities of two drugs, or of substances in them."""
    for fact in _once(f for f in known.between if f.relation in MIRRORED):
        for a in known.by_entity.get(fact.subject, ()):
            for b in known.by_entity.get(EntityId(str(fact.object)), ()):
                if subject.crossing(a.drug, b.drug):
                    yield _pair(known, a, b, fact)


def _once(facts: Iterable[GraphFact]) -> list[GraphFact]:
    """Of two mirrored facts of one source the first; what another source says is another record."""
    unique: dict[tuple[frozenset[object], Relation, str], GraphFact] = {}
    for fact in sorted(facts, key=lambda f: (-f.grade_rank, f.id)):
        if fact.subject != fact.object:
            unique.setdefault((frozenset((fact.subject, fact.object)), fact.relation, fact.source), fact)
    return list(unique.values())


def _pair(known: Known, a: Part, b: Part, fact: GraphFact) -> Hazard:
    pair = sorted((a, b), key=lambda part: part.drug)
    path = (*pair[0].steps, fact_step(fact), *pair[1].steps)
    drugs = tuple(part.drug for part in pair)
    because = "与".join(map(known.name, drugs))
    return Hazard(KINDS[fact.relation], level_of(fact), drugs, because, path, path_text(path))


def duplicates(known: Known, subject: Subject) -> Iterator[Hazard]:
    """Two drugs of the list that hold one substance; two formulas may well share a herb."""
    holding: dict[EntityId, dict[EntityId, Part]] = defaultdict(dict)
    for part in sorted(known.parts, key=lambda p: (len(p.steps), [step.text for step in p.steps])):
        if entity_type(part.entity) is EntityType.DRUG:
            holding[part.entity].setdefault(part.drug, part)
    for substance, parts in holding.items():
        for a, b in combinations(sorted(parts.values(), key=lambda p: p.drug), 2):
            if subject.crossing(a.drug, b.drug):
                path = (*a.steps, *b.steps)
                because = f"都含{known.name(substance)}"
                text = f"{known.name(a.drug)}与{known.name(b.drug)}{because}，可能重复用药（{path_text(path)[:-1]}）。"
                yield Hazard(Kind.DUPLICATE, Level.MODERATE, (a.drug, b.drug), because, path, text)

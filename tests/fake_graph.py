"""A graph in memory, over a list of records."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from rag.domain import (
    Alias,
    Condition,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    GraphFact,
    Literal,
    Neighbourhood,
    Passage,
    Path,
    RankedSubject,
    Record,
    Retraction,
    Source,
)
from rag.register import NOTHING, Withheld
from rag.vocabulary import GRADE_RANK, SORTS, EntityType, Relation

R = TypeVar("R", Entity, Alias, DoNotMerge, Source, Fact, Passage, Retraction)


def of_kind(records: Iterable[Record], kind: type[R]) -> list[R]:
    """The records of one kind."""
    return [record for record in records if isinstance(record, kind)]


def _referred(record: Record) -> list[EntityId]:
    """Entity ids that a record names."""
    match record:
        case Entity():
            return [record.id]
        case Alias():
            return [record.entity]
        case DoNotMerge():
            return [record.a, record.b]
        case Fact(object=Literal()):
            return [record.subject]
        case Fact():
            return [record.subject, EntityId(str(record.object))]
        case Passage(about=str() as about):
            return [EntityId(about)]
        case _:
            return []


def entities_in(records: Sequence[Record]) -> dict[EntityId, Entity]:
    """Entities stated, and one for each id that is only referred to, as storage makes them."""
    found = {entity.id: entity for entity in sorted(of_kind(records, Entity), key=lambda e: e.name, reverse=True)}
    for identifier in (i for record in records for i in _referred(record)):
        kind, _, name = identifier.partition(":")
        found.setdefault(identifier, Entity(identifier, EntityType(kind), name))
    return dict(sorted(found.items()))


class FakeGraph:
    """Implements `rag.ports.GraphReader` over a list of records."""

    def __init__(self, records: Iterable[Record], withheld: Withheld = NOTHING) -> None:
        records = list(records)
        entities = entities_in(records)
        sources = {source.id: source for source in of_kind(records, Source)}
        stated = [fact for fact in of_kind(records, Fact) if not withheld.hides_fact(fact.id, fact.source)]
        facts = {fact.id: _graph_fact(fact, entities, sources) for fact in stated if fact.source in sources}
        self.facts: Mapping[str, GraphFact] = {fact.id: fact for fact in _ordered(facts.values())}

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction."""
        taken: Counter[tuple[str, EntityId, Relation]] = Counter()
        outgoing: list[GraphFact] = []
        incoming: list[GraphFact] = []
        for fact in self.facts.values():
            ends = [("out", fact.subject, outgoing)]
            if not isinstance(fact.object, Literal):
                ends.append(("in", fact.object, incoming))
            for way, end, found in ends:
                if end in plan and (not plan[end] or fact.relation in plan[end]):
                    taken[way, end, fact.relation] += 1
                    if taken[way, end, fact.relation] <= limit_each:
                        found.append(fact)
        return Neighbourhood(tuple(outgoing), tuple(incoming))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; of equal scores the most named first, then by id."""
        rows = [fact for fact in self.facts.values() if fact.relation == relation]
        subjects = {fact.subject for fact in rows}
        holding: dict[EntityId, set[EntityId]] = defaultdict(set)
        matched: dict[EntityId, dict[EntityId, GraphFact]] = defaultdict(dict)
        for fact in rows:
            if not isinstance(fact.object, Literal) and fact.object in set(objects):
                holding[fact.object].add(fact.subject)
                matched[fact.subject].setdefault(fact.object, fact)
        weight = {target: math.log(len(subjects) / len(having)) for target, having in holding.items()}
        ranked = [
            RankedSubject(
                subject,
                next(iter(hits.values())).subject_name,
                round(sum(weight[target] for target in hits), 9),
                _ordered(hits.values()),
                len({str(fact.object) for fact in rows if fact.subject == subject}),
                self._named(subject),
            )
            for subject, hits in matched.items()
        ]
        return sorted(ranked, key=lambda found: (-found.score, -found.named, found.subject))[:limit]

    def _named(self, subject: EntityId) -> int:
        return sum(fact.object == subject for fact in self.facts.values())

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """Subjects that meet every condition; nobody unless one of them leads."""
        own: dict[EntityId, list[GraphFact]] = defaultdict(list)
        for fact in self.facts.values():
            if any(condition.met_by(fact) for condition in conditions):
                own[fact.subject].append(fact)
        found = []
        leads = any(c.objects or c.relation in SORTS for c in conditions)
        types = {kind for condition in conditions for kind in condition.of}
        for subject, facts in sorted(own.items()) if leads else ():
            wanted = not types or subject.partition(":")[0] in types
            if wanted and all(any(condition.met_by(fact) for fact in facts) for condition in conditions):
                best = tuple({(f.relation, f.object): f for f in reversed(facts)}.values())[::-1]
                count = self._named(subject)
                found.append(RankedSubject(subject, facts[0].subject_name, len(conditions), best, len(best), count))
        return sorted(found, key=lambda one: (-one.named, one.subject))[:limit]

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """Facts with one end in `left` and the other in `right`, all of them."""
        ends = {*((a, b) for a in left for b in right), *((b, a) for a in left for b in right)}
        return tuple(f for f in self.facts.values() if f.relation in relations and (f.subject, f.object) in ends)

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest paths first, equal lengths by the ids of their facts; facts are walked either way."""
        steps: dict[EntityId, list[tuple[EntityId, GraphFact]]] = defaultdict(list)
        for fact in self.facts.values():
            if not isinstance(fact.object, Literal):
                steps[fact.subject].append((fact.object, fact))
                steps[fact.object].append((fact.subject, fact))
        frontier: list[tuple[EntityId, tuple[GraphFact, ...], frozenset[EntityId]]] = [(a, (), frozenset({a}))]
        for _ in range(max_hops if a != b else 0):
            frontier = [
                (target, (*chain, fact), seen | {target})
                for end, chain, seen in frontier
                for target, fact in steps[end]
                if target not in seen
            ]
            found = [Path(chain) for end, chain, _ in frontier if end == b]
            if found:
                return sorted(found, key=lambda path: [fact.id for fact in path.facts])[:limit]
        return []


def _graph_fact(fact: Fact, entities: Mapping[EntityId, Entity], sources: Mapping[str, Source]) -> GraphFact:
    text = fact.object.text if isinstance(fact.object, Literal) else entities[fact.object].name
    rank = GRADE_RANK[sources[fact.source].grade]
    subject = entities[fact.subject].name
    return GraphFact(
        fact.id, fact.subject, subject, fact.relation, fact.object, text, fact.source, fact.qualifiers, rank
    )


def _ordered(facts: Iterable[GraphFact]) -> tuple[GraphFact, ...]:
    return tuple(sorted(facts, key=lambda fact: (-fact.grade_rank, fact.id)))

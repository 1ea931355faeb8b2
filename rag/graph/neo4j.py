"""The live graph: facts in Neo4j, read only while it is ready at the version that a question has pinned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import LiteralString

from rag.domain import (
    EDITOR,
    EntityId,
    Fact,
    GraphFact,
    Literal,
    Neighbourhood,
    Path,
    Qualifiers,
    RankedSubject,
)
from rag.errors import StaleGraphError, UsageError
from rag.graph.bolt import Connection, Row
from rag.graph.queries import CHAINS, MAX_HOPS, NEIGHBOURHOOD, PATHS, RANK_SUBJECTS, TYPED_RELATION, relation_type
from rag.register import NOTHING, Withheld
from rag.vocabulary import GRADE_RANK, RELATIONS, EntityType, Relation

EDITOR_RANK = GRADE_RANK[EDITOR.grade]
_ALL = list(TYPED_RELATION)
_TYPES = {kind.value: kind for kind in EntityType}


class Neo4jGraph:
    """Implements `rag.ports.GraphReader`; one query a call, in a session that may only read.

    Raises StaleGraphError where the graph is not ready at `version`, LiveGraphError where it does not answer.
    """

    def __init__(self, connection: Connection, kb: str, version: int, withheld: Withheld = NOTHING) -> None:
        self._connection = connection
        self.kb = kb
        self._version = version
        self._withheld = sorted(withheld.facts | withheld.sources)

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction."""
        wanted = [[entity, [relation_type(r) for r in relations] or _ALL] for entity, relations in plan.items()]
        outgoing, incoming = self._one(NEIGHBOURHOOD, plan=wanted, limit=limit_each, editor_rank=EDITOR_RANK)
        return Neighbourhood(_ordered(_facts(outgoing)), _ordered(_facts(incoming)))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; equal scores by id."""
        (rows,) = self._one(RANK_SUBJECTS[relation], objects=list(objects), limit=max(0, limit))
        return [
            RankedSubject(entity, name, round(score, 9), _ordered(_best(_facts(matched))), total)
            for entity, name, score, matched, total in rows
        ]

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest paths, by ids of facts; facts are walked either way."""
        if not 1 <= max_hops <= MAX_HOPS:
            raise UsageError(f"max_hops is {max_hops}; expected 1 to {MAX_HOPS}")
        if a == b or limit < 1:
            return []
        (chains,) = self._one(PATHS[max_hops], a=a, b=b, chains=CHAINS)
        found = [Path(tuple(facts)) for chain in chains if len(facts := _facts(chain)) == len(chain)]
        return sorted(found, key=lambda path: [fact.id for fact in path.facts])[:limit]

    def _one(self, query: LiteralString, **parameters: object) -> Row:
        """The one row that a query gives while the graph is ready at our version."""
        rows = self._connection.read(
            query, parameters | {"kb": self.kb, "version": self._version, "withheld": self._withheld}
        )
        if not rows:
            raise StaleGraphError(
                f"Neo4j is not ready at version {self._version} of knowledge base {self.kb}; "
                "the snapshot's own graph answers until it is"
            )
        return rows[0]


def _facts(rows: Iterable[Row]) -> list[GraphFact]:
    return [fact for row in rows if (fact := _fact(row)) is not None]


def _fact(row: Row) -> GraphFact | None:
    """A relation as a fact; one added by hand gets its id here, or is left out if the vocabulary does not allow it."""
    key, subject, subject_name, kind, target, text, literal_kind, source, severity, population, dose, rank = row
    relation = TYPED_RELATION[kind]
    stated = Literal(text, literal_kind) if literal_kind is not None else EntityId(target)
    qualifiers = Qualifiers(severity, population, dose)
    if key is None:
        if not _allowed(subject, relation, stated):
            return None
        key = Fact(subject, relation, stated, EDITOR.id, qualifiers).id
        source, rank = EDITOR.id, EDITOR_RANK
    return GraphFact(key, subject, subject_name, relation, stated, text, source, qualifiers, rank)


def _allowed(subject: str, relation: Relation, target: EntityId | Literal) -> bool:
    """Whether the vocabulary lets this relation stand between these two."""
    row = RELATIONS[relation]
    if _type(subject) not in row.subjects:
        return False
    return row.literal if isinstance(target, Literal) else _type(target) in row.objects


def _type(entity: str) -> EntityType | None:
    return _TYPES.get(entity.partition(":")[0])


def _best(facts: Iterable[GraphFact]) -> list[GraphFact]:
    """Of facts that several sources state the strongest, then the first by id."""
    best: dict[object, GraphFact] = {}
    for fact in _ordered(facts):
        best.setdefault(fact.object, fact)
    return list(best.values())


def _ordered(facts: Iterable[GraphFact]) -> tuple[GraphFact, ...]:
    """Strongest grade first, then by id; each fact once."""
    unique = {fact.id: fact for fact in facts}
    return tuple(sorted(unique.values(), key=lambda fact: (-fact.grade_rank, fact.id)))

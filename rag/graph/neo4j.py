"""The live graph: facts in Neo4j, read only while it is ready at the version that a question has pinned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import LiteralString

from rag.domain import (
    EDITOR,
    Condition,
    EntityId,
    GraphFact,
    Literal,
    Neighbourhood,
    Path,
    Qualifiers,
    RankedSubject,
)
from rag.errors import StaleGraphError, UsageError
from rag.graph.bolt import Connection, Row
from rag.graph.by_hand import NotAFactError, fact_by_hand
from rag.graph.conditions import divided, meeting, types_of
from rag.graph.queries import (
    BETWEEN,
    CHAINS,
    MAX_HOPS,
    NEIGHBOURHOOD,
    PATHS,
    RANK_SUBJECTS,
    SUBJECTS_MEETING,
    TYPED_RELATION,
    relation_type,
)
from rag.register import NOTHING, Withheld
from rag.vocabulary import GRADE_RANK, Relation

EDITOR_RANK = GRADE_RANK[EDITOR.grade]
_ALL = list(TYPED_RELATION)


def _unheard(facts: Sequence[GraphFact]) -> None:
    """What is done with facts drawn by hand, unless somebody wants to keep them."""


class Neo4jGraph:
    """Implements `rag.ports.GraphReader`; one query a call, in a session that may only read.

    `on_drawn` is told of every fact that was read from a relation drawn by hand. Raises StaleGraphError where the graph
    is not ready at `version`, LiveGraphError where it does not answer.
    """

    def __init__(
        self,
        connection: Connection,
        kb: str,
        version: int,
        withheld: Withheld = NOTHING,
        on_drawn: Callable[[Sequence[GraphFact]], None] = _unheard,
    ) -> None:
        self._connection = connection
        self._on_drawn = on_drawn
        self.kb = kb
        self.version = version
        self._withheld = withheld
        self._withheld_ids = sorted(withheld.facts | withheld.sources)

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction."""
        wanted = [[entity, [relation_type(r) for r in relations] or _ALL] for entity, relations in plan.items()]
        outgoing, incoming = self._one(NEIGHBOURHOOD, plan=wanted, limit=limit_each, editor_rank=EDITOR_RANK)
        return Neighbourhood(_ordered(self._facts(outgoing)), _ordered(self._facts(incoming)))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; then what most facts name, then by id."""
        (rows,) = self._one(RANK_SUBJECTS[relation], objects=list(objects), limit=max(0, limit))
        found = (
            RankedSubject(entity, name, round(score, 9), _ordered(_best(self._facts(matched))), total, named)
            for entity, name, score, matched, total, named in rows
        )
        return [subject for subject in found if subject.matched]

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """Subjects that meet every condition, those that most facts name first, then by id."""
        leading, choosing = divided(conditions)
        if not (leading or choosing) or limit < 1:
            return []
        objects = [[relation_type(c.relation), list(c.objects)] for c in leading]
        texts = [[relation_type(c.relation), list(c.words)] for c in choosing]
        (rows,) = self._one(SUBJECTS_MEETING, objects=objects, texts=texts, types=types_of(conditions), limit=limit)
        named = {row[1]: count for count, row in rows}
        return meeting([(named[fact.subject], fact) for fact in self._facts(row for _, row in rows)], conditions)

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """Facts with one end in `left` and the other in `right`, all of them."""
        if not (left and right and relations):
            return ()
        wanted = [relation_type(relation) for relation in relations]
        (facts,) = self._one(BETWEEN, left=list(left), right=list(right), relations=wanted)
        return _ordered(self._facts(facts))

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest paths, by ids of facts; facts are walked either way."""
        if not 1 <= max_hops <= MAX_HOPS:
            raise UsageError(f"max_hops is {max_hops}; expected 1 to {MAX_HOPS}")
        if a == b or limit < 1:
            return []
        (chains,) = self._one(PATHS[max_hops], a=a, b=b, chains=CHAINS)
        found = [Path(tuple(facts)) for chain in chains if len(facts := self._facts(chain)) == len(chain)]
        return sorted(found, key=lambda path: [fact.id for fact in path.facts])[:limit]

    def _one(self, query: LiteralString, **parameters: object) -> Row:
        """The one row that a query gives while the graph is ready at our version."""
        rows = self._connection.read(
            query, parameters | {"kb": self.kb, "version": self.version, "withheld": self._withheld_ids}
        )
        if not rows:
            raise StaleGraphError(
                f"Neo4j is not ready at version {self.version} of knowledge base {self.kb}; "
                "the snapshot's own graph answers until it is"
            )
        return rows[0]

    def _facts(self, rows: Iterable[Row]) -> list[GraphFact]:
        """Rows as facts; what was drawn has no id in the store, so only here it can be seen that it is withheld."""
        found = [(row[0], fact) for row in rows if (fact := _fact(row)) is not None]
        shown = [(key, fact) for key, fact in found if not self._withheld.hides_fact(fact.id, fact.source)]
        if drawn := [fact for key, fact in shown if key is None]:
            self._on_drawn(drawn)
        return [fact for _, fact in shown]


def _fact(row: Row) -> GraphFact | None:
    """A relation as a fact; one drawn by hand gets its id here, or is left out if it may not stand."""
    key, subject, subject_name, kind, target, text, literal_kind, source, severity, population, dose, rank = row
    relation = TYPED_RELATION[kind]
    stated = Literal(text, literal_kind) if literal_kind is not None else EntityId(target)
    if key is not None:
        limits = Qualifiers(severity, population, dose)
        return GraphFact(key, subject, subject_name, relation, stated, text, source, limits, rank)
    try:
        drawn = fact_by_hand(subject, relation, stated, severity=severity, population=population, dose=dose)
    except NotAFactError:
        return None
    shown = drawn.object.text if isinstance(drawn.object, Literal) else text
    return GraphFact(
        drawn.id, subject, subject_name, relation, drawn.object, shown, EDITOR.id, drawn.qualifiers, EDITOR_RANK
    )


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

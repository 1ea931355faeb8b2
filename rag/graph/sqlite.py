"""The graph inside a snapshot: the embedded default, and what answers while Neo4j does not."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.domain import Condition, EntityId, GraphFact, Neighbourhood, Path, RankedSubject
from rag.errors import UsageError
from rag.graph.conditions import divided, meeting, types_of
from rag.register import NOTHING, Withheld
from rag.snapshot.records import FACT_COLUMNS, FACT_TABLES, Records, graph_fact
from rag.snapshot.schema import SORT_NAMES, key_of_id
from rag.vocabulary import Relation

_ALL = [relation.value for relation in Relation]
MAX_HOPS = 4
FAN_OUT = 200
"""Facts looked at from one entity, each way, while searching paths; hubs have thousands."""


@dataclass(frozen=True)
class _Statements:
    neighbourhood: str
    rank: str
    matched: str
    meeting: str
    between: str
    steps: str


@lru_cache
def _statements(facts: bool, sources: bool) -> _Statements:
    """The statements with the conditions that are needed: without any, `fact_in` alone answers a ranking."""

    def shown(alias: str = "") -> str:
        by_fact = f"AND {alias}pk NOT IN (SELECT value FROM json_each(:facts))" if facts else ""
        by_source = f"AND {alias}source NOT IN (SELECT value FROM json_each(:sources))" if sources else ""
        return f"{by_fact} {by_source}"

    def named(subject: str) -> str:
        return f"(SELECT count(*) FROM fact INDEXED BY fact_in WHERE object = {subject}.pk {shown()})"

    return _Statements(
        neighbourhood=f"""
WITH plan AS MATERIALIZED (
    SELECT e.pk AS entity, r.value AS relation FROM json_each(:plan) j
    CROSS JOIN entity e ON e.id = j.value ->> 0 CROSS JOIN json_each(j.value, '$[1]') r
)
SELECT 1, {FACT_COLUMNS} FROM plan CROSS JOIN {FACT_TABLES} WHERE f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_out WHERE subject = plan.entity AND relation = plan.relation {shown()}
    ORDER BY rank DESC, pk LIMIT :limit)
UNION ALL
SELECT 0, {FACT_COLUMNS} FROM plan CROSS JOIN {FACT_TABLES} WHERE f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_in WHERE object = plan.entity AND relation = plan.relation {shown()}
    ORDER BY rank DESC, pk LIMIT :limit)
""",
        rank=f"""
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT e.pk AS object FROM json_each(:objects) j CROSS JOIN entity e ON e.id = j.value
),
pair AS MATERIALIZED (
    SELECT DISTINCT w.object, f.subject FROM wanted w
    CROSS JOIN fact f INDEXED BY fact_in ON f.object = w.object AND f.relation = :relation {shown("f.")}
),
weight AS MATERIALIZED (
    SELECT object, idf((SELECT subjects FROM relation_stats WHERE relation = :relation), count(*)) AS idf
    FROM pair GROUP BY object
)
SELECT s.id, s.name, round(sum(w.idf), 9) AS score, s.pk, (
    SELECT count(DISTINCT coalesce(object, literal)) FROM fact WHERE subject = s.pk AND relation = :relation {shown()}
), {named("s")} AS named
FROM pair p JOIN weight w ON w.object = p.object JOIN entity s ON s.pk = p.subject
GROUP BY p.subject ORDER BY score DESC, named DESC, s.id LIMIT :limit
""",
        matched=f"""
SELECT f.subject, f.object, {FACT_COLUMNS} FROM json_each(:subjects) j
CROSS JOIN fact f INDEXED BY fact_out ON f.subject = j.value AND f.relation = :relation {shown("f.")}
CROSS JOIN entity s ON s.pk = f.subject CROSS JOIN entity o ON o.pk = f.object
WHERE o.id IN (SELECT value FROM json_each(:objects)) ORDER BY f.rank DESC, f.pk
""",
        meeting=f"""
WITH need AS MATERIALIZED (
    SELECT DISTINCT j.key AS n, j.value ->> 0 AS relation, e.pk AS object FROM json_each(:objects) j
    CROSS JOIN json_each(j.value, '$[1]') o CROSS JOIN entity e ON e.id = o.value
),
text AS MATERIALIZED (
    SELECT t.key AS n, t.value ->> 0 AS relation, w.value AS word FROM json_each(:texts) t
    CROSS JOIN json_each(t.value, '$[1]') w
),
led AS MATERIALIZED (
    SELECT f.subject FROM need CROSS JOIN fact f INDEXED BY fact_in
    ON f.object = need.object AND f.relation = need.relation {shown("f.")}
    GROUP BY f.subject HAVING count(DISTINCT need.n) = json_array_length(:objects)
    UNION ALL
    SELECT DISTINCT f.subject FROM text CROSS JOIN fact f ON f.relation = text.relation AND instr(f.literal, text.word)
    WHERE json_array_length(:objects) = 0
    AND f.relation IN {SORT_NAMES} AND f.literal IS NOT NULL {shown("f.")}
),
kept AS MATERIALIZED (
    SELECT e.pk, {named("e")} AS named FROM led CROSS JOIN entity e ON e.pk = led.subject
    WHERE json_array_length(:texts) = (
        SELECT count(DISTINCT text.n) FROM fact f INDEXED BY fact_out
        CROSS JOIN text ON text.relation = f.relation AND instr(f.literal, text.word)
        WHERE f.subject = e.pk {shown("f.")})
    AND (json_array_length(:types) = 0 OR e.type IN (SELECT value FROM json_each(:types)))
    ORDER BY named DESC, e.id LIMIT :limit
)
SELECT kept.named, {FACT_COLUMNS} FROM kept CROSS JOIN {FACT_TABLES} WHERE f.subject = kept.pk {shown("f.")} AND (
    EXISTS (SELECT 1 FROM need WHERE need.relation = f.relation AND need.object = f.object)
    OR EXISTS (SELECT 1 FROM text WHERE text.relation = f.relation AND instr(f.literal, text.word)))
""",
        between=f"""
WITH a AS MATERIALIZED (SELECT e.pk AS pk FROM json_each(:left) j CROSS JOIN entity e ON e.id = j.value),
b AS MATERIALIZED (SELECT e.pk AS pk FROM json_each(:right) j CROSS JOIN entity e ON e.id = j.value)
SELECT {FACT_COLUMNS} FROM {FACT_TABLES} WHERE f.pk IN (
    SELECT f.pk FROM b CROSS JOIN json_each(:relations) r CROSS JOIN fact f INDEXED BY fact_in
    ON f.object = b.pk AND f.relation = r.value {shown("f.")} WHERE f.subject IN (SELECT pk FROM a)
    UNION ALL
    SELECT f.pk FROM a CROSS JOIN json_each(:relations) r CROSS JOIN fact f INDEXED BY fact_in
    ON f.object = a.pk AND f.relation = r.value {shown("f.")} WHERE f.subject IN (SELECT pk FROM b))
""",
        steps=f"""
SELECT j.value, f.object, f.pk FROM json_each(:ends) j CROSS JOIN fact f ON f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_out WHERE subject = j.value AND object IS NOT NULL {shown()}
    ORDER BY relation, rank DESC, pk LIMIT :limit)
UNION ALL
SELECT j.value, f.subject, f.pk FROM json_each(:ends) j CROSS JOIN fact f ON f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_in WHERE object = j.value {shown()}
    ORDER BY relation, rank DESC, pk LIMIT :limit)
""",
    )


class SqliteGraph:
    """Implements `rag.ports.GraphReader` over the records of a snapshot, without what is `withheld`.

    As safe for threads as the records are.
    """

    def __init__(self, records: Records, withheld: Withheld = NOTHING) -> None:
        self._records = records
        facts, sources = _keys(withheld.facts, "f"), _keys(withheld.sources, "s")
        self._statements = _statements(bool(facts), bool(sources))
        self._withheld = {"facts": json.dumps(facts), "sources": json.dumps(sources)}

    def _connection(self) -> sqlite3.Connection:
        return self._records.connection()

    def _run(self, statement: str, **parameters: object) -> sqlite3.Cursor:
        return self._connection().execute(statement, parameters | self._withheld)

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction. One statement."""
        wanted = [[entity, [r.value for r in relations] or _ALL] for entity, relations in plan.items()]
        rows = self._run(self._statements.neighbourhood, plan=json.dumps(wanted, ensure_ascii=False), limit=limit_each)
        outgoing: dict[str, GraphFact] = {}
        incoming: dict[str, GraphFact] = {}
        for row in rows:
            fact = graph_fact(row[1:])
            (outgoing if row[0] else incoming)[fact.id] = fact
        return Neighbourhood(_ordered(outgoing.values()), _ordered(incoming.values()))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; then what most facts name, then by id.

        N = subjects that have the relation at all (counted when the version was sealed, so with those that
        are withheld since), df = subjects that have this object. A pair that several sources state counts once;
        `matched` holds its best-graded fact, rarest object first.
        """
        wanted = json.dumps(list(objects), ensure_ascii=False)
        ranked = self._run(self._statements.rank, objects=wanted, relation=relation.value, limit=limit).fetchall()
        keys = json.dumps([row[3] for row in ranked])
        matched: dict[int, dict[int, GraphFact]] = defaultdict(dict)
        facts = self._run(self._statements.matched, subjects=keys, relation=relation.value, objects=wanted)
        for subject, target, *columns in facts:
            matched[subject].setdefault(target, graph_fact(tuple(columns)))
        return [
            RankedSubject(entity, name, score, _ordered(matched[key].values()), total, named)
            for entity, name, score, key, total, named in ranked
        ]

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """Subjects that meet every condition, those that most facts name first, then by id. One statement."""
        leading, choosing = divided(conditions)
        if not (leading or choosing) or limit < 1:
            return []
        objects = json.dumps([[c.relation.value, c.objects] for c in leading], ensure_ascii=False)
        texts = json.dumps([[c.relation.value, c.words] for c in choosing], ensure_ascii=False)
        types = json.dumps(types_of(conditions))
        rows = self._run(self._statements.meeting, objects=objects, texts=texts, types=types, limit=limit)
        return meeting([(row[0], graph_fact(row[1:])) for row in rows], conditions)

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """Facts with one end in `left` and the other in `right`, all of them; from the index of objects alone."""
        if not (left and right and relations):
            return ()
        ends = {
            "left": json.dumps(list(left), ensure_ascii=False),
            "right": json.dumps(list(right), ensure_ascii=False),
        }
        wanted = json.dumps([relation.value for relation in relations])
        rows = self._run(self._statements.between, **ends, relations=wanted)
        return _ordered({row[0]: graph_fact(row) for row in rows}.values())

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest first, then by ids of facts; facts are walked either way, hubs only in part (`FAN_OUT`)."""
        if not 1 <= max_hops <= MAX_HOPS:
            raise UsageError(f"max_hops is {max_hops}; expected 1 to {MAX_HOPS}")
        ends = [self._key(a), self._key(b)]
        if a == b or None in ends or limit < 1:
            return []
        start, goal = ends
        chains = self._chains(start, goal, max_hops)  # type: ignore[arg-type]  # None was excluded above
        found = sorted(chains, key=lambda chain: (len(chain), chain))[:limit]
        facts = self._facts({key for chain in found for key in chain})
        return [Path(tuple(facts[key] for key in chain)) for chain in found]

    def _key(self, entity: EntityId) -> int | None:
        row = self._connection().execute("SELECT pk FROM entity WHERE id = ?", (entity,)).fetchone()
        return row[0] if row else None

    def _chains(self, start: int, goal: int, max_hops: int) -> set[tuple[int, ...]]:
        """Chains of fact keys: waves from both ends, a statement a layer, until they meet or the hops are spent."""
        near, far = Wave(start), Wave(goal)
        for _ in range(max_hops):
            wave = near if len(near.frontier) <= len(far.frontier) else far
            if not wave.frontier:
                break
            wave.advance(self._run(self._statements.steps, ends=json.dumps(sorted(wave.frontier)), limit=FAN_OUT))
            meeting = near.chains.keys() & far.chains.keys()
            if meeting:
                return {
                    forward + backward[::-1]
                    for entity in meeting
                    for forward in near.chains[entity]
                    for backward in far.chains[entity]
                }
        return set()

    def _facts(self, keys: Iterable[int]) -> dict[int, GraphFact]:
        sql = f"SELECT {FACT_COLUMNS} FROM json_each(?) j CROSS JOIN {FACT_TABLES} WHERE f.pk = j.value"
        return {row[0]: graph_fact(row) for row in self._connection().execute(sql, (json.dumps(sorted(keys)),))}


class Wave:
    """Shortest chains of facts from one end: entity -> chains, and the entities reached last."""

    def __init__(self, origin: int) -> None:
        self.chains: dict[int, list[tuple[int, ...]]] = {origin: [()]}
        self.frontier: set[int] = {origin}

    def advance(self, steps: Iterable[tuple[int, int, int]]) -> None:
        """Take one hop along (from, to, fact) rows; an entity keeps at most a few chains of its first length."""
        fresh: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for origin, target, fact in steps:
            if target not in self.chains:
                fresh[target].extend((*chain, fact) for chain in self.chains[origin])
        for entity, chains in fresh.items():
            self.chains[entity] = sorted(chains)[:FAN_OUT]
        self.frontier = set(fresh)


def _keys(ids: Iterable[str], prefix: str) -> list[int]:
    return sorted(key for identifier in ids if (key := key_of_id(identifier, prefix)) is not None)


def _ordered(facts: Iterable[GraphFact]) -> tuple[GraphFact, ...]:
    """Strongest grade first, then by id."""
    return tuple(sorted(facts, key=lambda fact: (-fact.grade_rank, fact.id)))

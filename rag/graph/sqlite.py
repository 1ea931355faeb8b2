"""The graph inside a snapshot: the embedded default, and what answers while Neo4j does not."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from rag.domain import EntityId, GraphFact, Neighbourhood, Path, RankedSubject
from rag.errors import UsageError
from rag.snapshot.records import FACT_COLUMNS, FACT_TABLES, Records, graph_fact
from rag.vocabulary import Relation

_ALL = [relation.value for relation in Relation]
MAX_HOPS = 4
FAN_OUT = 200
"""Facts looked at from one entity, each way, while searching paths; hubs have thousands."""

_NEIGHBOURHOOD = f"""
WITH plan AS MATERIALIZED (
    SELECT e.pk AS entity, r.value AS relation FROM json_each(?1) j
    CROSS JOIN entity e ON e.id = j.value ->> 0 CROSS JOIN json_each(j.value, '$[1]') r
)
SELECT 1, {FACT_COLUMNS} FROM plan CROSS JOIN {FACT_TABLES} WHERE f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_out WHERE subject = plan.entity AND relation = plan.relation
    ORDER BY rank DESC, pk LIMIT ?2)
UNION ALL
SELECT 0, {FACT_COLUMNS} FROM plan CROSS JOIN {FACT_TABLES} WHERE f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_in WHERE object = plan.entity AND relation = plan.relation
    ORDER BY rank DESC, pk LIMIT ?2)
"""

_RANK = """
WITH wanted AS MATERIALIZED (SELECT DISTINCT e.pk AS object FROM json_each(?1) j CROSS JOIN entity e ON e.id = j.value),
pair AS MATERIALIZED (
    SELECT DISTINCT w.object, f.subject FROM wanted w
    CROSS JOIN fact f INDEXED BY fact_in ON f.object = w.object AND f.relation = ?2
),
weight AS MATERIALIZED (
    SELECT object, idf((SELECT subjects FROM relation_stats WHERE relation = ?2), count(*)) AS idf
    FROM pair GROUP BY object
)
SELECT s.id, s.name, round(sum(w.idf), 9) AS score, s.pk,
    (SELECT count(DISTINCT coalesce(object, literal)) FROM fact WHERE subject = s.pk AND relation = ?2)
FROM pair p JOIN weight w ON w.object = p.object JOIN entity s ON s.pk = p.subject
GROUP BY p.subject ORDER BY score DESC, s.id LIMIT ?3
"""

_MATCHED = f"""
SELECT f.subject, f.object, {FACT_COLUMNS} FROM json_each(?1) j
CROSS JOIN fact f INDEXED BY fact_out ON f.subject = j.value AND f.relation = ?2
CROSS JOIN entity s ON s.pk = f.subject CROSS JOIN entity o ON o.pk = f.object
WHERE o.id IN (SELECT value FROM json_each(?3)) ORDER BY f.rank DESC, f.pk
"""

_STEPS = """
SELECT j.value, f.object, f.pk FROM json_each(?1) j CROSS JOIN fact f ON f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_out WHERE subject = j.value AND object IS NOT NULL
    ORDER BY relation, rank DESC, pk LIMIT ?2)
UNION ALL
SELECT j.value, f.subject, f.pk FROM json_each(?1) j CROSS JOIN fact f ON f.pk IN (
    SELECT pk FROM fact INDEXED BY fact_in WHERE object = j.value ORDER BY relation, rank DESC, pk LIMIT ?2)
"""


class SqliteGraph:
    """Implements `rag.ports.GraphReader` over the records of a snapshot; as safe for threads as they are."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def _connection(self) -> sqlite3.Connection:
        return self._records.connection()

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction. One statement."""
        wanted = [[entity, [r.value for r in relations] or _ALL] for entity, relations in plan.items()]
        rows = self._connection().execute(_NEIGHBOURHOOD, (json.dumps(wanted, ensure_ascii=False), limit_each))
        outgoing: dict[str, GraphFact] = {}
        incoming: dict[str, GraphFact] = {}
        for row in rows:
            fact = graph_fact(row[1:])
            (outgoing if row[0] else incoming)[fact.id] = fact
        return Neighbourhood(_ordered(outgoing.values()), _ordered(incoming.values()))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; equal scores by id.

        N = subjects that have the relation at all, df = subjects that have this object. A pair that several sources
        state counts once; `matched` holds its best-graded fact, rarest object first.
        """
        connection = self._connection()
        wanted = json.dumps(list(objects), ensure_ascii=False)
        ranked = connection.execute(_RANK, (wanted, relation.value, limit)).fetchall()
        keys = json.dumps([row[3] for row in ranked])
        matched: dict[int, dict[int, GraphFact]] = defaultdict(dict)
        for subject, target, *columns in connection.execute(_MATCHED, (keys, relation.value, wanted)):
            matched[subject].setdefault(target, graph_fact(tuple(columns)))
        return [
            RankedSubject(entity, name, score, _ordered(matched[key].values()), total)
            for entity, name, score, key, total in ranked
        ]

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
            wave.advance(self._connection().execute(_STEPS, (json.dumps(sorted(wave.frontier)), FAN_OUT)))
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


def _ordered(facts: Iterable[GraphFact]) -> tuple[GraphFact, ...]:
    """Strongest grade first, then by id."""
    return tuple(sorted(facts, key=lambda fact: (-fact.grade_rank, fact.id)))

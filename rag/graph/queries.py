"""Cypher of the answering path: constants and parameters only; types come from the closed vocabulary.

Every query begins and ends with the same look at `(:KnowledgeBase)`: one row comes back if the graph was ready at
`$version` before and after its facts were read, none otherwise. Neo4j reads what is committed at each moment, so a
look at the beginning alone could mix two versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from rag.vocabulary import RELATIONS, SORTS, Relation

MAX_HOPS = 4
CHAINS = 1000
"""Shortest chains looked at before they are ordered."""


def relation_type(relation: Relation) -> LiteralString:
    """The type of relationship that stands for a relation: its value in upper case (`HAS_SYMPTOM`)."""
    return _TYPE[relation]


# The values are words of our own table, never input: the one place where text becomes Cypher.
_TYPE: Mapping[Relation, LiteralString] = {relation: relation.value.upper() for relation in Relation}
TYPED_RELATION: Mapping[str, Relation] = {text: relation for relation, text in _TYPE.items()}
_SORTS: LiteralString = "|".join(_TYPE[r] for r in sorted(SORTS))
_BETWEEN_ENTITIES: LiteralString = "|".join(_TYPE[r] for r in Relation if not RELATIONS[r].literal)

READY: LiteralString = (
    "MATCH (k:KnowledgeBase {kb_id: $kb, version: $version, state: 'ready'}) WITH k, coalesce(k.moves, 0) AS moves"
)
STILL_READY: LiteralString = (
    "MATCH (after:KnowledgeBase {kb_id: $kb, version: $version, state: 'ready'}) WHERE coalesce(after.moves, 0) = moves"
)
"""`moves` counts how often the graph was brought somewhere: away and back again is a move too."""
FACT: LiteralString = (
    "[r.id, s.id, s.name, type(r), o.id, o.name, o.kind, r.source, r.severity, r.population, r.dose, r.rank]"
)
"""What `rag.graph.neo4j` reads a fact from; `kind` only literals have."""

# Relations drawn by hand have neither id nor source, and IN says null of them.
_SHOWN: LiteralString = "NOT coalesce(r.id, '') IN $withheld AND NOT coalesce(r.source, '') IN $withheld"
"""Without the ids of facts and sources that the register withholds."""

_NAMED: LiteralString = f"COUNT {{ MATCH (x:Entity)-[r]->(s) WHERE x.kb = $kb AND r.id IS NOT NULL AND {_SHOWN} }}"
"""Facts that have `s` as their object; what is drawn by hand counts once it is adopted."""

GREETING: LiteralString = "RETURN 1"
RICHEST: LiteralString = """
MATCH (s:Entity {kb: $kb}) WITH s LIMIT $looked_at
MATCH (s)-[r]->(o:Entity|Literal)
WITH s, count(r.id) AS facts, max(o.name) AS last ORDER BY facts DESC, s.id LIMIT $limit
RETURN s.id
"""
"""Entities with many facts; on the way the server reads relations and names, which fills its page cache."""

NEIGHBOURHOOD: LiteralString = f"""
{READY}
CALL () {{
    UNWIND $plan AS row
    MATCH (s:Entity {{kb: $kb, id: row[0]}})-[r]->(o:Entity|Literal)
    WHERE type(r) IN row[1] AND o.kb = $kb AND {_SHOWN}
    WITH s, r, o ORDER BY coalesce(r.rank, $editor_rank) DESC, r.id
    WITH s, type(r) AS relation, collect({FACT})[..$limit] AS facts
    UNWIND facts AS fact
    RETURN collect(fact) AS outgoing
}}
CALL () {{
    UNWIND $plan AS row
    MATCH (o:Entity {{kb: $kb, id: row[0]}})<-[r]-(s:Entity)
    WHERE type(r) IN row[1] AND s.kb = $kb AND {_SHOWN}
    WITH s, r, o ORDER BY coalesce(r.rank, $editor_rank) DESC, r.id
    WITH o, type(r) AS relation, collect({FACT})[..$limit] AS facts
    UNWIND facts AS fact
    RETURN collect(fact) AS incoming
}}
{STILL_READY}
RETURN outgoing, incoming
"""


BETWEEN: LiteralString = f"""
{READY}
CALL () {{
    UNWIND $left AS one
    MATCH (a:Entity {{kb: $kb, id: one}})-[r]-(b:Entity)
    WHERE type(r) IN $relations AND b.kb = $kb AND b.id IN $right AND {_SHOWN}
    WITH DISTINCT r, startNode(r) AS s, endNode(r) AS o
    RETURN collect({FACT}) AS facts
}}
{STILL_READY}
RETURN facts
"""


def _rank_subjects(name: LiteralString, stored: LiteralString) -> LiteralString:
    """`k.subjects_<relation>` holds N, the number of subjects that have the relation at all."""
    return f"""
{READY}
CALL (k) {{
    UNWIND $objects AS wanted
    WITH DISTINCT k, wanted
    MATCH (o:Entity {{kb: $kb, id: wanted}})<-[r:{name}]-(s:Entity)
    WHERE s.kb = $kb AND {_SHOWN}
    WITH k, o, collect(DISTINCT s) AS subjects
    WITH subjects, log(toFloat(CASE WHEN k.{stored} > size(subjects) THEN k.{stored} ELSE size(subjects) END)
        / size(subjects)) AS idf
    UNWIND subjects AS s
    WITH s, round(sum(idf), 9) AS score
    WITH s, score, {_NAMED} AS named
    ORDER BY score DESC, named DESC, s.id LIMIT $limit
    CALL (s) {{ MATCH (s)-[r:{name}]->(x) WHERE {_SHOWN} RETURN count(DISTINCT x) AS total }}
    CALL (s) {{
        MATCH (s)-[r:{name}]->(o:Entity) WHERE o.kb = $kb AND o.id IN $objects AND {_SHOWN}
        RETURN collect({FACT}) AS matched
    }}
    RETURN collect([s.id, s.name, score, matched, total, named]) AS ranked
}}
{STILL_READY}
RETURN ranked
"""


STORED_SUBJECTS: Mapping[Relation, LiteralString] = {
    relation: f"subjects_{text.lower()}" for relation, text in _TYPE.items()
}
RANK_SUBJECTS: Mapping[Relation, LiteralString] = {
    relation: _rank_subjects(text, STORED_SUBJECTS[relation]) for relation, text in _TYPE.items()
}


SUBJECTS_MEETING: LiteralString = f"""
{READY}
CALL () {{
    CALL () {{
        UNWIND range(0, size($objects) - 1) AS n
        UNWIND $objects[n][1] AS wanted
        MATCH (o:Entity {{kb: $kb, id: wanted}})<-[r]-(s:Entity)
        WHERE type(r) = $objects[n][0] AND s.kb = $kb AND {_SHOWN}
        WITH s, count(DISTINCT n) AS met WHERE met = size($objects)
        RETURN s
        UNION ALL
        UNWIND CASE size($objects) WHEN 0 THEN $texts ELSE [] END AS row
        MATCH (s:Entity)-[r:{_SORTS}]->(o:Literal)
        WHERE type(r) = row[0] AND s.kb = $kb AND any(word IN row[1] WHERE o.name CONTAINS word) AND {_SHOWN}
        RETURN DISTINCT s
    }}
    WITH s WHERE (size($types) = 0 OR split(s.id, ':')[0] IN $types) AND all(row IN $texts WHERE EXISTS {{
        MATCH (s)-[r]->(o:Literal)
        WHERE type(r) = row[0] AND o.kb = $kb AND any(word IN row[1] WHERE o.name CONTAINS word) AND {_SHOWN}
    }})
    WITH s, {_NAMED} AS named ORDER BY named DESC, s.id LIMIT $limit
    MATCH (s)-[r]->(o:Entity|Literal)
    WHERE o.kb = $kb AND {_SHOWN} AND (
        any(row IN $objects WHERE type(r) = row[0] AND o.id IN row[1])
        OR any(row IN $texts WHERE type(r) = row[0] AND o:Literal AND any(word IN row[1] WHERE o.name CONTAINS word)))
    RETURN collect([named, {FACT}]) AS facts
}}
{STILL_READY}
RETURN facts
"""


def _paths(hops: LiteralString) -> LiteralString:
    """The length of a pattern cannot be a parameter."""
    return f"""
{READY}
CALL () {{
    MATCH (a:Entity {{kb: $kb, id: $a}}), (b:Entity {{kb: $kb, id: $b}})
    MATCH p = allShortestPaths((a)-[:{_BETWEEN_ENTITIES}*..{hops}]-(b))
    WHERE all(n IN nodes(p) WHERE n:Entity AND n.kb = $kb) AND all(r IN relationships(p) WHERE {_SHOWN})
    WITH p LIMIT $chains
    RETURN collect([r IN relationships(p) | [r.id, startNode(r).id, startNode(r).name, type(r), endNode(r).id,
        endNode(r).name, null, r.source, r.severity, r.population, r.dose, r.rank]]) AS chains
}}
{STILL_READY}
RETURN chains
"""


PATHS: Mapping[int, LiteralString] = {1: _paths("1"), 2: _paths("2"), 3: _paths("3"), 4: _paths("4")}

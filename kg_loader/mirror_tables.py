"""What the live graph holds, as tables: how each row is read from a snapshot and from Neo4j, and written there.

A person who opens Neo4j Browser sees Chinese names: `(:Entity:Disease {name})-[:HAS_SYMPTOM]->(:Entity:Symptom)`,
texts as `(:Literal)`, and `(:Passage)-[:MENTIONS]->(:Entity)`, `(:Passage)-[:FROM_SOURCE]->(:Source)`. Everything of
ours is found by `kb`, the id of the knowledge base: what has none, or another one, is never touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString

from rag.domain import Literal
from rag.graph.queries import STORED_SUBJECTS, relation_type
from rag.snapshot.layout import Manifest
from rag.snapshot.schema import hashed, id_of_key
from rag.vocabulary import EntityType, Relation

Row = tuple[Any, ...]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """One label or type. `keys` leading columns of a row name it; `node` says on which side of the order it is.

    `labels` are those of its nodes, or the type of its relations. A row is the id of the node, or the ids of both ends,
    and then the properties called `columns`. `merge` is a `create` that does not mind what a person has made by copying
    a node of ours, id and all; it is slower. `grouped` gives what `read` gives in one answer for each end, as one for
    each row costs four times as much of our time. `count` is how many rows there may be; only relations have both.
    """

    name: str
    node: bool
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    keys: int
    select: str
    read: LiteralString
    create: LiteralString
    merge: LiteralString
    change: LiteralString
    remove: LiteralString
    grouped: LiteralString = ""
    count: LiteralString = ""

    @property
    def derived(self) -> bool:
        """Relations that follow from passages and say nothing but that they are there."""
        return not self.node and self.keys == 2

    def key(self, row: Row) -> Key:
        """What names this row."""
        return tuple(row[: self.keys])

    def rows(self, connection: sqlite3.Connection) -> Iterator[Row]:
        """The rows of a snapshot; see `prepare`."""
        return iter(connection.execute(self.select))


def prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Teach a connection to `records.sqlite` the functions that the statements here use."""
    connection.create_function("ident", 2, id_of_key, deterministic=True)
    connection.create_function("literal_id", 2, literal_id, deterministic=True)
    return connection


def literal_id(kind: str, text: str) -> str:
    """The id of a `(:Literal)` node: one for each text of a relation."""
    return id_of_key("l", hashed(vars(Literal(text, kind))))


def _nodes(name: str, anchor: LiteralString, label: LiteralString, select: str, *columns: LiteralString) -> Table:
    """Nodes `(:anchor:label)` known by (kb, id); a label that somebody took away counts as a change of the row."""
    own: LiteralString = f"(n:{anchor} {{kb: $kb, id: row[0]}})"
    sets: LiteralString = ", ".join([f"n.{column} = row[{n}]" for n, column in enumerate(columns, start=1)])
    first: LiteralString = f"CASE WHEN n:{label} THEN n.{columns[0]} END"
    shown: LiteralString = ", ".join([first, *[f"n.{column}" for column in columns[1:]]])
    given: LiteralString = ", ".join([f"{column}: row[{n}]" for n, column in enumerate(columns, start=1)])
    among: LiteralString = "" if anchor == label else " WHERE n.id STARTS WITH $prefix"
    return Table(
        name, True, (anchor,) if anchor == label else (anchor, label), columns, 1, select,
        f"MATCH (n:{anchor} {{kb: $kb}}){among} RETURN n.id, {shown}",
        f"UNWIND $rows AS row CREATE (n:{anchor}:{label} {{kb: $kb, id: row[0], {given}}})",
        f"UNWIND $rows AS row MERGE {own} SET n:{label}, {sets}",
        f"UNWIND $rows AS row MATCH {own} SET n:{label}, {sets}",
        # What others have tied to a node of ours is theirs: the node stays for them and is no longer ours.
        f"""UNWIND $rows AS row MATCH {own} WITH n, EXISTS {{ (n)--() }} AS tied
        FOREACH (_ IN CASE WHEN tied THEN [1] ELSE [] END | SET n.retired = true REMOVE n.kb)
        FOREACH (_ IN CASE WHEN tied THEN [] ELSE [1] END | DELETE n)""",
    )  # fmt: skip


def _relations(
    name: LiteralString, start: LiteralString, end: LiteralString, select: str, *columns: LiteralString
) -> Table:
    """Relations `(:start)-[:name]->(:end)`; with columns the first is their id, and one without it is not ours."""
    ends: LiteralString = f"MATCH (a:{start} {{kb: $kb, id: row[0]}}) MATCH (b:{end} {{kb: $kb, id: row[1]}})"
    given: LiteralString = ", ".join([f"{column}: row[{n}]" for n, column in enumerate(columns, start=2)])
    sets: LiteralString = ", ".join([f"r.{column} = row[{n}]" for n, column in enumerate(columns, start=2)])
    ours: LiteralString = " AND r.id IS NOT NULL" if columns else ""
    known: LiteralString = " {id: row[2]}" if columns else ""
    shown: LiteralString = "".join([f", r.{column}" for column in columns])
    create: LiteralString = f"UNWIND $rows AS row {ends} CREATE (a)-[r:{name} {{{given}}}]->(b)"
    return Table(
        f"{name} to {end}", False, (name,), columns, 3 if columns else 2, select,
        f"MATCH (a:{start})-[r:{name}]->(b:{end}) WHERE a.kb = $kb AND b.kb = $kb{ours} RETURN a.id, b.id{shown}",
        create, create,
        f"UNWIND $rows AS row {ends} MATCH (a)-[r:{name}{known}]->(b) SET {sets or 'r.seen = true'}",
        f"UNWIND $rows AS row {ends} MATCH (a)-[r:{name}{known}]->(b) DELETE r",
        f"""MATCH (b:{end}) WHERE b.kb = $kb
        CALL (b) {{ MATCH (a:{start})-[r:{name}]->(b) WHERE a.kb = $kb{ours} RETURN collect([a.id{shown}]) AS rows }}
        WITH b, rows WHERE size(rows) > 0 RETURN b.id, rows""",
        f"MATCH ()-[r:{name}]->() RETURN count(r)",
    )  # fmt: skip


_LABELS: dict[EntityType, LiteralString] = {kind: kind.value.title().replace("_", "") for kind in EntityType}
FACT_COLUMNS: tuple[LiteralString, ...] = ("id", "source", "rank", "severity", "population", "dose")
"""Properties of a relation that is a fact, in the order of its row behind the two ends."""
_FACT = "ident('f', f.pk), ident('s', f.source), f.rank, f.severity, f.population, f.dose"
_PASSAGE: tuple[LiteralString, ...] = ("text", "kind", "source", "title", "question", "locator", "about", "aspect")
_SOURCE: tuple[LiteralString, ...] = (
    "name", "kind", "grade", "year", "publisher", "doi", "pmid", "url", "licence", "lineage",
)  # fmt: skip


def _entities(kind: EntityType) -> Table:
    select = f"SELECT id, name FROM entity WHERE type = '{kind.value}'"
    return _nodes(f"{kind.value}:", "Entity", _LABELS[kind], select, "name")


def _facts(relation: Relation) -> tuple[Table, Table]:
    # Most relations have no fact; `relation_stats` says so, while `fact` would be read from end to end to find out.
    tables = "relation_stats t CROSS JOIN fact f ON f.relation = t.relation JOIN entity s ON s.pk = f.subject"
    this = f"t.relation = '{relation.value}'"
    to_entity = f"SELECT s.id, o.id, {_FACT} FROM {tables} JOIN entity o ON o.pk = f.object WHERE {this}"
    to_literal = (
        f"SELECT s.id, literal_id(f.literal_kind, f.literal), {_FACT} FROM {tables} "
        f"WHERE {this} AND f.literal IS NOT NULL"
    )
    name = relation_type(relation)
    return (
        _relations(name, "Entity", "Entity", to_entity, *FACT_COLUMNS),
        _relations(name, "Entity", "Literal", to_literal, *FACT_COLUMNS),
    )


@lru_cache(maxsize=1)
def tables() -> Sequence[Table]:
    """Every table, nodes before relations."""
    literals = (
        "SELECT DISTINCT literal_id(literal_kind, literal), literal, literal_kind FROM fact WHERE literal IS NOT NULL"
    )
    sources = "SELECT ident('s', pk), title, kind, grade, year, publisher, doi, pmid, url, licence, lineage FROM source"
    passages = (
        "SELECT ident('p', p.pk), p.text, p.kind, ident('s', p.source), p.title, p.question, p.locator, e.id, "
        "p.aspect FROM passage p LEFT JOIN entity e ON e.pk = p.about"
    )
    mentions = "SELECT ident('p', m.passage), e.id FROM mention m JOIN entity e ON e.pk = m.entity"
    cited = "SELECT ident('p', pk), ident('s', source) FROM passage"
    return (
        *(_entities(kind) for kind in EntityType),
        _nodes("Literal", "Literal", "Literal", literals, "name", "kind"),
        _nodes("Source", "Source", "Source", sources, *_SOURCE),
        _nodes("Passage", "Passage", "Passage", passages, *_PASSAGE),
        *(table for relation in Relation for table in _facts(relation)),
        _relations("MENTIONS", "Passage", "Entity", mentions),
        _relations("FROM_SOURCE", "Passage", "Source", cited),
    )


_KEYS: Mapping[LiteralString, tuple[LiteralString, ...]] = {
    "KnowledgeBase": ("kb_id",),
    **dict.fromkeys(("Entity", "Literal", "Passage", "Source"), ("kb", "id")),
}
_CONSTRAINT_NAMES: Mapping[LiteralString, LiteralString] = {
    "KnowledgeBase": "yiwen_kb",
    "Entity": "yiwen_entity",
    "Literal": "yiwen_literal",
    "Passage": "yiwen_passage",
    "Source": "yiwen_source",
}


def _unique(label: LiteralString) -> LiteralString:
    keys: LiteralString = ", ".join([f"n.{key}" for key in _KEYS[label]])
    return f"CREATE CONSTRAINT {_CONSTRAINT_NAMES[label]} IF NOT EXISTS FOR (n:{label}) REQUIRE ({keys}) IS UNIQUE"


CONSTRAINTS: Sequence[LiteralString] = tuple(_unique(label) for label in _KEYS)
CONSTRAINED = {name: ("constraint", (label,), _KEYS[label]) for label, name in _CONSTRAINT_NAMES.items()}
"""Name -> kind, labels and properties of what `CONSTRAINTS` make."""
INDEXED = {"yiwen_text": ("FULLTEXT index", ("Entity", "Passage", "Source"), ("name", "title", "question", "text"))}
"""The same of `FULL_TEXT`."""
DEFINED: LiteralString = """
SHOW INDEXES YIELD name, type, labelsOrTypes, properties, owningConstraint WHERE name IN $names
RETURN name, CASE WHEN owningConstraint IS NULL THEN type + ' index' ELSE 'constraint' END, labelsOrTypes, properties
"""
FULL_TEXT: LiteralString = """
CREATE FULLTEXT INDEX yiwen_text IF NOT EXISTS FOR (n:Entity|Passage|Source)
ON EACH [n.name, n.title, n.question, n.text] OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk'}}
"""
"""For people who search in Neo4j Browser; the service does not use it."""
SERVER: LiteralString = "CALL dbms.components() YIELD name, versions, edition RETURN versions[0], edition"
RELATION_TYPES: LiteralString = "CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType"
STATE: LiteralString = "MATCH (k:KnowledgeBase {kb_id: $kb}) RETURN k.version, k.state, k.digest, k.target"
SYNCING: LiteralString = """
MERGE (k:KnowledgeBase {kb_id: $kb}) SET k.state = 'syncing', k.target = $version, k.moves = coalesce(k.moves, 0) + 1
"""
READY: LiteralString = """
MERGE (k:KnowledgeBase {kb_id: $kb}) SET k += $properties, k.moves = coalesce(k.moves, 0) + 1 REMOVE k.target
"""
EMPTY_RETIRED: LiteralString = """
MATCH (n:Entity|Literal|Passage|Source) WHERE n.retired AND n.kb IS NULL AND n.id IN $ids
SET n = {retired: true, erased: true}
"""
TYPE_LABELS: Sequence[LiteralString] = tuple(_LABELS.values())


def state_properties(manifest: Manifest) -> dict[str, object]:
    """What `(:KnowledgeBase)` says of itself while it holds a version."""
    return {
        "kb_id": manifest.kb,
        "version": manifest.version,
        "digest": manifest.digest,
        "state": "ready",
        "name": "医问知识库",
    }


def subject_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """What `rag.graph.queries` reads as N of each relation; 0 for relations without facts."""
    found = dict.fromkeys(STORED_SUBJECTS.values(), 0)
    stored = connection.execute("SELECT relation, subjects FROM relation_stats").fetchall()
    return {**found, **{STORED_SUBJECTS[Relation(name)]: count for name, count in stored}}

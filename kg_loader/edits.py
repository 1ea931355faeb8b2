"""What people did in Neo4j by hand: what they drew, and which of our rows they changed or deleted.

Drawn is a node without `kb` that bears one of our labels and either `:Entity` or a relation of ours to a node of ours,
so that another application's `(:Drug)` in the same database is left alone; and a relation of one of our types without
an id of ours that touches an entity or a drawn node.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, LiteralString

from kg_loader.mirror import Change, LiveRows, compare
from kg_loader.mirror_tables import TYPE_LABELS, Key, Row, Table, tables
from rag.domain import EntityId, Literal
from rag.graph.bolt import Connection
from rag.graph.by_hand import NotAFactError, fact_by_hand
from rag.graph.queries import TYPED_RELATION, relation_type
from rag.vocabulary import RELATIONS, Relation

Properties = Mapping[str, Any]
BATCH = 10_000
_OURS: LiteralString = "Entity|Literal|Passage|Source"
_TYPES: LiteralString = "|".join([relation_type(relation) for relation in Relation])

_NODE: LiteralString = "[elementId(n), labels(n), properties(n)]"
_DRAWN_NODES: LiteralString = f"""
MATCH (n:Entity|{"|".join(TYPE_LABELS)})
WHERE (n.kb IS NULL OR n.kb = $kb AND n.id IS NULL) AND n.retired IS NULL
AND any(label IN labels(n) WHERE label IN $labels) AND (
    n:Entity
    OR EXISTS {{ MATCH (n)-[r]-(m) WHERE type(r) IN $types AND r.id IS NULL AND m.kb = $kb }}
)
RETURN {_NODE} AS node ORDER BY n.name, elementId(n)
"""
_RELATION: LiteralString = (
    "elementId(r), type(r), properties(r), [elementId(a), a.kb, a.id, labels(a), a.name], "
    "[elementId(b), b.kb, b.id, labels(b), b.name]"
)
_DRAWN_RELATIONS: LiteralString = f"""
MATCH (a)-[r:{_TYPES}]->(b)
WHERE r.id IS NULL AND (a.kb = $kb OR b.kb = $kb OR elementId(a) IN $drawn OR elementId(b) IN $drawn)
AND a.retired IS NULL AND b.retired IS NULL
RETURN {_RELATION} ORDER BY a.id, type(r), b.id, elementId(r)
"""
_STATED_BY_HAND: LiteralString = f"""
MATCH (a:Entity)-[r:{_TYPES}]->(b:Entity|Literal)
WHERE r.id IS NULL AND (a.kb = $kb OR a.retired) AND (b.kb = $kb OR b.retired)
RETURN elementId(r), a.id, type(r), b:Literal, b.id, b.name, r.severity, r.population, r.dose
"""
_DELETE_RELATIONS: LiteralString = "UNWIND $elements AS element MATCH ()-[r]->() WHERE elementId(r) = element DELETE r"
_RELATIONS_BY_KEY: LiteralString = f"""
UNWIND $keys AS row
MATCH (a:Entity {{kb: $kb, id: row[0]}})-[r]->(b {{kb: $kb, id: row[1]}}) WHERE r.id = row[2]
RETURN {_RELATION}
"""
_NODES_BY_KEY: LiteralString = f"UNWIND $keys AS row MATCH (n:{_OURS} {{kb: $kb, id: row[0]}}) RETURN {_NODE}"
_OTHER_TYPES: LiteralString = """
MATCH (a:Entity {kb: $kb})-[r]->(b:Entity|Literal) WHERE NOT type(r) IN $types
RETURN type(r), count(*) ORDER BY type(r)
"""


@dataclass(frozen=True)
class Node:
    """A node as it lies in Neo4j. `element` is what Neo4j calls it."""

    element: str
    labels: tuple[str, ...]
    properties: Properties

    def __str__(self) -> str:
        label = next((label for label in self.labels if label in TYPE_LABELS), "Entity")
        return f"(:{label} {self.properties.get('name', '?')})"


@dataclass(frozen=True)
class End:
    """One end of a relation; `id` is the entity's where the node is ours."""

    element: str
    kb: str | None
    id: str | None
    labels: tuple[str, ...]
    name: object

    def __str__(self) -> str:
        return str(self.id or self.name or "?")


@dataclass(frozen=True)
class Relationship:
    """A relation as it lies in Neo4j."""

    element: str
    type: str
    properties: Properties
    start: End
    end: End

    def __str__(self) -> str:
        return f"{self.start} -[{self.type}]-> {self.end}"


@dataclass(frozen=True)
class ChangedRow:
    """A row of ours that says something else in Neo4j than in the snapshot; `live` is how it lies there now."""

    table: Table
    own: Row
    found: Row
    live: Node | Relationship


@dataclass(frozen=True)
class Edits:
    """Everything done by hand. `lookalikes` are types that nearly have the name of one of ours, with their number."""

    nodes: tuple[Node, ...] = ()
    relations: tuple[Relationship, ...] = ()
    changed: tuple[ChangedRow, ...] = ()
    deleted: tuple[tuple[Table, Row], ...] = ()
    foreign: tuple[tuple[Table, Key], ...] = ()
    lookalikes: tuple[tuple[str, str, int], ...] = ()


def drawn(connection: Connection, kb: str) -> tuple[list[Node], list[Relationship]]:
    """Nodes and relations without an id of ours; a few queries, whatever the size of the graph."""
    ours = {"kb": kb, "types": list(TYPED_RELATION), "labels": list(TYPE_LABELS)}
    nodes = [_node(row[0]) for row in connection.stream(_DRAWN_NODES, ours)]
    elements = [node.element for node in nodes]
    relations = [_relationship(row) for row in connection.stream(_DRAWN_RELATIONS, {"kb": kb, "drawn": elements})]
    return nodes, relations


def erase_drawn(connection: Connection, kb: str, ids: Collection[str]) -> int:
    """Delete the drawn relations that state one of these facts, also between nodes that are retired; how many."""
    found = []
    for element, subject, kind, literal, target, text, *limits in connection.stream(_STATED_BY_HAND, {"kb": kb}):
        stated = Literal(str(text), "") if literal else EntityId(str(target))
        severity, population, dose = limits
        try:
            fact = fact_by_hand(
                str(subject), TYPED_RELATION[kind], stated, severity=severity, population=population, dose=dose
            )
        except NotAFactError:  # never read as a fact, so nobody can have cited it
            continue
        if fact.id in ids:
            found.append(element)
    if found:
        with connection.writing() as transaction:
            transaction.run(_DELETE_RELATIONS, {"elements": found})
    return len(found)


def read_edits(connection: Connection, kb: str, snapshot: sqlite3.Connection) -> Edits:
    """Compare the rows of both graphs, then fetch what differs. `snapshot` is what `mirror_tables.prepare` returns.

    Of mentions and sources of passages only the number is compared, if nobody else uses their types.
    """
    held = LiveRows(connection, kb)
    nodes, relations = drawn(connection, kb)
    changed: list[ChangedRow] = []
    deleted: list[tuple[Table, Row]] = []
    foreign: list[tuple[Table, Key]] = []
    for table in tables():
        if table.derived and held.most(table) == sum(1 for _ in table.rows(snapshot)):
            continue  # a quarter of all rows, and no edit of them is ever taken; `kb verify` compares them
        change = compare(table, held.rows(table), table.rows(snapshot))
        if not change.size:
            continue
        gone = set(change.removed)
        own = {table.key(row): row for row in table.rows(snapshot) if table.key(row) in change.changed | gone}
        deleted += [(table, own[key]) for key in sorted(gone)]
        changed += _changed(connection, kb, table, change, own, held)
        if table.node and table.name.endswith(":"):
            nodes += [node for node, _ in _nodes_at(connection, kb, change.added)]
        elif not table.node and table.keys > 2:
            relations += [relation for relation, _ in _relations_at(connection, kb, change.added)]
        else:
            foreign += [(table, key) for key in sorted(change.added)]
    return Edits(
        tuple(nodes), tuple(relations), tuple(changed), tuple(deleted), tuple(foreign),
        tuple(_lookalikes(connection, kb)),
    )  # fmt: skip


def _changed(
    connection: Connection, kb: str, table: Table, change: Change, own: Mapping[Key, Row], held: LiveRows
) -> Iterator[ChangedRow]:
    if not change.changed:
        return
    found = {table.key(row): row for row in held.rows(table) if table.key(row) in change.changed}
    at = _nodes_at if table.node else _relations_at
    for live, key in at(connection, kb, change.changed):
        yield ChangedRow(table, own[key], found[key], live)


def _nodes_at(connection: Connection, kb: str, keys: Collection[Key]) -> Iterator[tuple[Node, Key]]:
    for batch in _batches(sorted(keys)):
        for row in connection.read(_NODES_BY_KEY, {"kb": kb, "keys": batch}):
            node = _node(row[0])
            yield node, (node.properties["id"],)


def _relations_at(connection: Connection, kb: str, keys: Collection[Key]) -> Iterator[tuple[Relationship, Key]]:
    for batch in _batches(sorted(keys, key=str)):
        for row in connection.read(_RELATIONS_BY_KEY, {"kb": kb, "keys": batch}):
            found = _relationship(row)
            yield found, (found.start.id, found.end.id, found.properties["id"])


def _batches(keys: Iterable[Key]) -> Iterator[list[list[object]]]:
    left = iter(keys)
    while batch := [list(key) for key in islice(left, BATCH)]:
        yield batch


def _lookalikes(connection: Connection, kb: str) -> Iterator[tuple[str, str, int]]:
    """A type that is none of ours is another application's business, unless it is ours in other words or misspelt."""
    for name, count in connection.read(_OTHER_TYPES, {"kb": kb, "types": list(TYPED_RELATION)}):
        said = str(name).upper()
        close = _SAID_OTHERWISE.get(said) or next(iter(get_close_matches(said, TYPED_RELATION, n=1, cutoff=0.85)), None)
        if close:
            yield str(name), close, int(count)


_SAID_OTHERWISE = {
    said: relation_type(relation) for relation in Relation for said in (relation.name, RELATIONS[relation].label)
}
"""`SYMPTOM` and `症状` are meant for `HAS_SYMPTOM`."""


def _node(row: Sequence[Any]) -> Node:
    return Node(row[0], tuple(row[1]), row[2])


def _relationship(row: Sequence[Any]) -> Relationship:
    return Relationship(row[0], row[1], row[2], _end(row[3]), _end(row[4]))


def _end(row: Sequence[Any]) -> End:
    return End(row[0], row[1], row[2], tuple(row[3]), row[4])

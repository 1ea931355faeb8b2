"""After adoption: what people drew in Neo4j gives way to the same things that the mirror has written.

Nothing is lost: properties, labels and relations that are none of ours move over. Each row is looked at again before it
is touched, so an edit made meanwhile stays and waits for the next adoption. Run twice, the second run finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import LiteralString

from kg_loader.edits import Properties, Relationship
from kg_loader.mirror_tables import FACT_COLUMNS
from kg_loader.review import Review
from rag.graph.bolt import Connection

BATCH = 10_000
_RELATIONS: LiteralString = """
UNWIND $rows AS row
MATCH ()-[r]->() WHERE elementId(r) = row[0] AND properties(r) = row[1]
MATCH (:Entity {kb: $kb, id: row[2]})-[own]->() WHERE own.id = row[3] AND own <> r
SET own += row[4]
DELETE r
"""
_NODES: LiteralString = """
UNWIND $rows AS row
MATCH (n) WHERE elementId(n) = row[0] AND properties(n) = row[1]
MATCH (own:Entity {kb: $kb, id: row[2]}) WHERE own <> n
SET own += row[3], own:$(row[4])
WITH n, own
CALL (n, own) { MATCH (n)-[r]->(m) CREATE (own)-[moved:$(type(r))]->(m) SET moved = properties(r) DELETE r }
CALL (n, own) { MATCH (m)-[r]->(n) CREATE (m)-[moved:$(type(r))]->(own) SET moved = properties(r) DELETE r }
DELETE n
"""
_LITERALS: LiteralString = """
UNWIND $rows AS row MATCH (n:Literal) WHERE elementId(n) = row[0] AND n.kb IS NULL AND NOT EXISTS { (n)--() } DELETE n
"""
_RESTORED_RELATIONS: LiteralString = """
UNWIND $rows AS row MATCH ()-[r]->() WHERE elementId(r) = row[0] AND properties(r) = row[1] SET r += row[2]
"""
_RESTORED_NODES: LiteralString = """
UNWIND $rows AS row MATCH (n) WHERE elementId(n) = row[0] AND properties(n) = row[1] SET n += row[2]
"""


def absorb(connection: Connection, kb: str, done: Review) -> None:
    """Let what was drawn give way, and put back what was changed in rows of data sets. Raises LiveGraphError."""
    relations: list[list[object]] = []
    nodes: list[list[object]] = []
    for changed in done.restored:
        live, own = changed.live, changed.own
        if isinstance(live, Relationship):
            relations.append([live.element, live.properties, dict(zip(FACT_COLUMNS, own[2:], strict=True))])
        else:
            nodes.append([live.element, live.properties, {"name": own[1]}])
    drawn: list[list[object]] = [
        [found.element, found.properties, fact.subject, fact.id, _rest(found.properties, FACT_COLUMNS)]
        for found, fact in done.relations
    ]
    made: list[list[object]] = [
        [node.element, node.properties, own, _rest(node.properties, ("kb", "id", "name", "retired")), node.labels]
        for node, own in done.nodes
    ]
    texts: list[list[object]] = [[end.element] for end in done.literals]
    steps = (
        (_RESTORED_RELATIONS, relations), (_RESTORED_NODES, nodes), (_RELATIONS, drawn), (_NODES, made),
        (_LITERALS, texts),
    )  # fmt: skip
    for query, rows in steps:
        for batch in _batches(rows):
            with connection.writing() as transaction:
                transaction.run(query, {"kb": kb, "rows": batch})


def _rest(properties: Properties, ours: Iterable[str]) -> dict[str, object]:
    """Properties that are none of ours."""
    return {name: value for name, value in properties.items() if name not in set(ours)}


def _batches(rows: Iterable[list[object]]) -> Iterator[list[list[object]]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch

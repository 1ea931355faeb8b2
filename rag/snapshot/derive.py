"""What follows from the records of a version: mentions, index keys, counts. Made when a snapshot is sealed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import xxhash

from rag.domain import EntityId
from rag.ports import NameRow
from rag.snapshot.schema import KIND_NAMES, TABLES
from rag.text import TEXT_VERSION
from rag.vocabulary import GRADE_RANK, Grade

MENTION_VERSION = 1
"""Raise it when the same names find other mentions in the same text."""

SPARSE_VERSION = 2
"""Raise it when the sparse index holds something else about the same passage."""

NAMES_SQL = (
    "SELECT substr(id, instr(id, ':') + 1) AS name, id AS entity, 'name' AS kind FROM entity "
    "UNION ALL SELECT a.normalised, e.id, a.kind FROM alias a JOIN entity e ON e.pk = a.entity ORDER BY 1, 2, 3"
)

MentionFinder = Callable[[Iterable[NameRow]], Callable[[str], tuple[EntityId, ...]]]


def derive(
    connection: sqlite3.Connection, finder: MentionFinder, fields: Sequence[str], *, fresh: bool = False
) -> None:
    """Fill the derived tables. Mentions of unchanged passages are kept while no name changed, unless `fresh`."""
    _refresh_ranks(connection)
    _refresh_mentions(connection, finder, fields, fresh)
    _refresh_index_keys(connection, fields)
    connection.execute("DELETE FROM relation_stats")
    connection.execute(
        "INSERT INTO relation_stats SELECT relation, count(DISTINCT subject) FROM fact GROUP BY relation"
    )


def _refresh_ranks(connection: sqlite3.Connection) -> None:
    """Grades keep their names for ever; their order may change with the program."""
    stale = [
        (GRADE_RANK[Grade(grade)], grade)
        for grade, rank in connection.execute("SELECT DISTINCT grade, rank FROM source")
        if GRADE_RANK[Grade(grade)] != rank
    ]
    if stale:
        connection.executemany("UPDATE source SET rank = ? WHERE grade = ?", stale)
        connection.execute("UPDATE fact SET rank = (SELECT rank FROM source WHERE pk = fact.source)")


def _refresh_mentions(
    connection: sqlite3.Connection, finder: MentionFinder, fields: Sequence[str], fresh: bool
) -> None:
    names = names_digest(connection, fields)
    known = connection.execute("SELECT value FROM meta WHERE key = 'names'").fetchone()
    if fresh or known is None or known[0] != names:
        connection.execute("DELETE FROM mention")
        connection.execute("DELETE FROM indexed")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('names', ?)", (names,))
    for table, column in (("mention", "passage"), ("indexed", "passage")):
        connection.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT pk FROM passage)")
    wanted = "FROM passage WHERE pk NOT IN (SELECT passage FROM indexed)"
    if connection.execute(f"SELECT EXISTS (SELECT 1 {wanted})").fetchone()[0]:
        mentions = finder(NameRow(*row) for row in connection.execute(NAMES_SQL))
        passages = connection.execute(f"SELECT pk, title, question, text {wanted} ORDER BY pk")
        _insert_mentions(connection, ((key, indexed_parts(fields, *parts)) for key, *parts in passages), mentions)


def _insert_mentions(
    connection: sqlite3.Connection,
    passages: Iterable[tuple[int, Sequence[str]]],
    mentions: Callable[[str], tuple[EntityId, ...]],
) -> None:
    for key, parts in passages:
        found = sorted({entity for part in parts for entity in mentions(part)})
        connection.executemany(
            "INSERT OR IGNORE INTO mention SELECT ?, pk FROM entity WHERE id = ?", ((key, entity) for entity in found)
        )
    connection.execute(
        "INSERT OR IGNORE INTO mention SELECT pk, about FROM passage WHERE about IS NOT NULL "
        "AND pk NOT IN (SELECT passage FROM indexed)"
    )


def names_digest(connection: sqlite3.Connection, fields: Sequence[str]) -> str:
    """A hash of all names, of where they are looked for, and of the versions of what finds them."""
    total = hashlib.blake2b(f"{TEXT_VERSION} {MENTION_VERSION} {','.join(fields)}\n".encode(), digest_size=16)
    rows = connection.execute(NAMES_SQL)
    while batch := rows.fetchmany(10000):
        total.update("".join(f"{name}\t{entity}\t{kind}\n" for name, entity, kind in batch).encode())
    return total.hexdigest()


def indexed_parts(fields: Sequence[str], title: str | None, question: str | None, text: str) -> list[str]:
    """The fields of a passage that the indexes cover; each is searched for names and cut into terms on its own."""
    parts = {"title": title, "question": question, "text": text}
    return [part for field in fields if (part := parts[field])]


def indexed_text(fields: Sequence[str], title: str | None, question: str | None, text: str) -> str:
    """The covered fields as one text to embed, one field a line."""
    return "\n".join(indexed_parts(fields, title, question, text))


def _refresh_index_keys(connection: sqlite3.Connection, fields: Sequence[str]) -> None:
    """Per passage a hash of the text that is embedded, and of all that the sparse index holds about it."""
    head = f"{TEXT_VERSION} {','.join(fields)}\n"
    rows: Iterator[tuple[int, str | None, str | None, str, str | None]] = connection.execute(
        "SELECT pk, title, question, text, (SELECT group_concat(id, char(10)) FROM (SELECT e.id FROM mention m JOIN "
        "entity e ON e.pk = m.entity WHERE m.passage = passage.pk ORDER BY e.id)) FROM passage"
    )
    keys = []
    for key, title, question, text, mentioned in rows:
        covered = head + indexed_text(fields, title, question, text)
        keys.append((key, _hash64(covered), _hash64(f"{SPARSE_VERSION} {covered}\n{mentioned or ''}")))
    connection.executemany("INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)", keys)


def _hash64(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode()) - (1 << 63)


def counts(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Visible records by kind, entities derived from ids included, and mentions."""
    tables = {name: ("entity" if name == "entity" else table) for name, table in zip(KIND_NAMES, TABLES, strict=True)}
    return {
        name: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for name, table in (tables | {"mention": "mention"}).items()
    }

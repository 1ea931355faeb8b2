"""What follows from the records of a version: mentions, index keys, counts. Made when a snapshot is sealed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import xxhash

from rag.snapshot.mentions import MentionFinder, indexed_parts, refresh_mentions
from rag.snapshot.schema import KIND_NAMES, TABLES
from rag.text import TEXT_VERSION
from rag.vocabulary import GRADE_RANK, Grade

SPARSE_VERSION = 2
"""Raise it when the sparse index holds something else about the same passage."""


def derive(
    connection: sqlite3.Connection, finder: MentionFinder, fields: Sequence[str], *, fresh: bool = False
) -> None:
    """Fill the derived tables. `fresh`: nothing of the version before is believed."""
    _refresh_ranks(connection)
    refresh_mentions(connection, finder, fields, fresh=fresh)
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

    def keys() -> Iterator[tuple[int, int, int]]:
        for key, title, question, text, mentioned in rows:
            covered = head + indexed_text(fields, title, question, text)
            yield key, _hash64(covered), _hash64(f"{SPARSE_VERSION} {covered}\n{mentioned or ''}")

    connection.executemany("INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)", keys())


def _hash64(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode()) - (1 << 63)


def counts(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Visible records by kind, entities derived from ids included, and mentions."""
    tables = {name: ("entity" if name == "entity" else table) for name, table in zip(KIND_NAMES, TABLES, strict=True)}
    return {
        name: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for name, table in (tables | {"mention": "mention"}).items()
    }

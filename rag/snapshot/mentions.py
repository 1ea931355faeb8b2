"""Which entities each passage mentions: kept up to date when names or passages change.

Which names a text matches depends only on the names that occur in it. So after a change of names only those passages
are looked at again that contain one of the changed names; with none of them the finder is not even built.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from rag.domain import EntityId
from rag.ports import NameRow
from rag.text import TEXT_VERSION, normalise

MENTION_VERSION = 2
"""Raise it when the same names find other mentions in the same text."""

_NAMES = (
    "SELECT {now}(substr(id, instr(id, ':') + 1)) AS name, id AS entity, 'name' AS kind FROM entity "
    "UNION SELECT {now}(a.normalised), e.id, a.kind FROM alias a JOIN entity e ON e.pk = a.entity"
)

MentionFinder = Callable[[Iterable[NameRow]], Callable[[str], tuple[EntityId, ...]]]


def indexed_parts(fields: Sequence[str], title: str | None, question: str | None, text: str) -> list[str]:
    """The fields of a passage that the indexes cover; each is searched for names and cut into terms on its own."""
    parts = {"title": title, "question": question, "text": text}
    return [part for field in fields if (part := parts[field])]


def refresh_mentions(
    connection: sqlite3.Connection, finder: MentionFinder, fields: Sequence[str], *, fresh: bool
) -> None:
    """Bring `mention` and `name` to the records. Passages to look at are those without a row in `indexed`."""
    made_by = f"{TEXT_VERSION} {MENTION_VERSION} {','.join(fields)}"
    known = connection.execute("SELECT value FROM meta WHERE key = 'mentions'").fetchone()
    _list_names(connection)
    if fresh or known is None or known[0] != made_by:
        connection.execute("DELETE FROM indexed")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('mentions', ?)", (made_by,))
    else:
        changed = _changed_names(connection)
        stale = _containing(connection, changed, fields) if changed else []
        connection.executemany("DELETE FROM indexed WHERE passage = ?", ((key,) for key in stale))
    connection.execute("DELETE FROM indexed WHERE passage NOT IN (SELECT pk FROM passage)")
    connection.execute("DELETE FROM mention WHERE passage NOT IN (SELECT passage FROM indexed)")
    connection.execute("DELETE FROM name")
    connection.execute("INSERT INTO name SELECT name, entity, kind FROM listed ORDER BY 1, 2, 3")
    connection.execute("DROP TABLE listed")
    _find(connection, finder, fields)


def _list_names(connection: sqlite3.Connection) -> None:
    """The names as they now are, into a temporary table.

    Ids and aliases that an older text version normalised are normalised anew; `meta` says whether there may be any.
    """
    known = connection.execute("SELECT value FROM meta WHERE key = 'text_version'").fetchone()
    now = ""
    if known is None or known[0] != str(TEXT_VERSION):
        now = "normalised_now"
        connection.create_function(now, 1, normalise, deterministic=True)
    connection.execute(f"CREATE TEMP TABLE listed AS {_NAMES.format(now=now)}")


def _changed_names(connection: sqlite3.Connection) -> list[str]:
    """Names that stand for something else than in the version before."""
    rows = connection.execute(
        "SELECT DISTINCT name FROM (SELECT * FROM listed EXCEPT SELECT name, entity, kind FROM name) "
        "UNION SELECT name FROM (SELECT name, entity, kind FROM name EXCEPT SELECT * FROM listed)"
    )
    return [name for (name,) in rows if name]


def _containing(connection: sqlite3.Connection, names: Sequence[str], fields: Sequence[str]) -> Iterator[int]:
    table = AhoCorasick(list(names))
    for key, *parts in connection.execute("SELECT pk, title, question, text FROM passage"):
        if any(table.find_matches_as_indexes(normalise(part)) for part in indexed_parts(fields, *parts)):
            yield key


def _find(connection: sqlite3.Connection, finder: MentionFinder, fields: Sequence[str]) -> None:
    new = "pk NOT IN (SELECT passage FROM indexed)"
    if connection.execute(f"SELECT 1 FROM passage WHERE {new} LIMIT 1").fetchone():
        mentions = finder(NameRow(*row) for row in connection.execute("SELECT name, entity, kind FROM name"))
        for key, *parts in connection.execute(f"SELECT pk, title, question, text FROM passage WHERE {new} ORDER BY pk"):
            found = sorted({entity for part in indexed_parts(fields, *parts) for entity in mentions(part)})
            connection.executemany(
                "INSERT OR IGNORE INTO mention SELECT ?, pk FROM entity WHERE id = ?",
                ((key, entity) for entity in found),
            )
    connection.execute(f"INSERT OR IGNORE INTO mention SELECT pk, about FROM passage WHERE about IS NOT NULL AND {new}")

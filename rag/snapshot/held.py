"""Quarantine: what has a severe finding moves to the `held_*` tables when a version is sealed, and back for the next.

A query that reads the knowledge base needs to know nothing of it. Staging starts from everything, so assertions,
replacing and the content digest do not depend on what is held; which records are held follows from the records, the
rules (`Manifest.audit_version`) and the reviews among the records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from rag.domain import EDITOR_RULE, Severity, Verdict
from rag.snapshot.schema import HELD_TABLES, KIND_NAMES, TABLES, key_of_id

PREFIXES: Mapping[str, str] = {"fact": "f", "passage": "p", "alias": "a"}
"""Kinds whose records a finding names by `prefix:` and 16 hex digits; an entity is named by its own id."""

_KEYS = "CREATE TEMP TABLE IF NOT EXISTS held_key (tab TEXT, pk INTEGER, PRIMARY KEY (tab, pk)) STRICT, WITHOUT ROWID"
_ENTITIES = "(SELECT pk FROM held_key WHERE tab = 'entity')"
_WITH_ENTITY = {
    "spelling": f"SELECT pk FROM spelling WHERE entity IN {_ENTITIES}",
    "alias": f"SELECT pk FROM alias WHERE entity IN {_ENTITIES}",
    "do_not_merge": f"SELECT pk FROM do_not_merge WHERE a IN {_ENTITIES} UNION SELECT pk FROM do_not_merge WHERE b IN "
    f"{_ENTITIES}",
    "fact": f"SELECT pk FROM fact WHERE subject IN {_ENTITIES} UNION SELECT pk FROM fact WHERE object IN {_ENTITIES}",
    "passage": f"SELECT pk FROM passage WHERE about IN {_ENTITIES}",
}
"""What cannot be shown without an entity is held with it."""


def take_back(connection: sqlite3.Connection) -> None:
    """Put everything held back among the records."""
    for table in HELD_TABLES:
        connection.execute(f"INSERT INTO {table} SELECT * FROM held_{table}")
        connection.execute(f"DELETE FROM held_{table}")


def show_held(connection: sqlite3.Connection) -> None:
    """Let a connection of its own to a sealed version read what is in quarantine like the rest."""
    for table in HELD_TABLES:  # a temporary view goes before the table of its name
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} UNION ALL SELECT * FROM main.held_{table}"
        )


def hold(connection: sqlite3.Connection) -> None:
    """Apply the reviews to the findings, then move what has a severe finding, and what hangs on it, to `held_*`."""
    _apply_reviews(connection)
    connection.execute(_KEYS)
    connection.execute("DELETE FROM held_key")
    severe = connection.execute(
        "SELECT DISTINCT kind, record FROM finding WHERE severity = ? AND NOT released", (Severity.SEVERE,)
    ).fetchall()
    connection.executemany(
        "INSERT OR IGNORE INTO held_key SELECT 'entity', pk FROM entity WHERE id = ?",
        ((record,) for kind, record in severe if kind == "entity"),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO held_key VALUES (?, ?)",
        ((kind, key_of_id(record, PREFIXES[kind])) for kind, record in severe if kind in PREFIXES),
    )
    if connection.execute(f"SELECT EXISTS {_ENTITIES}").fetchone()[0]:
        for table, keys in _WITH_ENTITY.items():
            connection.execute(f"INSERT OR IGNORE INTO held_key SELECT '{table}', pk FROM ({keys})")
    for table in HELD_TABLES:
        chosen = f"pk IN (SELECT pk FROM held_key WHERE tab = '{table}')"
        connection.execute(f"INSERT INTO held_{table} SELECT * FROM {table} WHERE {chosen}")
        connection.execute(f"DELETE FROM {table} WHERE {chosen}")
    connection.execute("DROP TABLE held_key")


def _apply_reviews(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE finding SET released = 1 WHERE EXISTS (SELECT 1 FROM review r WHERE r.record = finding.record "
        "AND r.rule = finding.rule AND r.verdict = ?)",
        (Verdict.RELEASE,),
    )
    rows = connection.execute(
        "SELECT record, min(reason) FROM review WHERE verdict = ? GROUP BY record", (Verdict.HOLD,)
    ).fetchall()
    connection.executemany(
        "INSERT INTO finding VALUES (?, ?, ?, ?, ?, '[]', 0)",
        (
            (EDITOR_RULE, record, Severity.SEVERE, kind_of_id(record), reason)
            for record, reason in rows
            if exists(connection, record)
        ),
    )


def kind_of_id(record: str) -> str:
    """The kind of record that an id names; entities have their own."""
    return next((kind for kind, prefix in PREFIXES.items() if key_of_id(record, prefix) is not None), "entity")


def exists(connection: sqlite3.Connection, record: str) -> bool:
    """Whether the record that an id names is stored; one in quarantine only where the connection shows those."""
    kind = kind_of_id(record)
    if kind == "entity":
        return connection.execute("SELECT 1 FROM entity WHERE id = ?", (record,)).fetchone() is not None
    key = key_of_id(record, PREFIXES[kind])
    return connection.execute(f"SELECT 1 FROM {kind} WHERE pk = ?", (key,)).fetchone() is not None


def held_counts(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Records in quarantine by kind, kinds without any left out."""
    tables = {"entity": "entity"} | {
        name: table for name, table in zip(KIND_NAMES, TABLES, strict=True) if name != "entity" and table in HELD_TABLES
    }
    found = {
        name: int(connection.execute(f"SELECT count(*) FROM held_{table}").fetchone()[0])
        for name, table in tables.items()
    }
    return {name: count for name, count in found.items() if count}


def finding_counts(connection: sqlite3.Connection) -> Mapping[str, Mapping[str, int]]:
    """Findings by rule and severity; those that a person released do not count."""
    found: dict[str, dict[str, int]] = {}
    sql = "SELECT rule, severity, count(*) FROM finding WHERE NOT released GROUP BY 1, 2 ORDER BY 1, 2"
    for rule, severity, count in connection.execute(sql):
        found.setdefault(rule, {})[severity] = count
    return found

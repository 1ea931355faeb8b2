"""What in a knowledge base cannot be right: general rules over all its records, run when a version is sealed.

Each module of this folder holds one family of rules and gives findings in an order of their own; nothing here knows a
file, a site or a list of bad records. A finding is `severe` where a rule was measured to be right on 95 of 100 records
(docs/quality.md); such records are held (`rag/snapshot/held.py`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

from kg_loader.ahead import ahead
from kg_loader.audit.knowledge import Knowledge
from kg_loader.audit.rules import MEANINGS, RULES
from kg_loader.collecting import collector_off
from rag.domain import EDITOR_RULE, Finding, Severity
from rag.snapshot.held import exists, held_counts, show_held

AUDIT_VERSION = 2
"""Raise it when a rule finds something else in the same records: the next ingestion then audits anew."""

_KEEP = """
INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (rule, record) DO UPDATE
SET severity = excluded.severity, detail = excluded.detail, evidence = excluded.evidence
WHERE excluded.severity = 'severe' AND severity <> 'severe'
"""
"""One finding of a rule on a record: the first, unless a later one is severe."""

_Row = tuple[str, ...]
Found = list[_Row]
"""Findings of one rule as rows."""

__all__ = ["AUDIT_VERSION", "MEANINGS", "RULES", "audit", "audit_again", "auditing", "keep"]


def audit(connection: sqlite3.Connection) -> None:
    """Fill the table `finding` from all records; nothing may be in quarantine. The caller owns the transaction."""
    keep(connection, _found(connection))


def auditing(records: Path) -> AbstractContextManager[Iterator[Found]]:
    """What the rules find in a file of records that nobody writes to, in quarantine or not; looked for at once."""
    return ahead(_audited(records), records.stat().st_size)


def _audited(records: Path) -> Iterator[Found]:
    with closing(sqlite3.connect(f"{records.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        if held_counts(connection):
            show_held(connection)
        yield from _found(connection)


def _found(connection: sqlite3.Connection) -> Iterator[Found]:
    kb = Knowledge(connection)
    for rule in RULES:
        with collector_off():
            found = [_row(finding) for finding in rule(kb)]
        yield found


def keep(connection: sqlite3.Connection, found: Iterable[Found]) -> None:
    """Fill the table `finding` with what the rules have found. The caller owns the transaction."""
    connection.execute("DELETE FROM finding")
    for rows in found:
        connection.executemany(_KEEP, rows)


def audit_again(connection: sqlite3.Connection) -> None:
    """As `audit`, for a copy of a version that lost some records: what the version holds is held in the copy too."""
    sql = "SELECT rule, record, severity, kind FROM finding WHERE severity = ? AND NOT released AND rule <> ?"
    before = connection.execute(sql, (Severity.SEVERE, EDITOR_RULE)).fetchall()
    audit(connection)
    left = ((*row, MEANINGS.get(row[0], row[0]), "[]") for row in before if exists(connection, row[1]))
    connection.executemany(_KEEP, left)


def _row(found: Finding) -> _Row:
    evidence = json.dumps(found.evidence, ensure_ascii=False)
    return found.rule, found.record, found.severity.value, found.kind, found.detail, evidence

"""The aliases of a version that its audit doubts, as a person looks at them before deciding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rag.domain import Alias, AliasKind, Entity, Finding, Severity
from rag.snapshot.held import PREFIXES
from rag.snapshot.records import Records
from rag.snapshot.schema import ALIAS, key_of_id
from rag.vocabulary import EntityType

_FOUND = f"""
SELECT record FROM (
    SELECT record, max(severity = '{Severity.SEVERE}' AND NOT released) AS held, max(NOT released) AS doubted,
        max(severity = '{Severity.WARNING}') AS warned
    FROM finding WHERE kind = 'alias' GROUP BY record
) WHERE CASE WHEN held THEN 'held' WHEN doubted THEN 'doubtful' ELSE 'released' END = ?
ORDER BY warned DESC, record LIMIT ? OFFSET ?
"""
_ALIASES = """
SELECT a.pk, a.name, a.kind, e.id, e.type, e.name FROM json_each(?) j
CROSS JOIN alias a ON a.pk = j.value JOIN entity e ON e.pk = a.entity ORDER BY j.key
"""


class Standing(StrEnum):
    """What becomes of an alias with a finding."""

    HELD = "held"
    """No question finds it until a person releases it."""
    DOUBTFUL = "doubtful"
    """It is used; a person may hold it."""
    RELEASED = "released"
    """A person let it through."""


@dataclass(frozen=True)
class Doubted:
    """An alias, what it stands for, who asserts it, and what the audit says."""

    id: str
    alias: Alias
    entity: Entity
    datasets: tuple[str, ...]
    findings: tuple[Finding, ...]


def doubted(path: Path, standing: Standing, *, limit: int, offset: int = 0) -> Sequence[Doubted]:
    """Those of one standing in the database of a sealed version, the severest finding first."""
    records = Records(path, held=True)
    try:
        found = records.connection().execute(_FOUND, (standing, limit, offset)).fetchall()
        ids = {key: record for (record,) in found if (key := key_of_id(record, PREFIXES["alias"])) is not None}
        findings = records.findings_on(ids.values())
        rows = records.connection().execute(_ALIASES, (json.dumps(list(ids)),)).fetchall()
        return [
            Doubted(
                ids[key], Alias(name, entity, AliasKind(kind)), Entity(entity, EntityType(type_), own_name),
                tuple(records.asserting(ALIAS, key)), tuple(findings[ids[key]]),
            )
            for key, name, kind, entity, type_, own_name in rows
        ]  # fmt: skip
    finally:
        records.close()

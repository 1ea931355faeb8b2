"""`yiwen kb export`: every record of a version and the data sets that assert it, as JSON-ready rows.

The first row describes the version: `{"kind": "header", "format": "yiwen-records", "format_version": 1, ...}`. Each
further row is `{"kind", "id"?, "datasets", ...fields}`; `id` is the content id where the kind has one. An entity is
written once for each spelling that is asserted. Facts and passages refer to sources by id, and sources come first. What
is in quarantine is written like the rest, with `"held": true`. The asserted rows are everything that a version is made
of: `yiwen ingest` of them into an empty folder gives the same digest. The last row, `{"kind": "end", "rows": n}`,
counts those between it and the header.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from kg_loader.sources import yiwen_records
from rag.domain import Fact, Literal, Passage, Record, Source
from rag.snapshot.layout import RECORDS, Manifest, read_manifest
from rag.snapshot.records import Records
from rag.snapshot.schema import ENTITY, HELD_TABLES, KIND_NAMES, TABLES, record_key
from rag.snapshot.snapshot import check_files

_ORDER = ("source", "alias", "do_not_merge", "fact", "passage", "retraction", "review")
_SPELLINGS = "SELECT e.id, e.type, s.name, s.pk FROM spelling s JOIN entity e ON e.pk = s.entity ORDER BY e.id, s.name"


def lines(folder: Path) -> Iterator[dict[str, object]]:
    """Rows of the snapshot in `folder`. Raises CorruptSnapshotError where a file differs from its manifest."""
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    records = Records(folder / RECORDS, held=True)
    try:
        yield _header(manifest)
        yield from _ended(_rows(records))
    finally:
        records.close()


def _rows(records: Records) -> Iterator[dict[str, object]]:
    yield from _entities(records, records.connection())
    for kind in _ORDER:
        code = KIND_NAMES.index(kind)
        held = records.held_keys(TABLES[code]) if TABLES[code] in HELD_TABLES else set()
        for record in records.scan(kind):
            key = record_key(record)
            yield _row(kind, record, records.asserting(code, key)) | _mark(key in held)


def _ended(rows: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Rows, and one that counts them, so that a copy which ends early is noticed."""
    count = 0
    for row in rows:
        count += 1
        yield row
    yield {"kind": "end", "rows": count}


def _header(manifest: Manifest) -> dict[str, object]:
    return {
        "kind": "header",
        "format": yiwen_records.NAME,
        "format_version": yiwen_records.VERSION,
        "kb": manifest.kb,
        "version": manifest.version,
        "digest": manifest.digest,
        "created": manifest.created,
        "counts": dict(manifest.counts),
        "datasets": list(manifest.datasets),
    }


def _entities(records: Records, connection: sqlite3.Connection) -> Iterator[dict[str, object]]:
    """Asserted spellings; an entity that is only referred to follows from the records that name it."""
    held = records.held_keys("spelling")
    for identifier, kind, name, key in connection.execute(_SPELLINGS):
        asserted = records.asserting(ENTITY, key)
        yield {"kind": "entity", "id": identifier, "datasets": asserted, "type": kind, "name": name} | _mark(
            key in held
        )


def _mark(held: bool) -> dict[str, object]:
    """Records in quarantine say so; the others say nothing."""
    return {"held": True} if held else {}


def _row(kind: str, record: Record, datasets: list[str]) -> dict[str, object]:
    row: dict[str, object] = {"kind": kind}
    if isinstance(record, Source | Fact | Passage):
        row["id"] = record.id
    row["datasets"] = datasets
    fields = {name: value for name, value in asdict(record).items() if value is not None}
    if isinstance(record, Passage):  # its own `kind` would hide the kind of the row
        fields["passage_kind"] = fields.pop("kind")
    if isinstance(record, Source):
        fields["source_kind"] = fields.pop("kind")
    if not isinstance(record, Fact):
        return row | ({"alias_kind": fields.pop("kind")} if kind == "alias" else {}) | fields
    limits = {name: value for name, value in asdict(record.qualifiers).items() if value is not None}
    target = {"literal": asdict(record.object)} if isinstance(record.object, Literal) else {"object": record.object}
    return row | {"subject": record.subject, "relation": record.relation, **target, "source": record.source, **limits}

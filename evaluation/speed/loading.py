"""Ours against bare SQLite: `python -m evaluation.speed.loading FILE` prints one JSON document.

Ours is the whole ingestion of one file into an empty folder: reading, checking, ids, the digest, mentions, indexes,
checksums, the seal and the flip. Raw is what anybody would write at the least: the finished rows at hand, ids
included, `executemany` into the same tables with the same keys and indexes, one durable commit. Ours may use a second
processor; the clock and the processor seconds of all its processes are told.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kg_loader.embedding import embedder_for
from kg_loader.ingest import ingest
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.files import sync_file
from rag.snapshot.layout import RECORDS
from rag.snapshot.schema import HELD_TABLES, create_indexes, create_tables, open_for_writing

_TABLES = (
    "dataset", "entity", "spelling", "alias", "do_not_merge", "source", "fact", "passage", "retraction",
    "mention", "name", "indexed", "relation_stats", "assertion", "finding", *(f"held_{table}" for table in HELD_TABLES),
)  # fmt: skip
"""Those that hold what was loaded, what was found wrong in it and what is in quarantine; referred-to ones first."""
Rows = dict[str, list[tuple[object, ...]]]


def measure(file: Path) -> dict[str, Any]:
    """Wall clock and processor seconds of both, and how much was loaded."""
    with tempfile.TemporaryDirectory(prefix="yiwen-load-") as folder:
        settings = Settings(data_dir=Path(folder) / "ours", terms=False)
        library = Library(settings.data_dir)
        embedder = embedder_for(settings)  # read from its file once a process, before any clock runs
        ours = _timed(lambda: ingest(library, [file], settings=settings, embedder=embedder))
        rows = finished_rows(library.snapshot_folder(1) / RECORDS)
        raw = _timed(lambda: write_raw(Path(folder) / "raw.sqlite", rows))
        counts = {table: len(found) for table, found in rows.items() if found}
        return {"ours": ours, "raw": raw, "rows": counts}


def _timed(work: Callable[[], object]) -> dict[str, float]:
    cpu, begin = _cpu_seconds(), time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - begin, "cpu_seconds": _cpu_seconds() - cpu}


def _cpu_seconds() -> float:
    """Of this process and of those it has started, which must have ended."""
    return sum(os.times()[:4])


def finished_rows(records: Path) -> Rows:
    """All rows of a sealed version, table by table."""
    connection = sqlite3.connect(f"{records.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES}
    finally:
        connection.close()


def write_raw(path: Path, rows: Rows) -> None:
    """Write `rows` into a new database as ours keeps them, and see them on the disk."""
    connection = open_for_writing(path)
    create_tables(connection)
    create_indexes(connection)
    connection.execute("BEGIN")
    for table, found in rows.items():
        if found:
            marks = ", ".join("?" * len(found[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    sync_file(path)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))))

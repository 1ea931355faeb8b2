"""The live graph against the raw driver and against the snapshot's own graph, side by side in one run.

`python -m evaluation.speed.live FILE --uri bolt://...` with `YIWEN_NEO4J_PASSWORD` set. Only for a scratch server: its
database is emptied before every round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import LiteralString

from evaluation.speed.figures import Figure
from kg_loader.ingest import ingest
from kg_loader.mirror import bring, snapshot_records
from kg_loader.mirror_tables import Row, Table, tables
from rag import wiring
from rag.graph.bolt import Connection
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest

BATCH = 10_000
LABELS = ("Entity", "Literal", "Passage", "Source")
SHARE_GOAL, EXTRA_MS_GOAL = 0.6, 10.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a file of facts to ingest")
    parser.add_argument("--uri", required=True, help="address of a scratch Neo4j")
    parser.add_argument("--questions", type=Path, help="one question a line")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), neo4j_uri=options.uri)
        ingest(Library(settings.data_dir), [options.file], settings=settings.model_copy(update={"neo4j_uri": None}))
        figures = [*_loading(settings, options.rounds)]
        if options.questions:
            questions = options.questions.read_text(encoding="utf-8").split("\n")
            figures += _asking(settings, [line for line in questions if line.strip()], options.rounds)
    sys.stdout.write("| what | median | range | rounds | goal | reached |\n|---|---|---|---|---|---|\n")
    sys.stdout.writelines(f"{figure.row()}\n" for figure in figures)


# ---------------------------------------------------------------- loading


def _loading(settings: Settings, rounds: int) -> Iterator[Figure]:
    library = Library(settings.data_dir)
    manifest = read_manifest(library.snapshot_folder(1))
    server = wiring.live_server(settings, 120.0)
    assert server is not None
    with closing(snapshot_records(library.snapshot_folder(1))) as records:
        rows = {table.name: list(table.rows(records)) for table in tables()}
    total = sum(map(len, rows.values()))
    raw, ours = [], []
    with closing(Connection(server)) as connection:
        for number in range(rounds + 1):  # the first warms the server
            _forget(connection)
            raw_s = _raw(connection, rows)
            _forget(connection)
            begin = time.perf_counter()
            bring(connection, library, manifest)
            if number:
                raw.append(raw_s)
                ours.append(time.perf_counter() - begin)
    pairs = list(zip(raw, ours, strict=True))
    yield Figure(f"raw driver, UNWIND of the {total:,} rows of a version", "rows/s", tuple(total / r for r in raw))
    yield Figure("the same rows through `mirror`, comparison and constraints included", "rows/s",
                 tuple(total / o for o in ours))  # fmt: skip
    yield Figure("our time / raw time", "", tuple(o / r for r, o in pairs), round(1 / SHARE_GOAL, 3))


def _raw(connection: Connection, rows: dict[str, list[Row]]) -> float:
    """Seconds for what anybody would write: a unique id, then UNWIND with CREATE in batches, rows at hand."""
    begin = time.perf_counter()
    for label in LABELS:
        connection.define(f"CREATE CONSTRAINT raw_{label} IF NOT EXISTS FOR (n:Raw{label}) REQUIRE n.id IS UNIQUE")
    for table in tables():
        query = _raw_query(table)
        left = iter(rows[table.name])
        while batch := [list(row) for row in islice(left, BATCH)]:
            with connection.writing() as transaction:
                transaction.run(query, {"rows": batch})
    return time.perf_counter() - begin


def _raw_query(table: Table) -> LiteralString:
    query = table.create.replace("kb: $kb, ", "")
    for label in LABELS:
        query = query.replace(f":{label}", f":Raw{label}")
    return query


def _forget(connection: Connection) -> None:
    """Empty the scratch database."""
    for statement in ("MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS",
                      "MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS",
                      "DROP INDEX yiwen_text IF EXISTS"):  # fmt: skip
        connection.define(statement)


# ---------------------------------------------------------------- asking


def _asking(settings: Settings, questions: Sequence[str], rounds: int) -> Iterator[Figure]:
    """Both pipelines in turn over the same questions."""
    embedded = wiring.build(settings.model_copy(update={"neo4j_uri": None}))
    live = wiring.build(settings.model_copy(update={"neo4j_timeout_s": 5.0}))
    own, other, extra = [], [], []
    degraded = 0
    for number in range(rounds + 1):
        own_ms, _ = _p50(embedded, questions)
        live_ms, missed = _p50(live, questions)
        if number:
            own.append(own_ms)
            other.append(live_ms)
            extra.append(live_ms - own_ms)
            degraded += missed
    yield Figure(f"`ask` on the snapshot's graph, {len(questions)} questions, p50", "ms", tuple(own))
    yield Figure(f"`ask` on Neo4j, p50 ({degraded} answers degraded)", "ms", tuple(other))
    yield Figure("difference", "ms", tuple(extra), EXTRA_MS_GOAL)


def _p50(pipeline: Pipeline, questions: Sequence[str]) -> tuple[float, int]:
    taken, degraded = [], 0
    for question in questions:
        begin = time.perf_counter()
        answer = pipeline.ask(question)
        taken.append((time.perf_counter() - begin) * 1000)
        degraded += bool(answer.degraded)
    return statistics.median(taken), degraded


if __name__ == "__main__":
    main()

"""Compares Neo4j with a snapshot, row by row, and lists what people changed there by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from kg_loader.edits import drawn
from kg_loader.mirror import INGEST_TIMEOUT_S, LiveRows, row_hash, snapshot_records, state_of
from kg_loader.mirror_tables import Key, Row, Table, tables
from rag.graph.bolt import Connection
from rag.settings import Settings
from rag.snapshot.layout import Manifest, read_manifest
from rag.snapshot.library import Library
from rag.wiring import live_server

SAMPLES = 3
EDITS = 1000
"""Hand-made changes listed at most."""


@dataclass(frozen=True)
class LiveVerified:
    """`ok` where Neo4j holds exactly the rows of `version`; `edits` are people's additions, which are no fault."""

    version: int
    ok: bool
    rows: int
    digest: str
    live_digest: str
    problems: tuple[str, ...]
    edits: tuple[str, ...]


def verify_live(library: Library, settings: Settings, version: int) -> LiveVerified | None:
    """Compare every label and type; None where no Neo4j is configured. Raises LiveGraphError."""
    server = live_server(settings, INGEST_TIMEOUT_S)
    if server is None:
        return None
    with closing(Connection(server)) as connection:
        return compare_graphs(connection, library, read_manifest(library.snapshot_folder(version)))


def compare_graphs(connection: Connection, library: Library, manifest: Manifest) -> LiveVerified:
    """Counts and digests of both graphs. The digest does not depend on the order of rows."""
    problems = list(_state(connection, manifest))
    own, live, rows = 0, 0, 0
    held = LiveRows(connection, manifest.kb)
    with closing(snapshot_records(library.snapshot_folder(manifest.version))) as snapshot:
        for table in tables():
            expected, found = _hashes(table, table.rows(snapshot)), _hashes(table, held.rows(table))
            own, live, rows = own + sum(expected.values()), live + sum(found.values()), rows + len(expected)
            problems += _differences(table, expected, found)
    digest, live_digest = (f"{total % (1 << 64):016x}" for total in (own, live))
    edits = tuple(_edits(connection, manifest.kb))
    return LiveVerified(manifest.version, not problems, rows, digest, live_digest, tuple(problems), edits)


def _state(connection: Connection, manifest: Manifest) -> Iterator[str]:
    state = state_of(connection, manifest.kb)
    if state is None:
        yield "Neo4j holds nothing of this knowledge base"
    elif state.state != "ready":
        yield f"Neo4j is {state.state}, on its way to version {state.target}"
    elif (state.version, state.digest) != (manifest.version, manifest.digest):
        yield f"Neo4j is at version {state.version} with digest {state.digest}, expected {manifest.digest}"


def _hashes(table: Table, rows: Iterable[Row]) -> dict[Key, int]:
    return {table.key(row): row_hash(row) for row in rows}


def _differences(table: Table, expected: dict[Key, int], found: dict[Key, int]) -> Iterator[str]:
    name = table.name.rstrip(":")
    for what, keys in (
        ("missing", expected.keys() - found.keys()),
        ("too many", found.keys() - expected.keys()),
        ("changed", {key for key in expected.keys() & found.keys() if expected[key] != found[key]}),
    ):
        if keys:
            shown = ", ".join(" ".join(map(str, key)) for key in sorted(keys)[:SAMPLES])
            yield f"{name}: {len(keys)} rows {what} in Neo4j ({len(found)} of {len(expected)}), such as {shown}"


def _edits(connection: Connection, kb: str) -> Iterator[str]:
    """What people drew and nobody adopted yet."""
    nodes, relations = drawn(connection, kb)
    yield from (str(edit) for edit in [*relations, *nodes][:EDITS])

"""`yiwen kb adopt`: what people did in Neo4j by hand becomes a version, asserted by the data set `editors`.

`edits` reads, `review` judges, the ordinary ingestion publishes, `absorb` lets what was drawn give way to the facts
that the mirror wrote. Each step can be run again: after a crash anywhere the same command ends with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass

import xxhash

from kg_loader.absorb import absorb
from kg_loader.edits import read_edits
from kg_loader.ingest import Ingestion
from kg_loader.mirror import INGEST_TIMEOUT_S, state_of
from kg_loader.mirror_tables import prepare
from kg_loader.plan import Input
from kg_loader.recovery import recover
from kg_loader.review import EDITORS, Adopted, Refused, Review, review
from kg_loader.sealing import Progress, silent
from kg_loader.versions import current
from rag.domain import Record
from rag.errors import ConfigurationError, StaleGraphError
from rag.graph.bolt import Connection
from rag.ports import Embedder
from rag.settings import Settings
from rag.snapshot.layout import RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.records import Records
from rag.snapshot.schema import record_key
from rag.wiring import live_server

FORMAT = "neo4j"
"""How the plan names an input that is no file."""


@dataclass(frozen=True)
class Adoption:
    """What was adopted, what was left and why, and the version that holds the result."""

    version: int
    digest: str
    adopted: tuple[Adopted, ...]
    refused: tuple[Refused, ...]
    unchanged: bool
    dry_run: bool

    def document(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def adopt(
    library: Library,
    settings: Settings,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
    embedder: Embedder | None = None,
) -> Adoption:
    """Take every edit that can be taken and publish; with `dry_run` only say which.

    Raises ConfigurationError (no Neo4j), LiveGraphError, NotReadyError, LockedError, ConflictError, StorageError.
    """
    server = live_server(settings, INGEST_TIMEOUT_S)
    if server is None:
        raise ConfigurationError("no Neo4j is configured; set YIWEN_NEO4J_URI, such as bolt://127.0.0.1:7687")
    with library.writing(), closing(Connection(server)) as connection:
        current(library)
        if not dry_run:
            recover(library, settings, progress=progress, reached=reached)
        manifest = _ready(library, connection)
        done = _reviewed(library, connection, manifest)
        reached("adopt.reviewed")
        if dry_run:
            return _adoption(manifest, done, unchanged=True, dry_run=True)
        job = Ingestion.begin(library, settings, embedder, None, progress, reached)
        report = job.run(job.plan([_input(done.records)], append=False), lambda _: iter(done.records), max_rejects=0)
        reached("adopt.published")
        absorb(connection, manifest.kb, done)
        reached("adopt.absorbed")
        published = read_manifest(library.snapshot_folder(report.version))
        return _adoption(published, done, unchanged=report.unchanged, dry_run=False)


def _ready(library: Library, connection: Connection) -> Manifest:
    """The current version, if Neo4j holds it. Raises StaleGraphError."""
    manifest = read_manifest(library.snapshot_folder(current(library).version))
    state = state_of(connection, manifest.kb)
    if state is None or (state.version, state.state, state.digest) != (manifest.version, "ready", manifest.digest):
        raise StaleGraphError(
            f"Neo4j does not hold version {manifest.version}, so it cannot be said what was changed by hand; "
            "run `yiwen kb mirror` first"
        )
    return manifest


def _reviewed(library: Library, connection: Connection, manifest: Manifest) -> Review:
    """Neo4j holds nothing of what is in quarantine; what editors asserted of it they go on asserting."""
    path = library.snapshot_folder(manifest.version) / RECORDS
    with closing(Records(path)) as mirrored, closing(Records(path, held=True)) as held:
        edits = read_edits(connection, manifest.kb, prepare(mirrored.connection()))
        prepare(held.connection())
        return review(edits, held, library.register.read().tombstones)


def _input(records: dict[Record, None]) -> Input:
    """The editors' records as one input, known by its content, so that a run cut short is taken up."""
    keys = sorted((type(record).__name__, record_key(record)) for record in records)
    return Input("Neo4j", EDITORS, FORMAT, None, len(keys), xxhash.xxh3_128_hexdigest(repr(keys).encode()))


def _adoption(manifest: Manifest, done: Review, *, unchanged: bool, dry_run: bool) -> Adoption:
    return Adoption(manifest.version, manifest.digest, tuple(done.adopted), tuple(done.refused), unchanged, dry_run)

"""`yiwen kb verify`: is a version what its manifest says, down to every byte and every count?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import CorruptSnapshotError
from rag.snapshot.derive import counts
from rag.snapshot.files import files_below
from rag.snapshot.held import finding_counts, held_counts
from rag.snapshot.layout import MANIFEST, RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library
from rag.snapshot.snapshot import Snapshot, check_files
from rag.snapshot.writer import Writer


@dataclass(frozen=True)
class Verified:
    """`ok` where `problems` is empty; `digest` is computed from the records, "" where they cannot be trusted."""

    version: int
    ok: bool
    digest: str
    problems: tuple[str, ...]


def verify(library: Library, version: int) -> Verified:
    """Compare sha256 of every file, SQLite's integrity, content digest, counts and references of one version."""
    folder = library.snapshot_folder(version)
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest, sha256=True)
    except CorruptSnapshotError as error:
        return Verified(version, False, "", (str(error),))
    digest, problems = _inspect(folder, manifest)
    return Verified(version, not problems, digest, tuple(problems))


def _inspect(folder: Path, manifest: Manifest) -> tuple[str, list[str]]:
    uri = f"{(folder / RECORDS).absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        digest = Writer(connection).digest()
        problems = [*_records(connection, manifest, digest), *_files(folder, manifest)]
    finally:
        connection.close()
    return digest, problems + _indexes(folder, manifest)


def _records(connection: sqlite3.Connection, manifest: Manifest, digest: str) -> Iterator[str]:
    if digest != manifest.digest:
        yield f"the records have digest {digest}, the manifest says {manifest.digest}"
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        yield f"{RECORDS} fails SQLite's integrity check: {found}"
    for kind, count in counts(connection).items():
        if count != manifest.counts.get(kind):
            yield f"there are {count} records of kind {kind}, the manifest says {manifest.counts.get(kind)}"
    held, findings = held_counts(connection), finding_counts(connection)
    if held != manifest.held:
        yield f"in quarantine are {dict(held)}, the manifest says {dict(manifest.held)}"
    if findings != manifest.findings:
        yield f"the findings are {findings}, the manifest says {dict(manifest.findings)}"
    dangling = Writer(connection).dangling()
    if dangling:
        yield f"{dangling} records refer to records that are missing"


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    extra = set(files_below(folder)) - set(manifest.files) - {MANIFEST}
    for name in sorted(extra):
        if not name.endswith(".lock"):
            yield f"{name} is no part of the snapshot"


def _indexes(folder: Path, manifest: Manifest) -> list[str]:
    snapshot = Snapshot(folder, manifest)
    try:
        expected = {
            "sparse": manifest.counts["passage"],
            "dense": manifest.counts["passage"] * bool(manifest.dimension),
        }
        return [
            f"the {name} index holds {count} passages, expected {expected[name]}"
            for name, count in snapshot.index_sizes.items()
            if count != expected[name]
        ]
    finally:
        snapshot.close()

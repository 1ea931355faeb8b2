"""Records of a settled database become a whole snapshot folder, moved into place when every byte is on the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kg_loader.audit import AUDIT_VERSION, Found, keep
from kg_loader.staging import BOOK_TABLES
from rag.errors import DataError
from rag.linking.names import passage_mentions
from rag.ports import Embedder
from rag.snapshot import dense, sparse
from rag.snapshot.dense import DenseIndex
from rag.snapshot.derive import counts, derive
from rag.snapshot.files import checksum, files_below, link_or_copy, storage_errors, sync_file, sync_folder
from rag.snapshot.held import finding_counts, held_counts, hold, take_back
from rag.snapshot.layout import (
    DENSE,
    FIELDS,
    RECORDS,
    SPARSE,
    VECTORS,
    Manifest,
    write_manifest,
)
from rag.snapshot.library import Library, unobserved
from rag.snapshot.schema import create_indexes
from rag.snapshot.sparse import SparseIndex
from rag.snapshot.vectors import Column, Matrix, Old, read_column, write_vectors
from rag.snapshot.writer import Writer
from rag.text import TEXT_VERSION

Progress = Callable[[str, int, int], None]
"""Called with a stage, how much of it is done, and its whole (0: not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """The default progress."""


@dataclass(frozen=True)
class Build:
    """How the indexes of a version are made. `embedder` None: no dense index."""

    embedder: Embedder | None
    dense_index: str = "auto"
    indexed_fields: tuple[str, ...] = FIELDS
    fresh: bool = False

    def makes(self, manifest: Manifest, passages: int) -> bool:
        """True if a version with this manifest was built this way."""
        identity, dimension, kind = self.dense_identity(passages)
        return (identity, dimension, kind, self.indexed_fields, TEXT_VERSION, AUDIT_VERSION) == (
            manifest.embedder, manifest.dimension, manifest.dense_index, manifest.indexed_fields, manifest.text_version,
            manifest.audit_version,
        )  # fmt: skip

    def dense_identity(self, passages: int) -> tuple[str, int, str]:
        """(embedder, dimension, kind of index) as a manifest states them."""
        if self.embedder is None:
            return "none", 0, "none"
        return self.embedder.identity, self.embedder.dimension, dense.kind_for(self.dense_index, passages)


@dataclass(frozen=True)
class Previous:
    """The version a new one starts from."""

    folder: Path
    manifest: Manifest


class Sealing:
    """Builds one snapshot in `<staging>/seal` and moves it into place."""

    def __init__(
        self,
        library: Library,
        build: Build,
        previous: Previous | None,
        *,
        progress: Progress = silent,
        reached: Callable[[str], None] = unobserved,
    ) -> None:
        self.library = library
        self.build = build
        self.previous = previous
        self.folder = library.staging / "seal"
        self._progress = progress
        self._reached = reached

    def seal(self, records: Path, kb: str, digest: str, found: Iterator[Found]) -> Manifest:
        """Make a version of `records` (settled, with this digest and these findings).

        Raises StorageError, DataError.
        """
        with storage_errors(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self._derive(records, found)
            self._reached("seal.derived")
            manifest = self._fill(kb, digest)
            self._reached("seal.validated")
            return move_into_place(self.library, self.folder, manifest, self._reached)

    def _fill(self, kb: str, digest: str) -> Manifest:
        connection = sqlite3.connect(self.folder / RECORDS, isolation_level=None)
        try:
            if self.build.embedder is not None:
                self._dense(connection, self.build.embedder)
            self._sparse(connection)
            self._reached("seal.sparse")
            manifest = self._describe(connection, kb, digest)
            validate(connection, self.folder, manifest)
        finally:
            connection.close()
        return manifest

    def _derive(self, records: Path, found: Iterator[Found]) -> None:
        """Copy the records, compact and without a byte of what was deleted, and add what follows from them.

        Nobody else sees the copy and a crash throws it away, so it needs no journal.
        """
        self._progress("records", 0, 0)
        with closing(sqlite3.connect(f"{records.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as source:
            source.execute("VACUUM INTO ?", (str(self.folder / RECORDS),))
        self._reached("seal.copied")
        with closing(sqlite3.connect(self.folder / RECORDS, isolation_level=None)) as connection:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -32768", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            for table in BOOK_TABLES:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            create_indexes(connection)
            take_back(connection)
            self._progress("audit", 0, 0)
            keep(connection, found)
            hold(connection)
            self._reached("seal.audited")
            derive(connection, passage_mentions, self.build.indexed_fields, fresh=self.build.fresh)
            connection.execute("COMMIT")

    # ------------------------------------------------------------ indexes

    def _dense(self, connection: sqlite3.Connection, embedder: Embedder) -> None:
        column = read_column(connection, "vector")
        identity, dimension, kind = self.build.dense_identity(len(column.passages))
        old = self._old_vectors(identity, dimension)
        same = old is not None and np.array_equal(old.column.hashes, column.hashes)
        if same:
            self._reuse(VECTORS)
        else:
            write_vectors(
                self.folder, connection, embedder, self.build.indexed_fields,
                column=column, old=old, progress=lambda n, m: self._progress("vectors", n, m),
            )  # fmt: skip
        self._reached("seal.vectors")
        if same and self.previous and self.previous.manifest.dense_index == kind:
            self._reuse(DENSE)
        else:
            dense.write_index(self.folder, kind)
        self._reached("seal.dense")

    def _old_vectors(self, identity: str, dimension: int) -> Old | None:
        """The vectors of the version before, if the same embedder made them."""
        if self.previous is None or self.build.fresh:
            return None
        manifest = self.previous.manifest
        if (manifest.embedder, manifest.dimension) != (identity, dimension):
            return None
        return Old(Matrix(self.previous.folder), self._old_column(self.previous.folder, "vector"))

    @staticmethod
    def _old_column(folder: Path, name: str) -> Column:
        uri = f"{(folder / RECORDS).absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return read_column(connection, name)

    def _reuse(self, name: str) -> None:
        assert self.previous is not None
        link_or_copy(self.previous.folder / name, self.folder / name)

    def _sparse(self, connection: sqlite3.Connection) -> None:
        old = None
        if self.previous is not None and not self.build.fresh:
            old = (self.previous.folder / SPARSE, self._old_column(self.previous.folder, "document"))
        sparse.build(
            self.folder / SPARSE, connection, self.build.indexed_fields,
            old=old, progress=lambda n, m: self._progress("words", n, m),
        )  # fmt: skip

    # ------------------------------------------------------------ manifest

    def _describe(self, connection: sqlite3.Connection, kb: str, digest: str) -> Manifest:
        found = counts(connection)
        identity, dimension, kind = self.build.dense_identity(found["passage"])
        return Manifest(
            kb=kb,
            version=self.library.next_version(),
            parent=self.previous.manifest.version if self.previous else None,
            digest=digest,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            counts=found,
            datasets=tuple(name for (name,) in connection.execute("SELECT name FROM dataset ORDER BY name")),
            embedder=identity,
            dimension=dimension,
            dense_index=kind,
            indexed_fields=self.build.indexed_fields,
            text_version=TEXT_VERSION,
            audit_version=AUDIT_VERSION,
            findings=finding_counts(connection),
            held=held_counts(connection),
            files={},
        )


def validate(connection: sqlite3.Connection, folder: Path, manifest: Manifest) -> None:
    """Counts that must agree before a version may be read by anybody. Raises DataError."""
    passages = manifest.counts["passage"]
    found = {"word index": SparseIndex(folder / SPARSE).count}
    if manifest.dimension:
        found["vector index"] = DenseIndex(folder).count
    for name, count in found.items():
        if count != passages:
            raise DataError(f"the {name} holds {count} passages, expected {passages}; nothing was published")
    dangling = Writer(connection).dangling()
    if dangling:
        raise DataError(f"{dangling} records refer to records that are missing; nothing was published")
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise DataError("the new records.sqlite fails SQLite's own check; nothing was published")


def move_into_place(
    library: Library, folder: Path, manifest: Manifest, reached: Callable[[str], None] = unobserved
) -> Manifest:
    """Flush every file of a finished folder, write its manifest last, and give it its name among the snapshots."""
    names = files_below(folder)
    mode = stat.S_IMODE((folder / RECORDS).stat().st_mode)
    for name in names:
        if stat.S_IMODE((folder / name).stat().st_mode) != mode:
            (folder / name).chmod(mode)  # tantivy makes files that only their owner may read
        sync_file(folder / name)
    for path in (folder / SPARSE, folder):
        sync_folder(path)
    reached("seal.flushed")
    complete = replace(manifest, files={name: checksum(folder / name, sha256=True) for name in names})
    write_manifest(folder, complete)
    reached("seal.manifest")
    library.snapshots.mkdir(parents=True, exist_ok=True)
    os.rename(folder, library.snapshots / complete.folder_name)
    sync_folder(library.snapshots)
    sync_folder(library.root)
    reached("seal.renamed")
    return complete

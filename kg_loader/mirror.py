"""Brings Neo4j to a sealed snapshot, before the pointer flips to it.

Ordinary differences go in one transaction, so that a reader sees the old version or the new one. Larger ones go in
batches under `state: syncing`, in which nobody reads; a run that was cut short is taken up by comparing the graph
itself with the snapshot, so nothing is written twice and nothing is left over.
"""

from __future__ import annotations

import fcntl
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import LiteralString

import xxhash

from kg_loader.mirror_tables import (
    CONSTRAINED,
    CONSTRAINTS,
    DEFINED,
    EMPTY_RETIRED,
    FULL_TEXT,
    INDEXED,
    READY,
    RELATION_TYPES,
    SERVER,
    STATE,
    SYNCING,
    Key,
    Row,
    Table,
    prepare,
    state_properties,
    subject_counts,
    tables,
)
from kg_loader.sealing import Progress, silent
from rag.errors import ConfigurationError, CorruptSnapshotError
from rag.graph.bolt import Connection
from rag.settings import Settings
from rag.snapshot.files import storage_errors
from rag.snapshot.layout import RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.wiring import live_server

INGEST_TIMEOUT_S = 120.0
OLDEST = (5, 26)
GROUPED = 300_000
"""Relations of one type that the server may hold in memory to send many at once; all may have the same end."""


@dataclass(frozen=True)
class Sizes:
    """Rows of one query, and of a difference that goes in one transaction (a few seconds, some 100 MB of heap)."""

    batch: int = 10_000
    one_transaction: int = 20_000


@dataclass(frozen=True)
class State:
    """What Neo4j says of itself."""

    version: int | None
    state: str
    digest: str | None
    target: int | None = None
    """The version that it is being brought to, while `syncing`."""


@dataclass(frozen=True)
class Mirrored:
    """What was written: rows by table, queries by table, whether in one transaction."""

    rows: dict[str, int] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    one_transaction: bool = True


@dataclass(frozen=True)
class Change:
    """How a table differs: keys that the snapshot adds, whose row differs, that are no longer there."""

    table: Table
    added: frozenset[Key]
    changed: frozenset[Key]
    removed: tuple[Key, ...]

    @property
    def size(self) -> int:
        """Rows to write."""
        return len(self.added) + len(self.changed) + len(self.removed)


def follow(
    settings: Settings,
    library: Library,
    manifest: Manifest,
    *,
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
) -> Mirrored | None:
    """What publishing calls: bring the Neo4j of the settings to a version; None without one. Raises LiveGraphError."""
    server = live_server(settings, INGEST_TIMEOUT_S)
    if server is None:
        return None
    reached("mirror.begun")
    with closing(Connection(server)) as connection:
        return bring(connection, library, manifest, progress=progress, reached=reached)


def state_of(connection: Connection, kb: str) -> State | None:
    """What the graph holds of a knowledge base; None if nothing."""
    rows = connection.read(STATE, {"kb": kb})
    return State(*rows[0]) if rows else None


def bring(
    connection: Connection,
    library: Library,
    manifest: Manifest,
    *,
    repair: bool = False,
    sizes: Sizes = Sizes(),
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
) -> Mirrored:
    """Make the graph hold exactly `manifest`'s version. `repair`: believe nothing that the graph says of itself.

    Relations added by hand stay. `progress` hears of the rows written, as the stage `mirror`.

    Raises LiveGraphError, ConfigurationError (an older server).
    """
    with _one_mirror(library):
        return _Bringing(connection, library, manifest, sizes, progress, reached).run(repair=repair)


@contextmanager
def _one_mirror(library: Library) -> Iterator[None]:
    """Waits for another process that is bringing Neo4j somewhere; two at once would write everything twice."""
    with storage_errors(library.root), (library.root / "mirror.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class _Bringing:
    """One run of `bring`."""

    connection: Connection
    library: Library
    manifest: Manifest
    sizes: Sizes
    progress: Progress
    reached: Callable[[str], None]

    def run(self, *, repair: bool) -> Mirrored:
        server_version(self.connection)
        state = state_of(self.connection, self.manifest.kb)
        there = state is not None and state.state == "ready"
        if state is not None and there and not repair and (state.version, state.digest) == _name(self.manifest):
            return Mirrored()
        if state is None or repair:
            _define(self.connection)
        with closing(snapshot_records(self.library.snapshot_folder(self.manifest.version))) as new:
            with closing(_Before(self.connection, self.library, self.manifest.kb, state, believed=not repair)) as old:
                changes = [compare(table, table.rows(new), old.rows(table)) for table in tables()]
            self.reached("mirror.compared")
            done = self._write(new, changes, certain=old.certain)
        if state is None or repair:
            self.connection.define(FULL_TEXT)  # last: Neo4j fills it aside, faster than row by row
            _require_ours(self.connection, INDEXED)
        return done

    def _write(self, new: sqlite3.Connection, changes: list[Change], *, certain: bool) -> Mirrored:
        kb = {"kb": self.manifest.kb}
        version = {**kb, "version": self.manifest.version}
        ready = {**kb, "properties": {**state_properties(self.manifest), **subject_counts(new)}}
        total = sum(change.size for change in changes)
        done = Mirrored(one_transaction=total <= self.sizes.one_transaction)
        steps = self._counted(_steps(changes, new, self.sizes.batch, certain=certain), done, total)
        if done.one_transaction:
            with self.connection.writing() as transaction:
                for step in steps:
                    transaction.run(step.query, {**kb, "rows": step.rows})
                transaction.run(READY, ready)
        else:
            self._commit(SYNCING, version)
            self.reached("mirror.syncing")
            for step in steps:
                self._commit(step.query, {**kb, "rows": step.rows})
                self.reached("mirror.batch")
            self._commit(READY, ready)
        self.reached("mirror.ready")
        return done

    def _counted(self, steps: Iterable[Step], done: Mirrored, total: int) -> Iterator[Step]:
        written = 0
        for step in steps:
            done.rows[step.table] = done.rows.get(step.table, 0) + len(step.rows)
            done.queries[step.table] = done.queries.get(step.table, 0) + 1
            yield step
            written += len(step.rows)
            self.progress("mirror", written, total)

    def _commit(self, query: LiteralString, parameters: Mapping[str, object]) -> None:
        with self.connection.writing() as transaction:
            transaction.run(query, parameters)


def _name(manifest: Manifest) -> tuple[int, str]:
    return manifest.version, manifest.digest


def server_version(connection: Connection) -> str:
    """Such as `5.26.0`. Raises ConfigurationError for a server that lacks what we need."""
    version = str(connection.read(SERVER, {})[0][0])
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST:
        raise ConfigurationError(f"Neo4j at {connection.server.uri} is {version}; expected 5.26 or newer")
    return version


def _define(connection: Connection) -> None:
    """Constraints before any data. Raises ConfigurationError where something else bears one of their names."""
    for statement in CONSTRAINTS:
        connection.define(statement)
    _require_ours(connection, CONSTRAINED)


def _require_ours(connection: Connection, expected: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]) -> None:
    """`IF NOT EXISTS` is content with anything of the same name."""
    for name, *found in connection.read(DEFINED, {"names": list(expected)}):
        kind, labels, properties = found
        if (kind, tuple(labels or ()), tuple(properties or ())) != expected[name]:
            raise ConfigurationError(
                f"Neo4j at {connection.server.uri} has a {kind} called {name} on {':'.join(labels or ())} "
                f"({', '.join(properties or ())}) that is not ours; drop it or give it another name"
            )


def snapshot_records(folder: Path) -> sqlite3.Connection:
    """The records of a sealed snapshot, ready for the statements of the tables; the caller closes them."""
    uri = f"{(folder / RECORDS).absolute().as_uri()}?mode=ro&immutable=1"
    return prepare(sqlite3.connect(uri, uri=True))


class _Before:
    """What the graph holds now: as the snapshot that it was brought to knows it, else as the graph itself says."""

    def __init__(
        self, connection: Connection, library: Library, kb: str, state: State | None, *, believed: bool
    ) -> None:
        self._snapshot = _snapshot_of(library, state) if believed else None
        unknown = self._snapshot is None and not (believed and state is None)
        self._live = LiveRows(connection, kb) if unknown else None

    @property
    def certain(self) -> bool:
        """Whether the graph itself was read, or is known to be empty; a snapshot does not know what people made."""
        return self._snapshot is None

    def close(self) -> None:
        if self._snapshot is not None:
            self._snapshot.close()

    def rows(self, table: Table) -> Iterator[Row]:
        if self._snapshot is not None:
            return table.rows(self._snapshot)
        # The first thing written is always the state: without one there is nothing of ours.
        return self._live.rows(table) if self._live is not None else iter(())


def _snapshot_of(library: Library, state: State | None) -> sqlite3.Connection | None:
    """The snapshot that a graph in order was brought to, if it still exists."""
    if state is None or state.state != "ready" or state.version not in library.folders():
        return None
    folder = library.snapshot_folder(state.version)
    try:
        return snapshot_records(folder) if read_manifest(folder).digest == state.digest else None
    except CorruptSnapshotError:
        return None


def empty_retired(connection: Connection, ids: Iterable[str]) -> None:
    """Take the content of nodes that were ours and stayed for what others have tied to them."""
    with connection.writing() as transaction:
        transaction.run(EMPTY_RETIRED, {"ids": sorted(ids)})


class LiveRows:
    """The rows of a knowledge base as Neo4j holds them; relations added by hand are none of them."""

    def __init__(self, connection: Connection, kb: str, *, grouped: int = GROUPED) -> None:
        self._connection = connection
        self._kb = kb
        self._most_grouped = grouped
        self._types = {str(row[0]) for row in connection.read(RELATION_TYPES, {})}

    def rows(self, table: Table) -> Iterator[Row]:
        """Rows of one table; no query for a type of relation that the database has never seen."""
        if not table.node and table.name.partition(" ")[0] not in self._types:
            return iter(())
        if table.grouped and self.most(table) <= self._most_grouped:
            return self._grouped(table)
        return map(tuple, self._connection.stream(table.read, {"kb": self._kb, "prefix": table.name}))

    def most(self, table: Table) -> int:
        """How many rows a table of relations may have: those of all who use the type, which Neo4j keeps count of."""
        return int(self._connection.read(table.count, {})[0][0])

    def _grouped(self, table: Table) -> Iterator[Row]:
        for end, rows in self._connection.stream(table.grouped, {"kb": self._kb}):
            yield from ((row[0], end, *row[1:]) for row in rows)


def row_hash(row: Row) -> int:
    """64 bits of a row; the same for rows from either store."""
    return xxhash.xxh3_64_intdigest(repr(row).encode())


def compare(table: Table, new: Iterable[Row], old: Iterable[Row]) -> Change:
    """What must happen to `old` to become `new`."""
    known = {table.key(row): row_hash(row) for row in old}
    added, changed = set(), set()
    for row in new:
        found = known.pop(table.key(row), None)
        if found is None:
            added.add(table.key(row))
        elif found != row_hash(row):
            changed.add(table.key(row))
    return Change(table, frozenset(added), frozenset(changed), tuple(known))


@dataclass(frozen=True)
class Step:
    """One query and a batch of its rows."""

    table: str
    query: LiteralString
    rows: list[list[object]]


def _steps(changes: list[Change], new: sqlite3.Connection, batch: int, *, certain: bool) -> Iterator[Step]:
    """Relations go before the nodes they hang on, nodes come before them. `certain`: nothing that is added is there."""
    nodes = [change for change in changes if change.table.node]
    relations = [change for change in changes if not change.table.node]
    for change in relations:
        yield from _batches(change.table, change.table.remove, change.removed, batch)
    for change in [*nodes, *relations]:
        create = change.table.create if certain else change.table.merge
        for query, keys in ((create, change.added), (change.table.change, change.changed)):
            if keys:
                rows = (row for row in change.table.rows(new) if change.table.key(row) in keys)
                yield from _batches(change.table, query, rows, batch)
    for change in nodes:
        yield from _batches(change.table, change.table.remove, change.removed, batch)


def _batches(table: Table, query: LiteralString, rows: Iterable[Row], size: int) -> Iterator[Step]:
    left = iter(rows)
    while batch := [list(row) for row in islice(left, size)]:
        yield Step(table.name, query, batch)

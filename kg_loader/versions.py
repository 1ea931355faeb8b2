"""What can be done with versions: look, compare, go back, prune, rebuild the indexes; `verify` is next door."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg_loader import erasure, mirror
from kg_loader.audit import auditing
from kg_loader.curation import merge_retractions
from kg_loader.embedding import embedder_for
from kg_loader.publish import fields_named, flip_to
from kg_loader.recovery import recover
from kg_loader.sealing import Build, Previous, Progress, Sealing, silent
from kg_loader.verify import Verified, verify
from rag.domain import Pointer
from rag.errors import NotReadyError
from rag.ports import Embedder
from rag.settings import Settings
from rag.snapshot.layout import RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.schema import HELD_TABLES
from rag.snapshot.snapshot import check_files

__all__ = [
    "Change", "Info", "Pruned", "Verified", "activate", "current", "diff", "info", "prune", "reindex", "verify",
    "versions",
]  # fmt: skip

_FACT = (
    "SELECT f.pk, s.id || ' ' || f.relation || ' ' || coalesce(o.id, f.literal) FROM {fact} f "
    "JOIN {0}_entity s ON s.pk = f.subject LEFT JOIN {0}_entity o ON o.pk = f.object"
)
_ALIAS = "SELECT a.pk, a.name || ' -> ' || e.id FROM {alias} a JOIN {0}_entity e ON e.pk = a.entity"
_LABELS = {
    "entity": "SELECT id, id || ' ' || name FROM {0}_entity",
    "alias": _ALIAS.replace("{alias}", "{0}_alias"),
    "do_not_merge": "SELECT d.pk, a.id || ' | ' || b.id FROM {0}_do_not_merge d "
    "JOIN {0}_entity a ON a.pk = d.a JOIN {0}_entity b ON b.pk = d.b",
    "source": "SELECT pk, title FROM {0}.source",
    "fact": _FACT.replace("{fact}", "{0}_fact"),
    "passage": "SELECT pk, substr(text, 1, 60) FROM {0}_passage",
    "retraction": "SELECT pk, target || ' (' || stated_by || ')' FROM {0}.retraction",
    "review": "SELECT pk, verdict || ' ' || record || ' ' || rule FROM {0}.review",
    "held": "SELECT * FROM (SELECT id, id || ' ' || name FROM {0}.held_entity UNION ALL "
    + _ALIAS.replace("{alias}", "{0}.held_alias") + " UNION ALL " + _FACT.replace("{fact}", "{0}.held_fact")
    + " UNION ALL SELECT pk, substr(text, 1, 60) FROM {0}.held_passage)",
    "dataset": "SELECT name, name FROM {0}.dataset",
}  # fmt: skip
"""Per kind a key that means the same in two versions, and a line to show; `held` is what is in quarantine."""


@dataclass(frozen=True)
class Info:
    """The current version and what surrounds it."""

    pointer: Pointer
    manifest: Manifest
    versions: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class Change:
    """What one kind of record gained and lost; samples are lines to read, in order of key."""

    added: int
    removed: int
    added_samples: tuple[str, ...]
    removed_samples: tuple[str, ...]


@dataclass(frozen=True)
class Pruned:
    """Versions that were deleted and those that are left."""

    removed: tuple[int, ...]
    kept: tuple[int, ...]


def current(library: Library) -> Pointer:
    """The pointer. Raises NotReadyError before the first version."""
    pointer = library.pointer()
    if pointer is None:
        raise NotReadyError(
            f"there is no knowledge base in {library.data_dir} yet; "
            "publish one with `yiwen ingest FILE` or `yiwen demo`"
        )
    return pointer


def info(library: Library) -> Info:
    """The current version. Raises NotReadyError, CorruptSnapshotError."""
    pointer = current(library)
    manifest = read_manifest(library.snapshot_folder(pointer.version))
    size = sum(entry.size for entry in manifest.files.values())
    return Info(pointer, manifest, tuple(library.folders()), size)


def versions(library: Library) -> list[Manifest]:
    """All versions, ascending."""
    return library.versions()


def activate(
    library: Library, version: int, *, reached: Callable[[str], None] = unobserved, expected: int | None = None
) -> Pointer:
    """Make an existing version current after comparing its files; works while an ingestion runs, which then fails.

    `expected` is the revision the caller saw, None for whatever is current. What a version that was never current
    states as retracted takes effect now. Raises NotFoundError, CorruptSnapshotError, ConflictError.
    """
    folder = library.snapshot_folder(version)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    revision = library.current_revision() if expected is None else expected
    tuning = before.tuning if (before := library.readable_pointer()) else None
    if before is not None and (before.version, before.revision) == (version, revision):
        return before
    if not library.was_published(version):
        served = library.snapshot_folder(before.version) / RECORDS if before is not None else None
        merge_retractions(library, folder / RECORDS, served)
    pointer = Pointer(revision + 1, version, folder.name, tuning)
    library.flip(pointer, revision, reached=reached)
    return pointer


def prune(library: Library, settings: Settings) -> Pruned:
    """Delete all but the newest versions and the current one. Raises LockedError, StorageError."""
    keep = settings.keep_versions
    with library.writing():
        active = current(library).version
        known = list(library.folders())
        doomed = [version for version in known[:-keep] if version != active]
        for version in doomed:
            library.remove(version)
        erasure.resume(library, settings)  # last: a damaged version that is in its way may just have gone
        return Pruned(tuple(doomed), tuple(library.folders()))


def reindex(
    library: Library,
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    indexed_fields: Sequence[str] | None = None,
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
) -> Manifest:
    """Publish a version with the same records, and mentions, vectors and indexes made anew."""
    with library.writing():
        recover(library, settings, progress=progress)
        pointer = current(library)
        folder = library.snapshot_folder(pointer.version)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        fields = manifest.indexed_fields if indexed_fields is None else fields_named(indexed_fields)
        build = Build(embedder or embedder_for(settings), settings.dense_index, fields, fresh=True)
        sealing = Sealing(library, build, Previous(folder, manifest), progress=progress, reached=reached)
        with auditing(folder / RECORDS) as found:
            sealed = sealing.seal(folder / RECORDS, manifest.kb, manifest.digest, found)
        mirror.follow(settings, library, sealed, progress=progress, reached=reached)
        flip_to(library, sealed, pointer, reached)
        return sealed


# ---------------------------------------------------------------- comparing


def diff(library: Library, a: int, b: int, *, samples: int = 5) -> Mapping[str, Change]:
    """What version `b` has that `a` has not, and the reverse, per kind, in quarantine or not; and for data sets.

    The kind `held` compares what is in quarantine. Raises NotFoundError, CorruptSnapshotError.
    """
    connection = sqlite3.connect(":memory:", uri=True)
    try:
        for name, version in (("old", a), ("new", b)):
            folder = library.snapshot_folder(version)
            check_files(folder, read_manifest(folder))
            connection.execute(f"ATTACH ? AS {name}", (_read_only(folder / RECORDS),))
            for table in HELD_TABLES:
                both = f"SELECT * FROM {name}.{table} UNION ALL SELECT * FROM {name}.held_{table}"
                connection.execute(f"CREATE TEMP VIEW {name}_{table} AS {both}")
        return {kind: _change(connection, sql, samples) for kind, sql in _LABELS.items()}
    finally:
        connection.close()


def _change(connection: sqlite3.Connection, sql: str, samples: int) -> Change:
    old, new = sql.format("old"), sql.format("new")
    added, removed = _only(connection, new, old), _only(connection, old, new)
    return Change(len(added), len(removed), tuple(added[:samples]), tuple(removed[:samples]))


def _only(connection: sqlite3.Connection, here: str, there: str) -> list[str]:
    """Lines of rows that only one side has; a new spelling of an entity shows as one gained and one lost."""
    return [line for _, line in connection.execute(f"SELECT * FROM ({here} EXCEPT {there}) ORDER BY 1, 2")]


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"

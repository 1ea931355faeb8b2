"""`yiwen kb erase`: content leaves every version, every index and every file beside them; a tombstone stays.

The order, each step a named point: the tombstone goes into the register, unfinished, and from that moment nothing
serves the content. Then staged work, rejected rows and downloads are cleaned; a cleaned copy of each version that held
it is put beside the old folder and counts from then on; Neo4j and the pointer follow; the old folders go; the tombstone
is finished. Every step looks at what there is, so after a crash the next writing command goes through all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from kg_loader import mirror
from kg_loader.cleaning import Text, cleaned_copy, holds, leaning, live_ids, orphans, texts
from kg_loader.curation import now, reason_in, require_known
from kg_loader.edits import erase_drawn
from kg_loader.staging import discard
from kg_loader.traces import remove_traces, still_holding
from rag.domain import EDITOR, Pointer
from rag.errors import ConflictError, UsageError
from rag.graph.bolt import Connection
from rag.graph.drawn import DrawnFacts
from rag.register import Entry, EntryKind, is_publication, parse_key
from rag.settings import Settings
from rag.snapshot.files import storage_errors
from rag.snapshot.layout import folder_version, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.snapshot import check_files
from rag.wiring import live_server

POINTS = (
    "erase.begun", "erase.tombstone", "erase.traces", "erase.cleaned", "seal.flushed", "seal.manifest", "seal.renamed",
    "erase.mirrored", "flip.checked", "flip.remembered", "flip.renamed", "erase.removed", "erase.finished",
)  # fmt: skip
"""Every named point of an erasure, in order; crash tests kill and fail at each."""
_PROOF = 12
"""Characters of a text that is looked for in every file at the end; a shorter one may stand there for other reasons."""


@dataclass(frozen=True)
class Extent:
    """What an erasure takes: ids of facts, passages and names beside the key, and the versions that hold them."""

    key: str
    leaning: tuple[str, ...]
    versions: tuple[int, ...]

    @property
    def facts(self) -> int:
        """How many facts go."""
        return sum(identifier.startswith("f:") for identifier in (self.key, *self.leaning))

    @property
    def passages(self) -> int:
        """How many passages go."""
        return sum(identifier.startswith("p:") for identifier in (self.key, *self.leaning))


@dataclass(frozen=True)
class Erased:
    """What was done. `left` names files in which a text of it still stands, for a person to look at."""

    entry: Entry
    versions: tuple[int, ...] = ()
    reject_rows: int = 0
    files: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def extent(library: Library, key: str) -> Extent:
    """What erasing `key` would take, or still has to where it was cut short.

    Raises NotFoundError, ErasedError, UsageError, CorruptSnapshotError.
    """
    key = parse_key(key)
    if is_publication(key):
        raise UsageError(f"{key} names a publication; erase its source by the id (s:...) that /v1/evidence shows")
    if key == EDITOR.id:
        raise UsageError(
            f"{key} is what everything drawn in Neo4j has as its source, also what comes later; "
            "erase the facts (f:...), or withdraw the source"
        )
    folders = library.folders()
    begun = library.register.read().entries.get(key)
    if begun is not None and not begun.done:
        ids_begun = {key, *begun.leaning}
        return Extent(key, begun.leaning, tuple(v for v, folder in folders.items() if holds(folder, ids_begun)))
    require_known(library, key)
    for folder in folders.values():
        check_files(folder, read_manifest(folder))  # what cannot be read cannot be cleaned
    ids = dict.fromkeys(i for f in folders.values() for i in leaning(f, key)) if key.startswith("s:") else {}
    names = _names(list(folders.values()), {key, *ids})
    versions = tuple(version for version, folder in folders.items() if holds(folder, {key, *ids}))
    return Extent(key, (*ids, *names), versions)


def _names(folders: list[Path], ids: set[str]) -> list[str]:
    """Names of entities that go along, because no version has another use for them."""
    gone: set[str] = set()
    kept: set[str] = set()
    for folder in folders:
        going, staying = orphans(folder, ids)
        gone, kept = gone | going, kept | staying
    return sorted(gone - kept)


def erase(
    library: Library,
    settings: Settings,
    key: str,
    reason: str,
    *,
    reached: Callable[[str], None] = unobserved,
) -> Erased:
    """Erase a fact, a passage, or a source with all that leans on it, for good; one that was cut short is finished.

    Raises NotFoundError, ErasedError, UsageError, LockedError, CorruptSnapshotError, StorageError, LiveGraphError.
    After the last two the content is served no more, and the next writing command goes on.
    """
    reason = reason_in(reason)
    with library.writing():
        resumed = {done.entry.key: done for done in resume(library, settings, reached)}
        if done := resumed.get(parse_key(key)):
            return done
        found = extent(library, key)
        entry = Entry(found.key, EntryKind.ERASED, reason, now(), found.leaning, done=False)
        with storage_errors(library.root):
            reached("erase.begun")
        library.register.update(lambda register: register.with_erasure(entry))
        with storage_errors(library.root):
            reached("erase.tombstone")
        return _finish(library, settings, entry, reached)


def resume(library: Library, settings: Settings, reached: Callable[[str], None] = unobserved) -> list[Erased]:
    """Bring erasures that were cut short to their end; the caller is the one writer. Raises as `erase`."""
    return [_finish(library, settings, entry, reached) for entry in library.register.read().unfinished]


def _finish(library: Library, settings: Settings, entry: Entry, reached: Callable[[str], None]) -> Erased:
    from kg_loader.jobs.erasing import forget_in_jobs  # an ingestion with nothing to erase needs no state database

    ids = {entry.key, *entry.leaning}
    with storage_errors(library.root):
        folders = library.all_folders()
        drawn = DrawnFacts(library.data_dir)
        found = {text for folder in folders for text in texts(folder, ids)} | _drawn_texts(drawn, ids)
        nodes = ids.union(*(live_ids(folder, ids) for folder in folders))
        discard(library.staging)
        rows, files = remove_traces(library, found)
        forget_in_jobs(settings, found)
        drawn.forget(ids)  # after what is looked for by its text: a crash before this must find the text again
        reached("erase.traces")
        versions = _clean(library, ids, reached)
        _follow(library, settings, nodes, reached)
        _remove_replaced(library, reached)
        library.register.update(lambda register: register.finished(entry.key))
        reached("erase.finished")
        proof = [text.parts[0] for text in found if len(text.parts) == 1 and len(text.parts[0]) >= _PROOF]
        left = still_holding(library.data_dir, proof)
    return Erased(replace(entry, done=True), versions, rows, files, tuple(left))


def _drawn_texts(drawn: DrawnFacts, ids: set[str]) -> set[Text]:
    """What facts state that are in no version, because an editor drew them in Neo4j."""
    kept = (drawn.find(identifier) for identifier in sorted(ids) if identifier.startswith("f:"))
    return {Text((one.fact.subject_name, one.fact.object_text)) for one in kept if one is not None}


def _clean(library: Library, ids: set[str], reached: Callable[[str], None]) -> tuple[int, ...]:
    """Put a cleaned copy beside every version that holds one of `ids`."""
    versions = []
    for version, folder in library.folders().items():
        check_files(folder, read_manifest(folder))
        if holds(folder, ids):
            cleaned_copy(library, folder, ids, reached)
            discard(library.staging)
            versions.append(version)
    return tuple(versions)


def _follow(library: Library, settings: Settings, nodes: set[str], reached: Callable[[str], None]) -> None:
    """Neo4j and the pointer go to the cleaned copy of the current version."""
    pointer = library.pointer()
    if pointer is None:
        return
    manifest = read_manifest(library.snapshot_folder(pointer.version))
    server = live_server(settings, mirror.INGEST_TIMEOUT_S)
    if server is not None:
        with closing(Connection(server)) as connection:
            mirror.bring(connection, library, manifest, reached=reached)
            mirror.empty_retired(connection, nodes)
            erase_drawn(connection, manifest.kb, nodes)
    reached("erase.mirrored")
    _point_at_copy(library, reached)


def _point_at_copy(library: Library, reached: Callable[[str], None]) -> None:
    """Name the cleaned folder in `CURRENT`, whichever version another command may activate meanwhile."""
    while (pointer := library.pointer()) is not None:
        name = library.snapshot_folder(pointer.version).name
        if pointer.snapshot == name:
            return
        moved = Pointer(pointer.revision + 1, pointer.version, name, pointer.tuning)
        try:
            library.flip(moved, pointer.revision, reached=reached)
        except ConflictError:
            continue


def _remove_replaced(library: Library, reached: Callable[[str], None]) -> None:
    """Delete the folders whose cleaned copy has taken their place."""
    current = library.folders()
    for folder in library.all_folders():
        version = folder_version(folder.name)
        if version is not None and current[version] != folder:
            library.remove_folder(folder)
            reached("erase.removed")

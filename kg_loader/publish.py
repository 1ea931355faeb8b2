"""A settled database becomes a sealed snapshot, then the pointer flips.

Order of events, each a named point (`POINTS`): records copied and derived, vectors, indexes, validated, every file
flushed, manifest written last, folder renamed into place, the gate asked, retractions in the register, pointer
replaced. A crash before the rename leaves only a staging folder; after it, a whole version that nobody reads until the
same command, run again, asks the gate once more and flips to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from kg_loader.sealing import Build
from rag.domain import Pointer
from rag.errors import CorruptSnapshotError, UsageError
from rag.snapshot.layout import (
    FIELDS,
    MANIFEST,
    Manifest,
    read_manifest,
)
from rag.snapshot.library import Library
from rag.snapshot.snapshot import check_files

POINTS = (
    "staging.opened", "staging.rows", "staging.before_commit", "staging.committed", "staging.before_settle",
    "staging.settled", "seal.copied", "seal.audited", "seal.derived", "seal.vectors", "seal.dense", "seal.sparse",
    "seal.validated", "seal.flushed", "seal.manifest", "seal.renamed", "gate.asked", "register.merged", "flip.checked",
    "flip.remembered", "flip.renamed", "ingest.tidied",
)  # fmt: skip
"""Every named point of an ingestion, in order; crash tests kill and fail at each."""


def sealed_already(library: Library, digest: str, parent: int | None, build: Build) -> Manifest | None:
    """An intact version with this content that was sealed from `parent` but, after a crash, never became current."""
    for folder in reversed(library.folders().values()):
        if not (folder / MANIFEST).is_file() or not folder.name.endswith(digest[:12]):
            continue
        try:
            manifest = read_manifest(folder)
            check_files(folder, manifest)
        except CorruptSnapshotError:
            continue
        same = (manifest.digest, manifest.parent) == (digest, parent)
        if same and build.makes(manifest, manifest.counts["passage"]):
            return manifest
    return None


def flip_to(library: Library, manifest: Manifest, before: Pointer | None, reached: Callable[[str], None]) -> Pointer:
    """Make a sealed version current, if nobody published since `before`; the tuning stays. Raises ConflictError."""
    revision = before.revision if before else 0
    pointer = Pointer(revision + 1, manifest.version, manifest.folder_name, before.tuning if before else None)
    library.flip(pointer, revision, reached=reached)
    return pointer


def new_kb_id() -> str:
    """A random name for a knowledge base, kept by all its versions."""
    return uuid.uuid4().hex


def fields_named(names: Sequence[str]) -> tuple[str, ...]:
    """`names` in canonical order. Raises UsageError for one that is no part of a passage."""
    unknown = sorted(set(names) - set(FIELDS))
    if unknown or not names:
        raise UsageError(f"cannot index {', '.join(unknown) or 'nothing'}; expected some of {', '.join(FIELDS)}")
    return tuple(field for field in FIELDS if field in names)

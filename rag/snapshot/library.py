"""All versions of one knowledge base: which exist, which is current, who may write."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.domain import Pointer
from rag.errors import ConflictError, CorruptSnapshotError, LockedError, NotFoundError
from rag.snapshot.files import storage_errors, sync_folder, write_durably
from rag.snapshot.layout import (
    Manifest,
    corrupt,
    decode_pointer,
    encode_pointer,
    folder_erasures,
    folder_version,
    read_manifest,
    read_object,
)
from rag.snapshot.register_file import RegisterFile


def unobserved(point: str) -> None:
    """The default observer of named points of publishing; crash tests pass one that kills or fails."""


class Library:
    """The folder `<data_dir>/kb`. Reading creates nothing; every writing method names what it could not write."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.root = data_dir / "kb"
        self.snapshots = self.root / "snapshots"
        self.staging = self.root / "staging"
        self.rejects = data_dir / "rejects"
        self.register = RegisterFile(self.root)
        self._current = self.root / "CURRENT"
        self._serial = self.root / "serial"

    def pointer(self) -> Pointer | None:
        """What is served, or None before the first version; one small read. Raises CorruptSnapshotError.

        From the second revision on there has been a pointer: that it is gone must not look like an empty folder, on
        which an ingestion would begin anew. (After the first, a crash may have come just before it was written.)
        """
        if self._current.exists():
            return decode_pointer(self._current)
        if self._serials()["revision"] > 1:
            raise corrupt(self._current, "it is missing")
        return None

    def tuning_file(self, name: str) -> Path:
        """Where the tuning called `name` (16 hex digits) lies."""
        return self.root / "tuning" / f"{name}.json"

    # ------------------------------------------------------------ versions

    def folders(self) -> dict[int, Path]:
        """Every sealed snapshot folder by version, ascending; while content is erased, the cleaned one of two."""
        by_erasures = sorted(self.all_folders(), key=lambda path: folder_erasures(path.name))
        found = {folder_version(path.name): path for path in by_erasures}
        return {version: found[version] for version in sorted(v for v in found if v is not None)}

    def all_folders(self) -> list[Path]:
        """Every sealed snapshot folder, also one whose cleaned copy has taken its place already."""
        if not self.snapshots.is_dir():
            return []
        return sorted(path for path in self.snapshots.iterdir() if folder_version(path.name) is not None)

    def snapshot_folder(self, version: int) -> Path:
        """The folder of one version. Raises NotFoundError listing those that exist."""
        folders = self.folders()
        if version not in folders:
            known = ", ".join(map(str, folders)) or "none"
            raise NotFoundError(f"there is no version {version}; expected one of: {known}; see `yiwen kb versions`")
        return folders[version]

    def versions(self) -> list[Manifest]:
        """The manifests of all versions that have an intact one, ascending; `verify` names the others."""
        found = []
        for folder in self.folders().values():
            try:
                found.append(read_manifest(folder))
            except CorruptSnapshotError:
                continue
        return found

    def next_version(self) -> int:
        """A number that was never given out before."""
        pointer = self.readable_pointer()
        return max(self._serials()["version"], pointer.version if pointer else 0, *self.folders(), 0) + 1

    # ------------------------------------------------------------ writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer. Raises LockedError naming the process that is; a dead process holds nothing."""
        with storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(handle)
            self._tidy()
            yield
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
            raise LockedError(
                f"process {holder} is writing to {self.root}; wait until it has ended, then run the command again"
            ) from error
        with storage_errors(self.root):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)

    def _tidy(self) -> None:
        """Remove what a writer that was killed left behind; no reader ever looks at these names."""
        with storage_errors(self.root):
            for path in self.snapshots.glob(".removed-*"):
                shutil.rmtree(path)
            for path in self.root.glob(".*.tmp"):
                path.unlink()

    def flip(self, pointer: Pointer, expected_revision: int, *, reached: Callable[[str], None] = unobserved) -> None:
        """Make `pointer` current if the revision still is `expected_revision` (0: none yet). Raises ConflictError."""
        self.snapshot_folder(pointer.version)
        with storage_errors(self._current), self._flipping():
            found = self.current_revision()
            if found != expected_revision:
                raise ConflictError(
                    f"the knowledge base is at revision {found}, expected {expected_revision}: "
                    "another command published in between; run this one again"
                )
            if not (self.snapshots / pointer.snapshot).is_dir():
                raise ConflictError(f"{pointer.snapshot} was replaced by another command meanwhile; run this one again")
            reached("flip.checked")
            self.remember(pointer.version, pointer.revision)
            reached("flip.remembered")
            write_durably(self._current, encode_pointer(pointer))
            reached("flip.renamed")

    @contextmanager
    def _flipping(self) -> Iterator[None]:
        """A short lock of its own: the comparison and the rename are one step even for two live writers."""
        handle = os.open(self.root / "flip.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def current_revision(self) -> int:
        """The revision of `CURRENT`; the last one given out where that file is damaged; 0 before the first."""
        try:
            pointer = self.pointer()
        except CorruptSnapshotError:
            return self._serials()["revision"]
        return pointer.revision if pointer else 0

    def was_published(self, version: int) -> bool:
        """Whether the pointer has ever been at `version` or a later one; False for one that waits for its flip."""
        return version <= self._serials()["version"]

    def remember(self, version: int, revision: int) -> None:
        """Raise the highest numbers ever given out, so that neither is used again after pruning."""
        last = self._serials()
        highest = {"version": max(version, last["version"]), "revision": max(revision, last["revision"])}
        if highest != last:
            write_durably(self._serial, json.dumps(highest).encode() + b"\n")

    def remove(self, version: int) -> None:
        """Delete a snapshot, also what a cleaned copy has replaced."""
        with storage_errors(self.snapshot_folder(version)):
            self.remember(version, self.current_revision())
        for folder in self.all_folders():
            if folder_version(folder.name) == version:
                self.remove_folder(folder)

    def remove_folder(self, folder: Path) -> None:
        """Delete a snapshot folder; it gets a name that no reader looks at before any file goes."""
        with storage_errors(folder):
            doomed = folder.with_name(f".removed-{folder.name}")
            os.replace(folder, doomed)
            sync_folder(self.snapshots)
            shutil.rmtree(doomed)

    def _serials(self) -> dict[str, int]:
        """The highest numbers ever given out; where the file is damaged, what `CURRENT` and the folders say counts."""
        try:
            content = read_object(self._serial) if self._serial.exists() else {}
        except CorruptSnapshotError:
            content = {}
        return {key: value if isinstance(value := content.get(key), int) else 0 for key in ("version", "revision")}

    def readable_pointer(self) -> Pointer | None:
        """The pointer, or None where `CURRENT` is missing or damaged; for repairing it."""
        try:
            return self.pointer()
        except CorruptSnapshotError:
            return None

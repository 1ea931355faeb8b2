"""`<data_dir>/kb/register.json`: the register on disk, replaced in one step under a short lock of its own.

It belongs to no version, so a change takes effect in all of them, and while another process ingests. Whoever answers
looks at the file's inode, size and time: a replaced file has another inode, so nobody reads an old one by mistake.

A damaged register is an error for readers and writers alike. Guessing that it was empty would let what was withdrawn
support again; the copy of the revision before lies beside it as `register.previous.json`.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rag.errors import CorruptSnapshotError
from rag.register import EMPTY, Entry, EntryKind, Register
from rag.snapshot.files import storage_errors, write_durably
from rag.snapshot.layout import sealed, unsealed

NAME, PREVIOUS, LOCK = "register.json", "register.previous.json", "register.lock"
_FORMAT = 1
_Stamp = tuple[int, int, int]


class RegisterFile:
    """The register of one knowledge base folder. Safe for threads; reading an unchanged file costs one `stat`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / NAME
        self._previous = root / PREVIOUS
        self._guard = threading.Lock()
        self._known: tuple[_Stamp | None, Register] | None = None

    def read(self) -> Register:
        """What holds now; the same object while the file is the same. Raises CorruptSnapshotError."""
        stamp = self._stamp()
        known = self._known
        if known is not None and known[0] == stamp:
            return known[1]
        with self._guard:
            stamp = self._stamp()  # before reading: a change in between is seen by the next look
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, self._load())
            return self._known[1]

    def update(self, change: Callable[[Register], Register]) -> Register:
        """Replace the register by `change` of it, one writer after the other; the new one.

        `change` may raise, then nothing is written; nor where it gives back what it got. Raises CorruptSnapshotError,
        StorageError.
        """
        with storage_errors(self.path):
            self.root.mkdir(parents=True, exist_ok=True)
            with self._locked():
                before = self._load()
                after = change(before)
                if after is not before:
                    write_durably(self._previous, encoded(before))
                    write_durably(self.path, encoded(after))
        return self.read()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _stamp(self) -> _Stamp | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _load(self) -> Register:
        if self.path.exists():
            return self._decode(self.path)
        # The copy of a first, empty register alone: a crash came just before the first entry was written.
        if self._previous.exists() and self._decode(self._previous).revision > 0:
            raise self._damaged("it is missing")
        return EMPTY

    def _decode(self, path: Path) -> Register:
        try:
            return decoded(path.read_bytes())
        except CorruptSnapshotError as error:
            raise self._damaged(str(error)) from error
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error

    def _damaged(self, why: str) -> CorruptSnapshotError:
        return CorruptSnapshotError(
            f"{self.path}: {why}; what was withdrawn is not known, so nothing is answered or written. "
            f"Restore it from a backup, or copy {PREVIOUS} over it, which is one change older"
        )


def encoded(register: Register) -> bytes:
    """The register as JSON with a checksum of itself."""
    entries = [asdict(register.entries[key]) for key in sorted(register.entries)]
    content = sealed({"format": _FORMAT, "revision": register.revision, "entries": entries})
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def decoded(text: bytes) -> Register:
    """The register in such JSON. Raises CorruptSnapshotError, its message only the reason."""
    try:
        found = unsealed(json.loads(text))
        entries = [Entry(**_typed(row)) for row in found["entries"]]  # type: ignore[attr-defined]  # see below
        known = found["format"] == _FORMAT
        revision = int(found["revision"])  # type: ignore[call-overload]  # the checksum vouches for the types
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptSnapshotError(f"it cannot be read ({type(error).__name__})") from error
    if not known:
        raise CorruptSnapshotError("another version of this program made it")
    return Register(revision, MappingProxyType({entry.key: entry for entry in entries}))


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "kind": EntryKind(row["kind"]), "leaning": tuple(row["leaning"])}

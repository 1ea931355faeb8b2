"""Durable files: what is renamed into place was fsynced before, and every failure is one clear line.

`kill -9` keeps the page cache, a power cut does not; so a file is flushed, renamed, and its folder flushed, in that
order, before anything refers to it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import xxhash

from rag.errors import StorageError

_BLOCK = 1 << 20
_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file grew beyond what this system allows; raise the limit and run the same command again",
    errno.EROFS: "the file system is read-only; set YIWEN_DATA_DIR to a folder that can be written",
    errno.EACCES: "permission denied; set YIWEN_DATA_DIR to a folder that this user can write",
    errno.EPERM: "operation not permitted; set YIWEN_DATA_DIR to a folder that this user can write",
    errno.EIO: "the disk reports an I/O error; check it before running the same command again",
}


@dataclass(frozen=True)
class FileEntry:
    """What a manifest says of one file: bytes, xxh3_128 for start-up, sha256 for `kb verify`."""

    size: int
    xxh3: str
    sha256: str


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn failures of the disk below `place` into a StorageError of one line; nothing else is touched."""
    try:
        yield
    except BrokenPipeError:
        raise  # a progress line that nobody reads is no failure of the disk
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else place
        advice = _ADVICE.get(error.errno or 0, f"{error.strerror or error}; check the disk and run the command again")
        raise StorageError(f"cannot write {where}: {advice}") from error
    except sqlite3.OperationalError as error:
        raise StorageError(f"cannot write {place}: {_sqlite_advice(error)}") from error


def _sqlite_advice(error: sqlite3.OperationalError) -> str:
    by_code = {"SQLITE_FULL": errno.ENOSPC, "SQLITE_READONLY": errno.EACCES, "SQLITE_CANTOPEN": errno.EACCES}
    name = str(getattr(error, "sqlite_errorname", ""))
    for code, number in by_code.items():
        if name.startswith(code):
            return _ADVICE[number]
    if name.startswith("SQLITE_IOERR"):
        return _ADVICE[errno.EIO]
    return f"{error}; run the same command again"


def as_os_error(error: Exception, place: Path) -> OSError:
    """What a native library reported as text about a file it could not write."""
    found = re.search(r"os error (\d+)", str(error))
    number = int(found[1]) if found else errno.EIO
    return OSError(number, os.strerror(number), str(place))


def checksum(path: Path, *, sha256: bool) -> FileEntry:
    """Size and hashes of a file; `sha256` is left empty unless asked for (it costs forty times as much)."""
    fast, slow, size = xxhash.xxh3_128(), hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            fast.update(block)
            if sha256:
                slow.update(block)
            size += len(block)
    return FileEntry(size, fast.hexdigest(), slow.hexdigest() if sha256 else "")


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries, so that a rename in it survives a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` in one step: readers see the old content or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for an immutable file; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def files_below(folder: Path) -> list[str]:
    """Relative names (with `/`) of all plain files below `folder`, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

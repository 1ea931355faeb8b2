"""Pointer, versions, lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kg_loader.versions import activate
from rag.domain import Pointer
from rag.errors import ConflictError, CorruptSnapshotError, LockedError, NotFoundError
from rag.snapshot import Library
from tests.kb import generated, publish

HOLD = """
import sys, time
from pathlib import Path
from rag.snapshot import Library
with Library(Path(sys.argv[1])).writing():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_reading_creates_nothing(library: Library) -> None:
    assert library.pointer() is None
    assert library.versions() == []
    with pytest.raises(NotFoundError, match="no version 3; expected one of: none"):
        library.snapshot_folder(3)
    assert list(library.data_dir.iterdir()) == []


def test_versions_ascend_and_revisions_grow(library: Library) -> None:
    for seed in (1, 2, 3):
        publish(library, {"x": generated(seed, 3)})
    assert [manifest.version for manifest in library.versions()] == [1, 2, 3]
    assert [manifest.parent for manifest in library.versions()] == [None, 1, 2]
    assert len({manifest.kb for manifest in library.versions()}) == 1
    pointer = library.pointer()
    assert pointer is not None
    assert (pointer.revision, pointer.version) == (3, 3)


def test_flip_compares_the_revision(library: Library) -> None:
    publish(library, {"x": generated(1, 3)})
    name = library.snapshot_folder(1).name
    with pytest.raises(ConflictError, match="at revision 1, expected 0"):
        library.flip(Pointer(1, 1, name), 0)
    library.flip(Pointer(2, 1, name, "0123456789abcdef"), 1)
    assert library.pointer() == Pointer(2, 1, name, "0123456789abcdef")


def test_flip_to_a_version_that_does_not_exist(library: Library) -> None:
    publish(library, {"x": generated(1, 3)})
    with pytest.raises(NotFoundError):
        library.flip(Pointer(2, 9, "000009-000000000000"), 1)


def test_a_removed_version_number_is_never_used_again(library: Library) -> None:
    publish(library, {"x": generated(1, 3)})
    publish(library, {"x": generated(2, 3)})
    library.flip(Pointer(3, 1, library.snapshot_folder(1).name), 2)
    library.remove(2)
    assert publish(library, {"x": generated(3, 3)}).version == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}'])
def test_a_damaged_pointer_is_named_and_keeps_its_revision(library: Library, content: bytes) -> None:
    publish(library, {"x": generated(1, 3)})
    publish(library, {"x": generated(2, 3)})
    (library.root / "CURRENT").write_bytes(content)
    with pytest.raises(CorruptSnapshotError, match="CURRENT"):
        library.pointer()
    assert library.current_revision() == 2


def test_the_second_writer_is_told_who_the_first_is(library: Library) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(library.data_dir)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(LockedError, match=f"process {holder.pid} is writing"):
            publish(library, {"x": generated(1, 3)})
        os.kill(holder.pid, signal.SIGSTOP)
        with pytest.raises(LockedError), library.writing():
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert publish(library, {"x": generated(1, 3)}).version == 1, "the lock of a dead process is free"


def test_leftovers_of_a_killed_writer_are_removed(library: Library) -> None:
    publish(library, {"x": generated(1, 3)})
    (library.snapshots / ".removed-000009-000000000000").mkdir()
    (library.root / ".CURRENT.1.tmp").write_bytes(b"half")
    publish(library, {"x": generated(2, 3)})
    names = {path.name for path in (*library.root.iterdir(), *library.snapshots.iterdir())}
    assert not any(name.startswith(".") for name in names)


def test_a_lost_pointer_is_no_empty_knowledge_base(library: Library) -> None:
    for seed in (1, 2):
        publish(library, {"x": generated(seed, 3)})
    (library.root / "CURRENT").unlink()
    with pytest.raises(CorruptSnapshotError, match=r"CURRENT: it is missing; .* `yiwen kb activate VERSION`"):
        publish(library, {"y": generated(3, 3)})
    assert activate(library, 2).revision == 3
    assert publish(library, {"y": generated(3, 3)}).version == 3


@pytest.mark.parametrize("content", [b"", b"junk", b"[]"])
def test_damaged_serial_numbers_block_nothing(library: Library, content: bytes) -> None:
    for seed in (1, 2):
        publish(library, {"x": generated(seed, 3)})
    (library.root / "serial").write_bytes(content)
    assert activate(library, 1).revision == 3
    assert publish(library, {"x": generated(3, 3)}).version == 3

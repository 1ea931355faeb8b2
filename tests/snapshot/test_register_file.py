"""The register on disk: whole or an error, seen at once, and never two writers at a time."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rag.errors import CorruptSnapshotError, StorageError
from rag.register import EMPTY, Entry, EntryKind, Register
from rag.snapshot.files import write_durably
from rag.snapshot.register_file import NAME, PREVIOUS, RegisterFile, decoded, encoded

WHEN = "2026-01-02T03:04:05+00:00"


def withdrawn(key: str) -> Entry:
    return Entry(key, EntryKind.WITHDRAWN, "理由", WHEN)


def add(file: RegisterFile, key: str) -> Register:
    return file.update(lambda register: register.with_entry(withdrawn(key)))


@pytest.fixture
def file(tmp_path: Path) -> RegisterFile:
    return RegisterFile(tmp_path)


def test_without_a_file_nothing_is_withheld(file: RegisterFile, tmp_path: Path) -> None:
    assert file.read() is EMPTY
    assert list(tmp_path.iterdir()) == [], "reading writes nothing"


def test_entries_come_back_as_they_were(file: RegisterFile, tmp_path: Path) -> None:
    erased = Entry("s:0000000000000001", EntryKind.ERASED, "申请删除", WHEN, ("p:0000000000000002",), done=False)
    add(file, "pmid:7")
    written = file.update(lambda register: register.with_erasure(erased))
    assert decoded(encoded(written)) == written
    again = RegisterFile(tmp_path).read()
    assert (again, again.revision) == (written, 2)


def test_another_process_change_is_seen_at_the_next_look(file: RegisterFile, tmp_path: Path) -> None:
    other = RegisterFile(tmp_path)
    assert file.read() is file.read()
    for number in range(20):
        add(other, f"pmid:{number + 1}")
        assert len(file.read().entries) == number + 1
    assert file.read() is file.read()


def test_a_change_that_raises_or_changes_nothing_writes_nothing(file: RegisterFile) -> None:
    add(file, "pmid:7")
    stamp = file.path.stat().st_mtime_ns
    with pytest.raises(Exception, match="already"):
        add(file, "pmid:7")
    file.update(lambda register: register)
    assert file.path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"entries": 3, "checksum": "x"}', "坏".encode("gb18030")]
)
def test_a_damaged_register_is_an_error_for_readers_and_writers(file: RegisterFile, content: bytes) -> None:
    add(file, "pmid:7")
    write_durably(file.path, content)
    for use in (file.read, lambda: add(file, "pmid:8")):
        with pytest.raises(CorruptSnapshotError, match=r"register\.previous\.json") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert file.path.read_bytes() == content


def test_one_changed_letter_is_noticed(file: RegisterFile) -> None:
    add(file, "pmid:7")
    write_durably(file.path, file.path.read_bytes().replace(b"pmid:7", b"pmid:8"))
    with pytest.raises(CorruptSnapshotError, match="checksum"):
        file.read()


def test_a_register_of_a_later_program_is_not_guessed_at(file: RegisterFile) -> None:
    from rag.snapshot.layout import sealed

    write_durably(file.path, json.dumps(sealed({"format": 2, "revision": 1, "entries": []})).encode())
    with pytest.raises(CorruptSnapshotError, match="another version of this program"):
        file.read()


def test_a_register_that_is_gone_is_not_an_empty_one(file: RegisterFile, tmp_path: Path) -> None:
    add(file, "pmid:7")
    add(file, "pmid:8")
    file.path.unlink()
    with pytest.raises(CorruptSnapshotError, match="it is missing"):
        file.read()
    (tmp_path / PREVIOUS).rename(tmp_path / NAME)
    assert file.read().entries.keys() == {"pmid:7"}, "the copy is one change older"


def test_a_crash_before_the_first_entry_leaves_an_empty_register(file: RegisterFile, tmp_path: Path) -> None:
    write_durably(tmp_path / PREVIOUS, encoded(EMPTY))
    assert file.read() is EMPTY
    assert add(file, "pmid:7").revision == 1


def test_writers_take_turns(tmp_path: Path) -> None:
    def work(start: int) -> None:
        own = RegisterFile(tmp_path)
        for number in range(10):
            add(own, f"pmid:{start + number}")

    threads = [threading.Thread(target=work, args=(100 * n + 1,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = RegisterFile(tmp_path).read()
    assert (len(found.entries), found.revision) == (40, 40)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "kb").write_text("no folder", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot write"):
        add(RegisterFile(tmp_path / "kb"), "pmid:7")

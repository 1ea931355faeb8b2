"""A published file that changed by one bit is refused by name before anything reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_loader import versions
from kg_loader.verify import verify
from rag.errors import CorruptSnapshotError
from rag.snapshot import Library, open_snapshot
from tests.kb import HashEmbedder, generated, publish

KINDS = ("manifest.json", "records.sqlite", "vectors.npy", "dense.faiss", "sparse/meta.json", "sparse/*.store")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for seed in (1, 2):
        publish(Library(folder), {"x": generated(seed, 20)}, embedder=HashEmbedder())
    return folder


@pytest.fixture
def library(published: Path, tmp_path: Path) -> Library:
    shutil.copytree(published, tmp_path / "copy")
    return Library(tmp_path / "copy")


def chosen(library: Library, version: int, kind: str) -> Path:
    return sorted(library.snapshot_folder(version).glob(kind))[0]


def flip_first_bit(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def flip_middle_bit(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def zero_a_page(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(min(4096, len(content)))
    path.write_bytes(content)


def truncate(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: -(1 + path.stat().st_size // 9)])


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path, other: Path) -> None:
    path.unlink()


def swap(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


DAMAGES = (flip_first_bit, flip_middle_bit, zero_a_page, truncate, empty, remove, swap)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_and_named(library: Library, kind: str, damage: Callable[[Path, Path], None]) -> None:
    path = chosen(library, 2, kind)
    damage(path, chosen(library, 1, kind))
    with pytest.raises(CorruptSnapshotError, match=path.name) as caught:
        open_snapshot(library.snapshot_folder(2))
    assert "kb activate" in str(caught.value)
    assert caught.value.exit_code == 5
    report = verify(library, 2)
    assert not report.ok
    assert path.name in report.problems[0]
    assert verify(library, 1).ok, "the other version is intact"


def test_a_damaged_version_cannot_be_activated(library: Library) -> None:
    flip_middle_bit(chosen(library, 1, "records.sqlite"), Path())
    with pytest.raises(CorruptSnapshotError, match=r"records\.sqlite"):
        versions.activate(library, 1)
    pointer = library.pointer()
    assert pointer is not None
    assert pointer.version == 2


def test_a_damaged_pointer_is_mended_by_activating(library: Library) -> None:
    (library.root / "CURRENT").write_bytes(b"\0\0")
    pointer = versions.activate(library, 2)
    assert (pointer.revision, pointer.version) == (3, 2)
    assert library.pointer() == pointer


def test_a_snapshot_under_another_name_is_refused(library: Library) -> None:
    folder = library.snapshot_folder(2)
    moved = folder.with_name("000007-0123456789ab")
    folder.rename(moved)
    with pytest.raises(CorruptSnapshotError, match=f"belongs to {folder.name}"):
        open_snapshot(moved)

"""Killed or failing anywhere, an erasure has not begun or the next writing command ends it; nothing serves it."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_loader.erasure import POINTS, erase
from kg_loader.verify import verify
from kg_loader.versions import activate, prune, reindex
from rag.domain import Passage, PassageKind, Record
from rag.errors import ErasedError, StorageError
from rag.snapshot import Library
from rag.wiring import build
from tests.crash.forking import Forking
from tests.kb import BOOK, generated, opened, publish, settings_for

SECRET = Passage("病1号3之患者魍魉某某，自述静养无效。", PassageKind.CONCLUSION, BOOK.id)
REPEATED = ("erase.cleaned", "seal.flushed", "seal.manifest", "seal.renamed", "erase.removed")
NOT_YET = ("erase.begun",)
Killed = Callable[..., bool]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secret")
    records: list[Record] = generated(1, 20)
    publish(Library(folder), {"x": [*records, SECRET]})
    publish(Library(folder), {"x": records})
    publish(Library(folder), {"x": [*records, SECRET], "y": [BOOK]})
    (folder / "rejects").mkdir()
    (folder / "rejects" / "x-1.jsonl").write_text(f'{{"raw": "{SECRET.text}"}}\n{{"raw": "别的"}}\n', encoding="utf-8")
    return folder


@pytest.fixture
def library(published: Path, tmp_path: Path) -> Library:
    shutil.copytree(published, tmp_path / "data")
    return Library(tmp_path / "data")


@pytest.fixture
def killed(forked: Forking) -> Killed:
    """Runs a process that is to kill itself; did it?"""
    return lambda library, point, nth=1: forked.killed("erase", library.data_dir, SECRET.id, point, nth)


def check(library: Library) -> bool:
    """Every version that can be listed is whole, and the secret is served wholly or not at all; is it erased?"""
    register = library.register.read()
    erased = SECRET.id in register.tombstones
    pipeline = build(settings_for(library.data_dir), verify=False)
    for version in (1, 2, 3):
        assert verify(library, version).ok
        _, found, _ = pipeline.search("患者魍魉某某静养", top_k=50, kb_version=version)
        assert (SECRET.id in {e.id for e in found}) == (not erased and version != 2)
    if erased:
        with pytest.raises(ErasedError):
            register.require_kept(SECRET.id)
    return erased


def finished(library: Library, *, versions: tuple[int, ...] = (1, 2, 3)) -> None:
    """No byte is left, every version is there once, and the tombstone says so."""
    needle = "魍魉".encode()
    assert not [path for path in library.data_dir.rglob("*") if path.is_file() and needle in path.read_bytes()]
    assert library.register.read().unfinished == ()
    assert len(library.all_folders()) == len(versions)
    for version in versions:
        assert verify(library, version).ok
        assert SECRET.id not in opened(library, version).evidence([SECRET.id])
    pointer = library.pointer()
    assert pointer is not None
    assert pointer.snapshot == library.snapshot_folder(pointer.version).name
    assert "别的" in (library.rejects / "x-1.jsonl").read_text(encoding="utf-8")


def go_on(library: Library) -> None:
    """The next writing command, whatever it is; here one that changes nothing else."""
    publish(library, {"y": [BOOK]}, recovering=True)


EVERY = [(point, nth) for point in POINTS for nth in ((1, 2) if point in REPEATED else (1,))]


@pytest.mark.parametrize(("point", "nth"), EVERY)
def test_killed_at_a_named_point(killed: Killed, library: Library, point: str, nth: int) -> None:
    assert killed(library, point, nth), f"{point} was never reached {nth} times"
    if not check(library):
        assert point in NOT_YET
        erase(library, settings_for(library.data_dir), SECRET.id, "x")
    go_on(library)
    finished(library)


@pytest.mark.parametrize("point", POINTS)
def test_the_disk_fails_at_a_named_point(library: Library, point: str) -> None:
    def fail(name: str) -> None:
        if name == point:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(library.root / "somewhere"))

    with pytest.raises(StorageError, match=r"cannot write .*/somewhere: "):
        erase(library, settings_for(library.data_dir), SECRET.id, "x", reached=fail)
    if not check(library):
        assert point in NOT_YET
        erase(library, settings_for(library.data_dir), SECRET.id, "x")
    go_on(library)
    finished(library)


@pytest.mark.parametrize("command", ["prune", "reindex", "erase another"])
def test_other_writing_commands_finish_it_too(killed: Killed, library: Library, command: str) -> None:
    settings = settings_for(library.data_dir, keep_versions=2)
    assert killed(library, "seal.renamed")
    activate(library, 2)  # needs no lock, and changes nothing about it
    commands: dict[str, Callable[[], object]] = {
        "prune": lambda: prune(library, settings),
        "reindex": lambda: reindex(library, settings),
        "erase another": lambda: erase(library, settings, generated(1, 20)[5].id, "x"),  # type: ignore[union-attr]
    }
    commands[command]()
    finished(library, versions={"prune": (2, 3), "reindex": (1, 2, 3, 4)}.get(command, (1, 2, 3)))


def test_killed_again_and_again(killed: Killed, library: Library) -> None:
    for point in ("erase.traces", "erase.traces", "erase.cleaned", "seal.renamed", "erase.cleaned", "flip.renamed"):
        assert killed(library, point), "the same command goes on where it was"
        assert check(library)
    assert erase(library, settings_for(library.data_dir), SECRET.id, "x").entry.reason == "本人要求"
    finished(library)


def kill_at_random(forked: Forking, library: Library, rng: random.Random) -> None:
    forked.ended("erase", library.data_dir, SECRET.id, "none", 1, kill_after=rng.uniform(0.0, 0.5))
    if not check(library):
        erase(library, settings_for(library.data_dir), SECRET.id, "x")
    go_on(library)
    finished(library)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random(forked: Forking, library: Library, seed: int) -> None:
    kill_at_random(forked, library, random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
def test_killed_at_random_often(forked: Forking, library: Library, seed: int) -> None:
    kill_at_random(forked, library, random.Random(seed))

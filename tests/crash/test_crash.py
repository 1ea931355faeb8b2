"""Killed or failing anywhere, an ingestion leaves the old version serving, and the same command finishes the job."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from kg_loader.publish import POINTS
from kg_loader.verify import verify
from rag.domain import Pointer
from rag.errors import GateError, StorageError
from rag.snapshot import Library
from tests.crash.child import GATE, SIZE
from tests.crash.forking import Forking
from tests.kb import HashEmbedder, generated, opened, publish

ROOT = Path(__file__).parents[2]
OLD, NEW = 1, 2
FLIPPED = ("flip.renamed", "ingest.tidied")
Killed = Callable[..., bool]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    ingest(Library(folder), OLD)
    return folder


@pytest.fixture(scope="session")
def digest(tmp_path_factory: pytest.TempPathFactory, published: Path) -> str:
    """What an ingestion that nothing disturbs ends with."""
    folder = tmp_path_factory.mktemp("undisturbed") / "kb"
    shutil.copytree(published, folder)
    return ingest(Library(folder), NEW)


@pytest.fixture
def library(published: Path, tmp_path: Path) -> Library:
    shutil.copytree(published, tmp_path / "data")
    return Library(tmp_path / "data")


def ingest(library: Library, seed: int, reached: Callable[[str], None] = lambda point: None) -> str:
    records = {"x": generated(seed, SIZE)}
    return publish(library, records, embedder=HashEmbedder(), reached=reached, gate=GATE).digest


@pytest.fixture
def killed(forked: Forking) -> Killed:
    """Runs a process that is to kill itself; did it?"""
    return lambda library, point, nth=1: forked.killed("publish", library.data_dir, NEW, point, nth)


def served(library: Library) -> Pointer:
    """The pointer, after making sure that what it names is whole and that nothing half made is visible."""
    pointer = library.pointer()
    assert pointer is not None
    snapshot = opened(library)
    assert snapshot.index_sizes == {"sparse": SIZE, "dense": SIZE}
    first = next(iter(snapshot.scan("entity")))
    assert f"病{OLD if pointer.version == 1 else NEW}号" in repr(first)
    snapshot.close()
    for version in library.folders():
        assert verify(library, version).ok, "a version that can be listed is complete"
    return pointer


def finish(library: Library, digest: str) -> None:
    """The same command again ends where an undisturbed one would, and once more changes nothing."""
    assert ingest(library, NEW) == digest
    pointer = served(library)
    assert (pointer.version, pointer.revision) == (2, 2), "a version that was sealed before the crash is not made twice"
    assert not library.staging.exists()
    assert ingest(library, NEW) == digest
    assert library.pointer() == pointer


@pytest.mark.parametrize(("point", "nth"), [*((point, 1) for point in POINTS), ("staging.before_commit", 4)])
def test_killed_at_a_named_point(killed: Killed, library: Library, digest: str, point: str, nth: int) -> None:
    assert killed(library, point, nth), f"{point} was never reached"
    assert served(library).version == (2 if point in FLIPPED else 1)
    finish(library, digest)


# What number it is matters to nothing but the words of the message.
@pytest.mark.parametrize(
    ("point", "number"), list(zip(POINTS, cycle([errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS]), strict=False))
)
def test_the_disk_fails_at_a_named_point(library: Library, digest: str, point: str, number: int) -> None:
    def fail(name: str) -> None:
        if name == point:
            raise OSError(number, os.strerror(number), str(library.root / "somewhere"))

    with pytest.raises(StorageError) as caught:
        ingest(library, NEW, fail)
    message = str(caught.value)
    assert message.startswith(f"cannot write {library.root}/somewhere: ")
    assert "\n" not in message
    assert caught.value.exit_code == 6
    assert served(library).version == (2 if point in FLIPPED else 1)
    finish(library, digest)


def test_killed_while_resuming(killed: Killed, library: Library, digest: str) -> None:
    for nth in (2, 2, 2):
        assert killed(library, "staging.before_commit", nth)
        assert served(library).version == 1
    finish(library, digest)


def test_resuming_repeats_one_batch_at_most(killed: Killed, library: Library) -> None:
    assert killed(library, "staging.before_commit", 4)
    commits: list[str] = []
    ingest(library, NEW, commits.append)
    whole = -(-(len(generated(NEW, SIZE)) + 1) // 50)
    assert commits.count("staging.committed") == whole - 3


@pytest.mark.parametrize("point", ["seal.renamed", "gate.asked"])
def test_a_version_sealed_before_the_crash_still_has_to_pass(
    killed: Killed, library: Library, digest: str, point: str
) -> None:
    assert killed(library, point)
    assert list(library.folders()) == [1, 2]
    strict = replace(GATE, limits={"any": 0.0})
    with pytest.raises(GateError):
        publish(library, {"x": generated(NEW, SIZE)}, embedder=HashEmbedder(), gate=strict)
    assert (served(library).version, list(library.folders())) == (1, [1])
    assert ingest(library, NEW) == digest
    assert served_as(library, NEW) == 3


def test_killed_while_a_refused_version_is_removed(killed: Killed, library: Library, digest: str) -> None:
    assert killed(library, "gate.asked")
    folder = library.snapshot_folder(2)
    library.remember(2, 1)
    folder.rename(folder.with_name(f".removed-{folder.name}"))
    assert served(library).version == 1
    assert ingest(library, NEW) == digest
    assert served_as(library, NEW) == 3
    assert not any(path.name.startswith(".removed-") for path in library.snapshots.iterdir())


def served_as(library: Library, seed: int) -> int:
    """The version that is served, after a look at whose records it holds."""
    first = next(iter(opened(library).scan("entity")))
    assert f"病{seed}号" in repr(first)
    pointer = library.pointer()
    assert pointer is not None
    return pointer.version


def test_staging_for_other_input_is_discarded(killed: Killed, library: Library, digest: str) -> None:
    assert killed(library, "staging.before_commit", 4)
    other = publish(library, {"y": generated(7, 5)}, embedder=HashEmbedder())
    assert opened(library).manifest.datasets == ("x", "y")
    assert other.version == 2
    assert ingest(library, NEW) != digest, "another base, so other content"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_killed_while_the_version_before_is_copied_to_be_staged_on(library: Library, digest: str, share: float) -> None:
    whole = (library.snapshot_folder(1) / "records.sqlite").read_bytes()
    library.staging.mkdir(parents=True)
    (library.staging / "records.sqlite").write_bytes(whole[: int(len(whole) * share)])
    finish(library, digest)


def kill_at_random(forked: Forking, library: Library, digest: str, rng: random.Random) -> None:
    forked.ended("publish", library.data_dir, NEW, "none", 1, kill_after=rng.uniform(0.0, 0.4))
    served(library)
    finish(library, digest)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_random(forked: Forking, library: Library, digest: str, seed: int) -> None:
    kill_at_random(forked, library, digest, random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_killed_at_random_often(forked: Forking, library: Library, digest: str, seed: int) -> None:
    kill_at_random(forked, library, digest, random.Random(seed))


LIMITED = """
import resource, signal, sys
from pathlib import Path
from rag.errors import StorageError
from rag.snapshot import Library
from tests.kb import HashEmbedder, generated, publish
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    publish(Library(Path(sys.argv[1])), {"x": generated(2, 1500)}, embedder=HashEmbedder())
except StorageError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("limit", [0, 4_000, 40_000, 150_000, 400_000])
def test_a_disk_that_refuses_to_grow_a_file(library: Library, limit: int) -> None:
    arguments = [sys.executable, "-c", LIMITED, str(library.data_dir), str(limit)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 6, done.stderr
    assert done.stdout.startswith("cannot write ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert served(library).version == 1

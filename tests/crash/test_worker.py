"""A worker killed without warning loses no job that was accepted; the next one ends where nobody was disturbed."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from kg_loader.jobs.job import Job, State
from kg_loader.jobs.process import end, launch
from kg_loader.jobs.table import JobTable
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import open_state
from tests.jobs.files import facts, order
from tests.kb import opened, settings_for

ROWS = 12_000
"""More than one batch, so that there is something to resume."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    return [facts(folder / "一.csv", ROWS, mark="一"), facts(folder / "二.csv", 50, mark="二", broken=2)]


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory, files: list[Path]) -> list[str]:
    """Of an ingestion of each file, one after the other, that nothing disturbs."""
    settings = settings_for(tmp_path_factory.mktemp("undisturbed"))
    return [ingest(Library(settings.data_dir), [file], settings=settings).digest for file in files]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return settings_for(data_dir)


@pytest.fixture
def jobs(settings: Settings) -> Iterator[JobTable]:
    database = open_state(settings)
    yield JobTable(database)
    database.close()


def worker(settings: Settings) -> subprocess.Popen[bytes]:
    return launch("kg_loader.jobs.beside", settings, {}, piped=False)


def until(condition: Callable[[], bool], seconds: float = 50.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def listens(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has its own handler for SIGTERM yet."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def begun(jobs: JobTable, job: Job, attempt: int) -> bool:
    found = jobs.get(job.id)
    return found.ended or (found.attempts >= attempt and found.progress is not None)


def disturb(
    settings: Settings, jobs: JobTable, files: list[Path], digests: list[str], rng: random.Random, kills: int
) -> None:
    accepted = [jobs.submit(order(file), "me") for file in files]
    for attempt in range(1, kills + 1):
        process = worker(settings)
        until(lambda attempt=attempt: begun(jobs, accepted[0], attempt))  # type: ignore[misc]  # bound at once
        time.sleep(rng.uniform(0.0, 2.5))
        kill(process)
    process = worker(settings)
    until(lambda: all(jobs.get(job.id).ended for job in accepted))
    until(lambda: listens(process))  # an earlier worker may have left it nothing to do
    end(process, 10)
    assert process.returncode == 0
    done = [jobs.get(job.id) for job in accepted]
    assert [job.state for job in done] == [State.DONE, State.DONE_WITH_REJECTS]
    assert [job.report["digest"] for job in done if job.report is not None] == digests
    assert sum(done[1].rejected.values()) == 2
    library = Library(settings.data_dir)
    assert opened(library).manifest.digest == digests[-1]
    assert list(library.folders()) == [1, 2], "no version was made twice"
    assert not library.staging.exists()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(2))
def test_a_worker_killed_at_random(
    settings: Settings, jobs: JobTable, files: list[Path], digests: list[str], seed: int
) -> None:
    disturb(settings, jobs, files, digests, random.Random(seed), kills=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 125))
def test_a_worker_killed_at_random_often(
    settings: Settings, jobs: JobTable, files: list[Path], digests: list[str], seed: int
) -> None:
    disturb(settings, jobs, files, digests, random.Random(seed), kills=4)


@pytest.mark.timeout(180)
def test_a_resumed_job_does_not_begin_anew(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.submit(order(facts(tmp_path / "large.csv", 4 * ROWS)), "me")
    process = worker(settings)
    until(lambda: _loaded(jobs, job) >= 20_000)
    kill(process)
    records = Library(settings.data_dir).staging / "records.sqlite"
    until(lambda: _lock_is_free(settings))
    inode = records.stat().st_ino
    process = worker(settings)
    until(lambda: begun(jobs, job, 2))
    assert jobs.get(job.id).ended or records.stat().st_ino == inode, "the staging folder of the first run is used"
    until(lambda: jobs.get(job.id).ended)
    end(process, 10)
    assert jobs.get(job.id).state is State.DONE


def _loaded(jobs: JobTable, job: Job) -> int:
    found = jobs.get(job.id)
    return 10**9 if found.ended else found.progress.done if found.progress else 0


def _lock_is_free(settings: Settings) -> bool:
    from rag.errors import LockedError

    try:
        with Library(settings.data_dir).writing():
            return True
    except LockedError:
        return False

"""Runs that crash, workers that end, are killed or are succeeded by others."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import ENDED, Job, JobFile, Order, State
from kg_loader.jobs.process import launch
from kg_loader.jobs.table import JOBS, JobTable, worker_name
from kg_loader.jobs.worker import Pace, Worker
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import open_state
from tests.jobs.files import facts, order
from tests.jobs.working import HELD, QUICK, drained, stage_of, wait_for, working
from tests.source_tree import ROOT


@pytest.mark.parametrize(("action", "said"), [("kill", "ended by SIGKILL"), ("exit", "exit code 3")])
def test_a_run_that_crashes_does_not_take_the_worker_along(
    settings: Settings, jobs: JobTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, said: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("YIWEN_TEST_HOLD", f"{action} staging.rows {tmp_path / 'reached'}")
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    drained(settings, jobs, HELD)
    failed = jobs.get(job.id)
    assert (failed.state, failed.attempts) == (State.FAILED, 3)
    assert failed.error is not None
    assert said in failed.error["detail"]
    jobs.retry(job.id)
    drained(settings, jobs)
    assert jobs.get(job.id).state is State.DONE


class NothingToDo(JobTable):
    """A table without jobs and without a database.

    Now and then it gives up the lock of the interpreter, as reading one does: where the kernel hands a signal to
    another thread of the test process, Python tells the main one when that asks for the lock again.
    """

    def __init__(self) -> None:
        self._asked = 0

    def head(self) -> None:
        self._asked += 1
        if self._asked % 50 == 0:
            time.sleep(0)

    def ended_before(self, moment: float) -> list[Job]:
        return []

    def uploads(self) -> set[str]:
        return set()


def test_a_signal_may_come_at_any_moment(settings: Settings) -> None:
    """A handler that took a lock would wait for the very thread that it interrupts."""
    for number in range(200):
        worker = Worker(settings, NothingToDo(), Pace(idle_s=0.0))
        signal.signal(signal.SIGVTALRM, lambda *_, worker=worker: worker.stop())
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.002 + number * 1e-5)
        worker.run()
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)


def test_a_worker_that_is_told_to_end_puts_its_job_back(
    held_at: Callable[[str], Path],
    settings: Settings,
    jobs: JobTable,
    tmp_path: Path,
    digest: Callable[[Path], str],
) -> None:
    file = facts(tmp_path / "a.csv")
    job = jobs.submit(order(file), "me")
    marker = held_at("staging.settled")
    with working(settings, jobs, HELD):
        wait_for(marker.exists)
    waiting = jobs.get(job.id)
    assert (waiting.state, waiting.failures, waiting.worker) == (State.QUEUED, 0, None)
    with working(settings, jobs, HELD):  # it would stand still again if it settled again, which a resumed one does not
        wait_for(lambda: jobs.get(job.id).ended)
    done = jobs.get(job.id)
    assert (done.state, done.attempts) == (State.DONE, 2)
    assert done.report is not None
    assert done.report["digest"] == digest(file)


def test_a_dead_worker_is_succeeded_and_too_many_deaths_are_enough(
    settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    dead = f"{worker_name().split()[0]} {2**22 - 1} 00000000"
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    assert jobs.claim(job, dead) is not None
    drained(settings, jobs)
    assert (jobs.get(job.id).state, jobs.get(job.id).failures) == (State.DONE, 1)
    poison = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    with jobs.database.begin() as connection:
        connection.execute(update(JOBS).where(JOBS.c.id == poison.id).values(failures=len(QUICK.retry_s)))
    assert jobs.claim(poison, dead) is not None
    drained(settings, jobs)
    assert jobs.get(poison.id).state is State.FAILED


def test_a_job_that_was_taken_over_is_let_go(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    marker = held_at("staging.committed")
    with working(settings, jobs, HELD):
        wait_for(marker.exists)
        with jobs.database.begin() as connection:
            connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(worker="another 1 ab"))
        wait_for(lambda: _lock_is_free(settings))
    assert (jobs.get(job.id).state, jobs.get(job.id).worker) == (State.RUNNING, "another 1 ab")


def _lock_is_free(settings: Settings) -> bool:
    from rag.errors import LockedError

    try:
        with Library(settings.data_dir).writing():
            return True
    except LockedError:
        return False


def test_a_result_waits_until_the_table_can_be_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.state.BUSY_S", 0.1)
    database = open_state(settings)
    jobs = JobTable(database)
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    with working(settings, jobs):
        wait_for(lambda: stage_of(jobs, job) is not None)
        holder = sqlite3.connect(settings.data_dir / "state.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        wait_for(lambda: Library(settings.data_dir).pointer() is not None)
        time.sleep(0.5)
        assert jobs.get(job.id).state is State.RUNNING
        holder.execute("ROLLBACK")
        holder.close()
        wait_for(lambda: jobs.get(job.id).ended)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == (State.DONE, 1)
    database.close()


def test_the_data_folder_may_be_moved(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    uploads = Uploads(settings.data_dir)
    sent = facts(tmp_path / "a.csv")
    (uploads.receive("u1") / "1.csv").write_bytes(sent.read_bytes())
    uploads.keep("u1")
    ordered = Order((JobFile(str(uploads.folder("u1") / "1.csv"), "a.csv", 1, "x"),), upload="u1")
    job = jobs.submit(ordered, "me", "u1")
    jobs.database.close()
    moved = settings.data_dir.rename(tmp_path / "moved")
    database = open_state(settings.model_copy(update={"data_dir": moved}))
    drained(settings.model_copy(update={"data_dir": moved}), JobTable(database))
    assert JobTable(database).get(job.id).state is State.DONE
    database.close()


def test_two_workers_never_run_the_same_job(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    made = [jobs.submit(order(facts(tmp_path / f"{n}.csv", mark=str(n))), "me") for n in range(3)]
    both = [launch("kg_loader.jobs.beside", settings, {}, piped=False) for _ in range(2)]
    wait_for(lambda: all(jobs.get(job.id).ended for job in made), 40)
    for process in both:
        assert process.stdin is not None
        process.stdin.close()  # as if their server had died
        assert process.wait(10) == 0
    found = [jobs.get(job.id) for job in made]
    assert [(job.state, job.attempts) for job in found] == [(State.DONE, 1)] * 3
    versions = [job.report["version"] for job in found if job.report is not None]
    assert versions == [1, 2, 3], "one after the other, in order"


def test_old_jobs_go_with_their_files(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    uploads = Uploads(settings.data_dir)
    sent = facts(tmp_path / "a.csv", broken=1)
    (uploads.receive("u1") / "1.csv").write_bytes(sent.read_bytes())
    uploads.keep("u1")
    ordered = Order((JobFile(str(uploads.folder("u1") / "1.csv"), "a.csv", 1, "x"),), upload="u1")
    job = jobs.submit(ordered, "me", "u1")
    recent = jobs.submit(order(sent), "me")
    drained(settings, jobs)
    rejects = jobs.get(job.id).rejects_file
    assert rejects is not None
    with jobs.database.begin() as connection:
        month = 31 * 24 * 3600
        connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(finished=time.time() - month))
    drained(settings, jobs)
    assert [kept.id for kept in jobs.page(9)[0]] == [recent.id]
    assert not uploads.folder("u1").exists()
    assert not Path(rejects).exists()
    assert all(kept.state in ENDED for kept in jobs.page(9)[0])

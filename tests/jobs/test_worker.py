"""Runs of real ingestions in their own processes: results, cancelling, failures, taking over."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from kg_loader.ingest import ingest
from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import ENDED, Job, JobFile, Order, State
from kg_loader.jobs.process import launch
from kg_loader.jobs.table import JOBS, JobTable, worker_name
from kg_loader.jobs.worker import Pace, Worker, exit_code
from kg_loader.mirror import state_of
from kg_loader.publish import POINTS
from kg_loader.recovery import recover
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from rag.state import open_state
from tests.graph.live import connected
from tests.jobs.files import facts, order
from tests.kb import settings_for
from tests.neo4j_server import Address
from tests.source_tree import ROOT

HELD = "tests.jobs.held_child"
QUICK = Pace(look_s=0.1, beat_s=0.2, idle_s=0.1, retry_s=(0.1, 0.1))
CANCEL_S = 2.0


def drained(settings: Settings, jobs: JobTable, child: str = "kg_loader.jobs.child") -> Worker:
    worker = Worker(settings, jobs, QUICK, child)
    worker.run(once=True)
    return worker


@contextmanager
def working(settings: Settings, jobs: JobTable, child: str = "kg_loader.jobs.child") -> Iterator[Worker]:
    """A worker in a thread."""
    worker = Worker(settings, jobs, QUICK, child)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> float:
    """How long it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "it did not come to that"
        time.sleep(0.02)
    return time.monotonic() - begin


def stage_of(jobs: JobTable, job: Job) -> str | None:
    progress = jobs.get(job.id).progress
    return progress.stage if progress else None


@pytest.fixture
def digest(tmp_path: Path) -> Callable[[Path], str]:
    """What an ingestion of a file that nothing disturbs ends with."""

    def found(file: Path) -> str:
        settings = settings_for(tmp_path / "undisturbed")
        return ingest(Library(settings.data_dir), [file], settings=settings).digest

    return found


def test_a_job_ends_with_the_report_of_the_ingestion(
    settings: Settings, jobs: JobTable, tmp_path: Path, digest: Callable[[Path], str]
) -> None:
    file = facts(tmp_path / "甲.csv")
    job = jobs.submit(order(file), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE
    assert done.report is not None
    assert done.report["digest"] == digest(file)
    assert done.report["version"] == 1
    assert (done.worker, done.progress, done.error, done.attempts) == (None, None, None, 1)
    assert done.started is not None
    assert done.finished is not None
    assert done.created <= done.started <= done.finished
    assert exit_code(worker.ended) == 0


def test_broken_rows_are_counted_and_kept(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv", broken=2)), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE_WITH_REJECTS
    assert sum(done.rejected.values()) == 2
    assert done.rejects_file is not None
    assert len(Path(done.rejects_file).read_text(encoding="utf-8").splitlines()) == 2
    assert exit_code(worker.ended) == 7


def test_too_many_broken_rows_fail_with_their_reasons(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv", broken=3), options={"max_rejects": 2}), "me")
    worker = drained(settings, jobs)
    done = jobs.get(job.id)
    assert (done.state, done.attempts, done.failures) == (State.FAILED, 1, 0)
    assert done.error is not None
    assert (done.error["slug"], done.error["exit_code"]) == ("too-many-rejects", 5)
    assert sum(done.rejected.values()) == 3
    assert done.rejects_file is not None
    assert Library(settings.data_dir).pointer() is None
    assert exit_code(worker.ended) == 1


def test_one_bad_file_among_good_ones_publishes_nothing(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing,known\n1,2\n", encoding="utf-8")
    good = facts(tmp_path / "good.csv")
    first = jobs.submit(order(good, bad, format="facts-csv"), "me")
    second = jobs.submit(order(good), "me")
    drained(settings, jobs)
    failed = jobs.get(first.id)
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error["slug"] == "invalid-data"
    assert "bad.csv: line 1" in failed.error["detail"]
    assert failed.attempts == 1, "bad data is not tried again"
    assert jobs.get(second.id).state is State.DONE, "the queue goes on"


def test_a_version_that_the_gate_refuses_is_not_tried_again(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    jobs.submit(order(facts(tmp_path / "a.csv", mark="旧"), dataset="d"), "me")
    drained(settings, jobs)
    questions = tmp_path / "questions.txt"
    questions.write_text("旧病0有什么症状？\n", encoding="utf-8")
    options = {"gate": "0%", "gate_file": str(questions)}
    job = jobs.submit(order(facts(tmp_path / "a.csv", mark="新"), dataset="d", options=options), "me")
    drained(settings, jobs)
    refused = jobs.get(job.id)
    assert (refused.state, refused.attempts) == (State.FAILED, 1)
    assert refused.error is not None
    assert (refused.error["slug"], refused.error["exit_code"]) == ("gate", 4)
    assert refused.error["gate"]["changed"]["any"] == 1
    pointer = Library(settings.data_dir).pointer()
    assert pointer is not None
    assert pointer.version == 1


def test_a_table_is_read_by_its_map(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("药品,用于\n甲氧片,偏头痛\n", encoding="utf-8")
    table_map = (
        "header: 1\nsubject: {column: 药品, type: drug}\nfacts: [{relation: 适应证, column: 用于, type: disease}]\n"
        "source: {title: 目录, grade: reference}\n"
    )
    options = {"table_map": table_map}
    job = jobs.submit(order(table, options=options), "me")
    drained(settings, jobs)
    report = jobs.get(job.id).report
    assert report is not None
    assert report["loaded_by_kind"]["fact"] == 1


def test_a_preview_shows_rows_and_stores_nothing(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv", broken=1)
    job = jobs.submit(order(file, options={"preview": 2}), "me")
    drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.state is State.DONE_WITH_REJECTS
    assert done.report is not None
    (shown,) = done.report["preview"]
    assert (len(shown["rows"]), len(shown["rejects"]), shown["format"]) == (2, 1, "facts-csv")
    assert shown["records"]["fact"] > 0
    assert list(done.rejected.values()) == [1]
    assert Library(settings.data_dir).pointer() is None


def test_a_file_that_vanished_is_named(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv")
    job = jobs.submit(order(file), "me")
    file.unlink()
    drained(settings, jobs)
    error = jobs.get(job.id).error
    assert error is not None
    assert (error["slug"], error["exit_code"]) == ("not-found", 3)
    assert str(file) in error["detail"]


def test_a_file_that_became_a_link_is_refused(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    file = facts(tmp_path / "a.csv")
    job = jobs.submit(order(file), "me")
    file.unlink()
    file.symlink_to(facts(tmp_path / "secret.csv"))
    drained(settings, jobs)
    error = jobs.get(job.id).error
    assert error is not None
    assert "link to elsewhere" in error["detail"]


def test_an_upload_is_read_under_the_name_it_was_sent_with(
    settings: Settings, jobs: JobTable, tmp_path: Path, digest: Callable[[Path], str]
) -> None:
    sent = facts(tmp_path / "心脏 病.csv", broken=1)
    uploads = Uploads(settings.data_dir)
    folder = uploads.receive("u1")
    (folder / "1.csv").write_bytes(sent.read_bytes())
    uploads.keep("u1")
    stored = uploads.folder("u1") / "1.csv"
    ordered = Order((JobFile(str(stored), sent.name, sent.stat().st_size, "x"),), upload="u1")
    job = jobs.submit(ordered, "me", "u1")
    drained(settings, jobs)
    done = jobs.get(job.id)
    assert done.report is not None
    assert done.rejects_file is not None
    assert done.report["digest"] == digest(sent)
    row = json.loads(Path(done.rejects_file).read_text(encoding="utf-8"))
    assert (row["file"], row["dataset"]) == (sent.name, "心脏 病")
    assert [path.name for path in uploads.root.iterdir()] == ["u1"], "temporary files are gone"


def test_the_lock_of_another_writer_is_waited_for(settings: Settings, jobs: JobTable, tmp_path: Path) -> None:
    with Library(settings.data_dir).writing(), working(settings, jobs):
        job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
        wait_for(lambda: stage_of(jobs, job) == "waiting")
        cancelled = jobs.submit(order(facts(tmp_path / "b.csv")), "me")
        jobs.cancel(job.id)
        assert wait_for(lambda: jobs.get(job.id).ended) < CANCEL_S
        wait_for(lambda: stage_of(jobs, cancelled) == "waiting")
    assert jobs.get(cancelled.id).state is State.QUEUED
    drained(settings, jobs)
    assert jobs.get(cancelled.id).state is State.DONE


def test_a_neo4j_that_is_down_is_tried_again_and_then_given_up(
    settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    down = settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"})
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    drained(down, jobs)
    failed = jobs.get(job.id)
    assert (failed.state, failed.attempts) == (State.FAILED, 1 + len(QUICK.retry_s))
    assert failed.error is not None
    assert failed.error["slug"] == "live-graph"
    assert failed.error["detail"].startswith("given up after 3 tries: Neo4j at bolt://127.0.0.1:9")
    assert jobs.retry(job.id).failures == 0
    drained(settings, jobs)
    assert jobs.get(job.id).state is State.DONE


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


@pytest.fixture
def held_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes the next runs stand still at a point; the file that then appears."""

    def hold(point: str) -> Path:
        marker = tmp_path / "reached"
        marker.unlink(missing_ok=True)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("YIWEN_TEST_HOLD", f"hold {point} {marker}")
        return marker

    return hold


def cancel_at(point: str, hold: Callable[[str], Path], settings: Settings, jobs: JobTable, folder: Path) -> Job:
    """A job that was cancelled while it stood still at `point` above a published version; time is checked."""
    jobs.submit(order(facts(folder / "old.csv", mark="旧")), "me")
    drained(settings, jobs)
    job = jobs.submit(order(facts(folder / "new.csv", mark="新")), "me")
    marker = hold(point)
    with working(settings, jobs, HELD):
        wait_for(marker.exists)
        jobs.cancel(job.id)
        took = wait_for(lambda: jobs.get(job.id).state not in (State.RUNNING, State.CANCELLING))
        assert took < CANCEL_S, f"{took:.1f} s at {point}"
    return jobs.get(job.id)


def check_cancelled(point: str, hold: Callable[[str], Path], settings: Settings, jobs: JobTable, folder: Path) -> None:
    job = cancel_at(point, hold, settings, jobs, folder)
    library = Library(settings.data_dir)
    pointer = library.pointer()
    assert pointer is not None
    assert (job.state, pointer.version) == (State.CANCELLED, 1)
    assert not library.staging.exists()
    assert list(library.folders()) == [1], "nothing waits to be published by a later recovery"
    jobs.retry(job.id)
    drained(settings, jobs)
    assert jobs.get(job.id).state is State.DONE


BEFORE_THE_FLIP = [point for point in POINTS[: POINTS.index("flip.checked")] if point != "gate.asked"]
"""Without questions the gate asks nothing."""


@pytest.mark.parametrize("point", ["staging.opened", "staging.committed", "seal.sparse", "seal.renamed"])
def test_cancelling_takes_effect_within_two_seconds(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path, point: str
) -> None:
    check_cancelled(point, held_at, settings, jobs, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("point", BEFORE_THE_FLIP)
def test_cancelling_at_every_point(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path, point: str
) -> None:
    check_cancelled(point, held_at, settings.model_copy(update={"embedder": "static"}), jobs, tmp_path)


@pytest.mark.neo4j
@pytest.mark.parametrize("point", ["mirror.compared", "mirror.ready"])
def test_a_run_cancelled_while_it_mirrors_is_not_published_later(
    held_at: Callable[[str], Path],
    settings: Settings,
    jobs: JobTable,
    tmp_path: Path,
    neo4j_address: Address,
    point: str,
) -> None:
    live = settings.model_copy(
        update={"neo4j_uri": neo4j_address.uri, "neo4j_password": SecretStr(neo4j_address.password)}
    )
    first = jobs.submit(order(facts(tmp_path / "old.csv", mark="旧")), "me")
    drained(live, jobs)
    assert jobs.get(first.id).state is State.DONE
    job = jobs.submit(order(facts(tmp_path / "new.csv", mark="新")), "me")
    marker = held_at(point)
    with working(live, jobs, HELD):
        wait_for(marker.exists)
        jobs.cancel(job.id)
        wait_for(lambda: jobs.get(job.id).ended)
    library = Library(settings.data_dir)
    with library.writing():
        pointer = recover(library, live)
    assert pointer is not None
    assert (jobs.get(job.id).state, pointer.version) == (State.CANCELLED, 1)
    with closing(connected(neo4j_address)) as connection:
        state = state_of(connection, read_manifest(library.snapshot_folder(1)).kb)
    assert state is not None
    assert (state.version, state.state) == (1, "ready")


def test_what_was_published_when_it_was_cancelled_is_done(
    held_at: Callable[[str], Path], settings: Settings, jobs: JobTable, tmp_path: Path
) -> None:
    job = jobs.submit(order(facts(tmp_path / "a.csv")), "me")
    marker = held_at("flip.renamed")
    with working(settings, jobs, HELD):  # which flips, stands still, and the second time finds nothing to flip
        wait_for(marker.exists)
        jobs.cancel(job.id)
        wait_for(lambda: jobs.get(job.id).ended)
    done = jobs.get(job.id)
    assert (done.state, done.attempts) == (State.DONE, 2)
    assert done.report is not None
    assert (done.report["version"], done.report["unchanged"]) == (1, True)


class NothingToDo(JobTable):
    """A table without jobs and without a database."""

    def __init__(self) -> None:
        pass

    def head(self) -> None:
        return None

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

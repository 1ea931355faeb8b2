"""The table on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from kg_loader.jobs import keys
from kg_loader.jobs.job import ENDED, Job, JobFile, Order, Progress, State
from kg_loader.jobs.table import STALE_S, JobTable, is_dead, worker_name
from rag.errors import ConflictError, NotFoundError
from rag.state import State as Database

ORDER = Order((JobFile("/x/甲.csv", "甲.csv", 10),), "甲", "facts-csv", "gbk", True, {"max_rejects": 3})
ME, OTHER = "here 1 aa", "there 2 bb"


def started(table: JobTable, worker: str = ME) -> Job:
    job = table.claim(table.submit(ORDER, "somebody"), worker)
    assert job is not None
    return job


def test_what_was_ordered_comes_back(table: JobTable) -> None:
    job = table.submit(ORDER, "某人")
    assert job == table.get(job.id)
    assert (job.order, job.submitted_by, job.state) == (ORDER, "某人", State.QUEUED)
    assert job.created > 1.7e9
    assert (job.progress, job.report, job.error, job.rejected) == (None, None, None, {})


def test_jobs_run_in_the_order_of_their_submission(table: JobTable) -> None:
    jobs = [table.submit(ORDER, "x") for _ in range(3)]
    for expected in jobs:
        job = table.head()
        assert job is not None
        assert job.id == expected.id
        assert table.claim(job, ME) is not None
        assert table.finish(job, ME, State.DONE, report={"version": 1})
    assert table.head() is None


def test_a_running_job_is_the_head_even_after_an_older_one_is_tried_again(table: JobTable) -> None:
    older = started(table)
    table.finish(older, ME, State.FAILED)
    newer = started(table)
    table.retry(older.id)
    head = table.head()
    assert head is not None
    assert head.id == newer.id


def test_pages_are_newest_first_and_meet(table: JobTable) -> None:
    made = [table.submit(ORDER, "x").id for _ in range(7)]
    seen, before = [], None
    while True:
        page, before = table.page(3, before=before)
        seen += [job.id for job in page]
        if before is None:
            break
    assert seen == made[::-1]
    assert table.page(3, states=[State.DONE]) == ([], None)


def test_one_of_two_claims_succeeds(table: JobTable, state_url: str) -> None:
    job = table.submit(ORDER, "x")
    others = [JobTable(Database(state_url)) for _ in range(4)]
    barrier, won = threading.Barrier(len(others)), []

    def claim(mine: JobTable, name: str) -> None:
        barrier.wait()
        if mine.claim(job, name) is not None:
            won.append(name)

    threads = [threading.Thread(target=claim, args=(t, f"h {n} x")) for n, t in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert table.get(job.id).worker == won[0]
    for other in others:
        other.database.close()


def test_tables_can_be_made_by_many_at_once(state_url: str) -> None:
    barrier, made = threading.Barrier(6), []

    def make() -> None:
        database = Database(state_url)
        barrier.wait()
        made.append(JobTable(database).head())
        database.close()

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [None] * 6


def test_progress_is_kept_and_only_the_owner_may_write(table: JobTable) -> None:
    job = started(table)
    progress = Progress("loading", "甲.csv", 20, None, 0.5, 10.0, 2.0)
    assert table.beat(job, ME, progress) is State.RUNNING
    assert table.get(job.id).progress == progress
    assert table.beat(job, OTHER, None) is None
    assert table.get(job.id).progress == progress
    assert not table.finish(job, OTHER, State.DONE)
    assert not table.give_back(job, OTHER)
    assert table.get(job.id).state is State.RUNNING


def test_cancelling_follows_the_state(table: JobTable) -> None:
    queued = table.submit(ORDER, "x")
    assert table.cancel(queued.id).state is State.CANCELLED
    assert table.cancel(queued.id).state is State.CANCELLED
    running = started(table)
    assert table.cancel(running.id).state is State.CANCELLING
    assert table.state(running, ME) is State.CANCELLING
    assert table.give_back(running, ME)
    assert table.get(running.id).state is State.CANCELLED
    done = started(table)
    table.finish(done, ME, State.DONE)
    with pytest.raises(ConflictError, match="is done already"):
        table.cancel(done.id)


@pytest.mark.parametrize("state", ENDED)
def test_what_may_be_tried_again_and_deleted(table: JobTable, state: State) -> None:
    job = started(table)
    for refused in (table.retry, table.delete):
        with pytest.raises(ConflictError):
            refused(job.id)
    table.finish(job, ME, state, error={"slug": "x"}, rejected={"broken": 2})
    if state in (State.FAILED, State.CANCELLED):
        again = table.retry(job.id)
        assert (again.state, again.error, again.rejected, again.number) == (State.QUEUED, None, {}, job.number)
        table.cancel(job.id)
    else:
        with pytest.raises(ConflictError, match="expected one that failed"):
            table.retry(job.id)
    table.delete(job.id)
    with pytest.raises(NotFoundError, match="there is no job"):
        table.get(job.id)


def test_a_job_waits_for_its_time(state_url: str) -> None:
    now = [1000.0]
    table = JobTable(Database(state_url), lambda: now[0])
    job = started(table)
    assert table.give_back(job, ME, delay_s=5, failures=1, error={"slug": "live-graph"})
    waiting = table.head()
    assert waiting is not None
    assert (waiting.not_before, waiting.failures) == (1005.0, 1)
    assert table.claim(waiting, ME) is None
    now[0] = 1006.0
    again = table.claim(waiting, ME)
    assert again is not None
    assert (again.attempts, again.not_before) == (2, None)
    table.database.close()


def test_a_silent_worker_is_given_up(state_url: str) -> None:
    now = [1000.0]
    table = JobTable(Database(state_url), lambda: now[0])
    job = started(table, OTHER)
    assert not table.abandoned(job, ME)
    now[0] += STALE_S + 1
    assert table.abandoned(job, ME)
    table.beat(job, OTHER, None)
    assert not table.abandoned(table.get(job.id), ME)
    table.database.close()


def test_a_dead_worker_is_seen_at_once() -> None:
    me = worker_name()
    host = me.split()[0]
    assert not is_dead(me, me)
    assert is_dead(f"{host} {os.getpid()} 00000000", me), "had this process id before"
    assert is_dead(f"{host} {2**22 - 1} 00000000", me)
    assert not is_dead(f"{host} 1 00000000", me)
    assert not is_dead(f"another-{host} {2**22 - 1} 00000000", me)


def test_old_jobs_are_found(table: JobTable) -> None:
    job = started(table)
    table.finish(job, ME, State.DONE)
    table.submit(ORDER, "x")
    finished = table.get(job.id).finished
    assert finished is not None
    assert [old.id for old in table.ended_before(finished + 1)] == [job.id]
    assert table.ended_before(finished - 1) == []


def test_a_key_leads_to_its_job(table: JobTable) -> None:
    database = table.database
    assert keys.reserve(database, "k") is None
    with pytest.raises(ConflictError, match="is being read"):
        keys.reserve(database, "k")
    keys.release(database, "k")
    assert keys.reserve(database, "k") is None
    job = table.submit(ORDER, "x", key=("k", "f1"))
    keys.release(database, "k")
    assert keys.reserve(database, "k") == keys.Answered("f1", job.id)
    table.cancel(job.id)
    table.delete(job.id)
    assert keys.reserve(database, "k") is None, "its job is gone"


def test_keys_are_forgotten_after_a_day_and_broken_requests_after_an_hour(table: JobTable) -> None:
    database = table.database
    assert keys.reserve(database, "k", lambda: 1000.0) is None
    job = table.submit(ORDER, "x", key=("k", "f1"))
    assert keys.reserve(database, "k", lambda: 1000.0 + keys.LIFE_S - 1) == keys.Answered("f1", job.id)
    assert keys.reserve(database, "k", lambda: 1000.0 + keys.LIFE_S + 1) is None
    assert keys.reserve(database, "k", lambda: 1002.0 + keys.LIFE_S + keys.IN_FLIGHT_S) is None


def test_paths_of_uploads_are_not_shown(table: JobTable) -> None:
    path = str(Path("/secret/place/1.csv"))
    order = replace(ORDER, files=(JobFile(path, "甲.csv", 1, "ab"),), upload="u")
    shown = table.submit(order, "x").document()
    assert "/secret" not in repr(shown)
    assert shown["files"] == [{"name": "甲.csv", "size": 1, "path": None, "sha256": "ab"}]
    assert shown["created"].endswith("Z")

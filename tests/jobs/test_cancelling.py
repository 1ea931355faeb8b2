"""Runs that are cancelled, at whatever point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from kg_loader.jobs.job import Job, State
from kg_loader.jobs.table import JobTable
from kg_loader.mirror import state_of
from kg_loader.publish import POINTS
from kg_loader.recovery import recover
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from tests.graph.live import connected
from tests.jobs.files import facts, order
from tests.jobs.working import CANCEL_S, HELD, drained, wait_for, working
from tests.neo4j_server import Address

pytestmark = pytest.mark.seconds


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

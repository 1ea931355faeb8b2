"""Workers of short patience, in this thread or one of their own, and how long to wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kg_loader.jobs.job import Job
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import Pace, Worker
from rag.settings import Settings

HELD = "tests.jobs.held_child"
QUICK = Pace(look_s=0.1, beat_s=0.2, idle_s=0.1, retry_s=(0.1, 0.1))
CANCEL_S = 2.0
"""How soon cancelling takes effect."""


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

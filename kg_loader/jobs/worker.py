"""The worker: takes one job after the other from the table and runs each in a process of its own.

A cancelled job's process is killed, which ingestion survives at any point. A job whose worker died is taken up by the
next one and goes on from its last committed batch.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import FLIPPING, Job, State, problem
from kg_loader.jobs.retention import expire
from kg_loader.jobs.run import Run
from kg_loader.jobs.table import JobTable, worker_name
from rag.errors import DependencyError, YiwenError
from rag.settings import Settings

_log = logging.getLogger("yiwen.worker")
_HOUR = 3600.0
_NAP_S = 0.1


@dataclass(frozen=True)
class Pace:
    """Seconds, except for the number of tries."""

    look_s: float = 0.25
    """Between two looks at the state of a running job."""
    beat_s: float = 2.0
    """Between two heartbeats."""
    idle_s: float = 1.0
    """Between two looks for a new job."""
    kill_s: float = 0.5
    """From SIGTERM to SIGKILL."""
    flip_s: float = 1.0
    """What a cancelled run that is publishing at this moment gets to end by itself."""
    retry_s: tuple[float, ...] = (5.0, 15.0, 60.0, 240.0)
    """Before each new try; as many as there are."""


class Worker:
    """Runs jobs until `stop` is called, or with `once` until none is queued."""

    def __init__(
        self,
        settings: Settings,
        table: JobTable,
        pace: Pace = Pace(),
        child: str = "kg_loader.jobs.child",
    ) -> None:
        self.settings = settings
        self.table = table
        self.pace = pace
        self.child = child
        self.name = worker_name()
        self.ended: Counter[State] = Counter()
        self._uploads = Uploads(settings.data_dir)
        self._stopping = False  # no Event: setting one takes a lock, which the thread that a signal interrupts may hold
        self._tidied = float("-inf")

    def stop(self) -> None:
        """End soon; a running job goes back into the queue. May be called from a signal handler."""
        self._stopping = True

    def _pause(self, seconds: float) -> None:
        """Wait, but not for long once it is to end."""
        deadline = time.monotonic() + seconds
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _NAP_S))

    def run(self, *, once: bool = False) -> None:
        """Work. With `once`, a state database that cannot be used is raised: DependencyError; else it is waited for."""
        while not self._stopping:
            try:
                self._tidy()
                job = self._next()
                if job is None and once and not self.table.waiting():
                    return
            except DependencyError as error:
                if once:
                    raise
                _log.error("%s", error)
                job = None
            if job is None:
                self._pause(self.pace.idle_s)
            else:
                self._work(job)

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > _HOUR:
            self._tidied = time.monotonic()
            expire(self.table, self._uploads, self.settings.jobs_keep_days)

    # ------------------------------------------------------------ which job

    def _next(self) -> Job | None:
        """The head of the queue, started; None if it is not to be started now."""
        job = self.table.head()
        if job is not None and job.state is not State.QUEUED:
            if not self.table.abandoned(job, self.name):
                return None
            _log.warning("job=%s its worker %s is gone", job.id, job.worker)
            self._try_later(job, job.worker, "the worker that ran it ended without a word", at_once=True)
            job = self.table.head()
        return self.table.claim(job, self.name) if job is not None and job.state is State.QUEUED else None

    def _try_later(self, job: Job, owner: str | None, why: str | Mapping[str, Any], *, at_once: bool = False) -> None:
        """Queue a job again after a failure that is not its own, or give it up after too many of them."""
        error = problem(YiwenError(), why) if isinstance(why, str) else dict(why)
        failures = job.failures + 1
        if failures <= len(self.pace.retry_s):
            delay = None if at_once else self.pace.retry_s[failures - 1]
            _log.warning("job=%s try=%d failed, again in %.0f s: %s", job.id, failures, delay or 0, error["detail"])
            self.table.give_back(job, owner, delay_s=delay, failures=failures, error=error)
            return
        error["detail"] = f"given up after {failures} tries: {error['detail']}"
        if self.table.finish(job, owner, State.FAILED, failures=failures, error=error):
            self._ended(job, State.FAILED, str(error["detail"]))

    # ------------------------------------------------------------ one run

    def _work(self, job: Job) -> None:
        _log.info("job=%s starts, attempt=%d", job.id, job.attempts)
        run = Run(self.settings, job, self.child)
        try:
            self._follow(run)
        finally:
            run.end(self.pace.kill_s)
            self._uploads.discard_scratch(job.id)

    def _follow(self, run: Run) -> None:
        """Read what the process says and keep the row up to date, until one of them ends the other."""
        job, beaten = run.job, float("-inf")
        while not run.over:
            changed = run.listen(self.pace.look_s)
            try:
                if changed or time.monotonic() - beaten > self.pace.beat_s:
                    state = self.table.beat(job, self.name, run.progress)
                    beaten = time.monotonic()
                else:
                    state = self.table.state(job, self.name)
            except DependencyError as error:  # the run does not need the table until it has a result
                _log.error("job=%s %s", job.id, error)
                state = State.RUNNING
            if state is None:
                _log.warning("job=%s was taken over by another worker", job.id)
                return
            if state is State.CANCELLING:
                self._cancel(run)
                return
            if self._stopping:
                self._interrupt(run)
                return
        self._insist(lambda: self._conclude(run))

    def _interrupt(self, run: Run) -> None:
        """Kill it; the next worker resumes it, unless it had ended in this moment."""
        run.end(self.pace.kill_s)
        if run.result is not None:
            self._insist(lambda: self._conclude(run))
        else:
            self._insist(lambda: self.table.give_back(run.job, self.name))
            _log.info("job=%s goes back into the queue", run.job.id)

    def _cancel(self, run: Run) -> None:
        """Kill it and forget what it staged; one that is publishing at this moment is let through and is done."""
        if run.stage == FLIPPING:
            run.listen_until_over(self.pace.flip_s)
        run.end(self.pace.kill_s)
        if run.result is not None and "report" in run.result:
            self._insist(lambda: self._conclude(run))
        elif run.published():
            _log.warning("job=%s was published already; it runs once more, to report", run.job.id)
            self._insist(lambda: self.table.give_back(run.job, self.name, cancelled=False))
        else:
            run.forget()
            self._insist(lambda: self.table.finish(run.job, self.name, State.CANCELLED, progress=None, error=None))
            self._ended(run.job, State.CANCELLED)

    def _conclude(self, run: Run) -> None:
        job, result = run.job, run.result
        if result is None:
            self._try_later(job, self.name, run.how_it_died())
        elif "report" in result:
            report = result["report"]
            state = State.DONE_WITH_REJECTS if report["rejected"] else State.DONE
            rejects = {"rejected": report["rejected"], "rejects_file": report["rejects_file"]}
            if self.table.finish(job, self.name, state, report=report, error=None, progress=None, **rejects):
                self._ended(job, state, f"version={report['version']}")
        elif result.get("transient"):
            self._try_later(job, self.name, result["error"])
        else:
            rejects = {"rejected": result.get("rejected", {}), "rejects_file": result.get("rejects_file")}
            if self.table.finish(job, self.name, State.FAILED, error=result["error"], **rejects):
                self._ended(job, State.FAILED, result["error"]["detail"])

    def _ended(self, job: Job, state: State, detail: str = "") -> None:
        self.ended[state] += 1
        _log.info("job=%s %s %s", job.id, state.value, detail)

    def _insist(self, write: Callable[[], object]) -> None:
        """A result must reach the table, however long that takes; only `stop` leaves it to the next worker."""
        while True:
            try:
                write()
                return
            except DependencyError as error:
                _log.error("%s; trying again", error)
                if self._stopping:
                    return
                self._pause(self.pace.idle_s)


def exit_code(ended: Mapping[State, int]) -> int:
    """Of `worker --once`: 1 if a job failed, 7 if rows were rejected, else 0."""
    if ended.get(State.FAILED):
        return 1
    return 7 if ended.get(State.DONE_WITH_REJECTS) else 0

"""The worker: takes one job after the other from the table and runs each in a process of its own.

A cancelled job's process is killed, which ingestion survives at any point. A job whose worker died is taken up by the
next one and goes on from its last committed batch.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import FLIPPING, OPENING, WAITING, Job, Progress, State, problem
from kg_loader.jobs.process import end, launch
from kg_loader.jobs.retention import expire, undo
from kg_loader.jobs.table import JobTable, worker_name
from rag.errors import DependencyError, YiwenError
from rag.settings import Settings
from rag.snapshot import Library

_log = logging.getLogger("yiwen.worker")
_HOUR = 3600.0


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
        self._stop = threading.Event()
        self._tidied = float("-inf")

    def stop(self) -> None:
        """End soon; a running job goes back into the queue. May be called from a signal handler."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Work. With `once`, a state database that cannot be used is raised: DependencyError; else it is waited for."""
        while not self._stop.is_set():
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
                self._stop.wait(self.pace.idle_s)
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
            if self._stop.is_set():
                run.end(self.pace.kill_s)
                self._insist(lambda: self.table.give_back(job, self.name))
                _log.info("job=%s goes back into the queue", job.id)
                return
        self._insist(lambda: self._conclude(run))

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
            self._insist(lambda: self.table.finish(run.job, self.name, State.CANCELLED, progress=None))
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
                if self._stop.is_set():
                    return
                self._stop.wait(self.pace.idle_s)


class Run:
    """The process that runs one job, and what it has said."""

    def __init__(self, settings: Settings, job: Job, child: str) -> None:
        self.job = job
        self._library = Library(settings.data_dir)
        self.before = set(self._library.folders())
        """The versions that were there already."""
        self.result: dict[str, Any] | None = None
        self.progress: Progress | None = None
        self.over = False
        self._first, self._since = Progress(OPENING), time.monotonic()
        message = {"job": job.id, "order": asdict(job.order)}
        self._process = launch(child, settings, message, piped=True)
        self._rest = b""

    @property
    def stage(self) -> str:
        """What it was doing when it last said something."""
        return self.progress.stage if self.progress else OPENING

    def published(self) -> bool:
        """Whether the version that is current was made by this run, which had the only lock."""
        pointer = self._library.readable_pointer()
        return pointer is not None and pointer.version not in self.before and self.stage not in (OPENING, WAITING)

    def forget(self) -> None:
        """Remove what it staged and sealed."""
        if self.stage not in (OPENING, WAITING):
            undo(self._library, self.before)

    def listen(self, timeout_s: float) -> bool:
        """Take in what it says within `timeout_s`; whether it had something to say."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        heard = False
        if select.select([handle], [], [], timeout_s)[0]:
            piece = os.read(handle, 1 << 16)
            self.over = not piece
            for document in self._lines(piece):
                heard = True
                self._take(document)
        return heard

    def listen_until_over(self, timeout_s: float) -> None:
        """The same until it ends."""
        deadline = time.monotonic() + timeout_s
        while not self.over and (left := deadline - time.monotonic()) > 0:
            self.listen(left)

    def _lines(self, piece: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        yield from (json.loads(line) for line in lines)

    def _take(self, document: dict[str, Any]) -> None:
        if "progress" not in document:
            self.result = document
            return
        said = Progress(**document["progress"])
        if (said.stage, said.file) != (self._first.stage, self._first.file):
            self._first, self._since = said, time.monotonic()
        self.progress = said.paced(self._first, time.monotonic() - self._since)

    def end(self, grace_s: float) -> None:
        """Kill it if it still runs, and take in its last words; nothing happens the second time."""
        if self._process.stdout is None or self._process.stdout.closed:
            return
        if not self.over:
            end(self._process, grace_s)
            self.listen_until_over(grace_s)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def how_it_died(self) -> str:
        """Why there is no result."""
        code = self._process.wait()
        if code >= 0:
            return f"the process of the ingestion ended with exit code {code} and no result; see the log of the worker"
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else str(-code)
        memory = "; perhaps it ran out of memory" if -code == signal.SIGKILL else ""
        return f"the process of the ingestion was ended by {name} in the stage {self.stage}{memory}"


def exit_code(ended: Mapping[State, int]) -> int:
    """Of `worker --once`: 1 if a job failed, 7 if rows were rejected, else 0."""
    if ended.get(State.FAILED):
        return 1
    return 7 if ended.get(State.DONE_WITH_REJECTS) else 0

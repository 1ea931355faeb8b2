"""What lives as long as the process: the pipeline, its threads, and the thread that follows the pointer.

Core code is synchronous. Short reads run in one thread a core. An answer occupies one slot from start to end; while
it retrieves it also holds one of the cores, so generation of any length never starves retrieval.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.access import Access
from api.answering import Kept
from api.catalogue import Catalogue
from api.metrics import Metrics
from api.problems import OVERLOADED
from api.state.consults import ConsultTable
from api.state.conversations import ConversationTable
from api.state.feedback import FeedbackTable
from api.state.keys import KeyTable
from api.tracing import open_traces
from kg_loader.jobs.files import Uploads
from kg_loader.jobs.table import JobTable
from rag.editions import Edition
from rag.errors import YiwenError
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.state import State, open_state

T = TypeVar("T")
FORGET_S = 3600.0
"""How often it is looked for conversations that are too old."""
_log = logging.getLogger("yiwen.api")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Capacity:
    """How much runs at once and how much may wait for it; beyond that a request is refused at once."""

    cores: int = 0
    answers: int = 64
    waiting: int = 64
    reattach_s: float = 15.0
    """How long a streamed answer whose client was cut off goes on, for it to come back."""

    @property
    def workers(self) -> int:
        """Threads for retrieval and reads; one a core unless given."""
        return self.cores or _cores()


class Slots:
    """Threads with a bounded queue."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._threads, self._places = threads, threads + waiting
        self._free = self._places

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Start or queue `work`; call it from the event loop. Raises a 503 problem where the queue is full."""
        if self.full:
            raise HTTPException(503, OVERLOADED)
        self._free -= 1
        loop = asyncio.get_running_loop()
        submitted = self._pool.submit(work)
        submitted.add_done_callback(lambda _: _on_loop(loop, self._release))
        return asyncio.wrap_future(submitted)

    @property
    def full(self) -> bool:
        """Whether the next `submit` would be refused."""
        return self._free <= 0

    @property
    def taken(self) -> int:
        """How much runs or waits."""
        return self._places - self._free

    @property
    def waiting(self) -> int:
        """How much waits."""
        return max(0, self.taken - self._threads)

    def _release(self) -> None:
        self._free += 1

    def close(self) -> None:
        """Drop what waits; running work ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _on_loop(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    """Run `action` on the loop, unless the process is going down and it is closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(action)


class Service:
    """Shared by all requests; made by `create_app`, started and stopped once by its lifespan."""

    def __init__(self, settings: Settings, capacity: Capacity) -> None:
        self.settings, self.capacity = settings, capacity
        self.cores = threading.BoundedSemaphore(capacity.workers)
        self.reads = Slots("read", capacity.workers, capacity.waiting)
        self.answers = Slots("answer", capacity.answers, capacity.waiting)
        self.running: set[Callable[[], None]] = set()
        self.kept = Kept()
        self.access = Access(settings, lambda: self.keys)
        self.draining = False
        self._aborted = False
        self._stop = threading.Event()
        self._follower: threading.Thread | None = None
        self._pipeline: Pipeline | None = None
        self._catalogue: Catalogue | None = None
        self._told = ""
        self.traces = open_traces(settings)
        self.metrics = Metrics()
        self.metrics.watch(self)

    @property
    def pipeline(self) -> Pipeline:
        """Answers questions."""
        assert self._pipeline is not None, "the lifespan has not started"
        return self._pipeline

    @property
    def catalogue(self) -> Catalogue:
        """Lists versions."""
        assert self._catalogue is not None, "the lifespan has not started"
        return self._catalogue

    @cached_property
    def jobs(self) -> JobTable:
        """The table of ingestion jobs, opened when it is first asked for. Call it from a worker thread."""
        return JobTable(self.state)

    @cached_property
    def keys(self) -> KeyTable:
        """The table of API keys. Call it from a worker thread."""
        return KeyTable(self.state)

    @cached_property
    def conversations(self) -> ConversationTable:
        """The table of conversations. Call it from a worker thread."""
        return ConversationTable(self.state)

    @cached_property
    def feedback(self) -> FeedbackTable:
        """The table of feedback. Call it from a worker thread."""
        return FeedbackTable(self.state)

    @cached_property
    def consults(self) -> ConsultTable:
        """The table of consult records. Call it from a worker thread."""
        return ConsultTable(self.state)

    @cached_property
    def state(self) -> State:
        """The state database, opened when it is first asked for."""
        return open_state(self.settings)

    @property
    def uploads(self) -> Uploads:
        """The files of jobs."""
        return Uploads(self.settings.data_dir)

    def start(self, pipeline: Pipeline, catalogue: Catalogue) -> None:
        """Open the current version, if there is one that opens, and follow the pointer from then on."""
        self._pipeline, self._catalogue = pipeline, catalogue
        try:
            edition = pipeline.editions.refresh()
            _log.info("serving version=%d revision=%d", edition.pointer.version, edition.pointer.revision)
        except YiwenError as error:
            self._told = str(error)
            _log.warning("nothing to serve yet: %s", error)
        self._follower = threading.Thread(target=self._follow, name="follow-pointer", daemon=True)
        self._follower.start()
        threading.Thread(target=self._forget, name="retention", daemon=True).start()

    def _forget(self) -> None:
        """Each hour delete what is older than it may be; a database that does not answer is asked again."""
        while not self._stop.wait(FORGET_S):
            try:
                self.conversations.purge(self.settings.conversations_keep_days)
                self.feedback.purge(self.settings.conversations_keep_days)
                self.consults.purge(self.settings.records_keep_days)
            except YiwenError as error:
                _log.warning("old conversations could not be deleted: %s", error)

    def _follow(self) -> None:
        """Whatever goes wrong with one version, the next one is looked for."""
        while not self._stop.is_set():
            try:
                editions, every_s = self.pipeline.editions, self.settings.pointer_poll_s
                editions.follow(every_s, self._stop, self._tell, self.catalogue.let_go)
            except Exception:
                _log.exception("a new version could not be opened")

    def _tell(self, error: YiwenError) -> None:
        """Log why a version is not served, unless that was said at the start."""
        if str(error) != self._told:
            _log.error("new version: %s", error)
        self._told = ""

    def begin(self, cancel: Callable[[], None]) -> None:
        """Note how an answer is cancelled; one that begins after the abort is cancelled at once."""
        self.running.add(cancel)
        if self._aborted:
            cancel()

    def abort(self) -> None:
        """Cancel every answer that is still being written or begins from now on."""
        self._aborted = True
        for cancel in tuple(self.running):
            cancel()

    def stop(self) -> None:
        """Let go of everything."""
        self.draining = True
        self.abort()
        self._stop.set()
        self.reads.close()
        self.answers.close()
        if "state" in vars(self):
            self.state.close()
        if self.traces is not None:
            self.traces.close()
        if self._follower is not None:
            self._follower.join(timeout=2)

    async def read(self, work: Callable[[], T]) -> T:
        """Run a short read in a worker thread."""
        return await self.reads.submit(work)

    def edition(self, version: int | None = None) -> Edition:
        """The current edition or that of `version`; call it from a worker thread."""
        return self.pipeline.editions.at(version)

    def current_version(self) -> int:
        """What the pointer says at this moment: whoever published sees it in lists before it is opened for answers."""
        pointer = self.catalogue.pointer()
        return pointer.version if pointer is not None else self.edition().pointer.version


async def service_of(request: Request) -> Service:
    """The service of the application that handles `request`; a dependency of the routes."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service

"""One answer between the event loop and its thread, as a whole or as events; it ends when the client is gone."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from starlette.exceptions import HTTPException
from starlette.types import Receive

from api.recording import Recorder, Tape, consult_of
from api.rendering import Json, answer_json
from api.state.conversations import turns
from rag.domain import Dropped, Turn
from rag.editions import Edition, Editions, wait_for_revision
from rag.errors import DependencyError, NotFoundError, YiwenError
from rag.pipeline import Finished, Meta, Options, Shown, Token

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from api.service import Service

T = TypeVar("T")
_LOG = logging.getLogger("yiwen.api")

TURNS = 50
"""As many earlier messages are read."""
REVISION_WAIT_S = 2.0
"""How long a request waits for the revision it wants to see."""


@dataclass(frozen=True)
class Task:
    """A question with all that was asked for beside it."""

    question: str
    options: Options
    min_revision: int | None = None
    owner: str = ""
    conversation: str | None = None
    """Where question and answer are kept."""
    instead: bool = False
    """The question takes the place of the last one there."""
    span: Span | None = None
    """Of the request, where it is traced."""


@dataclass(frozen=True)
class Complete:
    """The last item of an answer, as JSON."""

    body: Json


Item = Meta | Shown | Token | Dropped | Complete


def written(service: Service, task: Task, cancel: threading.Event) -> Iterator[Item]:
    """The events of one answer; a core is held until the evidence is shown. Runs in a slot."""
    editions = service.pipeline.editions
    task = _remembered(service, task)
    if task.min_revision is not None:
        wait_for_revision(editions, task.min_revision, REVISION_WAIT_S)
    before, began_ns = editions.current(), time.time_ns()
    recorder = Recorder(service.pipeline.generators) if service.settings.record_answers else None
    pipeline = replace(service.pipeline, generators=recorder) if recorder is not None else service.pipeline
    events = pipeline.stream(task.question, task.options, cancel)
    with service.cores:
        for event in events:
            if not isinstance(event, Finished):
                yield event
            if isinstance(event, Shown):
                break
    for event in events:
        if isinstance(event, Finished):
            service.metrics.answered(event.answer)
            if service.traces is not None and task.span is not None:
                service.traces.answered(task.span, event.answer, began_ns)
            edition = _edition(editions, before, event.answer.kb_version)
            body = answer_json(event.answer, edition.kb if edition is not None else None)
            if recorder is not None and edition is not None:
                _record(service, task, recorder.tapes, body, edition)
            _keep(service, task, body)
            yield Complete(body)
        else:
            yield event


def _remembered(service: Service, task: Task) -> Task:
    """Keep the question, and let what was said before it be its history. Raises NotFoundError."""
    if task.conversation is None:
        return task
    try:
        if task.instead:
            service.conversations.take_back(task.owner, task.conversation)
        _, messages = service.conversations.find(task.owner, task.conversation)
        service.conversations.append(task.owner, task.conversation, "user", task.question)
    except DependencyError as error:  # who has an emergency needs an answer, not a record of it
        _LOG.error("a question is not kept: %s", error)
        return task
    if task.options.history:
        return task
    history = tuple(Turn(role, content) for role, content in turns(messages)[-TURNS:])
    return replace(task, options=replace(task.options, history=history))


def _keep(service: Service, task: Task, body: Json) -> None:
    """Put an answer into its conversation; where that fails it says so."""
    if task.conversation is None:
        return
    try:
        service.conversations.append(task.owner, task.conversation, "assistant", str(body["text"]), body)
    except (DependencyError, NotFoundError) as error:
        _LOG.error("an answer is not kept: %s", error)
        body["degraded"] = [*body["degraded"], "conversation"]  # type: ignore[misc]  # a list


def _record(service: Service, task: Task, tapes: list[Tape], body: Json, edition: Edition) -> None:
    """Keep what `yiwen replay` needs; where that fails the answer says so."""
    try:
        service.consults.keep(task.owner, consult_of(task.question, task.options, tapes, body, edition))
    except DependencyError as error:
        _LOG.error("an answer is not recorded: %s", error)
        body["degraded"] = [*body["degraded"], "record"]  # type: ignore[misc]  # a list


def _edition(editions: Editions, before: Edition, version: int) -> Edition | None:
    """The version that answered: that of a moment ago, or one that is still kept."""
    if before.pointer.version == version:
        return before
    try:
        return editions.at(version)
    except NotFoundError:
        return None


async def gone(receive: Receive) -> None:
    """Returns when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def whole_answer(service: Service, task: Task, receive: Receive) -> Json:
    """The answer at once, as JSON. Raises what the pipeline raises, 499 when the client leaves, 504 at the deadline."""
    cancel = threading.Event()

    def work() -> Json:
        for item in written(service, task, cancel):
            if isinstance(item, Complete):
                if cancel.is_set():  # cut short, so not the answer
                    raise shut_down()
                return item.body
        raise YiwenError("the answer ended before it was complete")

    future = service.answers.submit(work)
    client = asyncio.ensure_future(gone(receive))
    service.begin(cancel.set)
    try:
        waited: set[asyncio.Future[Json] | asyncio.Future[None]] = {future, client}
        await asyncio.wait(waited, timeout=service.settings.request_timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        raise HTTPException(499) if client.done() else late(service)
    finally:
        service.running.discard(cancel.set)
        client.cancel()
        if not future.done():
            cancel.set()
            future.cancel()


def late(service: Service) -> HTTPException:
    """The problem of an answer that took too long."""
    return HTTPException(504, f"the answer was not complete after {service.settings.request_timeout_s:g} s; ask again")


def shut_down() -> HTTPException:
    """The problem of an answer that the end of the process cuts short."""
    return HTTPException(503, "the service is shutting down; ask again")


class Stream:
    """One answer in its slot and everything that it has said so far, for whoever reads it.

    Readers `attach` and `detach`. When the last one has left and none comes back within `keep_s`, the answer is
    abandoned. Its methods belong to the event loop.
    """

    def __init__(self, service: Service, task: Task, owner: str = "", keep_s: float = 0.0) -> None:
        self._service, self._keep_s = service, keep_s
        self.owner = owner
        self.cancel = threading.Event()
        self.ended = False
        self._abandoned = threading.Event()
        self._items: list[Item] = []
        self._failure: Exception | None = None
        self._changed = asyncio.Event()
        self._readers = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._future = service.answers.submit(lambda: self._produce(task))
        self._deadline = self._loop.call_later(service.settings.request_timeout_s, self._end, late(service))
        service.begin(self._abort)

    # ------------------------------------------------------------ in the slot

    def _produce(self, task: Task) -> None:
        try:
            for event in written(self._service, task, self.cancel):
                if self._abandoned.is_set():
                    break
                self._call(self._add, event)
            self._call(self._end, None)
        except Exception as error:  # whatever it is, the client must not wait for it
            self._call(self._end, error)

    def _call(self, action: Callable[[T], None], argument: T) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action, argument)

    def _abort(self) -> None:
        """The process ends. From any thread."""
        self._call(self._end, shut_down())
        self.cancel.set()

    # ------------------------------------------------------------ on the loop

    def _add(self, item: Item) -> None:
        if not self.ended:
            self._items.append(item)
            if isinstance(item, Meta) and self._keep_s:
                self._service.kept.add(item.answer_id, self)
            self._tell()

    def _end(self, failure: Exception | None) -> None:
        if not self.ended:
            self.ended, self._failure = True, failure
            if failure is not None:
                self.cancel.set()
                self._abandoned.set()
            self._service.running.discard(self._abort)
            self._deadline.cancel()
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def item(self, index: int, timeout_s: float | None = None) -> Item | None:
        """Event number `index` from 0, None after the last. Raises TimeoutError, or what ended the answer."""
        async with asyncio.timeout(timeout_s):
            while index >= len(self._items) and not self.ended:
                await self._changed.wait()
        if index < len(self._items):
            return self._items[index]
        if self._failure is not None:
            raise self._failure
        return None

    async def items(self) -> list[Item]:
        """All events. Raises what ended the answer."""
        found: list[Item] = []
        while (item := await self.item(len(found))) is not None:
            found.append(item)
        return found

    def attach(self) -> None:
        """Somebody reads."""
        self._readers += 1
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def detach(self) -> None:
        """A reader has left."""
        self._readers -= 1
        if not self._readers and not self.ended:
            self._leaving = self._loop.call_later(self._keep_s, self.abandon)

    def stop(self) -> None:
        """End the answer with what is written: the events `answer` and `done` still follow."""
        self.cancel.set()

    def abandon(self) -> None:
        """Nobody will read it: cancel what still runs. Safe to call at any time."""
        self._future.cancel()
        self._end(HTTPException(499))


async def begun(stream: Stream) -> Stream:
    """`stream` once it has said something; an error before the first event is an ordinary problem."""
    try:
        await stream.item(0)
    except BaseException:
        stream.abandon()
        raise
    return stream


class Kept:
    """Answers that somebody may come back to, by id: all that are being written, and the last few that have ended."""

    def __init__(self, ended: int = 256) -> None:
        self._most_ended = ended
        self._streams: dict[str, Stream] = {}

    def add(self, answer_id: str, stream: Stream) -> None:
        """From the event loop."""
        self._streams[answer_id] = stream
        ended = [key for key, kept in self._streams.items() if kept.ended]
        for key in ended[: max(0, len(ended) - self._most_ended)]:
            del self._streams[key]

    def find(self, answer_id: str, owner: str) -> Stream:
        """Raises NotFoundError, also for an answer of somebody else."""
        stream = self._streams.get(answer_id)
        if stream is None or stream.owner != owner:
            raise NotFoundError(
                f"no answer {answer_id!r} is being written here; one that is cut off can be taken up again for 15 s"
            )
        return stream

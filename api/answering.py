"""One answer between the event loop and its thread, as a whole or as events; it ends when the client is gone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import Receive

from api.rendering import Json, answer_json
from api.service import Service
from rag.domain import Dropped
from rag.editions import Edition, Editions, wait_for_revision
from rag.errors import NotFoundError, YiwenError
from rag.pipeline import Finished, Meta, Options, Shown, Token
from rag.ports import KnowledgeBase

REVISION_WAIT_S = 2.0
"""How long a request waits for the revision it wants to see."""


@dataclass(frozen=True)
class Task:
    """A question with all that was asked for beside it."""

    question: str
    options: Options
    min_revision: int | None = None


@dataclass(frozen=True)
class Complete:
    """The last item of an answer, as JSON."""

    body: Json


Item = Meta | Shown | Token | Dropped | Complete


def written(service: Service, task: Task, cancel: threading.Event) -> Iterator[Item]:
    """The events of one answer; a core is held until the evidence is shown. Runs in a slot."""
    editions = service.pipeline.editions
    if task.min_revision is not None:
        wait_for_revision(editions, task.min_revision, REVISION_WAIT_S)
    before = editions.current()
    events = service.pipeline.stream(task.question, task.options, cancel)
    with service.cores:
        for event in events:
            if not isinstance(event, Finished):
                yield event
            if isinstance(event, Shown):
                break
    for event in events:
        if isinstance(event, Finished):
            yield Complete(answer_json(event.answer, _knowledge_base(editions, before, event.answer.kb_version)))
        else:
            yield event


def _knowledge_base(editions: Editions, before: Edition, version: int) -> KnowledgeBase | None:
    """The version that answered: that of a moment ago, or one that is still kept."""
    if before.pointer.version == version:
        return before.kb
    try:
        return editions.at(version).kb
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
    service.running.add(cancel.set)
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
    """The events of one answer as they come out of its slot; `async for` ends with the answer or raises."""

    def __init__(self, service: Service, task: Task) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Item | Exception | None] = asyncio.Queue()  # an answer has a bounded length
        self._deadline = time.monotonic() + service.settings.request_timeout_s
        self.cancel = threading.Event()
        self._future = service.answers.submit(lambda: self._produce(task))
        service.running.add(self._abort)

    def _produce(self, task: Task) -> None:
        try:
            for event in written(self._service, task, self.cancel):
                self._put(event)
                if self.cancel.is_set():
                    break
            self._put(None)
        except Exception as error:  # whatever it is, the client must not wait for it
            self._put(error)

    def _put(self, item: Item | Exception | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    def _abort(self) -> None:
        self.cancel.set()
        self._put(shut_down())

    async def next(self, timeout_s: float | None = None) -> Item | None:
        """The next event, None after the last. Raises TimeoutError, or what ended the answer."""
        left = self._deadline - time.monotonic()
        try:
            async with asyncio.timeout(left if timeout_s is None else min(left, timeout_s)):
                item = await self._queue.get()
        except TimeoutError:
            if time.monotonic() >= self._deadline:
                raise late(self._service) from None
            raise
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Cancel what still runs. Safe to call at any time."""
        self._service.running.discard(self._abort)
        if not self._future.done():
            self.cancel.set()
            self._future.cancel()

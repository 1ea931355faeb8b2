"""Server-sent events of an answer: encoding, keep-alives, and the end when the client leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answering import Complete, Item, Stream, gone
from api.problems import Row, describe, problem
from api.rendering import evidence_json, triage_json
from rag.domain import Dropped
from rag.pipeline import Meta, Shown, Token

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_S = 15.0
_log = logging.getLogger("yiwen.api")
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def encode(name: str, number: int, data: Mapping[str, object]) -> bytes:
    """One event; JSON has no line breaks, so one `data` line holds it."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), orjson.dumps(data))


class Wire(Protocol):
    """What the items of an answer look like on the way to one client."""

    def item(self, item: Item) -> Iterable[bytes]:
        """The events of one item."""
        ...

    def failed(self, row: Row, detail: str | None) -> bytes:
        """The last event of an answer that failed."""
        ...

    def end(self) -> bytes:
        """What follows the last item."""
        ...


class AnswerEvents:
    """`meta`, `evidence`, `token`, `dropped`, `answer`, then `done` or `error`; those up to `after` are left out.

    The numbers of an answer's events are the same whoever reads them, so a client can say where it was cut off.
    """

    def __init__(self, request_id: str, path: str, after: int = 0) -> None:
        self._request_id, self._path, self._after = request_id, path, after
        self._number = 0

    def item(self, item: Item) -> Iterator[bytes]:
        """As `Wire`."""
        for name, data in self._rendered(item):
            yield self._numbered(name, data)

    def failed(self, row: Row, detail: str | None) -> bytes:
        """As `Wire`."""
        return self._numbered("error", problem(row, self._request_id, self._path, detail))

    def end(self) -> bytes:
        """As `Wire`."""
        return b""

    def _numbered(self, name: str, data: Mapping[str, object]) -> bytes:
        self._number += 1
        return encode(name, self._number, data) if self._number > self._after else b""

    def _rendered(self, item: Item) -> list[tuple[str, Mapping[str, object]]]:
        match item:
            case Meta():
                return [("meta", _meta(item) | {"request_id": self._request_id})]
            case Shown():
                return [("evidence", {"evidence": [evidence_json(found) for found in item.evidence]})]
            case Token():
                return [("token", {"text": item.text})]
            case Dropped():
                return [("dropped", {"sentence": item.sentence, "reason": item.reason})]
            case Complete():
                done = {key: item.body[key] for key in ("answer_id", "outcome", "timings_ms")}
                return [("answer", item.body), ("done", done)]


class EventStream(Response):
    """Sends all of `stream` in the form of `wire`; when the client leaves, it is detached from the answer."""

    media_type = MEDIA_TYPE

    def __init__(self, stream: Stream, wire: Wire, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._stream, self._wire, self._keep_alive_s = stream, wire, keep_alive_s
        stream.attach()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the answer ends or the client is gone."""
        writer = asyncio.ensure_future(self._write(scope, send))
        client = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait({writer, client}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                writer.result()
        finally:
            self._stream.detach()
            client.cancel()
            writer.cancel()

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            index = 0
            while (item := await self._item(index, send)) is not None:
                await _send(send, b"".join(self._wire.item(item)))
                index += 1
                if isinstance(item, Complete):
                    scope["state"]["log"]["outcome"] = item.body["outcome"]
        except Exception as error:
            row, detail = describe(error)
            if detail is None:
                _log.error("id=%s problem=%s", scope["state"]["request_id"], row.slug, exc_info=error)
            await _send(send, self._wire.failed(row, detail))
        await _send(send, self._wire.end())
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _item(self, index: int, send: Send) -> Item | None:
        while True:
            try:
                return await self._stream.item(index, self._keep_alive_s)
            except TimeoutError:
                await _send(send, b": keep-alive\n\n")


async def _send(send: Send, body: bytes) -> None:
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _meta(event: Meta) -> dict[str, object]:
    return {
        "answer_id": event.answer_id,
        "kb_version": event.kb_version,
        "revision": event.revision,
        "triage": triage_json(event.triage),
    }

"""Server-sent events of an answer: encoding, keep-alives, and the end when the client leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answering import Complete, Item, Stream, gone
from api.problems import describe, problem
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


class EventStream(Response):
    """Sends `first` and what follows it in `stream`; the client's leaving cancels the answer at once."""

    media_type = MEDIA_TYPE

    def __init__(self, stream: Stream, first: Item, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._stream, self._first, self._keep_alive_s = stream, first, keep_alive_s
        self._number = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the answer ends or the client is gone."""
        writer = asyncio.ensure_future(self._write(scope, send))
        client = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait({writer, client}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                writer.result()
        finally:
            self._stream.close()
            client.cancel()
            writer.cancel()

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            event: Item | None = self._first
            while event is not None:
                for name, data in self._rendered(event, scope):
                    await self._send(send, name, data)
                event = await self._next(send)
        except Exception as error:
            row, detail = describe(error)
            if detail is None:
                _log.error("id=%s problem=%s", scope["state"]["request_id"], row.slug, exc_info=error)
            await self._send(send, "error", problem(row, scope["state"]["request_id"], scope["path"], detail))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, send: Send) -> Item | None:
        while True:
            try:
                return await self._stream.next(self._keep_alive_s)
            except TimeoutError:
                await send({"type": "http.response.body", "body": b": keep-alive\n\n", "more_body": True})

    async def _send(self, send: Send, name: str, data: Mapping[str, object]) -> None:
        self._number += 1
        await send({"type": "http.response.body", "body": encode(name, self._number, data), "more_body": True})

    def _rendered(self, event: Item, scope: Scope) -> list[tuple[str, Mapping[str, object]]]:
        """Event names with their data."""
        match event:
            case Meta():
                return [("meta", _meta(event) | {"request_id": scope["state"]["request_id"]})]
            case Shown():
                return [("evidence", {"evidence": [evidence_json(found) for found in event.evidence]})]
            case Token():
                return [("token", {"text": event.text})]
            case Dropped():
                return [("dropped", {"sentence": event.sentence, "reason": event.reason})]
            case Complete():
                done = {key: event.body[key] for key in ("answer_id", "outcome", "timings_ms")}
                return [("answer", event.body), ("done", done)]


def _meta(event: Meta) -> dict[str, object]:
    return {
        "answer_id": event.answer_id,
        "kb_version": event.kb_version,
        "revision": event.revision,
        "triage": triage_json(event.triage),
    }

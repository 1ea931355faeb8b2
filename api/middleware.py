"""Pure ASGI middleware: request ids, the log line, unknown exceptions, and the size of bodies."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import HTTP, OVERLOADED, error_response, problem
from api.tracing import Traces

REQUEST_ID = "X-Request-ID"
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_log = logging.getLogger("yiwen.api")


class RequestContext:
    """Names each request, answers unknown exceptions with a problem, writes one log line.

    `scope["state"]` carries `request_id` and `span` (None without traces) inwards; handlers leave `log`, a mapping of
    further fields, in it.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, traces: Traces | None = None) -> None:
        self._app, self._metrics, self._traces = app, metrics, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"], state["log"] = request_id, {}
        state["span"] = self._traces.begin(headers) if self._traces is not None else None
        begin, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent[REQUEST_ID] = request_id
                for name, value in _SECURITY.items():
                    sent.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception:
            _log.exception("id=%s unexpected error", request_id)
            if status:  # the response has begun: only the server can cut it short
                raise
            body = problem(HTTP[500], request_id, scope["path"])
            await error_response(body, HTTP[500])(scope, receive, send_named)
        finally:
            seconds = time.perf_counter() - begin
            _write_line(scope, status, seconds * 1000)
            self._metrics.requested(_route(scope), _method(scope), status, seconds)
            if self._traces is not None:
                self._traces.end(state["span"], _route(scope), _method(scope), status)


def _route(scope: Scope) -> str:
    """The pattern of the route; an address may hold anything."""
    return getattr(scope.get("route"), "path", "unmatched")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _write_line(scope: Scope, status: int, milliseconds: float) -> None:
    state, route = scope["state"], _route(scope)
    further = "".join(f" {key}={value}" for key, value in state["log"].items())
    fields = {
        "request_id": state["request_id"], "method": scope["method"], "route": route, "status": status,
        "ms": round(milliseconds, 1), **state["log"],
    }  # fmt: skip
    _log.info(
        "id=%s %s %s status=%d ms=%.1f%s", state["request_id"], scope["method"], route, status, milliseconds, further,
        extra={"fields": fields},
    )  # fmt: skip


class Overload:
    """Refuses what goes to one of `paths` while `full()`, before its body is read: saying no must cost little."""

    def __init__(self, app: ASGIApp, full: Callable[[], bool], paths: Collection[str]) -> None:
        self._app, self._full, self._paths = app, full, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] not in self._paths or not self._full():
            await self._app(scope, receive, send)
            return
        body = problem(HTTP[503], scope["state"]["request_id"], scope["path"], OVERLOADED)
        await error_response(body, HTTP[503])(scope, receive, send)


class BodyLimit:
    """Reads the whole body before the application runs: at most `max_bytes`, within `BODY_SECONDS`.

    Forms with files sent to a path in `uploads` go through unread; the route counts them itself.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, uploads: Collection[str] = ()) -> None:
        self._app, self._max, self._uploads = app, max_bytes, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        has_body = "content-length" in headers or "transfer-encoding" in headers
        form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        if not has_body or (form and scope["path"] in self._uploads):
            await self._app(scope, receive, send)
            return
        body = await self._read(headers, receive)
        if isinstance(body, int):
            await self._refuse(body, scope, receive, send)
            return
        pending: list[Message] = []
        if body is not None:
            pending.append({"type": "http.request", "body": body, "more_body": False})

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes | int | None:
        """The body; the status to refuse it with; None if the client went away."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:18]) > self._max:
            return 413
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._max:
                        return 413
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            return 408

    async def _refuse(self, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        row = HTTP[status]
        detail = f"the body has more than {self._max} bytes, which is all that is accepted" if status == 413 else None
        body = problem(row, scope["state"]["request_id"], scope["path"], detail)
        # What is left of the body is not read, so the connection cannot be used again.
        await error_response(body, row, {"Connection": "close"})(scope, receive, send)

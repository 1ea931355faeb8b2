"""Every error as RFC 9457 `application/problem+json`.

Two tables: one row for each class of `rag.errors`, one for each status that the HTTP layer itself answers with. The
text of an error reaches the client only where its row says so: file names and settings belong in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from rag import errors

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("yiwen.api")


@dataclass(frozen=True)
class Row:
    """What a problem type means; `retry_after` in seconds; `public` if the error's own text may be shown."""

    slug: str
    title: str
    status: int
    meaning: str
    public: bool = True
    retry_after: int | None = None


def _row(kind: type[errors.YiwenError], meaning: str, *, public: bool = True, retry_after: int | None = None) -> Row:
    return Row(kind.slug, kind.title, kind.status, meaning, public, retry_after)


ERRORS: Mapping[type[errors.YiwenError], Row] = {
    errors.YiwenError: _row(errors.YiwenError, "The service failed; the log tells more.", public=False),
    errors.UsageError: _row(errors.UsageError, "A parameter cannot be meant as given."),
    errors.QuestionRejected: _row(errors.QuestionRejected, "The question is empty or too long."),
    errors.ConfigurationError: _row(
        errors.ConfigurationError, "A setting of the service is wrong; the log names it.", public=False
    ),
    errors.NotFoundError: _row(errors.NotFoundError, "What was asked for by name or id does not exist."),
    errors.ErasedError: _row(errors.ErasedError, "It existed once and was erased."),
    errors.ConflictError: _row(errors.ConflictError, "Somebody else changed it first; read again, then repeat."),
    errors.LockedError: _row(
        errors.LockedError, "Another process is writing to the knowledge base; repeat later.", public=False
    ),
    errors.GateError: _row(
        errors.GateError, "The new version answers pinned questions otherwise than is allowed.", public=False
    ),
    errors.DataError: _row(errors.DataError, "The input cannot be read as what it claims to be."),
    errors.CorruptSnapshotError: _row(
        errors.CorruptSnapshotError,
        "A file of this version of the knowledge base is damaged; another version can be activated.",
        public=False,
        retry_after=30,
    ),
    errors.TooManyRejectsError: _row(errors.TooManyRejectsError, "A file has more broken rows than allowed."),
    errors.DependencyError: _row(
        errors.DependencyError, "Something the service needs does not answer.", public=False, retry_after=5
    ),
    errors.MissingExtraError: _row(
        errors.MissingExtraError, "An optional package of the service is not installed.", retry_after=300
    ),
    errors.StorageError: _row(errors.StorageError, "The disk of the service is full or failing.", public=False),
    errors.NotReadyError: _row(
        errors.NotReadyError, "No version of the knowledge base, or not yet the one asked for.", retry_after=2
    ),
    errors.LiveGraphError: _row(
        errors.LiveGraphError, "The live graph cannot be reached or is too slow.", public=False, retry_after=5
    ),
    errors.StaleGraphError: _row(
        errors.StaleGraphError, "The live graph holds another version.", public=False, retry_after=5
    ),
}

HTTP: Mapping[int, Row] = {
    row.status: row
    for row in (
        Row("bad-request", "Bad request", 400, "The request body cannot be read; expected one JSON document in UTF-8."),
        Row(
            "unauthorized",
            "Key missing or wrong",
            401,
            "Programs on other machines, and some routes, need a valid key.",
        ),
        Row("forbidden", "Forbidden", 403, "The key has not the scope, or a web page asks without one."),
        Row("not-found", "Not found", 404, "There is nothing at this address."),
        Row("method-not-allowed", "Method not allowed", 405, "See the Allow header."),
        Row("request-timeout", "Request timeout", 408, "The request body did not arrive in time."),
        Row("too-large", "Request too large", 413, "The request body is larger than the service accepts."),
        Row("unsupported-media-type", "Unsupported media type", 415, "The Content-Type is none that this route reads."),
        Row("invalid-request", "Invalid request", 422, "The body or a parameter breaks the schema; see `errors`."),
        Row("rate-limited", "Too many requests", 429, "More than one key or address may send.", retry_after=1),
        Row("client-closed", "Client closed request", 499, "The client went away before the answer was complete."),
        Row("internal", "Internal error", 500, "The service failed; the log tells more."),
        Row("overloaded", "Overloaded", 503, "All slots are taken; repeat after Retry-After.", retry_after=1),
        Row("deadline", "Deadline exceeded", 504, "The answer took longer than the service allows."),
    )
}


OVERLOADED = "too many requests are being answered; repeat after the seconds in Retry-After"


def rows() -> list[Row]:
    """Every problem type once, by slug."""
    return [row for _, row in sorted({row.slug: row for row in (*HTTP.values(), *ERRORS.values())}.items())]


def problem(
    row: Row, request_id: str, instance: str, detail: str | None = None, listed: Sequence[Mapping[str, str]] = ()
) -> dict[str, object]:
    """The body of a problem."""
    return {
        "type": f"/problems/{row.slug}",
        "title": row.title,
        "status": row.status,
        "detail": _sound(detail or row.meaning),
        "instance": _sound(instance),
        "request_id": request_id,
        "errors": [{key: _sound(value) for key, value in item.items()} for item in listed],
    }


def _sound(text: str) -> str:
    """JSON escapes can smuggle lone surrogates in, which no encoder takes."""
    return text.encode("utf-8", "replace").decode()


def problem_response(body: Mapping[str, object], row: Row, headers: Mapping[str, str] | None = None) -> Response:
    """`body` with its status, media type and Retry-After."""
    extra = dict(headers or {})
    if row.retry_after is not None:
        extra.setdefault("Retry-After", str(row.retry_after))
    return Response(orjson.dumps(body), row.status, extra, MEDIA_TYPE)


OPENAI_PATHS = ("/v1/chat/completions", "/v1/models")
"""Clients of these routes know another shape of errors."""
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def is_openai(path: str) -> bool:
    """Whether errors at `path` have the shape of OpenAI."""
    return path.startswith(OPENAI_PATHS)


def openai_error(body: Mapping[str, object]) -> dict[str, object]:
    """A problem as `{"error": {message, type, param, code}}`."""
    status, slug = int(str(body["status"])), str(body["type"]).rpartition("/")[2]
    listed = body["errors"]
    first = listed[0] if isinstance(listed, list) and listed else {}
    message = "; ".join(filter(None, (str(body["detail"] or body["title"]), str(first.get("message", "")))))
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    param = str(first.get("location", "")).removeprefix("body.") or None
    return {"error": {"message": message, "type": kind, "param": param, "code": slug}}


def error_response(body: Mapping[str, object], row: Row, headers: Mapping[str, str] | None = None) -> Response:
    """`body` as the clients of its `instance` expect errors."""
    response = problem_response(body, row, headers)
    if not is_openai(str(body["instance"])):
        return response
    status = 400 if row.status == 422 else row.status
    kept = {k: v for k, v in response.headers.items() if k not in ("content-length", "content-type")}
    return Response(orjson.dumps(openai_error(body)), status, kept, "application/json")


_UNREADABLE = "There was an error parsing the body"
"""What FastAPI says of a body that is not UTF-8 or is nested too deeply; our own text says what was expected."""


def describe(error: Exception) -> tuple[Row, str | None]:
    """The row of an error, and the text that a client may see of it."""
    if isinstance(error, errors.YiwenError):
        row = ERRORS.get(type(error)) or next(ERRORS[base] for base in type(error).__mro__ if base in ERRORS)
        return row, str(error) if row.public else None
    if isinstance(error, HTTPException):
        row = HTTP.get(error.status_code) or _unlisted(error.status_code)
        phrase = HTTPStatus(error.status_code).phrase if error.status_code in set(HTTPStatus) else ""
        return row, error.detail if error.detail not in (phrase, _UNREADABLE) else None
    return HTTP[500], None


def _unlisted(status: int) -> Row:
    return Row(f"http-{status}", f"HTTP {status}", status, "See the status code in RFC 9110.")


def request_id_of(request: Request) -> str:
    """The id that the middleware gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _on_error(request: Request, error: Exception) -> Response:
    row, detail = describe(error)
    request_id = request_id_of(request)
    if detail is None and isinstance(error, errors.YiwenError):
        _log.error("id=%s problem=%s %s", request_id, row.slug, error)
    headers = error.headers if isinstance(error, HTTPException) else None
    if row.status == 405:
        headers = {"Allow": ", ".join(sorted(_methods(request)))}
    return error_response(problem(row, request_id, request.url.path, detail), row, headers)


def _methods(request: Request) -> set[str]:
    """All that the resource supports; each route knows its own only."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _on_invalid(request: Request, error: Exception) -> Response:
    """The parts that break the schema, without the values: they may be about a patient."""
    assert isinstance(error, RequestValidationError)
    listed = [
        {"location": ".".join(map(str, item["loc"])), "message": str(item["msg"]), "type": str(item["type"])}
        for item in error.errors()[:50]
    ]
    where = ", ".join(dict.fromkeys(item["location"] for item in listed))
    detail = f"not as the schema expects: {where}; see `errors` and /openapi.json"
    body = problem(HTTP[422], request_id_of(request), request.url.path, detail, listed)
    return error_response(body, HTTP[422])


def install(app: FastAPI) -> None:
    """Answer every error that a handler raises with a problem; the middleware does so for unknown ones."""
    app.add_exception_handler(errors.YiwenError, _on_error)
    app.add_exception_handler(HTTPException, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)

"""One request and its reply: errors, shapes, server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from yiwen.client.replies.reply import Reply

R = TypeVar("R", bound=Reply)


class ServiceError(Exception):
    """A problem (RFC 9457) that the service answered with."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", "error"))
        self.detail = str(problem.get("detail") or "")
        self.request_id = problem.get("request_id")
        super().__init__(f"{self.title} ({status}): {self.detail}" if self.detail else f"{self.title} ({status})")


class Unreachable(Exception):
    """No service answers at the address, or what answers is not this service."""


def given(**values: object) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def reachable() -> Iterator[None]:
    """Raises Unreachable for what goes wrong on the way."""
    try:
        yield
    except httpx.HTTPError as error:
        raise Unreachable(
            f"no answer from the service: {error or type(error).__name__}; is `yiwen serve` running?"
        ) from error


def read(response: httpx.Response, reply: type[R]) -> R:
    """A reply by its shape. Raises ServiceError, Unreachable."""
    raise_for(response)
    try:
        return reply.model_validate_json(response.content)
    except ValidationError as error:
        raise Unreachable(f"{response.url} is not the service: its reply has another shape") from error


def raise_for(response: httpx.Response) -> None:
    """Raises ServiceError for a problem."""
    if not response.is_error:
        return
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    raise ServiceError(response.status_code, problem if isinstance(problem, dict) else {})


def server_events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, data) of each server-sent event; comments, which keep the connection alive, are passed over."""
    name, data = "message", ""
    for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data += line.removeprefix("data:").strip()
        elif not line and data:
            yield name, json.loads(data)
            name, data = "message", ""

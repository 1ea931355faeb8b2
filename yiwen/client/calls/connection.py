"""The connection that all calls share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from yiwen.client.replies.answers import Event
from yiwen.client.transport import R, ServiceError, given, raise_for, reachable, read, server_events

TIMEOUT_S = 60.0


class Connection:
    """To one service; close it, or use it as a context manager. Not shared between threads while streaming."""

    def __init__(
        self, url: str, key: str | None = None, timeout_s: float = TIMEOUT_S, visitor: str | None = None
    ) -> None:
        """`visitor`: an unguessable name of whom of several this is for; conversations and feedback are theirs."""
        headers = given(**{"X-API-Key": key, "X-Yiwen-Visitor": visitor})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, reply: type[R], parameters: Mapping[str, Any]) -> R:
        with reachable():
            return read(self._http.get(path, params=dict(parameters)), reply)

    def _post(self, path: str, body: Mapping[str, Any] | None, reply: type[R]) -> R:
        with reachable():
            return read(self._http.post(path, json=body), reply)

    def _events(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Iterator[Event]:
        accept = {"Accept": "text/event-stream", **headers}
        with reachable(), self._http.stream(method, path, json=body, headers=accept) as response:
            if response.is_error:
                response.read()
            raise_for(response)
            for name, data in server_events(response.iter_lines()):
                if name == "error":
                    raise ServiceError(int(data.get("status", 500)), data)
                yield Event(name=name, data=data)

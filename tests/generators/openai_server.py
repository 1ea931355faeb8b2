"""A small server of the OpenAI shape that behaves and misbehaves as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class OpenAIServer(ThreadingHTTPServer):
    """Each request takes the next of `acts`, the last one for ever:

    a list of pieces is streamed; an int is that status; `hang` says nothing; `hang after` one piece and then nothing;
    `reset` one piece and then a reset connection. A list of models is a `GET`, with the status `well`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.acts: list[Sequence[str] | int | str] = [["你好。"]]
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.well = 200
        self.probes: list[str | None] = []
        """Keys of the requests for the list of models."""
        self.paths: list[str] = []
        self.kept_waiting = threading.Event()
        """Set when a client waits for what never comes."""
        self.gone = threading.Event()
        """Set when a client left while it was waiting."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next_act(self) -> Sequence[str] | int | str:
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer

    def do_GET(self) -> None:
        assert self.path == "/v1/models"
        self.server.probes.append(self.headers["Authorization"])
        self.send_response(self.server.well)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.server.requests.append(json.loads(body))
        self.server.keys.append(self.headers["Authorization"])
        act = self.server.next_act()
        if isinstance(act, int):
            self.send_response(act)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            return
        if act != "hang":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for piece in ["偏头痛的"] if isinstance(act, str) else act:
                self._event(piece)
        if act == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif isinstance(act, str):
            self.server.kept_waiting.set()
            self.connection.settimeout(10)
            if not self.connection.recv(1):
                self.server.gone.set()
        else:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, text: str) -> None:
        choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()


@contextmanager
def serving() -> Iterator[OpenAIServer]:
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

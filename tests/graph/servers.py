"""What can stand where Neo4j should: sockets that refuse, hang or reset, and a relay that can be cut or slowed."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST instead of FIN."""


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on a free port that gives each connection to `serve` in a thread; its Bolt address."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"bolt://127.0.0.1:{server.getsockname()[1]}"
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"bolt://127.0.0.1:{port}"


def hang(connection: socket.socket) -> None:
    """Accept, read, never say a word."""
    with connection, suppress(OSError):
        while connection.recv(4096):
            pass


def reset(connection: socket.socket) -> None:
    """Accept, then break the connection hard."""
    with connection:
        connection.recv(4)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def talk_nonsense(connection: socket.socket) -> None:
    """Answer as a web server would."""
    with connection, suppress(OSError):
        connection.recv(64)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Relay:
    """Passes bytes to a real server and back, until told otherwise."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self.up = threading.Event()
        self.up.set()
        self.flowing = threading.Event()
        self.flowing.set()
        self.bytes_until_reset: int | None = None

    def serve(self, client: socket.socket) -> None:
        """Both ways until one side ends."""
        if not self.up.is_set():
            self._break(client)
            return
        server = socket.create_connection(self._target)
        self._open += [client, server]
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client, answering=True)

    def _pump(self, source: socket.socket, sink: socket.socket, *, answering: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.flowing.wait()
                if answering and self.bytes_until_reset is not None:
                    sink.sendall(data[: self.bytes_until_reset])
                    self._break(sink)
                    return
                sink.sendall(data)
        for end in (source, sink):
            end.close()

    def stop(self) -> None:
        """As a server that is killed: every connection breaks, new ones are not served."""
        self.up.clear()
        while self._open:
            self._break(self._open.pop())

    @staticmethod
    def _break(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

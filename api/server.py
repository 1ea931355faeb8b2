"""uvicorn, started from the program: one-line errors, a clean end, and no connection that dawdles over its headers."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.service import Service
from rag.errors import DependencyError

GOODBYE_S = 0.5
"""What is left of the grace period when answers that still run are cut short, for telling their clients."""
HEADER_S = 10.0
"""How long a new connection may take for its first request line and headers."""
SWITCH_S = 0.0005
"""How long a thread may go on computing while others wait (Python's own: 5 ms).

To check a sentence takes several turns. While a version is opened each of them waited that long: a tenth of a second.
"""
Ready = Callable[[str], None]


class PatientProtocol(H11Protocol):
    """Closes a connection whose first request has not arrived after `header_s`."""

    header_s = HEADER_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent has it
        """Start the clock."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(self.header_s, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._waiting.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if vars(self)["cycle"] is None and not self.transport.is_closing():  # declared as if it always were there
            self.transport.close()


class Server(uvicorn.Server):
    """Drains on the first signal, exits with 0 afterwards; a second Ctrl-C ends at once."""

    def __init__(self, config: uvicorn.Config, service: Service, address: str, on_ready: Ready | None) -> None:
        super().__init__(config)
        self._service, self._address, self._on_ready = service, address, on_ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Announce the address once requests are accepted."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        if self.started and self._on_ready is not None:
            self._on_ready(self._address)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop accepting, let answers finish, cut them short at the end of the grace period."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self._service.draining = True
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(
                self._loop.call_later, self._service.settings.grace_s - GOODBYE_S, self._service.abort
            )


def listen(host: str, port: int) -> socket.socket:
    """A bound socket whose connections send at once. Raises DependencyError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=2048)
        # asyncio does this only for sockets that it made: a body that follows its headers would wait 40 ms for the
        # client's delayed acknowledgement (RFC 1122, 4.2.3.2 and 4.2.3.4)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise DependencyError(
            f"cannot listen on {host}:{port} ({_why(error)}); "
            "stop what uses it or choose another with YIWEN_PORT or YIWEN_HOST"
        ) from error


def _why(error: OSError) -> str:
    """What the system says, without asyncio's repetition of the address."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def server_for(
    app: FastAPI,
    service: Service,
    bound: socket.socket,
    on_ready: Ready | None = None,
    protocol: type[PatientProtocol] = PatientProtocol,
) -> Server:
    """A server for `bound`; `run(sockets=[bound])` starts it."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(service.settings.grace_s),
    )
    host, port = bound.getsockname()[:2]
    return Server(config, service, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", on_ready)


def run(app: FastAPI, service: Service, on_ready: Ready | None) -> None:
    """Serve until a signal. Raises DependencyError if the port is taken."""
    for chatty in ("uvicorn.error", "faiss"):  # the latter lists the instruction sets that it was not built for
        logging.getLogger(chatty).setLevel(logging.WARNING)

    sys.setswitchinterval(SWITCH_S)

    def ready(address: str) -> None:
        _spare_what_stays()
        if on_ready is not None:
            on_ready(address)

    with listen(service.settings.host, service.settings.port) as bound:
        server_for(app, service, bound, ready).run(sockets=[bound])


def _spare_what_stays() -> None:
    """Take modules and the open version out of what the collector walks over.

    A full collection, which opening the next version sets off, holds up all other threads for 100 ms otherwise.
    """
    gc.collect()
    gc.freeze()


def leave() -> NoReturn:
    """End the process with 0, once everything has been let go of.

    Taking a knowledge base apart object by object takes Python longer than the answers that were still running: half a
    second of processor time, which is seconds on a busy machine, after the grace period.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or nobody reads any more
            stream.flush()
    os._exit(0)

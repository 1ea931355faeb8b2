"""A port for a server that a test starts."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

_CHOICE = random.SystemRandom()  # another one in each worker, whatever a test seeds


def free_port() -> int:
    """One below those that systems hand to connections, of which none takes it before the server listens."""
    while True:
        port = _CHOICE.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port

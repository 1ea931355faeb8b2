"""Time from starting `yiwen serve` to the first 200 of /readyz, which it gives once a version is open and checked."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from rag.errors import YiwenError

_POLL_S = 0.01
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Server:
    """One that is ready: where it listens, its process, how long it took."""

    port: int
    pid: int
    ready_s: float


def ready_seconds(data_dir: Path) -> float:
    """Start a server, wait until it is ready, stop it. Raises YiwenError after 60 s."""
    with serving(data_dir) as server:
        return server.ready_s


@contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    """A server on a free port of this machine, ready to answer. Raises YiwenError if it is not after 60 s."""
    port = _free_port()
    command = [sys.executable, "-m", "yiwen", "--data-dir", str(data_dir), "serve", "--port", str(port)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Server(port, process.pid, _wait(process, f"http://127.0.0.1:{port}/readyz", begin))
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, begin: float) -> float:
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while time.perf_counter() - begin < _PATIENCE_S:
            if process.poll() is not None:
                raise YiwenError(f"the server ended with exit code {process.returncode} before it was ready")
            try:
                if client.get(address).status_code == httpx.codes.OK:
                    return time.perf_counter() - begin
            except httpx.TransportError:  # not listening yet
                time.sleep(_POLL_S)
                continue
            time.sleep(_POLL_S)
    raise YiwenError(f"the server was not ready after {_PATIENCE_S:.0f} s; see `yiwen doctor`")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

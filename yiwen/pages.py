"""`yiwen ui`: the pages for a browser, as a program of their own that knows the service by its address only."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from rag.errors import MissingExtraError

PAGE_PORT = 8501
"""Where `yiwen demo` begins to look for a free port."""
END_S = 5.0
"""How long the pages may take to end."""


def ui(
    url: Annotated[
        str | None, typer.Option("--url", help="Address of the service (YIWEN_API_URL, else http://127.0.0.1:8000).")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on (YIWEN_UI_HOST, else 127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on (YIWEN_UI_PORT, else 8501).")
    ] = None,
) -> None:
    """Serve the pages for a browser until Ctrl-C; `yiwen serve` must run too.

    A service that wants a key is sent YIWEN_API_KEY. Whoever reaches the pages can do what that key may do.
    """
    if not available():
        raise MissingExtraError("the pages need Streamlit: pip install 'yiwen[ui]'")
    sys.stdout.flush()
    os.execv(sys.executable, _command(url, host, port))


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("streamlit") is not None


@contextmanager
def page_beside(url: str, host: str, port: int) -> Iterator[None]:
    """Keep the pages running while the block runs; they also end when this process is killed."""
    command = [*_command(url, host, port), "--with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            if process.stdin is not None:
                process.stdin.close()


def _command(url: str | None, host: str | None, port: int | None) -> list[str]:
    given = {"--url": url, "--host": host, "--port": port}
    said = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    return [sys.executable, "-m", "ui", *said]

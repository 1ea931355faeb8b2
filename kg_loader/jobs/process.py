"""Processes that end with the one that started them, and get its settings.

The first line on the standard input is a JSON document with the settings, secrets included (arguments and environment
of a process can be seen by others). After it nothing comes; when the input ends the parent is gone, and so goes the
child.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from rag.settings import Settings


def launch(module: str, settings: Settings, message: Mapping[str, Any], *, piped: bool) -> subprocess.Popen[bytes]:
    """Start `python -m module` in a session of its own (Ctrl-C is for the parent); `piped`: its output comes here."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],  # what lies in the working folder is none of our modules
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if piped else None,
        start_new_session=True,
    )
    line = json.dumps({"settings": settings.model_dump(), "message": dict(message)}, default=_plain)
    assert process.stdin is not None
    try:
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:  # it has ended already; its exit code tells
        pass
    return process


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def received() -> tuple[Settings, dict[str, Any]]:
    """In the child: the settings and the message; from now on it gets a SIGTERM when the parent is gone."""
    stream = open(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = stream.read(1 << 16)
        if not piece:
            sys.exit(0)
        line += piece
    document = json.loads(line)

    def watch() -> None:
        while stream.read(1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    return Settings(_env_file=None, **document["settings"]), document["message"]


def end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask a process to end, and make it; returns when it is gone."""
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()

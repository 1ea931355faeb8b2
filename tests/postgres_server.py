"""A real PostgreSQL for the tests that need one: `YIWEN_TEST_POSTGRES_URL`, or a server of our own on a free port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

# Read once: the tests run without any YIWEN_ variable.
GIVEN_URL = os.environ.get("YIWEN_TEST_POSTGRES_URL") or None
_START_S = 30.0
_USER = "yiwen"


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`; Debian keeps it off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def available() -> bool:
    """Whether these tests can run here."""
    return GIVEN_URL is not None or _programs() is not None


@contextmanager
def running() -> Iterator[str]:
    """The URL of a server as SQLAlchemy takes it; it and its data are gone afterwards."""
    if GIVEN_URL is not None:
        yield GIVEN_URL
        return
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="yiwen-postgres-"))
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **owner}
    data = str(folder / "data")
    subprocess.run([programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-N"], check=True, **quiet)  # type: ignore[call-overload]
    server = subprocess.Popen(  # type: ignore[call-overload]
        [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "fsync=off"], **quiet
    )
    try:
        _wait_for(port)
        yield f"postgresql+psycopg://{_USER}@127.0.0.1:{port}/postgres"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def _wait_for(port: int) -> None:
    import psycopg

    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=_USER, dbname="postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

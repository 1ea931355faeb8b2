"""A real Neo4j for tests: jars through Maven into a cache folder, one server process for a test session."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

URI_VARIABLE = "YIWEN_TEST_NEO4J_URI"
PASSWORD_VARIABLE = "YIWEN_TEST_NEO4J_PASSWORD"
# Read once, at import: the tests run with another home folder and without YIWEN_ variables.
GIVEN_URI = os.environ.get(URI_VARIABLE) or None
GIVEN_PASSWORD = os.environ.get(PASSWORD_VARIABLE) or "neo4j-password"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yiwen-tests" / "neo4j-5.26.0"

HERE = Path(__file__).parent
USER, FIRST_PASSWORD, PASSWORD = "neo4j", "neo4j", "test-password"
_OPENED = ("java.nio", "java.io", "java.lang", "sun.nio.ch")


@dataclass(frozen=True)
class Address:
    """Where a server listens and who may come in."""

    uri: str
    user: str = USER
    password: str = PASSWORD


def available() -> bool:
    """Whether tests can have a server: an address was given, or Java and Maven can start one."""
    return GIVEN_URI is not None or all(shutil.which(program) for program in ("java", "mvn"))


def jars() -> Path:
    """The folder of Neo4j's jars, fetched from Maven's repository the first time."""
    done = CACHE / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
            subprocess.run([*command, f"-DoutputDirectory={CACHE / 'jars'}"], check=True, stdin=subprocess.DEVNULL)
            done.touch()
    return CACHE / "jars"


class Server:
    """A server process over a folder of its own; `stop` and `start` keep port and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.address = Address(f"bolt://127.0.0.1:{self.port}")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Return when the server listens."""
        opens = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
        command = [
            "java",
            "-Xmx768m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            *opens,
            "-cp",
            f"{jars()}/*",
            str(HERE / "Server.java"),
        ]
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, str(self.folder), str(self.port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == "ready":
                return
        raise RuntimeError(f"the server did not start; see {log.name}: {Path(log.name).read_text()[-2000:]}")

    def stop(self) -> None:
        """End the process; committed data stays in its folder."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def set_first_password(address: Address) -> None:
    """A new server wants its first password changed before anything else."""
    from neo4j import GraphDatabase

    with GraphDatabase.driver(address.uri, auth=(USER, FIRST_PASSWORD)) as driver:
        driver.execute_query(
            "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
            {"old": FIRST_PASSWORD, "new": address.password}, database_="system",
        )  # fmt: skip


@contextmanager
def running() -> Iterator[Server]:
    """A fresh server that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            set_first_password(server.address)
            yield server
        finally:
            server.stop()

"""A real Neo4j for tests: jars through Maven into a cache folder, one server process for a test session."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

URI_VARIABLE = "YIWEN_TEST_NEO4J_URI"
PASSWORD_VARIABLE = "YIWEN_TEST_NEO4J_PASSWORD"
# Read once, at import: the tests run with another home folder and without YIWEN_ variables.
GIVEN_URI = os.environ.get(URI_VARIABLE) or None
GIVEN_PASSWORD = os.environ.get(PASSWORD_VARIABLE) or "neo4j-password"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yiwen-tests" / "neo4j-5.26.0-with-import"

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


def _start(folder: Path, alive: Path, settings: Sequence[str]) -> Address:
    """Start a server that ends when nobody holds `alive`, a FIFO, open for writing any more."""
    fresh, port = not (folder / "data" / "databases" / "system").exists(), free_port()
    (folder / "neo4j.conf").write_text("".join(f"{line}\n" for line in settings))
    opens = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
    # Compiling lightly makes a short life shorter: the tests take a quarter of the time.
    flags = ["-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command = ["java", *flags, *opens, "-cp", f"{jars()}/*", str(HERE / "Server.java"), str(folder), str(port)]
    with alive.open("rb", buffering=0) as stdin, (folder / "errors.log").open("w") as errors:
        server = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert server.stdout is not None
    with server.stdout as said:
        if not any(line.strip() == "ready" for line in said):
            raise RuntimeError(f"no Neo4j: {(folder / 'errors.log').read_text()[-2000:]}")
    (folder / "pid").write_text(str(server.pid))
    server.returncode = 0  # it outlives the process that started it: nobody here waits for its end
    address = Address(f"bolt://127.0.0.1:{port}")
    if fresh:
        set_first_password(address)
    return address


def set_first_password(address: Address) -> None:
    """A new server wants its first password changed before anything else."""
    from neo4j import GraphDatabase

    with GraphDatabase.driver(address.uri, auth=(USER, FIRST_PASSWORD)) as driver:
        driver.execute_query(
            "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
            {"old": FIRST_PASSWORD, "new": address.password}, database_="system",
        )  # fmt: skip


@contextmanager
def shared(folder: Path, *settings: str) -> Iterator[Address]:
    """A server in `folder`, started by the first of several test processes and gone after the last.

    `settings` are lines of `neo4j.conf`; the file `pid` in the folder says which process it is.
    """
    folder.mkdir(exist_ok=True)
    alive, known = folder / "alive", folder / "address"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not alive.exists():
            os.mkfifo(alive)
        holder = os.open(alive, os.O_RDWR)  # for writing too: a FIFO with a reader only would have ended at once
        if not known.exists():
            known.write_text(_start(folder, alive, settings).uri)
    try:
        yield Address(known.read_text())
    finally:
        os.close(holder)


def stopped(folder: Path) -> None:
    """Wait until the server that this process started in a folder has ended; then another may start there."""
    os.waitpid(int((folder / "pid").read_text()), 0)
    for name in ("alive", "address", "pid"):
        (folder / name).unlink()


@contextmanager
def alone(address: Address) -> Iterator[None]:
    """Nodes without a knowledge base belong to no test in particular: whoever makes some is alone with them."""
    place = Path(tempfile.gettempdir()) / f"yiwen-tests-{address.uri.rpartition(':')[2]}.lock"
    with place.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _forget(address)
        yield
        _forget(address)


def _forget(address: Address) -> None:
    from neo4j import GraphDatabase

    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        driver.execute_query("MATCH (n) WHERE n.kb IS NULL AND n.kb_id IS NULL DETACH DELETE n")

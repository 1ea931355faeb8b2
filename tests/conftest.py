"""Fixtures for every test: a clean environment, no outside network, and parts left out in one line each."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import neo4j_server, postgres_server
from tests.needs import in_ci, missing, require

REAL_DATA_VARIABLE = "YIWEN_TEST_DATA"
# Read once: the clean environment below removes every YIWEN_ variable.
REAL_DATA = os.environ.get(REAL_DATA_VARIABLE) or None

LOOPBACK = ("127.", "::1", "localhost")
MadeOnce = Callable[[str, Callable[[Path], object]], Path]
LEFT_OUT = pytest.StashKey[Counter[str]]()  # why -> how many tests


def _forbid_outside_network(event: str, args: tuple[object, ...]) -> None:
    """Audit hook: a test that reaches for another machine fails where it does so. Child processes are not seen."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if not isinstance(address, tuple):  # the path of a Unix socket
            return
        host = address[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if not name.startswith(LOOPBACK):
        raise PermissionError(f"a test tried to reach {name!r}; tests use the loopback interface only")


def pytest_configure(config: pytest.Config) -> None:
    """Close the network before any test module is imported."""
    config.stash[LEFT_OUT] = Counter()
    sys.addaudithook(_forbid_outside_network)


TRIED_AGAIN = ("seconds", "browser", "neo4j", "postgres")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose data or outside need is missing; under CI=true a missing need fails instead.

    Tests that are held to seconds, or share a browser or a server with others, get three tries, told at the end: a
    fault fails them all, another program on the machine hardly.
    """
    absent = {} if in_ci() else {marker: f"{need.what} is missing: {need.advice}" for marker, need in missing().items()}
    if REAL_DATA is None:
        absent["real_data"] = f"set {REAL_DATA_VARIABLE} to the folder of the data files"
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        reasons = [f"{marker} ({advice})" for marker, advice in absent.items() if item.get_closest_marker(marker)]
        config.stash[LEFT_OUT].update(reasons)
        (dropped if reasons else kept).append(item)
        if any(map(item.get_closest_marker, TRIED_AGAIN)):
            item.add_marker(pytest.mark.flaky(reruns=2))
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    if hasattr(config, "workerinput"):
        _longest_first(items)


def _longest_first(items: list[pytest.Item]) -> None:
    """Files whose tests may take longest, then those of many tests: parallel workers so end with short ones, together.

    They take files in this order (`--no-loadscope-reorder`).
    """
    limit, count = defaultdict[Path, float](float), Counter(item.path for item in items)
    for item in items:
        mark = item.get_closest_marker("timeout")
        limit[item.path] = max(limit[item.path], float(mark.args[0]) if mark else 0.0)
    items.sort(key=lambda item: (-limit[item.path], -count[item.path]))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Take over what a parallel worker left out; every worker collects the same tests, so any one of them will do."""
    output = getattr(node, "workeroutput", {})
    config = getattr(node, "config", None)
    if isinstance(config, pytest.Config):
        counts: Counter[str] = config.stash[LEFT_OUT]
        counts.clear()
        counts.update(output.get("left_out", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a parallel worker: hand the counts to the controlling process."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        counts: Counter[str] = session.config.stash[LEFT_OUT]
        output["left_out"] = dict(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each part that was left out."""
    for reason, count in sorted(config.stash[LEFT_OUT].items()):
        terminalreporter.write_line(f"left out: {count} tests of {reason}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Under CI=true a test whose need is missing fails here, with how to get it."""
    for marker, need in missing().items() if in_ci() else ():
        if item.get_closest_marker(marker):
            require(need)


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No YIWEN_ variable, no `.env`, no home folder of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("YIWEN_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.chdir(tmp_path_factory.mktemp("cwd"))
        yield


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty folder for what the product writes."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real data files; for tests marked `real_data`."""
    if REAL_DATA is None:
        pytest.fail(f"mark this test real_data: it needs {REAL_DATA_VARIABLE}", pytrace=False)
    folder = Path(REAL_DATA)
    if not folder.is_dir():
        pytest.fail(f"{REAL_DATA_VARIABLE} names {REAL_DATA!r}, which is not a folder", pytrace=False)
    return folder


def _folder_of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """The folder of a name, filled by the first of all workers that asks for it; from then on it is only read."""
    place = _folder_of_all_workers(tmp_path_factory)

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        made, making = place / name, place / f"{name}.making"
        with (place / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(making, ignore_errors=True)
                fill(making)
                making.rename(made)
        return made

    return folder


@pytest.fixture(scope="session")
def neo4j_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[neo4j_server.Address]:
    """A real Neo4j for tests marked `neo4j`; they share it, each with a knowledge base of its own."""
    if neo4j_server.GIVEN_URI is not None:
        yield neo4j_server.Address(neo4j_server.GIVEN_URI, password=neo4j_server.GIVEN_PASSWORD)
        return
    with neo4j_server.shared(_folder_of_all_workers(tmp_path_factory) / "neo4j") as address:
        yield address


@pytest.fixture
def unclaimed(neo4j_address: neo4j_server.Address) -> Iterator[None]:
    """For tests that make nodes without a knowledge base in the shared Neo4j."""
    with neo4j_server.alone(neo4j_address):
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL for tests marked `postgres`."""
    with postgres_server.running() as url:
        yield url

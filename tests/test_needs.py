"""The harness itself: parts left out in one line, failures under CI=true, no outside network, a clean environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import Need, require

ROOT = Path(__file__).parents[1]

PRESENT = Need("x", "something", lambda: True, "already there")
ABSENT = Need("x", "a rare program", lambda: False, "apt-get install rare")

SAMPLE = """
import pytest

@pytest.mark.real_data
def test_reads_data(): ...

@pytest.mark.neo4j
def test_reads_graph(): ...

def test_plain(): ...
"""

HELD_TO_SECONDS = """
import pytest

tries = {"once": 0, "ever": 0, "unmarked": 0}

@pytest.mark.seconds
def test_late_once():
    tries["once"] += 1
    assert tries["once"] == 2

@pytest.mark.seconds
def test_late_ever():
    tries["ever"] += 1
    assert tries["ever"] == 4, f"tried {tries['ever']} times"

def test_unmarked():
    tries["unmarked"] += 1
    assert tries["unmarked"] == 2
"""


def test_a_present_need_changes_nothing() -> None:
    require(PRESENT)


def test_an_absent_need_skips_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install rare"):
        require(ABSENT)


def test_an_absent_need_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI=true"):
        require(ABSENT)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_parts_are_left_out_in_one_line_each(tmp_path: Path, workers: str) -> None:
    done = _run_tests(SAMPLE, tmp_path, workers, CI="false")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("left out: 1 tests of real_data (set YIWEN_TEST_DATA") == 1
    assert done.stdout.count("left out: 1 tests of neo4j (Java 17 with Maven is missing") == 1


def test_a_missing_need_fails_the_run_under_ci(tmp_path: Path) -> None:
    done = _run_tests(SAMPLE, tmp_path, "0", CI="true")
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout
    assert "apt-get install default-jdk-headless maven" in done.stdout


@pytest.mark.parametrize("workers", ["0", "1"])
def test_only_those_held_to_seconds_get_three_tries(tmp_path: Path, workers: str) -> None:
    done = _run_tests(HELD_TO_SECONDS, tmp_path, workers, CI="false")
    assert done.returncode == 1, done.stdout
    assert "2 failed, 1 passed, 3 rerun" in done.stdout
    assert "tried 3 times" in done.stdout


def _run_tests(code: str, folder: Path, workers: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `code` under this project's conftest with nothing but Python on the path."""
    (folder / "test_sample.py").write_text(code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "YIWEN_TEST_DATA"}
    environment |= {"PATH": "", "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest"]
    command += ["-p", "no:cacheprovider", "-n", workers, str(folder)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def test_other_machines_are_out_of_reach() -> None:
    with pytest.raises(PermissionError, match="loopback"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match="loopback"):
        socket.getaddrinfo("example.org", 80)


def test_the_loopback_interface_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_the_environment_is_clean() -> None:
    assert not [name for name in os.environ if name.startswith("YIWEN_")]
    assert not Path(".env").exists()

"""The benchmark itself: it measures what it says, and it fails where a command fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.speed import PARTS, run
from evaluation.speed.corpora import corpus
from evaluation.speed.figures import Figure, SpeedReport, percentile, quiet, shares_note
from evaluation.speed.process import run_command
from rag.errors import NotFoundError, UsageError, YiwenError


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile_is_the_smallest_value_that_enough_do_not_exceed(share: float, expected: int) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_a_figure_is_held_against_its_goal() -> None:
    assert Figure("x", "s", (1.0, 9.0, 2.0), 2.0).reached is True
    assert Figure("x", "s", (3.0,), 2.0).reached is False
    assert Figure("x", "s", (3.0,)).reached is None


def test_a_report_fails_with_a_figure_or_an_observation() -> None:
    assert SpeedReport((Figure("x", "s", (1.0,), 2.0),), {"same": True}).reached
    assert not SpeedReport((Figure("x", "s", (3.0,), 2.0),), {}).reached
    assert not SpeedReport((), {"same": False}).reached
    assert "**no**" in SpeedReport((Figure("x", "s", (3.0,), 2.0),), {"same": False}).markdown()


def test_busy_rounds_are_left_out_unless_all_are() -> None:
    assert quiet([0.5, 0.05, None]) == [1, 2]
    assert quiet([0.5, 0.4]) == [0, 1]
    assert shares_note([0.5, 0.05]) == "50%, 5%; reported: 1 of 2 rounds"


def test_the_memory_of_a_command_is_its_own() -> None:
    ballast = bytearray(200 << 20)
    small = run_command(["-c", "import time; time.sleep(0.2)"])
    large = run_command(["-c", "x = b'x' * (150 << 20); import time; time.sleep(0.2)"])
    assert len(ballast) > 0
    if small.peak_mb is None or large.peak_mb is None:
        pytest.skip("this system does not tell the peak of a process")
    assert small.peak_mb < 100
    assert large.peak_mb > 150
    assert small.seconds >= 0.2
    assert small.cpu_seconds < small.seconds


def test_a_command_that_fails_says_so() -> None:
    with pytest.raises(YiwenError, match="exit code 3: gone"):
        run_command(["-c", "import sys; sys.exit(print('gone', file=sys.stderr) or 3)"])
    assert run_command(["-c", "raise SystemExit(7)"]).stdout == ""


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"cmekg\.jsonl"):
        corpus(tmp_path)


@pytest.mark.parametrize(("rounds", "parts"), [(0, PARTS), (1, ("fly",))])
def test_unknown_parts_are_refused(rounds: int, parts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="start, load, ingest, serve, ask, vectors, memory, swaps, traffic, retrieval"):
        run(None, rounds=rounds, parts=parts)


@pytest.mark.timeout(240)
def test_the_sample_is_measured_whole() -> None:
    report = run(None, rounds=1)
    names = {figure.name for figure in report.figures}
    assert {
        "import rag",
        "load facts.csv, ours / bare",
        "ask, p99",
        "server ready after its start, checksums verified",
    } <= names
    assert report.notes["the same files again give no new version"] is True
    assert report.notes["one changed record changes nothing else"] is True
    assert all(value > 0 for figure in report.figures for value in figure.values if "step" not in figure.name)


@pytest.mark.real_data
def test_one_record_of_the_real_file_is_changed(real_data: Path, tmp_path: Path) -> None:
    files = corpus(real_data)
    files.change(files.files[0], tmp_path / "copy.jsonl")
    old = files.files[0].read_text(encoding="utf-8").splitlines()
    new = (tmp_path / "copy.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(old) == len(new)
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1

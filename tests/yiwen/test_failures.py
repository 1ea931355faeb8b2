"""Exit codes: every error of the tree is one line, anything else too unless a traceback is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rag import errors
from tests.source_tree import ROOT
from tests.yiwen.conftest import Yiwen, run
from yiwen.failures import Commands

FULL = "yiwen: cannot write the result: No space left on device; free some space or write it elsewhere\n"
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.YiwenError)]


def _app(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands)

    @app.callback()
    def before(verbose: bool = False) -> None:
        """The root."""

    @app.command()
    def go() -> None:
        raise error

    return app


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_of_the_tree_is_one_line_and_its_code(kind: type[errors.YiwenError]) -> None:
    done = CliRunner().invoke(_app(kind("what\nwas given")), ["go"])
    assert (done.exit_code, done.stdout, done.stderr) == (kind.exit_code, "", "yiwen: what was given\n")


def test_an_unexpected_error_is_one_line_with_a_hint() -> None:
    done = CliRunner().invoke(_app(ZeroDivisionError("odd")), ["go"])
    assert done.exit_code == 1
    assert done.stderr == "yiwen: unexpected ZeroDivisionError: odd; `yiwen -v ...` shows where it happened\n"


def test_verbose_shows_where_it_happened() -> None:
    done = CliRunner().invoke(_app(ZeroDivisionError("odd")), ["--verbose", "go"])
    assert done.exit_code == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (typer.Abort(), 130), (BrokenPipeError(), 0)])
def test_interruptions_and_closed_pipes_are_quiet(error: BaseException, code: int) -> None:
    done = CliRunner().invoke(_app(error), ["go"])
    assert (done.exit_code, done.output) == (code, "")


def test_a_reader_that_leaves_is_no_error(sample: Path) -> None:
    command = f"{sys.executable} -m yiwen --data-dir {sample} kb export | head -c 100"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bytes_that_are_no_text_are_answered(sample: Path) -> None:
    command: list[str | bytes] = [sys.executable, "-m", "yiwen", "--data-dir", str(sample), "ask"]
    command.append(b"\xff\xfe\xe8\x82\x9d\xe7\x99\x8c")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env={"LC_ALL": "C"}, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "肝癌" in done.stdout.decode()


@pytest.mark.parametrize(
    ("name", "value"), [("YIWEN_PORT", "abc"), ("YIWEN_TOP_K", "0"), ("YIWEN_DENSE_INDEX", "magic")]
)
def test_a_wrong_setting_is_named(yiwen: Yiwen, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    done = yiwen("kb", "versions")
    assert done.code == 2
    assert done.err.startswith(f"yiwen: {name}={value}: ")
    assert len(done.err.splitlines()) == 1


def test_the_data_folder_is_an_argument_before_it_is_a_variable(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIWEN_DATA_DIR", str(tmp_path / "nothing"))
    assert run(["kb", "versions", "--json"]).json["current"] is None
    assert run(["--data-dir", sample, "kb", "versions", "--json"]).json["current"] == 1
    assert run(["kb", "versions", "--json", "--data-dir", sample]).json["current"] == 1
    monkeypatch.setenv("YIWEN_DATA_DIR", str(sample))
    assert run(["kb", "versions", "--json"]).json["current"] == 1


@pytest.mark.parametrize("arguments", [["nope"], ["kb", "nope"], ["ask"], ["kb", "diff", "1"], ["--nope"]])
def test_what_cannot_be_meant_is_a_usage_error(arguments: list[str]) -> None:
    done = run(arguments)
    assert done.code == 2
    assert "Usage: yiwen" in done.err.replace("root", "yiwen")


def test_the_version_is_that_of_the_package() -> None:
    from importlib import metadata

    assert run(["version", "--json"]).json["version"] == metadata.version("yiwen")
    assert run(["version"]).out.startswith(f"yiwen {metadata.version('yiwen')} ")


@pytest.mark.parametrize(
    ("redirect", "code", "message"),
    [
        (">&-", 0, ""),
        ("<&-", 0, ""),
        (">&- 2>&- <&-", 0, ""),
        (
            ">/dev/full",
            6,
            "yiwen: cannot write the result: No space left on device; free some space or write it elsewhere\n",
        ),
    ],
)
def test_closed_and_full_streams(sample: Path, redirect: str, code: int, message: str) -> None:
    command = f"{sys.executable} -m yiwen --data-dir {sample} kb export {redirect}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, message)


def test_a_closed_stdin_is_an_empty_question(sample: Path) -> None:
    command = f"{sys.executable} -m yiwen --data-dir {sample} ask - <&-"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("yiwen: the question is empty")


def test_nesting_without_end_is_one_line() -> None:
    done = CliRunner().invoke(_app(RecursionError("maximum recursion depth exceeded")), ["go"])
    assert done.exit_code == 5
    assert done.stderr.startswith("yiwen: something given is nested more deeply than can be read")

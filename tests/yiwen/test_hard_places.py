"""`yiwen ask` where little works (B14): no network, no home, another locale, few open files, a disk that is full."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.source_tree import ROOT

QUESTION = "2型糖尿病怎么治疗？"
_NO_NETWORK = """
import socket, sys
def refuse(*_, **__):
    raise OSError("this machine has no network")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse
from yiwen.__main__ import main
sys.exit(main())
"""


def ask(
    folder: Path, *, limit: Callable[[], None] | None = None, code: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    start = ["-c", code] if code else ["-m", "yiwen"]
    command = [sys.executable, "-B", *start, "--data-dir", str(folder), "ask", QUESTION]
    bare = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "", **environment}
    return subprocess.run(command, env=bare, cwd="/", capture_output=True, check=False, preexec_fn=limit)


def answered(done: subprocess.CompletedProcess[bytes]) -> bool:
    return done.returncode == 0 and "AI 生成" in done.stdout.decode("utf-8")


def test_without_network_home_or_locale(sample: Path) -> None:
    assert answered(ask(sample, code=_NO_NETWORK, LANG="C", LC_ALL="C"))


def test_with_few_open_files(sample: Path) -> None:
    assert answered(ask(sample, limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))))


def test_on_a_full_disk(sample: Path) -> None:
    """No file can grow by a byte, which is what a full disk means to a program."""
    assert answered(ask(sample, limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))))


def test_nothing_is_written_beside_the_program(sample: Path) -> None:
    before = _packaged()
    assert answered(ask(sample))
    assert _packaged() == before


def _packaged() -> dict[Path, int]:
    """When each file of the packages was written, without bytecode, which other tests may write meanwhile."""
    files = (path for name in ("rag", "kg_loader", "yiwen", "api") for path in (ROOT / name).rglob("*"))
    return {path: path.stat().st_mtime_ns for path in files if "__pycache__" not in path.parts and path.is_file()}


@pytest.mark.parametrize("folder", ["nowhere", "a file"])
def test_without_a_knowledge_base_it_is_one_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a file").write_text("", encoding="utf-8")
    done = ask(tmp_path / folder, LANG="C")
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode("utf-8").count("\n") == 1

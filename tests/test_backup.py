"""The lines of `docs/operations.md` that back up and restore, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.source_tree import ROOT
from tests.yiwen.conftest import run

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
QUESTION = "甲病有什么症状？"
HEAD = "subject,subject_type,relation,object,object_type,source\n"
TRANSIENT = {"lock", "flip.lock", "register.lock", "staging", "state.sqlite-wal", "state.sqlite-shm"}


def _lines(heading: str) -> str:
    """The first block of commands below a heading."""
    section = OPERATIONS.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def _sh(script: str, **folders: Path) -> subprocess.CompletedProcess[str]:
    """Run lines of the documentation; `yiwen` and `python3` are those of the tests."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **{k: str(v) for k, v in folders.items()}}
    return subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)


def _done(script: str, **folders: Path) -> None:
    done = _sh(script, **folders)
    assert done.returncode == 0, done.stdout + done.stderr


def _yiwen(data: Path, *arguments: object) -> str:
    """What a command prints; in this process, which saves seconds."""
    done = run(["--data-dir", data, *arguments])
    assert done.code == 0, done.err
    return done.out


def _answer(data: Path) -> dict[str, Any]:
    """The answer, without what differs from one asking to the next."""
    answer = orjson.loads(_yiwen(data, "ask", QUESTION, "--json"))
    return {key: value for key, value in answer.items() if key not in ("answer_id", "timings_ms")}


def _facts(folder: Path, *symptoms: str) -> Path:
    path = folder / "facts.csv"
    rows = "".join(f"甲病,disease,has_symptom,{name},symptom,书\n" for name in symptoms)
    path.write_text(HEAD + rows, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with two versions, a withdrawal and a job that waits. Without the packaged terms all is faster."""
    base = tmp_path_factory.mktemp("original")
    folder = base / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YIWEN_TERMS", "false")
        for symptoms in (("头晕", "耳鸣"), ("头晕", "耳鸣", "紫光感")):
            _yiwen(folder, "ingest", _facts(base, *symptoms), "--dataset", "mine")
        _yiwen(folder, "kb", "withdraw", _evidence(folder, "耳鸣"), "--reason", "试一试")
        _yiwen(folder, "jobs", "submit", _facts(base, "头晕"))
        yield folder


@pytest.fixture
def data(original: Path, tmp_path: Path) -> Path:
    """A copy of it to work on."""
    subprocess.run(["cp", "-a", original, tmp_path / "data"], check=True)
    return tmp_path / "data"


def _evidence(folder: Path, word: str) -> str:
    return str(next(c["evidence_id"] for c in _answer(folder)["citations"] if word in c["quote"]))


def _restored(backup: Path, target: Path) -> Path:
    target.mkdir()
    _done(_lines("Restore"), DATA=target, BACKUP=backup)
    return target


def test_a_restored_backup_answers_the_same(data: Path, tmp_path: Path) -> None:
    before, jobs = _answer(data), _yiwen(data, "jobs", "list", "--json")
    _done(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup")
    shutil.move(data, tmp_path / "lost")
    folder = _restored(tmp_path / "backup", tmp_path / "data")
    assert _answer(folder) == before
    assert "耳鸣" not in before["text"]
    assert _yiwen(folder, "jobs", "list", "--json") == jobs
    _yiwen(folder, "kb", "activate", 1)
    assert _answer(folder)["kb_version"] == 1
    _done('yiwen --data-dir "$DATA" worker --once', DATA=folder)  # the queued job of the backup
    assert _answer(folder)["kb_version"] == 3


def test_a_backup_holds_every_file_but_those_of_the_moment(data: Path, tmp_path: Path) -> None:
    _done(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup")
    missing = [path for path in _files(data) - _files(tmp_path / "backup") if not TRANSIENT & set(path.parts)]
    assert missing == []


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_a_backup_knows_every_place_that_the_architecture_names() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = text.split("## Files of a knowledge base", 1)[1].split("```")[1]
    places = set(re.findall(r"^<data_dir>/((?:kb/)?[\w.]+)", block, re.MULTILINE))
    assert {"kb/CURRENT", "state.sqlite"} <= places
    script = _lines("Backup").replace("state drawn", "state.sqlite drawn.sqlite")
    assert [place for place in places if place not in script and Path(place).name not in TRANSIENT] == []


def test_files_shared_by_versions_are_shared_in_the_backup(data: Path, tmp_path: Path) -> None:
    _done(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup")
    links = [sorted(path.stat().st_nlink for path in folder.rglob("*") if path.is_file())
             for folder in (data / "kb" / "snapshots", tmp_path / "backup" / "kb" / "snapshots")]  # fmt: skip
    assert links[0] == links[1]


def test_a_damaged_copy_is_no_backup(data: Path, tmp_path: Path) -> None:
    _done(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup")
    records = max((tmp_path / "backup" / "kb" / "snapshots").glob("*/records.sqlite"))
    content = bytearray(records.read_bytes())
    content[len(content) // 2] ^= 1
    records.unlink()
    records.write_bytes(content)
    (tmp_path / "target").mkdir()
    done = _sh(_lines("Restore"), DATA=tmp_path / "target", BACKUP=tmp_path / "backup")
    assert done.returncode == 5
    assert "records.sqlite" in done.stdout
    assert _sh(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup").returncode != 0, "over an older one"


def test_a_backup_made_while_a_version_is_published_is_whole(data: Path, tmp_path: Path) -> None:
    facts = _facts(tmp_path, *(f"症状{number}" for number in range(50)))
    command = [str(BIN / "yiwen"), "--data-dir", str(data), "ingest", str(facts), "--dataset", "other"]
    backups: list[Path] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as ingesting:
        while ingesting.poll() is None:
            backups.append(tmp_path / f"backup-{len(backups)}")
            _done(_lines("Backup"), DATA=data, BACKUP=backups[-1])  # ends with comparing it with its manifest
    assert ingesting.returncode == 0
    folder = _restored(backups[-1], tmp_path / "restored")
    assert _answer(folder)["outcome"] == "answered"
    _yiwen(folder, "ingest", facts, "--dataset", "other")
    answer = _answer(folder)
    assert answer == {**_answer(data), "revision": answer["revision"]}


def test_what_was_erased_after_the_backup_stays_erased(data: Path, tmp_path: Path) -> None:
    _done(_lines("Backup"), DATA=data, BACKUP=tmp_path / "backup")
    gone = _evidence(data, "紫光感")
    _yiwen(data, "kb", "erase", gone, "--reason", "不该有", "--yes")
    folder = _restored(tmp_path / "backup", tmp_path / "target")
    assert "紫光感" in _answer(folder)["text"]
    _yiwen(folder, "kb", "erase", gone, "--reason", "不该有", "--yes")
    for name in ("register.json", "register.previous.json"):
        shutil.copy(data / "kb" / name, folder / "kb")
    assert _answer(folder)["text"] == _answer(data)["text"]
    assert [path for path in folder.rglob("*") if path.is_file() and "紫光感".encode() in path.read_bytes()] == []

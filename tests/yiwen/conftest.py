"""A way to run commands in this process, and the sample knowledge base, ingested once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from yiwen.cli import app

FACTS = "subject,subject_type,relation,object,object_type,source\n"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the document holds
        return json.loads(self.out)


Yiwen = Callable[..., Done]


def run(arguments: Sequence[object], stdin: str | None = None) -> Done:
    result = CliRunner().invoke(app, [str(part) for part in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    return Done(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of `yiwen demo`; tests only read it."""
    folder = tmp_path_factory.mktemp("sample")
    done = run(["demo", "--once", "--data-dir", folder])
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def yiwen(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Yiwen:
    """Runs a command on an empty data folder, without the packaged terms."""
    monkeypatch.setenv("YIWEN_TERMS", "false")

    def call(*arguments: object, stdin: str | None = None) -> Done:
        return run(["--data-dir", data_dir, *arguments], stdin)

    return call


@pytest.fixture
def on_sample(sample: Path) -> Yiwen:
    """Runs a command on the sample."""

    def call(*arguments: object, stdin: str | None = None) -> Done:
        return run(["--data-dir", sample, *arguments], stdin)

    return call


def facts_file(path: Path, *rows: str) -> Path:
    """A `facts.csv`; each row as `甲病,disease,has_symptom,头晕,symptom,editorial`."""
    path.write_text(FACTS + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


ROW_A = "甲病,disease,has_symptom,头晕,symptom,editorial"
ROW_B = "乙病,disease,has_symptom,头晕,symptom,editorial"

"""Two processes of one run: one prepares the data, the other reads what it made, and both know if that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from finetune.data.characters import Characters
from finetune.data.config import DataConfig
from finetune.data.prepared import Prepared
from finetune.data.preparing import prepare
from finetune.once import once
from finetune.run_file import load
from tests.hf.models import make_model
from tests.source_tree import ROOT
from tests.training.processes import PATIENCE_S, environment, ranks
from yiwen.cli import app

pytestmark = pytest.mark.timeout(600)


def prepared(file: Path) -> list[list[list[Any]]]:
    """The packs that a rank has, and a note in the folder of who made some."""
    run = load(file)

    def made() -> Prepared:
        with (file.parent / "prepared").open("a", encoding="utf-8") as note:
            note.write("once ")
        return prepare(run.data, Characters())

    return as_lists(once(run, made))


def as_lists(found: Prepared) -> list[list[list[Any]]]:
    return [[[piece.row, piece.input_ids.tolist(), piece.supervised.tolist()] for piece in one] for one in found.train]


def commanded(*arguments: str) -> tuple[int, str, str]:
    """A command of `yiwen` on a rank: exit code, and what it printed."""
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    rows = [{"instruction": f"第{n}问？", "output": f"第{n}个回答。" * (1 + n % 4)} for n in range(40)]
    (tmp_path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    values: dict[str, Any] = {
        "out": str(tmp_path / "run"),
        "model": {"path": str(make_model(tmp_path / "base", "qwen2"))},
        "data": {"datasets": [str(tmp_path / "rows.json")], "cutoff": 128, "pack_length": 256},
        "lora": {"rank": 4},
        "train": {"steps": 2, "device": "cpu", "precision": "fp32", "save_every": "never", "log_every": 1},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return tmp_path / "run.yaml"


def test_one_prepares_and_both_have_it(run_file: Path) -> None:
    folder = run_file.parent
    first, second = ranks(prepared, run_file)
    assert (folder / "prepared").read_text(encoding="utf-8") == "once "
    alone = prepare(DataConfig((str(folder / "rows.json"),), cutoff=128, pack_length=256), Characters())
    assert first == second == as_lists(alone)
    assert not list(folder.glob(".run*")), "the file between them is gone"


def test_a_run_of_two_processes_by_command(run_file: Path) -> None:
    """As docs/training.md says: by torchrun."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "-m", "yiwen", "train", "run", str(run_file)], cwd=ROOT, capture_output=True, text=True, check=False,
        env=environment(), timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    run = run_file.parent / "run"
    assert done.stdout.count(f"{run / 'adapter'}: sft by lora, 2 steps") == 1, "one of them reports"
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    assert [one["rows"] for one in record["data"]] == [40]
    assert (run / "adapter" / "chat_template.jinja").is_file()


def test_if_it_fails_both_end(run_file: Path) -> None:
    (run_file.parent / "rows.json").write_text('[{"instruction": "问", "output": ""}]', encoding="utf-8")
    ended = ranks(commanded, "train", "run", str(run_file))
    assert [code for code, _, _ in ended] == [5, 5]
    said = "".join(stderr for _, _, stderr in ended)
    assert said.count("has no row to learn from") == 1
    assert "unexpected" not in said
    assert not (run_file.parent / "run").exists()
    assert not list(run_file.parent.glob(".run*"))

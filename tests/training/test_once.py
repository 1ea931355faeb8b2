"""Two processes of one run: one prepares the data, the other reads what it made, and both know if that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from finetune.data.characters import Characters
from finetune.data.config import DataConfig
from finetune.data.preparing import prepare
from tests.hf.models import make_model
from tests.source_tree import ROOT
from tests.training.test_killed import _environment

pytestmark = pytest.mark.timeout(240)
SCRIPT = """
import json, sys
from pathlib import Path
from torch import distributed
from finetune.data.characters import Characters
from finetune.data.preparing import prepare
from finetune.once import once
from finetune.run_file import load

run, folder = load(Path(sys.argv[1])), Path(sys.argv[2])

def made():
    with (folder / "prepared").open("a") as file:
        file.write("once ")
    return prepare(run.data, Characters())

found = once(run, made)
packs = [[[piece.row, piece.input_ids.tolist(), piece.supervised.tolist()] for piece in pack] for pack in found.train]
(folder / f"rank{distributed.get_rank()}").write_text(json.dumps(packs))
"""


def two(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    return subprocess.run(
        [str(one) for one in command], cwd=ROOT, capture_output=True, text=True, check=False, env=_environment(),
        timeout=200,
    )  # fmt: skip


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
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = two(folder / "script.py", run_file, folder)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder / "prepared").read_text(encoding="utf-8") == "once "
    first, second = (json.loads((folder / f"rank{n}").read_text(encoding="utf-8")) for n in (0, 1))
    alone = prepare(DataConfig((str(folder / "rows.json"),), cutoff=128, pack_length=256), Characters())
    packs = [[[p.row, p.input_ids.tolist(), p.supervised.tolist()] for p in pack] for pack in alone.train]
    assert first == second == packs
    assert not list(folder.glob(".run*")), "the file between them is gone"


def test_a_run_of_two_processes_by_command(run_file: Path) -> None:
    done = two("-m", "yiwen", "train", "run", run_file)
    assert done.returncode == 0, done.stderr[-3000:]
    run = run_file.parent / "run"
    assert done.stdout.count(f"{run / 'adapter'}: sft by lora, 2 steps") == 1, "one of them reports"
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    assert [one["rows"] for one in record["data"]] == [40]
    assert (run / "adapter" / "chat_template.jinja").is_file()


def test_if_it_fails_both_end(run_file: Path) -> None:
    (run_file.parent / "rows.json").write_text('[{"instruction": "问", "output": ""}]', encoding="utf-8")
    done = two("-m", "yiwen", "train", "run", run_file)
    assert done.returncode != 0
    assert done.stderr.count("has no row to learn from") == 1
    assert "unexpected" not in done.stderr
    assert not (run_file.parent / "run").exists()
    assert not list(run_file.parent.glob(".run*"))

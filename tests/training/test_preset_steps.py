"""Each preset takes two steps on a tiny model: with its method, its rhythm and its base in 4 or 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finetune.data.prepared import PreparedPreferences
from finetune.run_file import presets, read
from finetune.stages import dpo, packed
from tests.hf.models import make_model
from tests.training.packs import examples
from tests.training.test_preferences import ROWS

pytestmark = pytest.mark.filterwarnings("ignore")
HERE = ["train.device=cpu", "train.precision=fp32", "train.distributed=ddp", "train.steps=2", "train.micro_batch=2",
        "train.accumulation=1"]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "llama")


@pytest.mark.parametrize("name", presets())
def test_a_preset_takes_two_steps(base: Path, tmp_path: Path, name: str) -> None:
    run = read({"preset": name, "out": str(tmp_path / "run"), "model": {"path": str(base)}}, HERE)
    if run.train.stage == "dpo":
        report: dict[str, Any] = dpo.train(run, lambda run, tokenizer: PreparedPreferences(ROWS))
    else:
        report = packed.train(run, lambda run, tokenizer: examples(held_out=4))
    assert report["steps"] == 2
    assert report["loss"] > 0

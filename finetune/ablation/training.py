"""The runs of the ablation, each as YAML would describe it, by the very trainer of `yiwen train run`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from finetune.ablation.material import Row
from finetune.execute import execute
from finetune.run_file import read


@dataclass(frozen=True)
class Learning:
    """How long and how fast one run learns; `tokens` in a step."""

    steps: int
    rate: float
    tokens: int = 2048


def write(path: Path, rows: Iterable[Row]) -> Path:
    """As JSON Lines; returns `path`."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def full(folder: Path, stage: str, data: Path, model: Path, how: Learning) -> Path:
    """All weights learn; returns the folder of the model."""
    _run(folder, stage, data, model, how, method="full")
    return folder / "model"


def lora(folder: Path, data: Path, model: Path, how: Learning, *, rank: int, register: Path) -> None:
    """An adapter at all linear layers, put into the folder `register` under the name of the run's folder."""
    _run(folder, "sft", data, model, how, lora={"rank": rank, "alpha": rank}, export={"register": str(register)})


def _run(
    folder: Path, stage: str, data: Path, model: Path, how: Learning, *, method: str = "lora", **more: object
) -> None:
    train = {
        "stage": stage, "method": method, "steps": how.steps, "learning_rate": how.rate, "warmup": 0.08,
        "adam_beta2": 0.98, "device": "cpu", "precision": "fp32", "save_every": "never", "log_every": 50,
    }  # fmt: skip
    values = {
        "out": str(folder),
        "model": {"path": str(model)},
        "data": {"datasets": [str(data)], "pack_length": how.tokens, "cutoff": min(1024, how.tokens)},
        "train": train,
        **more,
    }
    execute(read(values))

"""Runs of tiny models, as YAML would describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finetune.config import Run
from finetune.run_file import read


def a_run(base: Path, out: Path, **sections: dict[str, Any]) -> Run:
    """Six steps of two packs on the CPU, logged one by one."""
    train = {"steps": 6, "micro_batch": 1, "accumulation": 2, "log_every": 1, "save_every": "3", "device": "cpu"}
    values: dict[str, Any] = {
        "out": str(out),
        "model": {"path": str(base)} | sections.get("model", {}),
        "lora": {"rank": 4} | sections.get("lora", {}),
        "train": train | {"learning_rate": 1e-2, "precision": "fp32"} | sections.get("train", {}),
        "eval": {"every": "3"} | sections.get("eval", {}),
        "data": sections.get("data", {}),
        "export": sections.get("export", {}),
    }
    return read(values)

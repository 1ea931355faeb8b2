"""A run from its file to a served adapter: train, merge, register."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from finetune.config import Run
from finetune.rows import examples, preferences
from finetune.saving import register_adapter
from rag.errors import ConfigurationError

_MODULES = {"pt": "packed", "sft": "packed", "rm": "reward", "dpo": "dpo", "rloo": "rloo"}


def execute(
    run: Run, *, resume: bool = False, watch: Callable[[Mapping[str, Any]], None] = lambda entry: None
) -> dict[str, Any]:
    """Trains, merges and registers as the run says; returns its report. Errors as `finetune.stages.packed.train`."""
    if run.train.stage not in _MODULES:
        raise ConfigurationError(
            f"train.stage {run.train.stage} cannot be run from files; expected {', '.join(_MODULES)}"
        )
    module = importlib.import_module(f"finetune.stages.{_MODULES[run.train.stage]}")
    read = examples if run.train.stage in ("pt", "sft") else preferences
    report: dict[str, Any] = module.train(run, read, resume=resume, watch=watch)
    if report and run.train.method == "lora":
        report |= _export(run)
    return report


def _export(run: Run) -> dict[str, Any]:
    done: dict[str, Any] = {}
    adapter = run.out / "adapter"
    if run.export.merge is not None:
        from finetune.export import facts, merge

        before = [Path(name) for name in run.model.adapters]
        done["merged"] = facts(merge(run.model.path, [*before, adapter], run.export.merge))
    if run.export.register is not None:
        done["registered"] = str(register_adapter(adapter, run.export.register, run.export.name or run.out.name))
    return done

"""A run from its file to a served adapter: train, merge, register."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from finetune.card import run_card
from finetune.config import Run
from finetune.data.pairing import prepare_pairs
from finetune.data.preferring import prepare_preferences, prepare_questions
from finetune.data.preparing import prepare
from finetune.data.rendering import Renderer
from finetune.libraries import hush
from finetune.models import vocabulary
from finetune.once import once
from finetune.record import read_record
from finetune.saving import licence_of, register_adapter
from rag.snapshot.files import storage_errors, write_durably

_STAGES: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "pt": ("packed", prepare),
    "sft": ("packed", prepare),
    "onestage": ("packed", prepare),
    "rm": ("reward", prepare_preferences),
    "dpo": ("dpo", prepare_preferences),
    "rloo": ("rloo", prepare_questions),
    "embed": ("embed", prepare_pairs),
}
"""The module of each stage, and what makes its rows."""


def execute(
    run: Run, *, resume: bool = False, watch: Callable[[Mapping[str, Any]], None] = lambda entry: None
) -> dict[str, Any]:
    """Trains, merges and registers as the run says; returns its report. Errors as `finetune.stages.packed.train`."""
    hush()
    name, prepared = _STAGES[run.train.stage]

    def read(run: Run, tokenizer: object) -> Any:  # noqa: ANN401 - as the stage takes it
        if run.train.stage == "embed":
            return once(run, lambda: prepared(run.data, run.embed))
        made = once(run, lambda: prepared(run.data, tokenizer, vocabulary=vocabulary(run.model)))
        Renderer(tokenizer, run.data.template).hand_over()
        return made

    module = importlib.import_module(f"finetune.stages.{name}")
    report: dict[str, Any] = module.train(run, read, resume=resume, watch=watch)
    if report:
        _write_card(run, Path(report["result"]))
    if report and run.train.method == "lora" and run.train.stage != "embed":
        report |= _export(run)
    return report


def _write_card(run: Run, folder: Path) -> None:
    card = run_card(run.model.path, read_record(folder), licence_of(run.model.path))
    with storage_errors(folder):
        write_durably(folder / "README.md", card.encode())


def _export(run: Run) -> dict[str, Any]:
    done: dict[str, Any] = {}
    adapter = run.out / "adapter"
    if run.export.merge is not None:
        from finetune.export import facts, merge

        before = [Path(name) for name in run.model.adapters]
        done["merged"] = facts(merge(run.model.path, [*before, adapter], run.export.merge, bits=run.export.bits))
    if run.export.register is not None:
        done["registered"] = str(register_adapter(adapter, run.export.register, run.export.name or run.out.name))
    return done

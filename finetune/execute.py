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
from finetune.once import is_first, once
from finetune.quantised import require_bitsandbytes
from finetune.record import check_folder, ended, read_record
from finetune.saving import check_name, licence_of, register_adapter
from rag.errors import ConflictError
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
    """Trains, merges and registers as the run says; returns its report. Errors as `finetune.stages.packed.train`.

    With `resume` a run that has ended is only merged and registered, and `again` is true in its report.
    """
    hush()
    check_folder(run, resume=resume)
    report = ended(run) if resume else None
    if report is None:
        _check_export(run)
        report = _train(run, resume, watch)
    else:
        report = report | {"again": True} if is_first(run) else {}
    if report:
        _write_card(run, Path(report["result"]))
        report |= _export(run)
    return report


def _train(run: Run, resume: bool, watch: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    name, prepared = _STAGES[run.train.stage]

    def read(run: Run, tokenizer: object) -> Any:  # noqa: ANN401 - as the stage takes it
        if run.train.stage == "embed":
            return once(run, lambda: prepared(run.data, run.embed))
        made = once(run, lambda: prepared(run.data, tokenizer, vocabulary=vocabulary(run.model)))
        Renderer(tokenizer, run.data.template).hand_over()
        return made

    module = importlib.import_module(f"finetune.stages.{name}")
    report: dict[str, Any] = module.train(run, read, resume=resume, watch=watch)
    return report


def _check_export(run: Run) -> None:
    """What would fail at the end fails before hours of training."""
    if run.export.merge is not None and run.export.merge.exists():
        raise ConflictError(f"export.merge {run.export.merge} exists already; name another folder or remove it")
    if run.export.merge is not None:
        require_bitsandbytes(run.export.bits)
    if run.export.register is not None:
        check_name(run.export.name or run.out.name)


def _write_card(run: Run, folder: Path) -> None:
    card = run_card(run.model.path, read_record(folder), licence_of(run.model.path))
    with storage_errors(folder):
        write_durably(folder / "README.md", card.encode())


def _export(run: Run) -> dict[str, Any]:
    done: dict[str, Any] = {}
    if run.train.method != "lora" or run.train.stage == "embed":
        return done
    adapter = run.out / "adapter"
    if run.export.merge is not None:
        from finetune.export import facts, merge

        before = [Path(name) for name in run.model.adapters]
        done["merged"] = facts(merge(run.model.path, [*before, adapter], run.export.merge, bits=run.export.bits))
    if run.export.register is not None:
        done["registered"] = str(register_adapter(adapter, run.export.register, run.export.name or run.out.name))
    return done

"""What `rm`, `dpo`, `rloo` and in part `embed` share: others' trainers in a run's folder. TRL is the extra `train`."""

from __future__ import annotations

import importlib
import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.config import Run
from finetune.data.prepared import PreparedPreferences
from finetune.meter import GIB, LOG, PLOT, cut_log, finite, peak_memory, plot, read_log
from finetune.models import open_tokenizer
from finetune.record import begin, finish
from finetune.saving import disk_errors, save_result
from finetune.stages.packed import Watch, Watching, learn
from finetune.trainer import COMPLETE, memory_advice
from rag.errors import DataError, MissingExtraError

try:
    from transformers import PrinterCallback, TrainerCallback, set_seed
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

Read = Callable[[Run, Any], PreparedPreferences]
Make = Callable[[Run, Any, Any, Any], Any]
"""From a run, its tokenizer and two data sets to a trainer of TRL."""


def trl(*names: str) -> list[Any]:
    """Classes of TRL. Its message home at each start stays off. MissingExtraError without it."""
    try:
        from huggingface_hub import constants

        constants.HF_HUB_DISABLE_TELEMETRY = True
        module = importlib.import_module("trl")
    except ImportError as error:
        raise MissingExtraError("train.stage rm, dpo and rloo need trl: pip install 'yiwen[train]'") from error
    return [getattr(module, name) for name in names]


def train(
    run: Run, read: Read, make: Make, needed: Sequence[str], *, resume: bool = False, watch: Watch = lambda entry: None
) -> dict[str, Any]:
    """Trains with the trainer that `make` returns and reports. DataError for rows without the `needed` keys."""
    tokenizer = open_tokenizer(run.model)
    rows = read(run, tokenizer)
    _check(rows, needed)
    set_seed(run.train.seed)
    trainer = make(
        run, tokenizer, dataset(rows.train, needed), dataset(rows.held_out, needed) if rows.held_out else None
    )
    if trainer.is_world_process_zero():
        begin(run, rows.origins, resume=resume, losses=rows.losses)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Entries(run.out))
    trainer.add_callback(Watching(watch))
    with disk_errors(run.out), memory_advice():
        learn(run, trainer, resume)
        folder = save_result(run, trainer, tokenizer)
        shutil.rmtree(folder / "ref", ignore_errors=True)  # the reference of an adapter that went on being trained
        (run.out / "README.md").unlink(missing_ok=True)  # TRL's card of a model that it cannot name
    return report_of(run, trainer, folder)


def _check(rows: PreparedPreferences, needed: Sequence[str]) -> None:
    if not rows.train:
        raise DataError("no rows are left to train on; look at `yiwen data check`")
    for number, row in enumerate(rows.train):
        missing = [key for key in needed if not row.get(key)]
        if missing:
            raise DataError(f"row {number} has no {', '.join(missing)}; expected {', '.join(needed)}")


def dataset(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Any:  # noqa: ANN401 - of `datasets`
    """The columns `keys` as the trainers read them. MissingExtraError without `datasets`."""
    try:
        from datasets import Dataset, disable_progress_bars
    except ImportError as error:
        raise MissingExtraError(
            "train.stage rm, dpo, rloo and embed need datasets: pip install 'yiwen[train]'"
        ) from error
    if not sys.stderr.isatty():
        disable_progress_bars()
    return Dataset.from_list([{key: row[key] for key in keys} for row in rows])


class Entries(TrainerCallback):  # type: ignore[misc] # transformers has no types here
    """Writes each entry of the log with time, memory and, where TRL counts tokens, their rate; marks checkpoints."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LOG
        self._started, self._first, self._tokens = time.monotonic(), 0, 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401 - as the base
        """Takes the time."""
        self._started, self._first = time.monotonic(), state.global_step
        if state.is_world_process_zero:
            cut_log(self._path, state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: object) -> None:  # noqa: ANN401
        """Appends a line."""
        if not state.is_world_process_zero or not logs:
            return
        passed = time.monotonic() - self._started
        done = max(state.global_step - self._first, 1)
        logs["elapsed_s"] = round(passed, 1)
        logs["left_s"] = round(passed / done * (state.max_steps - state.global_step), 1)
        logs["peak_gib"] = round(peak_memory(args.device) / GIB, 2)
        if "num_tokens" in logs:
            logs["tokens_per_s"] = round(logs["num_tokens"] / max(passed, 1e-9), 1)
        with self._path.open("a", encoding="utf-8") as file:
            entry = {"step": state.global_step, "epoch": state.epoch, **logs}
            file.write(json.dumps(finite(entry), ensure_ascii=False) + "\n")
        loss = logs.get("loss")
        if isinstance(loss, float) and not math.isfinite(loss):
            raise DataError(
                f"the loss of step {state.global_step} is {loss}; lower train.learning_rate. "
                "Earlier checkpoints are sound"
            )

    def on_save(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401 - as the base
        """The last file of a checkpoint."""
        if state.is_world_process_zero:
            (self._folder / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def report_of(run: Run, trainer: Any, folder: Path) -> dict[str, Any]:  # noqa: ANN401 - of TRL
    """What came out, also written into the run's folder; empty in all processes but one."""
    if not trainer.is_world_process_zero():
        return {}
    entries = read_log(run.out / LOG)
    last: dict[str, Any] = next((entry for entry in reversed(entries) if "loss" in entry), {})
    judged = next((entry["eval_loss"] for entry in reversed(entries) if "eval_loss" in entry), None)
    shown = ("loss", "rewards/accuracies", "rewards/margins", "accuracy", "margin", "reward", "kl")
    report = {
        "stage": run.train.stage,
        "method": run.train.method,
        "steps": trainer.state.global_step,
        **{name.rpartition("/")[2]: last[name] for name in shown if name in last},
        **({"eval_loss": judged} if judged is not None else {}),
        "result": str(folder),
        "plot": str(run.out / PLOT) if plot(entries, run.out / PLOT, unit="") else None,
    }
    finish(run, report)
    return report

"""What `pt`, `sft` and `onestage` share: packs through our trainer; they differ in how rows become packs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.data.collate import collate
from finetune.data.prepared import Prepared
from finetune.meter import LOG, PLOT, Meter, plot, read_log, work_of
from finetune.models import adapted, layers_of, open_base, open_tokenizer, sizes
from finetune.record import begin, finish
from finetune.sampling import SAMPLING, plot_sampling
from finetune.saving import disk_errors, keeps_start, save_result, save_start
from finetune.trainer import PackTrainer, last_complete
from rag.errors import DataError, MissingExtraError

try:
    from transformers import EarlyStoppingCallback, TrainerCallback, TrainerState, set_seed
    from transformers.trainer import TRAINER_STATE_NAME
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

Watch = Callable[[Mapping[str, Any]], None]
"""Called with each entry of the log."""


def train(
    run: Run,
    read: Callable[[Run, Any], Prepared],
    *,
    resume: bool = False,
    watch: Watch = lambda entry: None,
) -> dict[str, Any]:
    """Trains as the run says and returns its report. Deterministic on a CPU: the same run, the same weights.

    `read` makes the packs with the tokenizer of the run; `resume` goes on from the last complete checkpoint, if
    there is one. Errors: ConfigurationError, ConflictError, DataError, DependencyError, StorageError.
    """
    tokenizer = open_tokenizer(run.model)
    made = read(run, tokenizer)
    if not made.train:
        raise DataError("no packs are left to train on; look at `yiwen data check`")
    set_seed(run.train.seed)
    model = adapted(open_base(run), run)
    trainer = make_trainer(run, model, made, watch)
    if trainer.is_world_process_zero():
        facts = {"packs": len(made.train), "fill": round(made.fill, 4), "sizes": dict(sizes(model))}
        begin(run, made.origins, resume=resume, losses=made.losses, facts=facts)
    with disk_errors(run.out):
        if run.data.mixing == "priority" and made.schedule is not None and trainer.is_world_process_zero():
            plot_sampling(made.schedule, run.out / SAMPLING)
        if keeps_start(run) and trainer.is_world_process_zero():
            save_start(run, model)
        learn(run, trainer, resume)
        return _conclude(run, trainer, tokenizer)


def make_trainer(run: Run, model: Any, made: Prepared, watch: Watch) -> PackTrainer:  # noqa: ANN401 - a model
    """The trainer of a run, ready to start."""
    if run.train.compile:
        for layer in layers_of(model):
            layer.compile()
    batches = math.ceil(len(made.train) / run.train.micro_batch)
    settings = arguments(
        run,
        batches,
        held_out=bool(made.held_out),
        train_sampling_strategy="sequential" if made.ordered else "random",
    )
    if settings.world_size > 1:
        settings = arguments(
            run,
            math.ceil(batches / settings.world_size),
            held_out=bool(made.held_out),
            train_sampling_strategy="sequential" if made.ordered else "random",
        )
    meter = Meter(run.out, work_of(model, full=run.train.method != "lora"), settings.device, settings.world_size)
    patience = [EarlyStoppingCallback(run.eval.patience)] if run.eval.patience and made.held_out else []
    return PackTrainer(
        model=model,
        args=settings,
        train_dataset=made.train,
        eval_dataset=made.held_out or None,
        data_collator=collate,
        meter=meter,
        places=made.places,
        callbacks=[*patience, Watching(watch)],
    )


class Watching(TrainerCallback):  # type: ignore[misc] # transformers has no types here
    """Tells somebody of each entry of the log; the last step is one, whatever the rhythm."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def on_step_end(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401 - as the base
        """Without it the loss of a run's end would be that of some steps before."""
        control.should_log |= state.global_step >= state.max_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: object) -> None:  # noqa: ANN401
        """Passes each entry on."""
        if state.is_world_process_zero:
            self._watch({"step": state.global_step, "steps": state.max_steps, **(logs or {})})


def learn(run: Run, trainer: Any, resume: bool) -> None:  # noqa: ANN401 - of transformers or a descendant
    """Trains, with `resume` on from the last complete checkpoint, if there is one.

    A checkpoint with which the run ended is only loaded: transformers would add a step to it.
    """
    place = last_complete(run.out) if resume else None
    if place is None or run.train.distributed != "ddp" or not _ended(place):
        trainer.train(resume_from_checkpoint=str(place) if place is not None else None)
        return
    trainer.state = _state(place)
    best = trainer.state.best_model_checkpoint
    trainer._load_from_checkpoint(best if trainer.args.load_best_model_at_end and best is not None else str(place))


def _ended(checkpoint: Path) -> bool:
    """After the last step, and where nothing was gained any more."""
    control = _state(checkpoint).stateful_callbacks["TrainerControl"]
    return bool(control["args"]["should_training_stop"])


def _state(checkpoint: Path) -> Any:  # noqa: ANN401 - of transformers
    return TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))


def _conclude(run: Run, trainer: PackTrainer, tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401 - of transformers
    """Saves what was learnt, draws the loss and reports."""
    trainer.check_losses()
    folder = save_result(run, trainer, tokenizer)
    if not trainer.is_world_process_zero():
        return {}
    entries = read_log(run.out / LOG)
    losses = [entry["loss"] for entry in entries if "loss" in entry]
    report = {
        "stage": run.train.stage,
        "method": run.train.method,
        "steps": trainer.state.global_step,
        "loss": losses[-1] if losses else None,
        "first_loss": losses[0] if losses else None,
        "eval_loss": next((entry["eval_loss"] for entry in reversed(entries) if "eval_loss" in entry), None),
        "best_checkpoint": trainer.state.best_model_checkpoint and Path(trainer.state.best_model_checkpoint).name,
        **trainer.meter.sums(),
        "result": str(folder),
        "plot": str(run.out / PLOT) if plot(entries, run.out / PLOT) else None,
    }
    finish(run, report)
    return report

"""A run's settings as transformers names them."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from finetune.config import Run, TrainConfig
from finetune.models import computing
from rag.errors import ConfigurationError, MissingExtraError

try:
    import torch
    from transformers import TrainingArguments
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

_CHECKPOINTING = next(  # transformers renamed it in 5.23
    name
    for name in ("activation_checkpointing", "gradient_checkpointing")
    if name in {entry.name for entry in fields(TrainingArguments)}
)
LAUNCH = Path(__file__).parent / "launch"


def arguments(
    run: Run, batches: int, *, held_out: bool, kind: type[TrainingArguments] = TrainingArguments, **more: object
) -> Any:  # noqa: ANN401 - an instance of `kind`
    """`batches` is the number of micro-batches of an epoch on one rank.

    Raises MissingExtraError where a switch needs a package that is not installed, ConfigurationError.
    """
    train = run.train
    _check_packages(train)
    precision = computing(train)
    per_epoch = max(1, math.ceil(batches / train.accumulation))
    given: dict[str, Any] = {
        "output_dir": str(run.out),
        "per_device_train_batch_size": train.micro_batch,
        "per_device_eval_batch_size": run.eval.micro_batch,
        "gradient_accumulation_steps": train.accumulation,
        "num_train_epochs": train.epochs,
        "max_steps": train.steps or -1,
        "learning_rate": train.learning_rate,
        "lr_scheduler_type": train.schedule,
        "warmup_steps": train.warmup if train.warmup < 1 else int(train.warmup),
        "weight_decay": train.weight_decay,
        "adam_beta1": train.adam_beta1,
        "adam_beta2": train.adam_beta2,
        "adam_epsilon": train.adam_epsilon,
        "max_grad_norm": train.clip,
        "optim": train.optimizer,
        "bf16": precision == "bf16",
        "fp16": precision == "fp16",
        _CHECKPOINTING: train.checkpointing,
        f"{_CHECKPOINTING}_kwargs": {"use_reentrant": False} if train.checkpointing else None,
        "neftune_noise_alpha": train.neftune or None,
        "seed": train.seed,
        "data_seed": train.seed,
        "use_cpu": train.device == "cpu",
        "dataloader_num_workers": train.workers,
        "dataloader_pin_memory": train.device != "cpu" and torch.cuda.is_available(),
        "logging_steps": train.log_every,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,  # would wait for the GPU in each step; the trainer looks itself
        "save_total_limit": train.keep,
        "report_to": train.report_to,
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "use_cache": False,
        "ddp_find_unused_parameters": False,
        "use_liger_kernel": train.fused_kernels,
        # The head runs at supervised positions only, so its fused loss has nothing to give.
        "liger_kernel_config": {"fused_linear_cross_entropy": False} if train.fused_kernels else None,
        **_rhythm("save", train.save_every, per_epoch),
        **_rhythm("eval", run.eval.every if held_out else "never", per_epoch),
        **_best(run, held_out),
        **_sharding(run),
    }
    return kind(**{**given, **more})


def _check_packages(train: TrainConfig) -> None:
    """None of them is an extra: each is asked for by one switch."""
    wanted = {
        f"train.report_to {train.report_to}": "" if train.report_to == "none" else train.report_to,
        "train.fused_kernels": "liger-kernel" if train.fused_kernels else "",
    }
    for switch, package in wanted.items():
        if package and find_spec(package.replace("-", "_")) is None:
            raise MissingExtraError(f"{switch} needs a package that is not installed: pip install {package}")


def _rhythm(what: str, every: str, per_epoch: int) -> dict[str, Any]:
    """`5/epoch` in steps."""
    if every == "never":
        return {f"{what}_strategy": "no"}
    if every == "epoch":
        return {f"{what}_strategy": "epoch"}
    number, slash, _ = every.partition("/")
    steps = max(1, per_epoch // int(number)) if slash else int(number)
    return {f"{what}_strategy": "steps", f"{what}_steps": steps}


def _best(run: Run, held_out: bool) -> dict[str, Any]:
    """The best checkpoint can be kept where the same steps judge and save."""
    if not held_out or not run.eval.keep_best or "never" in (run.eval.every, run.train.save_every):
        if run.eval.patience and held_out:
            raise ConfigurationError("eval.patience needs eval.keep_best, eval.every and train.save_every")
        return {}
    if run.eval.every != run.train.save_every:
        raise ConfigurationError(
            f"eval.keep_best needs eval.every ({run.eval.every}) and train.save_every ({run.train.save_every}) alike; "
            "set eval.keep_best to false otherwise"
        )
    return {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}


def _sharding(run: Run) -> dict[str, Any]:
    kind = run.train.distributed
    if kind == "ddp":
        return {}
    if not torch.cuda.is_available():
        raise ConfigurationError(f"train.distributed is {kind}, which needs GPUs; on a CPU only ddp is heard")
    if kind == "fsdp":
        return {"fsdp": True, "fsdp_config": json.loads((LAUNCH / "fsdp2.json").read_text(encoding="utf-8"))}
    return {"deepspeed": str(LAUNCH / f"{kind}.json")}

"""Reinforcement learning with a reward model of ours: REINFORCE leave-one-out through TRL.

PPO is gone upstream (TRL 1.x has neither its trainer nor a value head): RLOO needs no value model, since the mean
reward of the other answers to a question is its baseline.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.models import opening
from finetune.stages import preferences
from finetune.stages.dpo import adapter_model
from finetune.stages.packed import Watch
from rag.errors import ConfigurationError


def train(
    run: Run, read: preferences.Read, *, resume: bool = False, watch: Watch = lambda entry: None
) -> dict[str, Any]:
    """As `finetune.stages.packed.train` does, on questions. ConfigurationError where a step splits an answer group."""
    answers = run.train.micro_batch * run.train.accumulation
    if answers % run.train.generations:
        raise ConfigurationError(
            f"train.micro_batch x train.accumulation is {answers} answers a step; expected a multiple of "
            f"train.generations ({run.train.generations})"
        )
    return preferences.train(run, read, _trainer, ("prompt",), resume=resume, watch=watch)


def _trainer(run: Run, tokenizer: Any, rows: Any, held_out: Any) -> Any:  # noqa: ANN401 - of TRL
    kind, trainer = preferences.trl("RLOOConfig", "RLOOTrainer")
    batches = math.ceil(len(rows) * run.train.generations / run.train.micro_batch)
    settings = arguments(
        run, batches, held_out=held_out is not None, kind=kind, beta=run.train.beta,
        num_generations=run.train.generations, max_completion_length=run.train.answer_tokens,
        per_device_eval_batch_size=run.train.generations,
    )  # fmt: skip
    model, shape = adapter_model(run)
    judge, its_tokenizer = _judge(Path(str(run.train.reward_model)))
    return trainer(
        model=model, reward_funcs=judge, reward_processing_classes=its_tokenizer, args=settings, train_dataset=rows,
        eval_dataset=held_out, processing_class=tokenizer, peft_config=shape,
    )  # fmt: skip


def _judge(folder: Path) -> tuple[Any, Any]:
    """The merged reward model and its tokenizer. ConfigurationError if `folder` is none."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise ConfigurationError(f"train.reward_model {folder} is no model; merge a run of stage rm: `yiwen merge`")
    with opening(f"the reward model {folder}"):
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    return model, tokenizer

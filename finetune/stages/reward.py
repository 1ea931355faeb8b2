"""A reward model through TRL: a number for an answer, learnt from which of two was preferred."""

from __future__ import annotations

import math
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.models import lora_shape, open_base
from finetune.stages import preferences
from finetune.stages.dpo import NEEDED
from finetune.stages.packed import Watch

CENTRED = 0.01
"""Weight of the pull of the mean reward to zero, without which rewards drift between runs."""


def train(
    run: Run, read: preferences.Read, *, resume: bool = False, watch: Watch = lambda entry: None
) -> dict[str, Any]:
    """As `finetune.stages.packed.train` does, on preferences; the result is an adapter with a scoring head."""
    return preferences.train(run, read, _trainer, NEEDED, resume=resume, watch=watch)


def _trainer(run: Run, tokenizer: Any, rows: Any, held_out: Any) -> Any:  # noqa: ANN401 - of TRL
    from transformers import AutoModelForSequenceClassification

    kind, trainer = preferences.trl("RewardConfig", "RewardTrainer")
    batches = math.ceil(len(rows) / run.train.micro_batch)
    settings = arguments(
        run, batches, held_out=held_out is not None, kind=kind, center_rewards_coefficient=CENTRED, max_length=None
    )
    model = open_base(run, kind=AutoModelForSequenceClassification, packed=False, num_labels=1)
    model.config.pad_token_id = tokenizer.pad_token_id
    return trainer(
        model=model, args=settings, train_dataset=rows, eval_dataset=held_out, processing_class=tokenizer,
        peft_config=lora_shape(run.lora, task_type="SEQ_CLS", modules_to_save=["score"]),
    )  # fmt: skip

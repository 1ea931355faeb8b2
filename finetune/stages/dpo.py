"""Direct preference optimisation through TRL; the reference is the model without its new adapter."""

from __future__ import annotations

import math
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.models import adapted, lora_shape, open_base
from finetune.stages import preferences
from finetune.stages.packed import Watch

NEEDED = ("prompt", "chosen", "rejected")


def train(
    run: Run, read: preferences.Read, *, resume: bool = False, watch: Watch = lambda entry: None
) -> dict[str, Any]:
    """As `finetune.stages.packed.train` does, on preferences."""
    return preferences.train(run, read, _trainer, NEEDED, resume=resume, watch=watch)


def _trainer(run: Run, tokenizer: Any, rows: Any, held_out: Any) -> Any:  # noqa: ANN401 - of TRL
    kind, trainer = preferences.trl("DPOConfig", "DPOTrainer")
    batches = math.ceil(len(rows) / run.train.micro_batch)
    settings = arguments(run, batches, held_out=held_out is not None, kind=kind, beta=run.train.beta, max_length=None)
    model, shape = adapter_model(run)
    return trainer(
        model=model, args=settings, train_dataset=rows, eval_dataset=held_out, processing_class=tokenizer,
        peft_config=shape,
    )  # fmt: skip


def adapter_model(run: Run, **shape: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a model and PEFT's configuration
    """A model for TRL, and the adapter that TRL is to add; None where the model has one or all of it learns."""
    model = open_base(run, packed=False)
    if run.train.method == "lora" and run.lora.start is None:
        return model, lora_shape(run.lora, **shape)
    return adapted(model, run), None

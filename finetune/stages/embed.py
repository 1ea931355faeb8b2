"""An embedder of sentence-transformers, trained by its own trainer to tell the answer from passages that look like it.

The answers of the other pairs of a batch are negatives, too; a batch holds no text twice, so none of them is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.data.pairing import ANCHOR
from finetune.data.prepared import PreparedPreferences
from finetune.models import opening
from finetune.record import begin
from finetune.saving import disk_errors, save_result
from finetune.stages.packed import Watch, Watching, start_of
from finetune.stages.preferences import Entries, dataset, report_of
from finetune.trainer import memory_advice
from rag.errors import DataError, MissingExtraError

try:
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MultipleNegativesRankingLoss,
    )
    from sentence_transformers.training_args import BatchSamplers
    from transformers import PrinterCallback, ProgressCallback, set_seed
except ImportError as error:
    raise MissingExtraError("train.stage embed needs sentence-transformers: pip install 'yiwen[hf,train]'") from error

_AT_ONCE = 32
"""Pairs whose activations are held at a time; a larger batch is computed in parts, with the same gradient."""


def train(
    run: Run,
    read: Callable[[Run, Any], PreparedPreferences],
    *,
    resume: bool = False,
    watch: Watch = lambda entry: None,
) -> dict[str, Any]:
    """Trains as the run says; `model/` is a folder that YIWEN_EMBEDDER opens. Errors as those of the other stages."""
    model = open_embedder(run)
    rows = read(run, model.tokenizer)
    if len(rows.train) < 2:
        raise DataError(f"{len(rows.train)} pairs are left to train on; expected 2 or more")
    set_seed(run.train.seed)
    trainer = _trainer(run, model, rows)
    if trainer.is_world_process_zero():
        begin(run, rows.origins, resume=resume, losses=rows.losses)
    for one in (Entries(run.out), Watching(watch)):
        trainer.add_callback(one)
    for other in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(other)
    with disk_errors(run.out), memory_advice():
        trainer.train(resume_from_checkpoint=start_of(run, resume))
        folder = save_result(run, trainer, model.tokenizer)
    return report_of(run, trainer, folder)


def open_embedder(run: Run) -> Any:  # noqa: ANN401 - of sentence-transformers
    """The model of the run; an encoder that is none of sentence-transformers gets mean pooling."""
    with opening(f"the embedder {run.model.path}", run.model.path):
        model = SentenceTransformer(
            run.model.path,
            device="cpu" if run.train.device == "cpu" else None,
            trust_remote_code=run.model.trust_remote_code,
        )
    model.max_seq_length = min(model.max_seq_length or run.data.cutoff, run.data.cutoff)
    return model


def _trainer(run: Run, model: Any, rows: PreparedPreferences) -> Any:  # noqa: ANN401 - of sentence-transformers
    columns = list(rows.train[0])
    prompts = model.prompts
    settings = arguments(
        run,
        math.ceil(len(rows.train) / run.train.micro_batch),
        held_out=bool(rows.held_out),
        kind=SentenceTransformerTrainingArguments,
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        # as `rag.embedders.sentence_transformer` puts them before queries and passages
        prompts={name: prompts.get("query" if name == ANCHOR else "passage") or "" for name in columns},
    )
    parts = {"mini_batch_size": _AT_ONCE} if run.train.micro_batch > _AT_ONCE else {}
    loss = CachedMultipleNegativesRankingLoss if parts else MultipleNegativesRankingLoss
    return SentenceTransformerTrainer(
        model=model,
        args=settings,
        train_dataset=dataset(rows.train, columns),
        eval_dataset=dataset(rows.held_out, columns) if rows.held_out else None,
        loss=loss(model, scale=1 / run.embed.temperature, **parts),
    )

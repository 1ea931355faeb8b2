"""An embedder of sentence-transformers, trained by its own trainer to tell the answer from passages that look like it.

The answers of the other pairs of a batch are negatives, too; a batch holds no text twice, so none of them is right.
With LoRA the result is merged, since the service opens whole models.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from finetune.arguments import arguments
from finetune.config import Run
from finetune.data.pairing import ANCHOR
from finetune.data.prepared import PreparedPreferences
from finetune.models import lora_shape, merged, opening, shaping
from finetune.record import begin
from finetune.saving import MODEL, disk_errors, publish_folder, save_result
from finetune.stages.packed import Watch, Watching, learn
from finetune.stages.preferences import Entries, dataset, report_of
from finetune.trainer import memory_advice
from rag.errors import DataError, MissingExtraError

try:
    from peft import get_peft_model, load_peft_weights, set_peft_model_state_dict
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
_CLOSE = 0.999
"""Cosine between the vectors of a text before and after merging, at least; weights of 16 bits round."""


def train(
    run: Run,
    read: Callable[[Run, Any], PreparedPreferences],
    *,
    resume: bool = False,
    watch: Watch = lambda entry: None,
) -> dict[str, Any]:
    """Trains as the run says; `model/` is a folder that YIWEN_EMBEDDER opens. Errors as those of the other stages.

    With LoRA the adapter alone is in `adapter/`. DataError where merging changed the vectors.
    """
    model = open_embedder(run)
    set_seed(run.train.seed)
    if run.train.method == "lora":
        with shaping(run.lora):
            model[0].model = get_peft_model(model[0].model, lora_shape(run.lora, task_type="FEATURE_EXTRACTION"))
    rows = read(run, model.tokenizer)
    if len(rows.train) < 2:
        raise DataError(f"{len(rows.train)} pairs are left to train on; expected 2 or more")
    trainer = _trainer(run, model, rows)
    if trainer.is_world_process_zero():
        begin(run, rows.origins, resume=resume, losses=rows.losses)
    for one in (Entries(run.out), Watching(watch)):
        trainer.add_callback(one)
    for other in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(other)
    with disk_errors(run.out), memory_advice():
        learn(run, trainer, resume)
        folder = save_result(run, trainer, model.tokenizer)
        if run.train.method == "lora" and trainer.is_world_process_zero():
            folder = _merge(run, folder, model, [row[ANCHOR] for row in rows.train[:8]])
    return report_of(run, trainer, folder)


def _merge(run: Run, adapter: Path, learnt: Any, texts: Sequence[str]) -> Path:  # noqa: ANN401 - the model that learnt
    """Writes base and adapter as one model into `model/`, after a look whether it gives `texts` the same vectors."""
    whole = open_embedder(run)
    whole[0].model = merged(whole[0].model, str(adapter))
    before, after = (model.encode(list(texts), normalize_embeddings=True) for model in (learnt, whole))
    closeness = float((before * after).sum(axis=1).min())
    if not closeness >= _CLOSE:
        raise DataError(f"merging changed the vectors (cosine {closeness:.4f}); the adapter alone is in {adapter}")
    aside, folder = run.out / f".{MODEL}", run.out / MODEL
    shutil.rmtree(aside, ignore_errors=True)
    whole.save_pretrained(str(aside))
    publish_folder(aside, folder, replace=True)
    return folder


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


class _AdapterTrainer(SentenceTransformerTrainer):  # type: ignore[misc] # sentence-transformers has no types here
    """Reads a checkpoint by PEFT itself: the way through transformers needs a newer PEFT than we allow."""

    def _load_from_checkpoint(self, checkpoint_path: str) -> None:
        set_peft_model_state_dict(self.model[0].model, load_peft_weights(checkpoint_path, device="cpu"))


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
    kind = _AdapterTrainer if run.train.method == "lora" else SentenceTransformerTrainer
    return kind(
        model=model,
        args=settings,
        train_dataset=dataset(rows.train, columns),
        eval_dataset=dataset(rows.held_out, columns) if rows.held_out else None,
        loss=loss(model, scale=1 / run.embed.temperature, **parts),
    )

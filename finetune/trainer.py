"""`transformers.Trainer` over packs: the head runs at supervised positions only, every token weighs the same.

A batch is what the collator makes of packs: `input_ids`, `labels` (-100 where nothing is learnt), `position_ids` that
restart with each document, `cu_seq_lens` (document bounds), `max_length`, `logits_to_keep` (the positions that predict
a label) and `rows`, the numbers of its rows in the data. All documents lie in one row of (1, tokens).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.data.prepared import Places
from finetune.meter import Meter
from rag.errors import DataError, DependencyError, MissingExtraError, NotFoundError

try:
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import PrinterCallback, Trainer
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

COMPLETE = "complete"
"""A file that is the last of a checkpoint; one without it was interrupted."""
_NAMED = 20
"""Rows of a bad batch that are named."""
_ADVICE = (
    "; use smaller packs (data.pack_length, train.micro_batch, with train.accumulation raised), "
    "train.checkpointing true, or a quantised base (model.bits 4)"
)


class PackTrainer(Trainer):  # type: ignore[misc] # transformers has no types here
    """Adds to its base: token-weighted loss, a stop at the first loss that is not finite, advice when memory ends."""

    def __init__(self, *, meter: Meter, places: Places | None = None, **given: Any) -> None:  # noqa: ANN401 - of Trainer
        given["args"]._n_gpu = min(1, given["args"].n_gpu)  # several GPUs are for torchrun; a pack cannot be split
        super().__init__(callbacks=[meter, *given.pop("callbacks", ())], **given)
        self.remove_callback(PrinterCallback)
        self.meter, self._places = meter, places
        self.model_accepts_loss_kwargs = True  # counts the labels of all micro-batches of a step
        self.loss_is_scaled_for_ga = True
        self.control: Any
        self._unread: list[tuple[int, Sequence[int], torch.Tensor]] = []
        """Step, rows and loss of each micro-batch since the last look; looking waits for the GPU."""

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401 - wrapped by accelerate
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401 - as the base says
        """The sum over supervised tokens, divided by their number in the whole step on all ranks."""
        loss, count, outputs = pack_loss(model, inputs)
        if num_items_in_batch is None:
            loss = loss / max(count, 1)
        else:
            loss = loss / torch.clamp(torch.as_tensor(num_items_in_batch, device=loss.device), min=1)
            if self.args.average_tokens_across_devices:
                loss = loss * self.accelerator.num_processes
        if model.training:
            self.meter.count(inputs["input_ids"].numel(), count)
            self._unread.append((self.state.global_step + 1, inputs.get("rows", ()), loss.detach()))
        return (loss, outputs) if return_outputs else loss

    def prediction_step(
        self,
        model: Any,  # noqa: ANN401 - wrapped by accelerate
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[torch.Tensor, None, None]:
        """The loss only: logits of whole packs would fill the memory."""
        with torch.no_grad():
            loss = self.compute_loss(model, self._prepare_inputs(inputs))
        return loss.detach(), None, None

    def evaluate(
        self,
        eval_dataset: Any = None,  # noqa: ANN401 - packs
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Mean loss and perplexity, every supervised token weighing the same."""
        self.meter.pause()
        self.model.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        for batch in self.get_eval_dataloader(eval_dataset):
            with torch.no_grad(), self.compute_loss_context_manager():
                loss, count, _ = pack_loss(self.model, self._prepare_inputs(batch))
            sums += torch.tensor([float(loss), count], dtype=torch.float64)
        total, tokens = self.accelerator.reduce(sums.to(self.args.device, torch.float32)).tolist()
        mean = total / max(tokens, 1)
        metrics = {
            f"{metric_key_prefix}_loss": mean,
            f"{metric_key_prefix}_perplexity": math.exp(min(mean, 700)),
            f"{metric_key_prefix}_tokens": tokens,
        }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _maybe_log_save_evaluate(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        """Nothing is logged, judged or saved after a loss that is not finite."""
        if self.control.should_log or self.control.should_save or self.control.should_evaluate:
            self.check_losses()
        super()._maybe_log_save_evaluate(*given, **named)

    def check_losses(self) -> None:
        """Reads the losses since the last look. Raises DataError that names the first bad micro-batch."""
        unread, self._unread = self._unread, []
        if not unread:
            return
        values = torch.stack([loss for _, _, loss in unread]).tolist()
        for (step, rows, _), value in zip(unread, values, strict=True):
            if not math.isfinite(value):
                raise DataError(
                    f"the loss of step {step} is {value} ({_shown(rows, self._places)}); look at these rows, lower "
                    "train.learning_rate, or train with train.precision bf16 or fp32. Earlier checkpoints are sound"
                )

    def log(self, logs: dict[str, float], *given: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        """Adds the meter's figures to a training entry and writes every entry to the log file."""
        if "loss" in logs:
            logs |= self.meter.figures(self.state.global_step, self.state.max_steps)
        if self.is_world_process_zero():
            self.meter.write({"step": self.state.global_step, "epoch": self.state.epoch, **logs})
        super().log(logs, *given, **named)

    def _save_checkpoint(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        self.meter.pause()
        super()._save_checkpoint(*given, **named)
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            (folder / COMPLETE).touch()

    def train(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        """As the base does. Raises DependencyError with advice where memory ends."""
        with memory_advice():
            return super().train(*given, **named)


@contextmanager
def memory_advice() -> Iterator[None]:
    """Turns the end of memory, of the GPU or of the machine, into a line that says what to do."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise DependencyError(f"out of GPU memory ({str(error).split('.')[0]}){_ADVICE}") from error
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and "can't allocate memory" not in str(error):
            raise
        raise DependencyError(f"out of memory{_ADVICE}") from error


def pack_loss(model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, int, Any]:  # noqa: ANN401 - a model
    """Summed cross-entropy, the number of supervised tokens, and the outputs; the head runs at these positions only."""
    keep = inputs["logits_to_keep"]
    outputs = model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        cu_seq_lens_q=inputs["cu_seq_lens"],
        max_length_q=int(inputs["max_length"]),
        logits_to_keep=keep,
        use_cache=False,  # with a cache documents would see each other, without a word
    )
    wanted = inputs["labels"][0, keep + 1]
    return cross_entropy(outputs.logits[0].float(), wanted, reduction="sum"), int(keep.numel()), outputs


def last_complete(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None."""
    found = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def checkpoint(folder: Path, named: str) -> Path:
    """That checkpoint of a run. Raises NotFoundError if it is missing or was interrupted."""
    path = folder / named
    if not (path / COMPLETE).exists():
        raise NotFoundError(
            f"{path} is no complete checkpoint; there are {[p.name for p in folder.glob('checkpoint-*')]}"
        )
    return path


def _shown(rows: Sequence[int], places: Places | None) -> str:
    """File and number of each row; its number in this run where files are not known."""
    several = sorted({int(row) for row in rows})
    shown = [places[row] if places is not None else f"row {row} of the run" for row in several[:_NAMED]]
    return "; ".join(shown) + (f" and {len(several) - _NAMED} more" if len(several) > _NAMED else "")

"""`yiwen bench train`: how fast training is, and what each choice costs; the shape of a model with random weights.

Rows are as long as those of BenTsao's data under the tokenizer of its base; 128 of them make a step, as there. The
goal of the 7B shape on one H200: 17,000 real tokens a second, that is its 10 epochs in 18 minutes instead of 137.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetune.config import Run
from finetune.data.encode import Encoded
from finetune.data.prepared import Pack, Prepared
from finetune.meter import LOG, read_log
from finetune.models import adapted, open_base
from finetune.record import versions
from finetune.run_file import read
from finetune.stages.packed import make_trainer
from rag.errors import DependencyError, MissingExtraError, UsageError

try:
    import torch
    from transformers import LlamaConfig
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

ROWS_A_STEP = 128
EPOCH_TOKENS, EPOCHS = 1_798_000, 10
"""Of the reference job: its data after the cutoff at 256 tokens."""
REFERENCE_MINUTES = 137
GOAL = 17_000
_MEDIAN, _SPREAD, _MEAN, _LONGEST, _SUPERVISED = 210, 0.29, 217.9, 716, 0.43
_SHAPES: Mapping[str, Mapping[str, int]] = {
    "7b": {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
           "num_attention_heads": 32, "num_key_value_heads": 32},
    "1b": {"vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 16,
           "num_attention_heads": 16, "num_key_value_heads": 16},
    "tiny": {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2},
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One choice of what may be chosen; the defaults are the reference job with our means."""

    attention: str = "varlen"
    """`varlen`, `sdpa` (a mask over the pack) or `padding` (each row as long as the longest of its batch)."""
    rank: int = 8
    targets: tuple[str, ...] | str = ("q_proj", "v_proj")
    dropout: float = 0.0
    compile: bool = False
    fused_kernels: bool = False
    checkpointing: bool = False
    pack_length: int = 8960


VARIANTS: Mapping[str, Variant] = {
    "reference": Variant(),
    "mask": Variant(attention="sdpa"),
    "padding": Variant(attention="padding"),
    "all-linear-r16": Variant(rank=16, targets="all-linear"),
    "all-linear-r64": Variant(rank=64, targets="all-linear"),
    "compile": Variant(compile=True),
    "liger": Variant(fused_kernels=True),
    "dropout": Variant(dropout=0.05),
    "checkpointing": Variant(checkpointing=True),
    "packs-4k": Variant(pack_length=4480),
    "packs-16k": Variant(pack_length=17920),
}


@dataclass(frozen=True)
class Measured:
    """`tokens_per_s` counts real tokens, padding left out; `mfu` is None where the peak is not known."""

    name: str
    variant: Variant
    tokens_per_s: float
    mfu: float | None
    peak_gib: float
    steps: int
    loss: float
    job_minutes: float
    """What the whole reference job would take."""


def run(
    shape: str = "7b",
    names: Sequence[str] = (),
    *,
    steps: int = 60,
    device: str = "auto",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Iterator[Measured]:
    """Measure variants one after the other, default all. Raises UsageError; one that runs out of memory is left out."""
    unknown = [name for name in names if name not in VARIANTS]
    if shape not in _SHAPES or unknown or steps < 4:
        raise UsageError(
            f"shape {shape}, variants {', '.join(unknown) or 'known'}, {steps} steps; expected a shape of "
            f"{', '.join(_SHAPES)}, variants of {', '.join(VARIANTS)}, and 4 steps or more"
        )
    for name in names or list(VARIANTS):
        with tempfile.TemporaryDirectory(prefix="yiwen-bench-") as folder:
            try:
                yield _measure(name, shape, Path(folder), steps, device, progress)
            except (DependencyError, ImportError) as error:
                progress(f"{name}: left out, {error}", 0, 0)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def lengths(rows: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Tokens of so many rows, distributed as those of BenTsao's data (mean 218, median 210, longest 716)."""
    drawn = _MEDIAN * np.exp(_SPREAD * np.random.default_rng(seed).standard_normal(rows))
    sizes: np.ndarray[Any, np.dtype[np.int64]] = np.clip(drawn * _MEAN / drawn.mean(), 20, _LONGEST).astype(np.int64)
    return sizes


def _measure(
    name: str, shape: str, folder: Path, steps: int, device: str, progress: Callable[[str, int, int], None]
) -> Measured:
    variant = VARIANTS[name]
    config = LlamaConfig(**_SHAPES[shape], max_position_embeddings=32768, dtype="bfloat16")
    config.save_pretrained(folder / "shape")
    small = shape == "tiny"
    examples, accumulation = _examples(variant, steps, config.vocab_size, small=small)
    settings = _settings(variant, folder, steps, accumulation, device)
    (folder / "run").mkdir()
    model = adapted(open_base(settings), settings)
    trainer = make_trainer(settings, model, examples, lambda e: progress(name, int(e["step"]), steps))
    trainer.train()
    trainer.check_losses()
    return _figures(name, variant, read_log(folder / "run" / LOG), examples)


def _settings(variant: Variant, folder: Path, steps: int, accumulation: int, device: str) -> Run:
    attention = "sdpa" if variant.attention == "sdpa" else "varlen"
    return read(
        {
            "out": str(folder / "run"),
            "model": {"path": str(folder / "shape"), "weights": "random", "attention": attention},
            "lora": {"rank": variant.rank, "alpha": 16, "dropout": variant.dropout, "targets": variant.targets},
            "train": {
                "steps": steps, "accumulation": accumulation, "save_every": "never", "log_every": max(1, steps // 12),
                "compile": variant.compile, "fused_kernels": variant.fused_kernels, "device": device,
                "checkpointing": variant.checkpointing,
            },
        }
    )  # fmt: skip


def _examples(variant: Variant, steps: int, vocabulary: int, *, small: bool) -> tuple[Prepared, int]:
    """Packs for so many steps of 128 rows (of 16 in the smoke run), and micro-batches a step."""
    rows = 16 if small else ROWS_A_STEP
    length = variant.pack_length // (8 if small else 1)
    random = np.random.default_rng(1)
    packs: list[Pack] = []
    per_step = max(1, round(rows * _MEAN / length))
    for step in range(steps):
        sizes = lengths(rows, seed=step)
        groups = np.array_split(sizes, per_step)
        packs += [_pack(group, random, vocabulary, padded=variant.attention == "padding") for group in groups]
    return Prepared(packs, ordered=True), per_step


def _pack(
    sizes: np.ndarray[Any, np.dtype[np.int64]], random: np.random.Generator, vocabulary: int, *, padded: bool
) -> list[Encoded]:
    """Rows of random ids; where `padded`, as long as the longest, and the rest is computed for nothing."""
    documents = []
    for size in sizes:
        whole = int(sizes.max() if padded else size)
        place = np.arange(whole)
        learnt = (place >= size * (1 - _SUPERVISED)) & (place < size)
        documents.append(Encoded(random.integers(0, vocabulary, whole).astype(np.int32), learnt, int(size)))
    return documents


def _figures(name: str, variant: Variant, entries: list[dict[str, Any]], examples: Prepared) -> Measured:
    """The first third is warm-up: kernels are chosen and compiled there."""
    timed = [entry for entry in entries if "tokens_per_s" in entry]
    used = timed[len(timed) // 3 :]
    computed = sum(len(document.input_ids) for pack in examples.train for document in pack)
    real = sum(document.row for pack in examples.train for document in pack) / computed
    rate = float(np.median([entry["tokens_per_s"] for entry in used])) * real
    mfu = [entry["mfu"] for entry in used if "mfu" in entry]
    return Measured(
        name,
        variant,
        round(rate, 1),
        round(float(np.median(mfu)) * real, 4) if mfu else None,
        max(entry["peak_gib"] for entry in timed),
        int(timed[-1]["step"]),
        float(timed[-1]["loss"]),
        round(EPOCH_TOKENS * EPOCHS / rate / 60, 1),
    )


def report(found: Sequence[Measured], shape: str) -> dict[str, Any]:
    """For `--json`: the machine, the packages, the goal and every variant."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return {
        "shape": shape,
        "device": device,
        "versions": versions(),
        "goal_tokens_per_s": GOAL if shape == "7b" else None,
        "reference_minutes": REFERENCE_MINUTES,
        "variants": [asdict(replace(one)) for one in found],
    }

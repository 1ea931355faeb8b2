"""`yiwen merge`: adapters folded into their base in 32 bits, checked against what they were, saved to be served."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from finetune.card import model_card
from finetune.legacy import converted
from finetune.libraries import hush
from finetune.models import fitting, opening
from finetune.quantised import LIMITS, Bits, quantise, require_bitsandbytes
from finetune.record import read_record
from finetune.saving import ADAPTER, check_base, disk_errors, licence_of, publish_folder
from rag.errors import ConflictError, DataError, MissingExtraError, NotFoundError
from rag.generators.adapters import CONFIG
from rag.hub import find_model
from rag.snapshot.files import checksum, storage_errors

try:
    import torch
    from peft import PeftModel
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        GenerationConfig,
    )
except ImportError as error:
    raise MissingExtraError("merging needs torch, transformers and peft: pip install 'yiwen[train]'") from error

Dtype = Literal["bfloat16", "float16", "float32"]
EXACT, ROUNDED = 1e-4, 0.05
"""Largest relative difference of logits (root mean square) in 32 bits, and after rounding to 16."""
_PROBE = "患者咳嗽三天，伴有发热，应该做哪些检查？请给出建议。"
_PROBE_TOKENS = 96
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")


@dataclass(frozen=True)
class Merged:
    """What was written, and how far its logits are from the model with adapters (0 is the same)."""

    folder: Path
    in_memory: float
    """Relative difference after the merge, in 32 bits, the worst of the adapters."""
    saved: float
    """The same after saving and loading, rounding included."""
    quantised: float | None
    """The same of the weights in 8 or 4 bits; None where they were not made smaller."""
    same_choice: float
    """Share of positions where the saved model's most likely token is that of the model with adapters."""


def merge(
    base: str,
    adapters: Sequence[Path],
    out: Path,
    *,
    dtype: Dtype = "bfloat16",
    bits: Bits = 16,
    shard: str = "5GB",
) -> Merged:
    """Fold `adapters` into `base`, each into the result of those before it; 8 and 4 `bits` make it smaller then.

    Raises NotFoundError, ConflictError (there is something at `out`), and DataError where an adapter does not fit or
    the result differs from the model with adapters; nothing is left at `out` then. MissingExtraError without
    bitsandbytes for 8 and 4 bits.
    """
    hush()
    require_bitsandbytes(bits)
    if out.exists():
        raise ConflictError(f"{out} exists already; name another folder or remove it")
    if not adapters:
        raise DataError("no adapter was given; expected at least one to merge")
    folders = [_adapter(folder) for folder in adapters]
    find_model(base)
    for number, folder in enumerate(folders):
        check_base(base, folder, folders[:number])
    kind, given = _kind(folders[0])
    with opening(f"the base {base}"):
        tokenizer = _tokenizer(base, folders)
        model = kind.from_pretrained(base, dtype=torch.float32, **given)
    probes = probe(tokenizer, model)
    model, before, worst = _folded(model, folders, probes)
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with disk_errors(out):
            _save(model, tokenizer, aside, base, dtype, shard)
        with opening("what was saved"):
            after = logits(kind.from_pretrained(aside, dtype=getattr(torch, dtype), **given), probes)
        saved = check_parity(before, after, EXACT if dtype == "float32" else ROUNDED, f"saving as {dtype}")
        quantised = None
        if bits != 16:
            quantise(aside, kind, given, bits, shard)
            with opening("what was saved"):
                after = logits(kind.from_pretrained(aside, **given), probes)
            quantised = check_parity(before, after, LIMITS[bits], f"saving in {bits} bits")
        merged = Merged(out, worst, saved, quantised, _same_choice(before, after))
        with storage_errors(out):
            _write_card(aside, base, adapters, merged, f"{dtype}, then {bits} bits" if quantised is not None else dtype)
            publish_folder(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return merged


def _folded(
    model: Any,  # noqa: ANN401 - a model
    folders: Sequence[Path],
    probes: Sequence[torch.Tensor],
) -> tuple[Any, torch.Tensor, float]:
    """The merged model, the logits it should have, and the largest relative difference of a step."""
    before, worst = logits(model, probes), 0.0
    for folder in folders:
        with fitting(str(folder)):
            adapted = PeftModel.from_pretrained(model, str(folder)).eval()
            before = logits(adapted, probes)
            model = adapted.merge_and_unload(safe_merge=True)
        worst = max(worst, check_parity(before, logits(model, probes), EXACT, f"merging {folder}"))
    return model, before, worst


def _write_card(folder: Path, base: str, adapters: Sequence[Path], merged: Merged, dtype: str) -> None:
    facts = [(_name(adapter), read_record(adapter), _sha256(adapter)) for adapter in adapters]
    card = model_card(base, facts, merged.__dict__ | {"dtype": dtype}, licence_of(base))
    (folder / "README.md").write_text(card, encoding="utf-8")


def _name(adapter: Path) -> str:
    """That of the run, where the adapter lies in a run's folder: there all are called alike."""
    return adapter.resolve().parent.name if adapter.name == ADAPTER else adapter.name


def _adapter(folder: Path) -> Path:
    """With weights as safetensors: adapters of 2023 are read without running what is in them."""
    if not (folder / CONFIG).is_file():
        raise NotFoundError(f"{folder} is no adapter: it has no {CONFIG}; a run leaves one in its folder `adapter`")
    return converted(folder)


def _kind(adapter: Path) -> tuple[Any, dict[str, Any]]:
    """The class that opens the base, with its arguments: reward models have a scoring head."""
    task = json.loads((adapter / CONFIG).read_bytes()).get("task_type")
    return (AutoModelForSequenceClassification, {"num_labels": 1}) if task == "SEQ_CLS" else (AutoModelForCausalLM, {})


def _tokenizer(base: str, adapters: Sequence[Path]) -> Any:  # noqa: ANN401 - of transformers
    """The last that an adapter brings along, with its template, else the base's."""
    own = [folder for folder in adapters if (folder / "tokenizer_config.json").exists()]
    return AutoTokenizer.from_pretrained(str(own[-1]) if own else base)


def probe(tokenizer: Any, model: Any) -> list[torch.Tensor]:  # noqa: ANN401 - of transformers
    """Two rows of ids: a sentence, and random tokens."""
    size = model.get_input_embeddings().num_embeddings
    drawn = torch.randint(0, size, (1, _PROBE_TOKENS), generator=torch.Generator().manual_seed(0))
    ids = tokenizer(_PROBE, return_tensors="pt")["input_ids"]
    return [ids.clamp(max=size - 1), drawn]


def logits(model: Any, probes: Sequence[torch.Tensor]) -> torch.Tensor:  # noqa: ANN401 - a model
    """(tokens, vocabulary) in 32 bits; of a reward model (rows, 1)."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([_flat(model(ids.to(model.device), use_cache=False).logits) for ids in probes])


def _flat(found: torch.Tensor) -> torch.Tensor:
    return found.float().reshape(-1, found.shape[-1]).cpu()


def check_parity(before: torch.Tensor, after: torch.Tensor, limit: float, what: str) -> float:
    """The relative difference. Raises DataError if it is above `limit` or no number."""
    spread = float((before - before.mean(-1, keepdim=True)).square().mean().sqrt()) if before.shape[-1] > 1 else 0.0
    scale = max(spread, float(before.square().mean().sqrt()) if spread == 0 else spread, 1e-12)
    difference = float((before - after).square().mean().sqrt()) / scale
    if not difference <= limit:  # also where it is no number
        raise DataError(
            f"{what} changes the model: its logits differ by {difference:.2g} of their spread, {limit:g} is allowed; "
            "nothing was written. Is the adapter meant for this base, and are its weights finite?"
        )
    return difference


def _same_choice(before: torch.Tensor, after: torch.Tensor) -> float:
    return float((before.argmax(-1) == after.argmax(-1)).float().mean())


def _save(model: Any, tokenizer: Any, folder: Path, base: str, dtype: str, shard: str) -> None:  # noqa: ANN401
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if hasattr(model, "generation_config") and model.generation_config is not None:
        model.generation_config = clean_generation(base, model.generation_config)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard)
    tokenizer.save_pretrained(folder)


def clean_generation(base: str, given: GenerationConfig) -> GenerationConfig:
    """Without settings that contradict each other, which older checkpoints have and saving refuses."""
    values = {k: v for k, v in given.to_dict().items() if v is not None and not k.startswith("_")}
    if not values.get("do_sample"):
        values = {name: value for name, value in values.items() if name not in _SAMPLING}
    if values.get("num_beams", 1) == 1:
        values = {k: v for k, v in values.items() if k not in ("early_stopping", "length_penalty", "num_beam_groups")}
    cleaned = GenerationConfig(**values)
    try:
        cleaned.validate(strict=True)
    except ValueError:
        ends = ("bos_token_id", "eos_token_id", "pad_token_id")
        cleaned = GenerationConfig(**{name: values.get(name) for name in ends})
    return cleaned


def _sha256(adapter: Path) -> str:
    names = ("adapter_model.safetensors", "adapter_model.bin")
    return next((checksum(adapter / name, sha256=True).sha256 for name in names if (adapter / name).exists()), "")


def facts(merged: Merged) -> Mapping[str, object]:
    """For `--json`."""
    return merged.__dict__ | {"folder": str(merged.folder)}

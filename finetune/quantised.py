"""A saved model in 8 or 4 bits by bitsandbytes, which transformers opens as it opens any other."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from finetune.models import opening
from finetune.saving import disk_errors
from rag.errors import MissingExtraError

try:
    import torch
    from transformers import BitsAndBytesConfig
except ImportError as error:
    raise MissingExtraError("merging needs torch, transformers and peft: pip install 'yiwen[train]'") from error

Bits = Literal[16, 8, 4]
LIMITS: Mapping[int, float] = {8: 0.15, 4: 0.5}
"""Largest relative difference of logits. A model of billions stays far below; random tiny ones come near."""


def require_bitsandbytes(bits: int) -> None:
    """MissingExtraError where `bits` needs it and it is not installed: said before the hours of merging."""
    if bits != 16 and find_spec("bitsandbytes") is None:
        raise MissingExtraError(f"{bits} bits need bitsandbytes: pip install 'yiwen[quant]'")


def quantise(folder: Path, kind: Any, given: Mapping[str, Any], bits: int, shard: str) -> None:  # noqa: ANN401
    """Replaces the weights and the configuration in `folder`; `kind` with `given` opens them.

    They are saved before anything is computed: bitsandbytes packs weights anew for some CPUs when it first runs.
    """
    aside = folder.with_name(f"{folder.name}.{bits}bit")
    settings = (
        BitsAndBytesConfig(load_in_8bit=True)
        if bits == 8
        else BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    )
    place = {"": torch.cuda.current_device()} if torch.cuda.is_available() else "cpu"
    try:
        with opening(f"what was merged, in {bits} bits,"):
            model = kind.from_pretrained(folder, quantization_config=settings, device_map=place, **given)
        with disk_errors(folder):
            model.save_pretrained(aside, max_shard_size=shard)
            _replace(_weights(folder), _weights(aside), folder)
            shutil.move(aside / "config.json", folder / "config.json")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _weights(folder: Path) -> list[Path]:
    return [*folder.glob("*.safetensors"), *folder.glob("*.safetensors.index.json")]


def _replace(old: Sequence[Path], new: Sequence[Path], folder: Path) -> None:
    for path in old:
        path.unlink()
    for path in new:
        shutil.move(path, folder / path.name)

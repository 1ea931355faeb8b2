"""Weights in pickled files, as they were written in 2023: only tensors are read, nothing in them is run."""

from __future__ import annotations

import json
import pickle
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from finetune.saving import PICKLED, base_folder
from rag.errors import DataError, MissingExtraError, NotFoundError
from rag.generators.adapters import BASE, CONFIG, WEIGHTS, fingerprint

try:
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file
except ImportError as error:
    raise MissingExtraError("adapters need torch and peft: pip install 'yiwen[train]'") from error

_TEMPORARY: list[tempfile.TemporaryDirectory[str]] = []
"""Kept until the process ends: models read their files lazily."""


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a pickled file. Raises DataError if it is damaged or holds anything else."""
    with _reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickle protocols; what cannot be read is refused below
        found = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise DataError(f"{path} holds something other than named tensors; expected the weights of a model")
    return found


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{path} holds code beside tensors and was not opened; ask its author for safetensors"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        what = " ".join(str(error).split())[:200]
        raise DataError(f"{path} is damaged or no file of weights ({what}); download it again") from error


def import_adapter(source: Path, target: Path, base: str | None = None) -> Path:
    """Writes an adapter of 2023 as safetensors with a configuration of today.

    `base` replaces the name of its base and adds the base's fingerprint. Raises DataError if there are no LoRA weights.
    """
    missing = [part for part in (CONFIG, PICKLED) if not (source / part).is_file()]
    if missing:
        hint = f"; its {WEIGHTS} needs no import" if (source / WEIGHTS).is_file() else ""
        raise NotFoundError(f"{source} lacks {', '.join(missing)}; expected an adapter of 2023{hint}")
    tensors = {_renamed(name): value.contiguous() for name, value in tensors_of(source / PICKLED).items()}
    if not any("lora_A" in name for name in tensors):
        raise DataError(
            f"{source / PICKLED} has no LoRA weights ({len(tensors)} tensors); some programs of 2023 saved empty "
            "adapters: take one of its checkpoints"
        )
    config = _config(source / CONFIG)
    target.mkdir(parents=True, exist_ok=True)
    if base is not None:
        config["base_model_name_or_path"] = base
        mark = {"fingerprint": fingerprint(base_folder(base))}
        (target / BASE).write_text(json.dumps(mark), encoding="utf-8")
    (target / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=2), encoding="utf-8")
    save_file(tensors, target / WEIGHTS, metadata={"format": "pt"})
    return target


def converted(folder: Path) -> Path:
    """The folder itself, or a temporary one with the same adapter as safetensors."""
    if (folder / WEIGHTS).exists():
        return folder
    if not (folder / PICKLED).exists():
        raise DataError(f"{folder} has neither {WEIGHTS} nor {PICKLED}; the download is incomplete")
    _TEMPORARY.append(place := tempfile.TemporaryDirectory(prefix="yiwen-adapter-"))
    return import_adapter(folder, Path(place.name) / folder.name)


def _renamed(name: str) -> str:
    """As PEFT names them today: adapters saved from inside a model carry the adapter's name."""
    return name.replace(".default.weight", ".weight")


def _config(path: Path) -> dict[str, Any]:
    """Without the keys that PEFT has dropped since."""
    try:
        given = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); the adapter is incomplete") from error
    if not isinstance(given, dict) or given.get("peft_type") != "LORA":
        raise DataError(f"{path} describes no LoRA adapter; expected peft_type LORA")
    known = {entry.name for entry in fields(LoraConfig)}
    return {name: value for name, value in given.items() if name in known and value is not None}

"""Weights as their difference from a base, which may be passed on where the base itself may not.

`make` writes what `apply` turns back into the very same bits. Deltas of the HuatuoGPT line are applied too: there
everything is added but the embeddings, the head and the rotary frequencies, which are whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finetune.legacy import tensors_of
from finetune.saving import base_folder, disk_errors, publish_folder
from rag.errors import ConflictError, DataError, MissingExtraError, NotFoundError
from rag.generators.adapters import fingerprint

try:
    import torch
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file
except ImportError as error:
    raise MissingExtraError("deltas need torch and safetensors: pip install 'yiwen[train]'") from error

NOTE, INDEX = "delta.json", "model.safetensors.index.json"
_WHOLE_PARTS = ("embed_tokens", "lm_head", "inv_freq")
_SHARD_BYTES = 4 << 30


class Weights(Mapping[str, torch.Tensor]):
    """The tensors of a model's folder by name, read when asked for; safetensors, or pickled files of tensors only."""

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
        if not self._files:
            raise NotFoundError(f"{folder} holds no weights; expected *.safetensors or pytorch_model*.bin")
        self._place: dict[str, Path] = {}
        self._open: tuple[Path, dict[str, torch.Tensor]] | None = None
        for path in self._files:
            self._place |= dict.fromkeys(self._names(path), path)

    def _names(self, path: Path) -> list[str]:
        if path.suffix == ".bin":
            return list(tensors_of(path))
        try:
            with safe_open(path, "pt") as file:
                return list(file.keys())
        except SafetensorError as error:
            raise DataError(f"{path} is damaged or no file of weights ({error}); download it again") from error

    def __getitem__(self, name: str) -> torch.Tensor:
        path = self._place[name]
        if path.suffix == ".bin":
            if self._open is None or self._open[0] != path:
                self._open = (path, tensors_of(path))
            return self._open[1][name]
        with safe_open(path, "pt") as file:
            tensor: torch.Tensor = file.get_tensor(name)
            return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def make(base: str, model: Path, out: Path) -> dict[str, int]:
    """Write the difference of `model` from `base`; how many tensors are differences and how many whole.

    A tensor whose difference would not give the same bits again is kept whole. ConflictError, DataError, NotFoundError.
    """
    below, above = Weights(base_folder(base)), Weights(model)
    kinds: dict[str, str] = {}

    def difference(name: str) -> torch.Tensor:
        target = above[name]
        small = _difference(below[name], target) if name in below else None
        kinds[name] = "whole" if small is None else "difference"
        return target if small is None else small

    def finish(aside: Path) -> None:
        note = {"base": base, "fingerprint": fingerprint(base_folder(base)), "tensors": kinds}
        (aside / NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")

    _write(above, difference, model, out, finish)
    found = list(kinds.values())
    return {kind: found.count(kind) for kind in ("difference", "whole")}


def apply(base: str, delta: Path, out: Path) -> dict[str, int]:
    """Write the model that `delta` makes of `base`. Raises DataError if the delta is for another base."""
    below, given = Weights(base_folder(base)), Weights(delta)
    kinds = _kinds(base, delta, given)

    def added(name: str) -> torch.Tensor:
        if kinds[name] == "whole":
            return given[name]
        if name not in below or below[name].shape != given[name].shape:
            raise DataError(f"{name} of {delta} fits no tensor of {base}; the delta is for another base")
        return (below[name].float() + given[name].float()).to(given[name].dtype)

    _write(given, added, delta, out, lambda aside: (aside / NOTE).unlink(missing_ok=True))
    found = [kinds[name] for name in given]
    return {kind: found.count(kind) for kind in ("difference", "whole")}


def _difference(below: torch.Tensor, target: torch.Tensor) -> torch.Tensor | None:
    """None unless adding it gives the target's bits."""
    if below.shape != target.shape or not target.is_floating_point():
        return None
    small = (target.float() - below.float()).to(target.dtype)
    again = (below.float() + small.float()).to(target.dtype)
    return small if torch.equal(again, target) else None


def _kinds(base: str, delta: Path, given: Weights) -> Mapping[str, str]:
    if not (delta / NOTE).exists():  # of the HuatuoGPT line
        return {name: "whole" if any(part in name for part in _WHOLE_PARTS) else "difference" for name in given}
    try:
        note: dict[str, Any] = json.loads((delta / NOTE).read_bytes())
        wanted, kinds = note["fingerprint"], note["tensors"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{delta / NOTE} cannot be read ({error}); make the delta again") from error
    found = fingerprint(base_folder(base))
    if wanted != found:
        raise DataError(f"{delta} is for {note.get('base')} ({wanted}), not for {base} ({found}); name that base")
    missing = [name for name in given if name not in kinds]
    if missing:
        raise DataError(f"{delta / NOTE} does not list {missing[0]}; make the delta again")
    return dict(kinds)


def _write(
    names: Weights, tensor: Callable[[str], torch.Tensor], beside: Path, out: Path, finish: Callable[[Path], None]
) -> None:
    """A model's folder of `tensor(name)` for all names, with the other files of `beside`."""
    if out.exists():
        raise ConflictError(f"{out} exists already; name another folder or remove it")
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with disk_errors(out):
            aside.mkdir(parents=True)
            for path in beside.iterdir():
                if (
                    path.is_file()
                    and path.suffix not in (".safetensors", ".bin")
                    and not path.name.endswith("index.json")
                ):
                    shutil.copyfile(path, aside / path.name)
            _shards(names, tensor, aside)
            finish(aside)
            publish_folder(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _shards(names: Weights, tensor: Callable[[str], torch.Tensor], folder: Path) -> None:
    """Files of at most 4 GiB, held in memory one at a time, and the index that says where each tensor is."""
    part: dict[str, torch.Tensor] = {}
    files: list[list[str]] = []
    size = total = 0
    for name in names:
        one = tensor(name).contiguous()
        if part and size + one.nbytes > _SHARD_BYTES:
            files.append(_shard(part, folder, len(files)))
            part, size = {}, 0
        part[name], size, total = one, size + one.nbytes, total + one.nbytes
    files.append(_shard(part, folder, len(files)))
    if len(files) == 1:
        os.replace(folder / _part(0), folder / "model.safetensors")
        return
    where = {name: _part(number) for number, held in enumerate(files) for name in held}
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")


def _shard(part: dict[str, torch.Tensor], folder: Path, number: int) -> list[str]:
    save_file({name: value.clone() for name, value in part.items()}, folder / _part(number), metadata={"format": "pt"})
    return list(part)


def _part(number: int) -> str:
    return f"model-{number + 1:05d}.safetensors"

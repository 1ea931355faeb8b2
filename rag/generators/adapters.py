"""A folder of LoRA adapters for one base model: which are there, which fit, which changed. No torch."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ConfigurationError

_LOG = logging.getLogger(__name__)
CONFIG, BASE = "adapter_config.json", "base.json"
WEIGHTS = "adapter_model.safetensors"
"""The older pickled form is not opened."""
TEMPLATE = "chat_template.jinja"
"""The chat template it was trained with; may be missing."""
_KIND = "LORA"
_VOLATILE = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"}
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class Adapter:
    """One that fits; `stamp` changes when its weights are written anew."""

    name: str
    folder: Path
    stamp: tuple[int, int, int]


@dataclass(frozen=True)
class Base:
    """The model that adapters are for: its name and the fingerprint of its files."""

    name: str
    fingerprint: str


def fingerprint(folder: Path) -> str:
    """16 hex digits over the configuration and, of each weight file, the size, the first and the last 64 KiB.

    A 7B model takes milliseconds. Names, shapes and types of all tensors are in the first part; fine-tuning on all
    weights changes the last one.
    """
    digest = hashlib.blake2b(digest_size=8)
    config = json.loads((folder / "config.json").read_bytes())
    digest.update(json.dumps({k: v for k, v in config.items() if k not in _VOLATILE}, sort_keys=True).encode())
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        with path.open("rb") as file:
            digest.update(size.to_bytes(8, "big") + file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            digest.update(file.read())
    return digest.hexdigest()


class AdapterFolder:
    """What is in the folder now; looked at when asked, so a new adapter needs no restart.

    An adapter is a folder with `adapter_config.json` and `adapter_model.safetensors`, moved there when complete. Where
    it has a `base.json` `{"fingerprint": ...}`, that must be the base's; else the name of its base must be.
    """

    def __init__(self, folder: Path | None, base: Base) -> None:
        self._folder, self._base = folder, base
        self._known: dict[str, tuple[tuple[int, int, int], str | None]] = {}

    def find(self, name: str) -> Adapter:
        """That adapter. Raises ConfigurationError, with the reason, if it is missing or does not fit."""
        if self._folder is None or name != Path(name).name or name.startswith("."):
            raise ConfigurationError(f"no name of a folder in that of YIWEN_LOCAL_ADAPTERS: {name!r}")
        folder = self._folder / name
        try:
            weights, config = (folder / WEIGHTS).stat(), (folder / CONFIG).stat()
        except OSError as error:
            raise ConfigurationError(
                f"the folder of YIWEN_LOCAL_ADAPTERS holds no adapter {name!r} ({CONFIG} and {WEIGHTS} expected)"
            ) from error
        stamp = (weights.st_mtime_ns, weights.st_size, config.st_mtime_ns)
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            known = self._known[name] = (stamp, self._refusal(folder))
            if known[1]:
                _LOG.warning("%s", known[1])
        if known[1]:
            raise ConfigurationError(known[1])
        return Adapter(name, folder, stamp)

    def names(self) -> list[str]:
        """Those that fit, by name."""
        found = []
        for folder in sorted(self._folder.iterdir()) if self._folder is not None and self._folder.is_dir() else []:
            try:
                found.append(self.find(folder.name).name)
            except ConfigurationError:
                continue  # logged by `find` if it is an adapter at all
        return found

    def _refusal(self, folder: Path) -> str | None:
        """Why it does not fit the base, in one line."""
        base = self._base
        try:
            config = json.loads((folder / CONFIG).read_bytes())
            stated, kind = config.get("base_model_name_or_path") or "", config.get("peft_type", _KIND)
            mark = folder / BASE
            made_for = json.loads(mark.read_bytes())["fingerprint"] if mark.exists() else None
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            return f"the adapter {folder.name!r} cannot be read ({type(error).__name__}); save it again"
        if kind != _KIND:
            return f"the adapter {folder.name!r} is of the kind {kind}; expected {_KIND}, which is what can be switched"
        if made_for == base.fingerprint or (made_for is None and _last(stated) == _last(base.name)):
            return None
        return (
            f"the adapter {folder.name!r} is for {_last(stated) or 'an unnamed base'} "
            f"({made_for or 'no fingerprint'}), the model is {_last(base.name)} ({base.fingerprint}); "
            "load that base or train the adapter on this one"
        )


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]

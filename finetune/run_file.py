"""A training run as one YAML file.

`preset: NAME` takes a file of `finetune/presets` first; what the run says goes before it, `--set a.b=c` before both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from finetune.config import Run
from finetune.schema import build
from rag.errors import ConfigurationError, NotFoundError

PRESETS = Path(__file__).parent / "presets"


def load(path: Path, overrides: Iterable[str] = ()) -> Run:
    """The run that `path` describes, changed by `a.b=c`. Raises NotFoundError, ConfigurationError."""
    return read(_mapping(path), overrides)


def read(given: Mapping[str, Any], overrides: Iterable[str] = ()) -> Run:
    """The run that a mapping describes, its preset included."""
    values = dict(given)
    changes = [_override(text) for text in overrides]
    named = values.pop("preset", None)
    for keys, value in [*changes]:
        if keys == ["preset"]:
            named = value
            changes.remove((keys, value))
    values = _over(preset(str(named)), values) if named is not None else values
    for keys, value in changes:
        for key in reversed(keys):
            value = {key: value}
        values = _over(values, value)
    return build(Run, values)


def preset(name: str) -> dict[str, Any]:
    """The values of a packaged preset. Raises ConfigurationError that lists them all."""
    path = PRESETS / f"{name}.yaml"
    if Path(name).name != name or not path.is_file():
        raise ConfigurationError(f"there is no preset {name!r}; there are {', '.join(presets())}")
    return _mapping(path)


def presets() -> list[str]:
    """The names of the packaged presets."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def _mapping(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist; expected a YAML file that describes a run") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, dict):
        raise ConfigurationError(f"{path} holds {type(loaded).__name__}; expected keys such as model, data, train")
    return loaded


def _override(text: str) -> tuple[list[str], Any]:
    """`a.b=c` as keys and a value read as YAML."""
    name, sign, value = text.partition("=")
    keys = name.strip().split(".")
    if not sign or not all(keys):
        raise ConfigurationError(f"--set {text!r}: expected KEY=VALUE, such as train.learning_rate=1e-4")
    try:
        return keys, yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigurationError(f"--set {text!r}: the value cannot be read as YAML") from None


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `above` going first; mappings are joined key by key."""
    joined = dict(below)
    for key, value in above.items():
        old = joined.get(key)
        joined[key] = _over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return joined

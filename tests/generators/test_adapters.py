"""A folder of adapters: which fit, why others do not, and what changed. No weights are read, so none are needed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rag.errors import ConfigurationError
from rag.generators.adapters import BASE, CONFIG, WEIGHTS, AdapterFolder, fingerprint
from rag.generators.adapters import Base as Model

OURS = Model("models/base", "0123456789abcdef")


def write(folder: Path, *, base: str = "elsewhere/base", mark: str | None = None, **config: object) -> Path:
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(json.dumps({"base_model_name_or_path": base, "peft_type": "LORA", **config}))
    (folder / WEIGHTS).write_bytes(b"weights")
    if mark is not None:
        (folder / BASE).write_text(json.dumps({"fingerprint": mark}))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        AdapterFolder(folder.parent, OURS).find(folder.name)
    assert folder.name not in AdapterFolder(folder.parent, OURS).names()
    return str(refused.value)


def test_a_fingerprint_counts_more_than_a_name(tmp_path: Path) -> None:
    write(tmp_path / "named")
    write(tmp_path / "marked", base="renamed", mark=OURS.fingerprint)
    assert AdapterFolder(tmp_path, OURS).names() == ["marked", "named"]
    told = refusal(write(tmp_path / "other", mark="fedcba9876543210"))
    assert "'other' is for base (fedcba9876543210), the model is base (0123456789abcdef)" in told
    assert "is for llama (no fingerprint)" in refusal(write(tmp_path / "named-otherwise", base="x/llama"))


def test_what_cannot_be_switched_is_said_by_its_kind(tmp_path: Path) -> None:
    assert "of the kind PROMPT_TUNING; expected LORA" in refusal(write(tmp_path / "soft", peft_type="PROMPT_TUNING"))


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
def test_a_damaged_file_is_said(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path / "damaged")
    (folder / CONFIG).write_text(content)
    assert "'damaged' cannot be read" in refusal(folder)


def test_a_pickled_adapter_is_not_opened(tmp_path: Path) -> None:
    folder = write(tmp_path / "old")
    (folder / WEIGHTS).rename(folder / "adapter_model.bin")
    assert WEIGHTS in refusal(folder)


def test_weights_written_anew_are_another_adapter(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    adapters = AdapterFolder(tmp_path, OURS)
    first = adapters.find("a")
    assert adapters.find("a") == first
    os.utime(folder / WEIGHTS, ns=(1, 1))
    assert adapters.find("a") != first


def test_the_fingerprint_is_of_shape_and_weights_and_not_of_place_or_version(tmp_path: Path) -> None:
    def model(name: str, weights: bytes, **config: object) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"hidden_size": 8, **config}))
        (tmp_path / name / "model.safetensors").write_bytes(weights)
        return fingerprint(tmp_path / name)

    same = model("a", b"x" * 200_000)
    assert model("b", b"x" * 200_000, transformers_version="5", _name_or_path="b", torch_dtype="float16") == same
    others = [
        model("c", b"x" * 199_999 + b"y"), model("d", b"x" * 200_001), model("e", b"x" * 200_000, hidden_size=9),
    ]  # fmt: skip
    assert same not in others
    assert len(set(others)) == 3

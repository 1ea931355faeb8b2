"""Presets are what the reference systems published, written down here a second time."""

from __future__ import annotations

from typing import Any

import pytest

from finetune.run_file import presets, read
from finetune.schema import plain

LINEAR, COSINE = {"schedule": "linear"}, {"schedule": "cosine"}
CAREGPT_LORA = {"rank": 8, "alpha": 32, "dropout": 0.1, "rslora": False}
PUBLISHED: dict[str, dict[str, dict[str, Any]]] = {
    "bentsao": {
        "model": {"bits": 8},
        "data": {"cutoff": 256, "validation_rows": 500, "validation_seed": 2023, "template": "med_template"},
        "lora": {"rank": 8, "alpha": 16, "dropout": 0.05, "targets": ["q_proj", "v_proj"], "rslora": False},
        "train": LINEAR
        | {"stage": "sft", "method": "lora", "epochs": 10, "learning_rate": 3e-4, "warmup": 0.1, "precision": "fp16"}
        | {"optimizer": "adamw_torch", "log_every": 8, "save_every": "32", "keep": 5},
        "eval": {"every": "32", "keep_best": True},
    },
    "med-chatglm": {
        "data": {"max_prompt": 256, "max_answer": 256, "template": "med-chatglm"},
        "train": LINEAR
        | {"method": "full", "epochs": 3, "learning_rate": 5e-5, "warmup": 0.1, "adam_epsilon": 1e-3, "seed": 2023}
        | {"checkpointing": True, "save_every": "epoch", "log_every": 10, "micro_batch": 8, "accumulation": 2},
    },
    "caregpt-sft": {
        "model": {"bits": 4, "double_quantization": True},
        "data": {"max_prompt": 512, "max_answer": 512, "cutoff": 1024, "template": "llama2"},
        "lora": CAREGPT_LORA | {"targets": ["q_proj", "v_proj"]},
        "train": COSINE
        | {"stage": "sft", "epochs": 2, "learning_rate": 5e-5, "precision": "fp16", "micro_batch": 8}
        | {"accumulation": 4, "log_every": 10, "save_every": "1000"},
    },
    "caregpt-dpo": {
        "model": {"bits": 4},
        "data": {"max_prompt": 512, "max_answer": 512, "template": "llama2"},
        "lora": CAREGPT_LORA,
        "train": {"stage": "dpo", "beta": 0.1, "epochs": 1, "learning_rate": 1e-5, "micro_batch": 2, "accumulation": 4},
    },
    "caregpt-pt": {
        "data": {"pack_length": 512},
        "lora": CAREGPT_LORA,
        "train": COSINE
        | {"stage": "pt", "epochs": 3, "learning_rate": 5e-5, "micro_batch": 4, "accumulation": 4, "clip": 1.0}
        | {"precision": "fp16", "log_every": 5, "save_every": "100"},
    },
    "huatuogpt": {
        "data": {"cutoff": 2048, "template": "huatuogpt"},
        "train": COSINE
        | {"method": "full", "epochs": 3, "learning_rate": 5e-5, "weight_decay": 0.1, "warmup": 0.05, "clip": 1.0}
        | {"precision": "fp16", "checkpointing": True, "keep": 3, "save_every": "epoch", "distributed": "zero3"}
        | {"seed": 42},
        "eval": {"every": "10/epoch", "micro_batch": 4},
    },
    "huatuogpt2": {
        "data": {"pack_length": 4096, "mixing": "priority", "seed": 2147483647, "template": "huatuogpt2", "window": 1},
        "train": COSINE
        | {"stage": "onestage", "method": "full", "epochs": 2, "learning_rate": 1e-4, "warmup": 0.01}
        | {"weight_decay": 0.1, "precision": "bf16", "checkpointing": True, "clip": 1.0, "save_every": "5/epoch"}
        | {"distributed": "zero1"},
    },
    "default": {
        "data": {"cutoff": 1024, "pack_length": 8192},
        "lora": {"rank": 64, "rslora": True, "dropout": 0.0, "targets": "all-linear"},
        "train": COSINE | {"learning_rate": 2e-4, "warmup": 0.03, "checkpointing": False},
    },
}
ROWS_A_STEP = {
    "bentsao": 128,
    "huatuogpt": 128,
    "huatuogpt2": 128,
    "caregpt-sft": 32,
    "caregpt-dpo": 8,
    "med-chatglm": 16,
}
RANKS = {"huatuogpt": 8, "huatuogpt2": 8}


def test_every_preset_is_written_down_here() -> None:
    assert presets() == sorted(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_is_what_was_published(name: str) -> None:
    run = plain(read({"preset": name, "out": "run", "model": {"path": "base"}}))
    for section, expected in PUBLISHED[name].items():
        assert {key: run[section].get(key) for key in expected} == expected, section


@pytest.mark.parametrize("name", ROWS_A_STEP)
def test_a_step_has_as_many_rows(name: str) -> None:
    train = read({"preset": name, "out": "run", "model": {"path": "base"}}).train
    assert train.micro_batch * train.accumulation * RANKS.get(name, 1) == ROWS_A_STEP[name]

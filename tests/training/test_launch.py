"""The files for several GPUs are what the libraries take; running them needs GPUs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from transformers import TrainingArguments

from finetune.arguments import LAUNCH, arguments
from finetune.run_file import read
from rag.errors import ConfigurationError

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_settings_of_fsdp_are_taken(tmp_path: Path) -> None:
    given = json.loads((LAUNCH / "fsdp2.json").read_text(encoding="utf-8"))
    taken = TrainingArguments(str(tmp_path), use_cpu=True, fsdp=True, fsdp_config=given)
    assert taken.fsdp_plugin_args["fsdp_version"] == 2
    assert taken.fsdp_plugin_args["auto_wrap_policy"] == "TRANSFORMER_BASED_WRAP"


@pytest.mark.parametrize(("name", "stage"), [("zero1", 1), ("zero3", 3)])
def test_the_settings_of_deepspeed_leave_sizes_to_the_run(name: str, stage: int) -> None:
    given = json.loads((LAUNCH / f"{name}.json").read_text(encoding="utf-8"))
    assert given["zero_optimization"]["stage"] == stage
    for key in (
        "train_batch_size",
        "train_micro_batch_size_per_gpu",
        "gradient_accumulation_steps",
        "gradient_clipping",
    ):
        assert given[key] == "auto"


@pytest.mark.parametrize("name", ["one_node", "several_nodes"])
def test_accelerate_reads_its_files(name: str) -> None:
    path = LAUNCH / f"{name}.yaml"
    found = load_config_from_file(str(path))
    assert found.num_processes == 8 * yaml.safe_load(path.read_text(encoding="utf-8"))["num_machines"]


@pytest.mark.parametrize("kind", ["fsdp", "zero1", "zero3"])
def test_sharding_is_refused_on_a_cpu_instead_of_forgotten(tmp_path: Path, kind: str) -> None:
    run = read({"out": str(tmp_path), "model": {"path": "b"}, "train": {"distributed": kind, "method": "full"}})
    with pytest.raises(ConfigurationError, match="needs GPUs"):
        arguments(run, 4, held_out=False)

"""Our trainer on tiny models: it learns, weighs tokens alike, resumes exactly, keeps the best, and stops in time."""

from __future__ import annotations

import json
import resource
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from finetune.config import Run
from finetune.data.prepared import Prepared
from finetune.meter import read_log
from finetune.saving import register_adapter
from finetune.stages.packed import train
from finetune.trainer import last_complete
from rag.domain import GenerationRequest, Intent
from rag.errors import (
    ConfigurationError,
    ConflictError,
    DataError,
    DependencyError,
    MissingExtraError,
    StorageError,
)
from rag.generators.adapters import TEMPLATE, AdapterFolder, Base, fingerprint
from rag.generators.huggingface import LocalModel
from rag.generators.stopping import ModelLimits
from tests.hf.models import make_model
from tests.training.packs import examples
from tests.training.runs import a_run

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


def reading(made: Prepared) -> Callable[[Run, object], Prepared]:
    return lambda run, tokenizer: made


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(next(folder.glob("*model.safetensors"))))


def same(a: Path, b: Path) -> bool:
    first, second = weights(a), weights(b)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_an_adapter_learns_and_is_what_the_service_loads(base: Path, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    run = a_run(base, tmp_path / "run", train={"steps": 20, "save_every": "10"}, eval={"every": "10"})
    report = train(run, reading(examples(held_out=8)), watch=lambda entry: seen.append(dict(entry)))
    assert report["loss"] < 0.7 * report["first_loss"]
    assert report["eval_loss"]
    assert report["best_checkpoint"] == "checkpoint-20"
    folder = run.out / "adapter"
    register_adapter(folder, tmp_path / "adapters", "tiny")
    service = AdapterFolder(tmp_path / "adapters", Base(str(base), fingerprint(base)))
    assert service.names() == ["tiny"]
    assert (tmp_path / "adapters" / "tiny" / TEMPLATE).read_text() == (folder / TEMPLATE).read_text()
    model = LocalModel(str(base), tmp_path / "adapters", limits=ModelLimits(4096, 8, 60))
    asked = GenerationRequest("头痛吃什么药", Intent(()), (), (), alone=True)
    "".join(model["local:tiny"].stream(asked, threading.Event()))
    assert list(model._loaded) == ["tiny"]
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(folder))
    assert loaded.active_adapters == ["default"]
    entries = [entry for entry in read_log(run.out / "log.jsonl") if "loss" in entry]
    assert [entry["step"] for entry in entries] == list(range(1, 21))
    assert all(entry["tokens_per_s"] > 0 and entry["peak_gib"] > 0 and "left_s" in entry for entry in entries)
    assert entries[-1]["left_s"] == 0
    assert len([entry for entry in seen if "loss" in entry]) == 20
    assert (run.out / "loss.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((run.out / "record.json").read_text())
    assert record["versions"]["torch"]
    assert record["sizes"]["trained"] < record["sizes"]["parameters"]


@pytest.mark.parametrize(
    "sections",
    [
        {"train": {"method": "full", "learning_rate": 1e-3}},
        {"train": {"method": "freeze", "frozen_layers": -1, "learning_rate": 1e-2}},
        {"lora": {"rslora": False, "dropout": 0.1, "targets": ["q_proj", "v_proj"]}},
        {"lora": {"dora": True}},
        {"lora": {"pissa": True}},
        {"model": {"bits": 4}},
        {"model": {"bits": 8}},
        {"model": {"attention": "sdpa"}, "train": {"checkpointing": True, "precision": "bf16"}},
        {"model": {"weights": "random"}, "train": {"method": "full"}},
    ],
    ids=["full", "freeze", "plain", "dora", "pissa", "nf4", "int8", "sdpa-checkpointing-bf16", "random"],
)
def test_every_method_trains(base: Path, tmp_path: Path, sections: dict[str, Any]) -> None:
    longer = {"train": {"steps": 12, "save_every": "6"} | sections.get("train", {})}
    run = a_run(base, tmp_path / "run", **sections | longer)
    report = train(run, reading(examples()))
    assert report["loss"] < report["first_loss"]
    result = run.out / ("adapter" if run.train.method == "lora" else "model")
    assert (result / "tokenizer.json").exists()
    if run.train.method == "freeze":
        before, after = weights(base), weights(result)
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        assert changed
        assert all(".layers.1.mlp." in name for name in changed)


def test_accumulation_changes_nothing(base: Path, tmp_path: Path) -> None:
    made = examples()
    losses = []
    for name, micro, accumulation in [("a", 4, 1), ("b", 1, 4), ("c", 2, 2)]:
        sizes = {"micro_batch": micro, "accumulation": accumulation, "steps": 2, "save_every": "never"}
        run = a_run(base, tmp_path / name, train=sizes)
        train(run, reading(replace(made, ordered=True)))
        entries = [entry for entry in read_log(run.out / "log.jsonl") if "loss" in entry]
        losses.append([(entry["loss"], entry["grad_norm"]) for entry in entries])
    for other in losses[1:]:
        for one, two in zip(losses[0], other, strict=True):
            assert two == pytest.approx(one, rel=1e-4)


def test_resuming_gives_the_same_weights(base: Path, tmp_path: Path) -> None:
    dropped = {"dropout": 0.1}
    whole = a_run(base, tmp_path / "whole", lora=dropped)
    train(whole, reading(examples()))
    run = a_run(base, tmp_path / "run", lora=dropped)

    def stop(entry: Mapping[str, Any]) -> None:
        if entry["step"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, reading(examples()), watch=stop)
    (run.out / "checkpoint-4").mkdir()  # one that was interrupted while it was written
    assert last_complete(run.out) == run.out / "checkpoint-3"
    train(run, reading(examples()), resume=True)
    assert same(whole.out / "adapter", run.out / "adapter")
    steps = [entry["step"] for entry in read_log(run.out / "log.jsonl") if "loss" in entry]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_what_has_ended_is_not_trained_further(base: Path, tmp_path: Path) -> None:
    """Killed after the last checkpoint, or asked to go on once more: transformers would take one more step."""
    run = a_run(base, tmp_path / "run", train={"log_every": 4})
    report = train(run, reading(examples()))
    assert [entry["step"] for entry in read_log(run.out / "log.jsonl") if "loss" in entry] == [1, 4, 6]
    learnt = weights(run.out / "adapter")
    shutil.rmtree(run.out / "adapter")
    (run.out / "report.json").unlink()
    again = train(run, reading(examples()), resume=True)
    assert (again["steps"], again["loss"]) == (6, report["loss"])
    assert all(torch.equal(tensor, learnt[name]) for name, tensor in weights(run.out / "adapter").items())
    assert last_complete(run.out) == run.out / "checkpoint-6"


def test_a_run_that_stopped_early_has_ended_too(base: Path, tmp_path: Path) -> None:
    run = a_run(
        base, tmp_path / "run", train={"steps": 12, "save_every": "1", "learning_rate": 1e-9, "keep": 1},
        eval={"every": "1", "patience": 2}, data={"validation_rows": 4},
    )  # fmt: skip
    first = train(run, reading(examples(held_out=4)))
    learnt = weights(run.out / "adapter")
    shutil.rmtree(run.out / "adapter")
    again = train(run, reading(examples(held_out=4)), resume=True)
    assert again["steps"] == first["steps"] < 12
    assert again["best_checkpoint"] == first["best_checkpoint"]
    assert all(torch.equal(tensor, learnt[name]) for name, tensor in weights(run.out / "adapter").items())


def test_a_folder_holds_one_run(base: Path, tmp_path: Path) -> None:
    run = a_run(base, tmp_path / "run", train={"steps": 1, "save_every": "never"})
    train(run, reading(examples()))
    with pytest.raises(ConflictError, match="--resume"):
        train(run, reading(examples()))
    other = replace(run, train=replace(run.train, learning_rate=1.0))
    with pytest.raises(ConflictError, match="another `train`"):
        train(other, reading(examples()), resume=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(ConflictError, match="not empty"):
        train(replace(run, out=tmp_path / "full"), reading(examples()))


def test_a_loss_that_is_no_number_stops_and_names_the_rows(base: Path, tmp_path: Path) -> None:
    run = a_run(base, tmp_path / "run", train={"learning_rate": 1e30, "clip": 0, "save_every": "1", "optimizer": "sgd"})
    with pytest.raises(DataError, match=r"the loss of step \d is (nan|inf) \(row \d+ of the run"):
        train(run, reading(examples()))
    kept = last_complete(run.out)
    assert kept is None or all(torch.isfinite(value).all() for value in weights(kept).values())


class _TooMuch(list[Any]):
    """Packs of which the first cannot be had: `raised`, or what torch says of more memory than there is."""

    raised: Exception | None = None

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - as a list has it
        if self.raised is not None:
            raise self.raised
        return torch.empty(1 << 50)


@pytest.mark.parametrize("raised", [torch.cuda.OutOfMemoryError("CUDA out of memory. Tried"), MemoryError(), None])
def test_the_end_of_memory_comes_with_advice(base: Path, tmp_path: Path, raised: Exception | None) -> None:
    packs = _TooMuch(examples().train)
    packs.raised = raised
    with pytest.raises(DependencyError, match=r"out of .*memory.*smaller packs .*checkpointing true.*model.bits 4"):
        train(a_run(base, tmp_path / "run"), reading(replace(examples(), train=packs)))
    assert not (tmp_path / "run" / "adapter").exists()


@pytest.mark.parametrize(
    ("change", "package"),
    [({"report_to": "wandb"}, "wandb"), ({"report_to": "tensorboard"}, "tensorboard"),
     ({"fused_kernels": True}, "liger-kernel")],
)  # fmt: skip
def test_a_switch_names_the_package_that_it_needs(
    base: Path, tmp_path: Path, change: dict[str, Any], package: str
) -> None:
    if find_spec(package.replace("-", "_")) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtraError, match=f"pip install {package}"):
        train(a_run(base, tmp_path / "run", train=change), reading(examples()))
    assert not (tmp_path / "run").exists()


def test_weights_that_were_cut_off_are_said(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path / "cut")
    weights_file = tmp_path / "cut" / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-1000])
    with pytest.raises(DataError, match="cut off or damaged"):
        train(a_run(tmp_path / "cut", tmp_path / "run"), reading(examples()))
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_said(base: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    run = a_run(base, tmp_path / "run")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(StorageError, match="cannot write"):
            train(run, reading(examples()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert last_complete(run.out) is None
    train(run, reading(examples()), resume=True)
    assert (run.out / "adapter").exists()


def test_it_stops_when_nothing_is_gained(base: Path, tmp_path: Path) -> None:
    def stopped(patience: int) -> int:
        run = a_run(
            base, tmp_path / str(patience), train={"steps": 12, "save_every": "1", "learning_rate": 1e-9, "keep": 1},
            eval={"every": "1", "patience": patience}, data={"validation_rows": 4},
        )  # fmt: skip
        return int(train(run, reading(examples(held_out=4)))["steps"])

    assert stopped(2) < 12
    assert stopped(0) == 12


def test_what_cannot_be_opened_is_said(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        train(a_run(tmp_path / "nothing", tmp_path / "run"), reading(examples()))
    with pytest.raises(DataError, match="no packs are left"):
        train(a_run(base, tmp_path / "run"), reading(replace(examples(), train=[])))


def test_the_best_checkpoint_needs_one_rhythm(base: Path, tmp_path: Path) -> None:
    run: Run = a_run(base, tmp_path / "run", eval={"every": "2"})
    with pytest.raises(ConfigurationError, match="alike"):
        train(run, reading(examples(held_out=4)))

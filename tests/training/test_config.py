"""One strict YAML a run: what is not known is refused with a hint, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from finetune.config import Run
from finetune.data.prepared import Origin
from finetune.record import begin, read_record, resolved
from finetune.run_file import load, preset, presets, read
from finetune.schema import plain
from rag.errors import ConfigurationError, ConflictError, NotFoundError

LEAST: dict[str, Any] = {"out": "run", "model": {"path": "base"}}


def refused(values: dict[str, Any], *overrides: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(LEAST | values, overrides)
    return str(caught.value)


def test_defaults_are_filled_in() -> None:
    run = read(LEAST)
    assert (run.train.stage, run.lora.rank, run.lora.rslora, run.lora.dropout) == ("sft", 64, True, 0.0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"trian": {}}, "trian: there is no such key; did you mean train?"),
        ({"train": {"learning_rat": 1}}, "train.learning_rat: there is no such key; did you mean learning_rate?"),
        ({"train": {"zzz": 1}}, "known are stage, method"),
        ({"train": {"learning_rate": "fast"}}, "train.learning_rate is 'fast'; expected a number"),
        ({"train": {"epochs": float("nan")}}, "expected a number"),
        ({"train": {"steps": 2.5}}, "train.steps is 2.5; expected a whole number"),
        ({"train": {"micro_batch": True}}, "expected a whole number"),
        ({"train": {"checkpointing": 1}}, "expected true or false"),
        ({"train": {"stage": "stf"}}, "expected one of pt, sft, onestage, rm, dpo, rloo, embed; did you mean sft?"),
        ({"train": {"save_every": "often"}}, "expected steps, epoch, 5/epoch or never"),
        ({"train": {"micro_batch": 0}}, "expected more than 0"),
        ({"train": {"steps": 0}}, "train.steps is 0; expected more than 0"),
        ({"train": {"warmup": -1}}, "train.warmup is -1.0; expected 0 or more"),
        ({"train": {"seed": -1}}, "train.seed is -1; expected 0 to below 4.29497e+09"),
        ({"train": {"adam_beta1": 1}}, "train.adam_beta1 is 1.0; expected 0 to below 1"),
        ({"lora": {"rank": 0}}, "lora.rank is 0; expected more than 0"),
        ({"lora": {"dropout": 2}}, "lora.dropout is 2.0; expected 0 to below 1"),
        ({"lora": {"targets": []}}, "lora.targets is empty"),
        ({"model": {"path": "b", "rope_factor": 0}}, "model.rope_factor is 0.0; expected 1 or more"),
        ({"eval": {"patience": 2}}, "no rows are held out to judge on; set data.validation_rows"),
        (
            {"model": {"path": "b", "adapters": ["a"]}, "export": {"register": "r"}},
            "this one is learnt on top of model.adapters",
        ),
        ({"train": {"stage": "rloo"}}, "train.reward_model is missing"),
        ({"train": None}, "train is None; expected keys with values"),
        ({"lora": {"targets": [1.5, None]}}, "lora.targets"),
        ({"model": {}}, "model.path is missing; expected a text"),
        ({"model": {"path": "b", "bits": 3}}, "expected one of 16, 8, 4"),
        ({"model": {"path": "b", "bits": 4}, "train": {"method": "full"}}, "train.method lora only"),
        ({"data": {"dataset": ["a"]}}, "data.dataset: there is no such key; did you mean datasets?"),
        ({"data": {"datasets": [{"name": "a", "wait": 2}]}}, "data.datasets[0].wait: there is no such key"),
        ({"data": {"datasets": [{"name": "a", "weight": 0}]}}, "weight is 0.0; expected above 0"),
        ({"data": {"mixing": "priorty"}}, "did you mean priority?"),
        ({"train": {"stage": "onestage"}}, "set data.mixing to priority"),
        ({"preset": "bentso"}, "there is no preset 'bentso'"),
        ({"preset": "../x"}, "there is no preset"),
    ],
)
def test_mistakes_are_named(values: dict[str, Any], said: str) -> None:
    assert said in refused(values)


def test_numbers_that_yaml_takes_for_text_are_read() -> None:
    values = yaml.safe_load("{learning_rate: 2e-4, adam_epsilon: '1e-3', steps: '7', save_every: 32}")
    train = read(LEAST | {"train": values}).train
    assert (train.learning_rate, train.adam_epsilon, train.steps, train.save_every) == (2e-4, 1e-3, 7, "32")


def test_overrides_go_first() -> None:
    run = read(
        LEAST | {"preset": "bentsao", "train": {"epochs": 5}},
        ["train.epochs=2", "lora.targets=[v_proj]", "model.bits=16", "train.learning_rate=1e-5"],
    )
    assert (run.train.epochs, run.lora.targets, run.model.bits, run.train.learning_rate) == (2, ("v_proj",), 16, 1e-5)
    assert run.lora.alpha == 16, "the rest is the preset's"
    assert read(LEAST, ["preset=caregpt-dpo"]).train.stage == "dpo"
    for wrong in ("train.epochs", "=3", ".a=1", "train.epochs=[", "train..epochs=1"):
        assert "--set" in refused({}, wrong)


def test_what_is_resolved_is_the_same_run(tmp_path: Path) -> None:
    for name in presets():
        run = read({"preset": name, "out": str(tmp_path), "model": {"path": "base"}})
        path = tmp_path / f"{name}.yaml"
        path.write_text(resolved(run), encoding="utf-8")
        assert load(path) == run
        assert yaml.safe_load(resolved(run)) == plain(run)


def test_unreadable_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load(tmp_path / "none.yaml")
    for number, text in enumerate(["a: [", "- 1", "", "\udc80"]):
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(ConfigurationError, match=str(path)):
            load(path)


def test_a_run_is_recorded_before_it_starts(tmp_path: Path) -> None:
    run: Run = read(LEAST | {"out": str(tmp_path / "run")})
    begin(run, [], resume=False)
    assert load(run.out / "resolved.yaml") == run
    assert read_record(run.out / "adapter")["versions"]["yiwen"]
    with pytest.raises(ConflictError, match="--resume"):
        begin(run, [], resume=False)
    begin(run, [], resume=True)
    with pytest.raises(ConflictError, match="another `lora`"):
        begin(read(LEAST | {"out": str(run.out), "lora": {"rank": 1}}), [], resume=True)


def test_a_folder_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in ("file", "file/below/it"):
        with pytest.raises(ConfigurationError, match="file is a file; name a folder"):
            begin(read(LEAST | {"out": str(tmp_path / out)}), [], resume=False)


def test_a_run_goes_on_with_the_same_data_only(tmp_path: Path) -> None:
    run = read(LEAST | {"out": str(tmp_path / "run")})
    begin(run, [Origin("rows", "aa", 2)], resume=False)
    begin(run, [Origin("rows", "aa", 2)], resume=True)
    with pytest.raises(ConflictError, match=r"other data \(rows\)"):
        begin(run, [Origin("rows", "bb", 2)], resume=True)


def test_presets_are_mappings() -> None:
    assert all(isinstance(preset(name), dict) for name in presets())

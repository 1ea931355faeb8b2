"""Reward model, DPO and RLOO on tiny models, through TRL."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.config import Run
from finetune.data.prepared import PreparedPreferences
from finetune.export import merge
from finetune.meter import read_log
from finetune.stages import dpo, reward, rloo
from rag.errors import ConfigurationError, DataError
from tests.hf.models import make_model
from tests.training.runs import a_run

pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny", "qwen2")


def said(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


ROWS = [
    {
        "prompt": said("user", f"偏头痛的症状{number}"),
        "chosen": said("assistant", "恶心[1]、畏光[2]。"),
        "rejected": said("assistant", "不知道"),
    }
    for number in range(16)
]


def reading(run: Run, tokenizer: object) -> PreparedPreferences:
    return PreparedPreferences(ROWS, ROWS[:4])


LONGER = {"steps": 10, "save_every": "5", "micro_batch": 2, "accumulation": 2, "learning_rate": 5e-3}


@pytest.mark.parametrize("method", ["lora", "full"])
def test_dpo_learns_what_is_preferred(base: Path, tmp_path: Path, method: str) -> None:
    rate = {"learning_rate": 5e-3 if method == "lora" else 1e-4}
    run = a_run(base, tmp_path / "run", train=LONGER | {"stage": "dpo", "method": method} | rate, eval={"every": "5"})
    report = dpo.train(run, reading)
    assert report["accuracies"] == 1.0
    entries = read_log(run.out / "log.jsonl")
    assert all({"elapsed_s", "left_s", "peak_gib"} <= entry.keys() for entry in entries)
    assert (run.out / ("adapter" if method == "lora" else "model") / "tokenizer.json").exists()


def test_dpo_goes_on_with_an_adapter_without_keeping_its_reference(base: Path, tmp_path: Path) -> None:
    first = a_run(base, tmp_path / "first", train=LONGER | {"stage": "dpo", "steps": 1, "save_every": "never"})
    dpo.train(first, reading)
    again = a_run(
        base, tmp_path / "again", train=LONGER | {"stage": "dpo", "steps": 2, "save_every": "never"},
        lora={"start": str(first.out / "adapter")},
    )  # fmt: skip
    dpo.train(again, reading)
    assert not (again.out / "adapter" / "ref").exists()
    assert not (again.out / "README.md").exists(), "TRL's card of a model that it cannot name"


def test_a_reward_model_judges_and_rloo_follows_it(base: Path, tmp_path: Path) -> None:
    run = a_run(base, tmp_path / "rm", train=LONGER | {"stage": "rm"}, eval={"every": "5"})
    assert reward.train(run, reading)["accuracy"] == 1.0
    judge = merge(str(base), [run.out / "adapter"], tmp_path / "judge").folder
    train = {
        "stage": "rloo", "steps": 2, "micro_batch": 4, "accumulation": 1, "generations": 2, "answer_tokens": 8,
        "reward_model": str(judge), "save_every": "never", "learning_rate": 1e-4,
    }  # fmt: skip
    report = rloo.train(a_run(base, tmp_path / "rloo", train=train), reading)
    assert report["steps"] == 2
    assert "reward" in report
    with pytest.raises(ConfigurationError, match="expected a multiple of"):
        rloo.train(a_run(base, tmp_path / "odd", train=train | {"generations": 3}), reading)
    with pytest.raises(ConfigurationError, match="yiwen merge"):
        rloo.train(a_run(base, tmp_path / "none", train=train | {"reward_model": str(tmp_path)}), reading)


def test_rows_without_an_answer_are_named(base: Path, tmp_path: Path) -> None:
    rows = [*ROWS, {"prompt": said("user", "?"), "chosen": said("assistant", "!")}]
    with pytest.raises(DataError, match="row 16 has no rejected"):
        dpo.train(
            a_run(base, tmp_path / "run", train={"stage": "dpo"}), lambda run, tokenizer: PreparedPreferences(rows)
        )

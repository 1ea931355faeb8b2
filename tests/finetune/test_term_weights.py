"""Learning how much tokens count: what predicts the answer rises, what is only said in questions falls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetune.term_weights import WeightOptions, _slope, run, train
from rag.errors import DataError
from rag.retrieval.weighting import TermWeights

THINGS = ("头痛", "发热", "咳嗽", "失眠", "皮疹", "腹泻", "便秘", "胸闷")
NOISE = ("请问医生", "我想咨询", "咋办呀", "帮忙看看")
PAIRS = [
    (f"{NOISE[(n + shift) % 4]}{thing}", f"{thing}多喝水，{NOISE[n % 4]}")
    for n, thing in enumerate(THINGS)
    for shift in (1, 2, 3)
]
OPTIONS = WeightOptions(batch_pairs=8, epochs=10, min_questions=1, temperature=1.0)


def test_what_is_asked_about_outweighs_manners() -> None:
    factors = train(PAIRS, OPTIONS).factors
    assert min(factors.get(thing, 1.0) for thing in THINGS) > max(factors.get(word, 1.0) for word in ("请问", "咋办"))


def test_the_same_data_give_the_same_table() -> None:
    assert train(PAIRS, OPTIONS).to_json() == train(PAIRS, OPTIONS).to_json()


def test_rare_and_latin_tokens_keep_weight_1() -> None:
    pairs = [*PAIRS, ("zebra 独一", "zebra 无二"), ("zebra 独二", "zebra 无三")]
    factors = train(pairs, replace(OPTIONS, min_questions=2)).factors
    assert not {"zebra", "独一"} & set(factors)


@pytest.mark.parametrize("pairs", [[], [("头痛", "多喝水")]])
def test_too_little_is_an_error(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(DataError, match="at least 2"):
        train(pairs, OPTIONS)


def test_the_gradient_is_that_of_the_loss() -> None:
    random = np.random.default_rng(1)
    weights = random.random((8, 5)).astype(np.float32)
    theta = (random.standard_normal(5) / 4).astype(np.float32)
    groups = np.arange(4)

    def loss(theta: np.ndarray) -> float:
        logits = (weights[:4] * np.exp(theta)) @ weights[4:].T / 0.5
        return float((np.log(np.exp(logits).sum(axis=1)) - logits.diagonal()).mean())

    for row in range(5):
        step = np.eye(5, dtype=np.float32)[row] * np.float32(1e-2)
        expected = (loss(theta + step) - loss(theta - step)) / 2e-2
        assert _slope(weights, theta, groups, 0.5)[row] == pytest.approx(expected, abs=2e-3)


def test_run_writes_a_table_that_can_be_read(tmp_path: Path) -> None:
    source = tmp_path / "pairs.jsonl"
    source.write_text("".join(f'{{"question": "{q}", "answer": "{a}"}}\n' for q, a in PAIRS), "utf-8")
    made = run([source], tmp_path / "weights.json", OPTIONS)
    read = TermWeights.from_json((tmp_path / "weights.json").read_text("utf-8"))
    assert read.recipe["inputs"][0]["file"] == "pairs.jsonl"
    assert read.factors == pytest.approx(made.factors, abs=1e-3)

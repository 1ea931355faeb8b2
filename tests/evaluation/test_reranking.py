"""A reranker is switched on only where questions that its weight was not fitted on gain for sure."""

from __future__ import annotations

from pathlib import Path

from evaluation.reranking import WEIGHTS, fit, run
from rag.retrieval.fusion import default_tuning
from rag.settings import Settings

BEFORE = [0.5] * 100


def after(values: list[float]) -> list[list[float]]:
    """The same at every weight but the second, where it is `values`."""
    return [[0.4, value, *[0.4] * (len(WEIGHTS) - 2)] for value in values]


def test_a_sure_gain_switches_it_on_with_the_weight_that_gained() -> None:
    found = fit("zh", BEFORE, after([1.0] * 60 + [0.5] * 40))
    assert found.earns
    assert found.weight == WEIGHTS[1]
    assert (found.questions, found.fused, found.reranked) == (100, 0.5, 0.8)


def test_a_gain_that_may_be_chance_does_not() -> None:
    assert not fit("zh", BEFORE, after([1.0, 0.0] * 50)).earns
    assert not fit("zh", BEFORE, after([0.4] * 100)).earns


def test_what_one_fold_gains_is_not_counted_for_it() -> None:
    """Weight 0 is best everywhere but in the first fold, which is judged by what the others chose."""
    rows = [[0.5, 1.0 if n % 5 == 0 else 0.0, 0, 0, 0] for n in range(100)]
    assert fit("en", BEFORE, rows).reranked == 0.5


def test_without_a_reranker_the_weights_stay() -> None:
    tuning = default_tuning()
    assert run(Path("nowhere"), Settings(_env_file=None), tuning) == (tuning, [])

"""Lengths before the cutoff, packs after it, both as training has them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from finetune.data.characters import Characters
from finetune.data.config import DataConfig
from finetune.data.preparing import prepare
from finetune.data.statistics import histogram, measure


def test_lengths_are_whole_and_packs_as_in_training(tmp_path: Path) -> None:
    rows = [{"question": "问" * (n % 9 + 1), "answer": "答" * (n % 31 + 1)} for n in range(100)]
    (tmp_path / "a.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    config = DataConfig((str(tmp_path / "a.json"),), cutoff=50, pack_length=300)
    found = measure(config, Characters())
    (one,) = found.sets
    whole = measure(DataConfig(config.datasets, cutoff=300, pack_length=300), Characters())
    assert (one.name, one.rows, one.answers, one.tokens) == ("a", 100, 100, whole.tokens)
    assert one.quantiles["max"] > 50 >= one.quantiles["min"]
    assert one.over_cutoff == found.losses.counts.total() > 0
    assert sum(count for _, _, count in one.histogram) == 100
    made = prepare(config, Characters())
    assert (found.packs, found.fill) == (len(made.train), made.fill)
    assert found.tokens == sum(len(document) for pack in made.train for document in pack)


def test_a_preference_counts_with_both_answers(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps([{"prompt": "q", "chosen": "yes", "rejected": "no"}]))
    found = measure(DataConfig((str(tmp_path / "p.json"),)), Characters()).sets[0]
    assert (found.rows, found.answers) == (1, 2)


def test_bins_are_round_and_hold_every_row() -> None:
    lengths = np.array([3, 5, 20, 21, 90, 100, 5000])
    found = histogram(lengths)
    assert sum(count for _, _, count in found) == len(lengths)
    assert all(low % 500 == 0 for low, _, _ in found[:-1])
    assert [a[1] for a in found[:-1]] == [b[0] for b in found[1:]]

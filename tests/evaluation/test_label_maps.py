"""The map from KUAKE-QIC's intents to relations: every label once, relations that the data formats know, a reason."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from evaluation.sets.raw import CSV_COLUMN, DRUG_FIELDS
from tests.evaluation.sets_scripts import SETS

ROWS = list(csv.DictReader((SETS / "kuake_qic_relations.csv").read_text(encoding="utf-8").splitlines()))
# Of formats other than the two that raw.py reads; docs/data.md names them.
ELSEWHERE = {"cause", "efficacy", "禁忌", "do_eat", "not_eat", "参考值", "正常值", "临床意义"}


def test_relations_are_known_and_reasons_given() -> None:
    assert len(ROWS) == 11
    page = (SETS.parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    assert all(name in page for name in ELSEWHERE)
    assert {row["direction"] for row in ROWS} == {"forward", "reverse", "none"}
    assert {row["refuse"] for row in ROWS} == {"no", "partly"}
    for row in ROWS:
        relations = set(filter(None, row["relations"].split(";")))
        assert relations <= {*CSV_COLUMN, *DRUG_FIELDS, *ELSEWHERE}, row["label"]
        assert bool(relations) == (row["direction"] != "none")
        assert len(row["reason"]) > 40


@pytest.mark.real_data
def test_every_label_of_the_data_is_mapped_once(real_data: Path) -> None:
    labels = {row["label"] for row in json.loads((real_data / "eval" / "kuake_qic_train.json").read_text("utf-8"))}
    assert sorted(row["label"] for row in ROWS) == sorted(labels)


@pytest.mark.real_data
def test_the_figures_about_the_normalisation_set(real_data: Path) -> None:
    """README.md states them as facts about the file."""
    rows = json.loads((real_data / "eval" / "chip_cdn_train.json").read_text("utf-8"))
    gold = [{name.strip('" ') for name in row["normalized_result"].split("##")} - {"O"} for row in rows]
    text = (SETS / "README.md").read_text(encoding="utf-8")
    assert f"{len(rows):,} terms" in text
    assert f"{sum(map(len, gold)):,} pairs" in text
    assert f"{sum(len(names) > 1 for names in gold):,} terms have several" in text
    assert all(gold)
    assert f"{sum('O' in row['normalized_result'].split('##') for row in rows)} terms hold" in text

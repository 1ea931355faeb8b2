"""Supported sentences, and the wrong ones a script makes from them."""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evaluation.sets import make_checker_mutations as make
from tests.evaluation.sets_scripts import SETS
from tests.evaluation.sets_tables import Row, repeated, table


@pytest.fixture
def rows() -> list[Row]:
    return table("checker_sentences.csv")


@pytest.fixture
def wrong(tmp_path: Path) -> list[Row]:
    out = tmp_path / "checker_mutations.jsonl"
    subprocess.run([sys.executable, SETS / "make_checker_mutations.py", out], check=True, capture_output=True)
    digest, name = (SETS / "checker_mutations.sha256").read_text(encoding="utf-8").split()
    assert (hashlib.sha256(out.read_bytes()).hexdigest(), out.name) == (digest, name)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_counts(rows: list[Row]) -> None:
    assert len(rows) >= 500
    assert Counter(row["language"] for row in rows)["en"] >= 80
    assert {row["form"] for row in rows} == {"quotation", "paraphrase", "part", "conversion"}
    assert {row["evidence_kind"] for row in rows} == {"fact", "monograph", "conclusion", "textbook"}


def test_ids_and_sentences_are_unique(rows: list[Row]) -> None:
    assert repeated([row["id"] for row in rows]) == []
    assert repeated([row["sentence"] for row in rows]) == []


def test_a_fact_has_the_form_of_a_fact(rows: list[Row]) -> None:
    for row in rows:
        line = re.fullmatch(r"[^：]+的[^：]+：[^：]+|[A-Z][^:]+ of [^:]+: [^:]+", row["evidence"])
        assert bool(line) == (row["evidence_kind"] == "fact"), row["id"]
        assert (row["title"] == "") == (row["evidence_kind"] == "fact")


def test_a_conversion_writes_its_numbers_otherwise(rows: list[Row]) -> None:
    def numbers(text: str) -> set[str]:
        return set(re.findall(r"\d+(?:\.\d+)?", text))

    changed = [numbers(row["sentence"]) - numbers(row["evidence"]) for row in rows if row["form"] == "conversion"]
    assert sum(map(bool, changed)) >= 0.8 * len(changed), "the rest are counts in words"
    for row in rows:
        if row["form"] != "conversion":
            assert numbers(row["sentence"]) <= numbers(f"{row['title']} {row['evidence']}"), row["id"]


def test_wrong_sentences(rows: list[Row], wrong: list[Row]) -> None:
    supported = {(row["sentence"], row["evidence"]) for row in rows}
    bases = {row["id"] for row in rows}
    count = Counter(row["mutation"] for row in wrong)
    assert len(wrong) >= 1000
    assert min(count.values()) >= 20
    assert {"entity", "polarity", "direction", "reversal", "number", "unit", "population", "relation"} <= set(count)
    assert {"object", "citation"} <= set(count)
    assert repeated([row["id"] for row in wrong]) == []
    assert repeated([row["sentence"] + row["evidence"] for row in wrong]) == []
    assert all((row["sentence"], row["evidence"]) not in supported for row in wrong)
    assert {row["base"] for row in wrong} == bases


def supported(sentence: str, evidence: str) -> make.Row:
    return make.Row("t1", "t", sentence, "monograph", "", evidence)


def test_the_same_quantity_in_another_unit_stays_true() -> None:
    row = supported("首剂0.5g。", "首剂500mg，以后5000mg。")
    changes = [change for seed in range(20) for change in make.numbers(row, random.Random(seed))]
    reasons = {change.sentence: change.still_true for change in changes}
    assert reasons["首剂5g。"] == "the evidence has this quantity in another unit"
    assert reasons["首剂0.05g。"] == ""


def test_a_name_that_the_evidence_has_too_stays_true() -> None:
    both = supported("甲药可引起皮疹。", "甲药、乙药可引起皮疹。")
    (change,) = make.replacements(both, "entity", [["甲药", "乙药"]])
    assert change.still_true
    one = supported("左氧氟沙星可引起皮疹。", "左氧氟沙星可引起皮疹。")
    (change,) = make.replacements(one, "entity", [["左氧氟沙星", "氧氟沙星"]])
    assert change.still_true == "", "the look-alike inside the name is not the other drug"


def test_populations_with_doses_of_their_own_are_told_apart() -> None:
    apart = supported("成人每次10mg。", "成人每次10mg，儿童每次5mg。")
    same = supported("成人每次10mg。", "成人每次10mg，儿童每次10mg。")
    swap = [["成人", "儿童"]]
    assert [change.still_true for change in make.replacements(apart, "population", swap)] == [""]
    assert [bool(change.still_true) for change in make.replacements(same, "population", swap)] == [True]


def test_denying_one_direction_leaves_the_other_open() -> None:
    row = supported("没有减少骨折。", "没有减少骨折。")
    (change,) = make.replacements(row, "direction", [["减少", "增加"]])
    assert change.still_true

"""Questions that must be refused and questions that must not: counts, honesty of both halves, the same bytes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evaluation.sets.raw import known_names, read_diseases, read_rows
from tests.evaluation.raw_data import write_raw_data
from tests.evaluation.sets_scripts import SETS, committed_digest, complaint, output, rows, sha256

SCRIPT = "make_refusal_questions.py"
WRITTEN = SETS / "unanswerable_questions.csv"
CATEGORIES = {"deleted": 50, "missing_relation": 30, "invented_drug": 20, "disease": 130, "drug": 70}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw_data(tmp_path_factory.mktemp("raw") / "data")


@pytest.fixture(scope="module")
def small(folder: Path) -> list[dict[str, Any]]:
    return rows(output(SCRIPT, folder))


def check(made: list[dict[str, Any]], data: Path) -> None:
    counts = Counter(row["category"] for row in made)
    assert Counter(row["answerable"] for row in made) == {True: 200, False: 200}
    assert {category: counts[category] for category in CATEGORIES} == CATEGORIES
    assert len({row["question"] for row in made}) == len(made) == len({row["id"] for row in made})
    diseases = read_diseases(data)
    table = read_rows(data)
    aliases = {alias for disease in diseases.values() for alias in disease.aliases}
    deleted = {row["delete"] for row in made if row["category"] == "deleted"}
    assert len(deleted) == 50
    assert deleted <= set(diseases)
    assert not deleted & aliases
    assert not deleted & {row["entity"] for row in made if row["category"] != "deleted"}
    for row in made:
        if row["category"] == "missing_relation":
            disease = diseases[row["entity"]]
            assert not disease.literals.get(row["relation"], "").strip("暂无相关资料")
            assert not disease.also.get(row["relation"]), row["id"]
            assert row["relation"] not in row["present"]
            assert table[row["entity"]]
        if row["answerable"]:
            assert row["gold"], row["id"]
            assert row["entity"] in row["question"]


def test_the_halves_are_what_they_say(small: list[dict[str, Any]], folder: Path) -> None:
    check(small, folder)


def test_the_written_questions_are_120_and_near_misses_have_neighbours() -> None:
    with WRITTEN.open(encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines))
    counts = Counter(row["category"] for row in written)
    assert len(written) == 120
    assert min(counts.values()) >= 13
    assert all(row["neighbours"] for row in written if row["category"] == "near_miss")
    assert all(row["name"] in row["question"] for row in written)


def test_a_name_that_the_data_knows_stops_the_script(tmp_path: Path) -> None:
    data = write_raw_data(tmp_path / "data")
    path = data / "kg" / "drug.json"
    texts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([*texts, "洛伐西泮片\n剂型:片剂。"], ensure_ascii=False), encoding="utf-8")
    assert complaint(SCRIPT, data).strip().endswith("the data holds 洛伐西泮片; choose another name")


@pytest.mark.real_data
def test_the_data_gives_the_committed_digest(real_data: Path) -> None:
    made = output(SCRIPT, real_data)
    check(rows(made), real_data)
    assert sha256(made) == committed_digest("refusal_questions")


@pytest.mark.real_data
def test_the_neighbours_of_near_misses_are_there(real_data: Path) -> None:
    known = known_names(real_data)
    with WRITTEN.open(encoding="utf-8", newline="") as lines:
        near = [name for row in csv.DictReader(lines) for name in row["neighbours"].split(";") if name]
    assert not [name for name in near if name not in known]

"""The relation questions: every relation and kind, honest gold, the same bytes each time."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evaluation.sets.raw import read_diseases
from tests.evaluation.raw_data import write_raw_data
from tests.evaluation.sets_scripts import SETS, committed_digest, output, rows, sha256

SCRIPT = "make_relation_questions.py"
KINDS = {
    "forward": 196,
    "drug": 90,
    "several": 40,
    "yes_no": 90,
    "compare": 50,
    "reverse_symptoms": 58,
    "reverse_population": 15,
    "reverse_department": 18,
    "follow": 50,
    "switch": 10,
    "alias": 38,
    "noise": 40,
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return output(SCRIPT, write_raw_data(tmp_path_factory.mktemp("raw") / "data"))


def test_every_relation_has_twelve_wordings_and_half_speak_as_people_do() -> None:
    words = tomllib.loads((SETS / "relation_wordings.toml").read_text(encoding="utf-8"))
    assert len(words["forward"]) == 14
    assert len(words["drug"]) == 8
    for section, slot in (("forward", "{d}"), ("drug", "{m}")):
        for relation, styles in words[section].items():
            texts = styles["formal"] + styles["people"]
            assert len(set(texts)) == len(texts) >= 12, relation
            assert len(styles["people"]) * 2 >= len(texts), relation
            assert all(slot in text for text in texts), relation


def test_no_dirt_is_gold(small: bytes) -> None:
    for row in rows(small):
        for part in [row, *(row.get("parts") or {}).values()]:
            gold = part.get("gold", [])
            assert not {"暂无相关资料", "长长的...", "脑囊虫病", ">>"} & set(gold)
            assert not set(gold) & set(part.get("ignored", []))
            assert len(gold) == len(set(gold))
        assert "截断的名称病..." not in row.get("gold", [])


def test_a_forward_row_holds_the_record(small: bytes) -> None:
    row = next(r for r in rows(small) if r["kind"] == "forward" and r["relations"] == ["药物治疗"])
    assert row["entities"][0] in row["question"]
    assert len(row["gold"]) == 2
    assert all(value.endswith("药片") for value in row["gold"])
    assert row["ignored"] == ["应该如何用药?用什么药?", ">>"]


def test_reverse_gold_has_all_the_symptoms(small: bytes, tmp_path: Path) -> None:
    diseases = read_diseases(write_raw_data(tmp_path / "data"))
    asked = [r for r in rows(small) if r["kind"] == "reverse_symptoms"]
    assert asked
    for row in asked:
        assert row["gold"] == sorted(
            name
            for name, disease in diseases.items()
            if set(row["entities"]) <= set(disease.lists["相关症状"].kept) and not name.endswith("...")
        )
        assert row["seed_disease"] in row["gold"]


def test_the_hash_seed_does_not_matter(small: bytes, tmp_path: Path) -> None:
    assert output(SCRIPT, write_raw_data(tmp_path / "data"), hash_seed="7") == small


def check_counts(made: list[dict[str, Any]]) -> None:
    counts = Counter(row["kind"] for row in made)
    assert len(made) >= 600
    assert not {kind: counts[kind] for kind, least in KINDS.items() if counts[kind] < least}
    assert len({row["id"] for row in made}) == len(made)
    asked = [(row["question"], *row.get("history", [])) for row in made]
    assert len(set(asked)) == len(asked)
    answers = Counter(row["answer"] for row in made if row["kind"] == "yes_no")
    assert min(answers["yes"], answers["no"] + answers["not_stated"]) >= 40
    assert {r for row in made for r in row["relations"]} >= {"费用", "医保", "传染性", "易感人群", "剂型"}


@pytest.mark.real_data
def test_the_data_gives_the_committed_digest(real_data: Path) -> None:
    made = output(SCRIPT, real_data)
    check_counts(rows(made))
    assert sha256(made) == committed_digest("relation_questions")

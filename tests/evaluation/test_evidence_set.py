"""The labelled evidence: counts, labels that can be read, texts found again in the data."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evaluation.sets.make_evidence_set import Sources
from evaluation.sets.raw import Disease, Objects, digest
from tests.evaluation.sets_scripts import SETS, committed_digest, output, rows, sha256

SCRIPT = "make_evidence_set.py"
LABEL = re.compile(r"(fact|drug):[^:;|]+\|[一-鿿]+|pmid:\d{6,8}|csl:[0-9a-f]{16}")
QUESTIONS = list(csv.DictReader((SETS / "evidence_questions.csv").read_text(encoding="utf-8").splitlines()))
ABSTRACT = "目的 看甲药治乙病。结论 甲药有效。"


def sources() -> Sources:
    disease = Disease(
        "乙病", (), {"检查": Objects(("丙检查",), ("暂无",))}, {"传染性": "无传染性"}, {"检查": ("丁检查",)}
    )
    return Sources(
        {"乙病": disease},
        {"甲药": {"适应证": "用于乙病。"}},
        {"1234567": {"LONG_ANSWER": "It works."}},
        {digest(ABSTRACT): ABSTRACT, "0" * 16: "甲药治乙病的另一篇。"},
    )


def test_counts_and_labels() -> None:
    counts = Counter(row["kind"] for row in QUESTIONS)
    assert len(QUESTIONS) >= 200
    assert counts["chinese_literature"] >= 60
    assert counts["english_literature"] >= 40
    assert set(counts) == {"graph", "monograph", "chinese_literature", "english_literature"}
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS) == len({row["id"] for row in QUESTIONS})
    for row in QUESTIONS:
        labels = row["evidence"].split(";")
        assert all(LABEL.fullmatch(label) for label in labels), row["id"]
        assert len(set(labels)) == len(labels)


def test_no_english_article_is_asked_about_in_two_sets() -> None:
    with (SETS / "pubmedqa_zh.csv").open(encoding="utf-8", newline="") as lines:
        elsewhere = {f"pmid:{row['pmid']}" for row in csv.DictReader(lines)}
    assert not elsewhere & {row["evidence"] for row in QUESTIONS}


def test_every_kind_of_label_is_resolved() -> None:
    known = sources()
    fact = known.resolve("fact:乙病|检查")
    assert (fact["objects"], fact["also"], fact["ignored"]) == (["丙检查"], ["丁检查"], ["暂无"])
    assert known.resolve("fact:乙病|传染性")["objects"] == ["无传染性"]
    assert known.resolve("drug:甲药|适应证")["text"] == "用于乙病。"
    assert known.resolve("pmid:1234567")["text"] == "It works."
    assert known.resolve(f"csl:{digest(ABSTRACT)}")["text"] == ABSTRACT
    assert known.alike(["甲药", "乙病"], {digest(ABSTRACT)}) == ["0" * 16]


@pytest.mark.parametrize(
    "label", ["fact:丙病|检查", "fact:乙病|治愈率", "drug:甲药|剂型", "pmid:1", "csl:ab", "book:1"]
)
def test_a_label_that_names_nothing_is_an_error(label: str) -> None:
    with pytest.raises(KeyError):
        sources().resolve(label)


def test_white_space_does_not_change_a_digest() -> None:
    assert digest("甲 乙\n丙") == digest("甲乙丙") != digest("甲乙丁")


def check(made: list[dict[str, Any]]) -> None:
    assert len(made) == len(QUESTIONS)
    for row in made:
        for item in row["evidence"]:
            assert item.get("objects") or item["text"], row["id"]


@pytest.mark.real_data
def test_the_data_gives_the_committed_digest(real_data: Path) -> None:
    made = output(SCRIPT, real_data)
    check(rows(made))
    assert sha256(made) == committed_digest("evidence_set")

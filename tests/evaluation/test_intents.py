"""Intents against labels: what counts as agreement, and the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.intents import agreement, compared, label_of, markdown, read_examples, read_labels
from rag.domain import Intent
from rag.errors import DataError, NotFoundError
from rag.vocabulary import Relation
from tests.answering.records import RECORDS
from tests.fakes import FakeLibrary, fake_pipeline

LABELS = read_labels()


def asked(*relations: Relation) -> Intent:
    return Intent(relations, tuple((relation,) for relation in relations))


@pytest.mark.parametrize(
    ("intent", "gold", "label"),
    [
        (asked(Relation.COST), None, "医疗费用"),
        (asked(Relation.CAUSE, Relation.COST), None, "病因分析"),
        (asked(Relation.RISK_FACTOR), None, "病因分析"),
        (asked(Relation.COMPLICATION), None, "疾病表述"),
        (asked(Relation.COMPLICATION), "后果表述", "后果表述"),
        (asked(Relation.COMPLICATION), "医疗费用", "疾病表述"),
        (Intent((), (), reverse=True), None, "病情诊断"),
        (Intent((), ()), "治疗方案", "其他"),
        (Intent((Relation.DRUG,), ((Relation.DRUG,),), explicit=False), None, "其他"),
    ],
)
def test_the_label_of_an_intent(intent: Intent, gold: str | None, label: str) -> None:
    assert label_of(intent, LABELS, gold) == label


def test_the_figures() -> None:
    found = agreement(["a"] * 6 + ["b"] * 2, ["a"] * 6 + ["a", "b"])
    assert found.accuracy[0] == pytest.approx(7 / 8)
    assert {name: count for name, (count, _) in found.per_label.items()} == {"a": 6, "b": 2}
    assert [score for _, score in found.per_label.values()] == pytest.approx([12 / 13, 2 / 3])
    assert found.macro_f1[0] == pytest.approx((12 / 13 + 2 / 3) / 2)
    assert found.accuracy[1] <= found.accuracy[0] <= found.accuracy[2]


def test_a_label_that_is_not_of_the_gold_is_only_wrong() -> None:
    found = agreement(["a", "a"], ["c", "a"]).per_label
    assert [score for _, score in found.values()] == pytest.approx([2 / 3])


def test_rules_trained_and_both_are_compared(tmp_path: Path) -> None:
    rows = [{"query": "偏头痛吃什么药", "label": "治疗方案"}, {"query": "偏头痛与天气", "label": "病因分析"}]
    folder = tmp_path / "eval"
    folder.mkdir()
    (folder / "kuake_qic_train.json").write_text(json.dumps(rows), encoding="utf-8")
    library = FakeLibrary()
    library.publish(RECORDS)
    report = compared(fake_pipeline(library), tmp_path, lambda examples, _: [{"病因分析": 1.0}] * len(examples))
    assert [report[name].accuracy[0] for name in ("rules", "trained", "both")] == [0.5, 0.5, 1.0]
    assert "| 病因分析, 1 | 0.000 | 0.667 | 1.000 |" in markdown(report)


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="raw data"):
        read_examples(tmp_path)
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "kuake_qic_train.json").write_text('[{"query": "x"}]', encoding="utf-8")
    with pytest.raises(DataError, match="label"):
        read_examples(tmp_path)
    (tmp_path / "map.csv").write_text("label,direction,relations\n甲,forward,没有的\n", encoding="utf-8")
    with pytest.raises(DataError, match="no relation"):
        read_labels(tmp_path / "map.csv")

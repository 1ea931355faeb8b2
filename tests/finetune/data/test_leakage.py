"""Rows that hold what is judged on are found: the same text, one that contains it, one that overlaps; and late ones."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from finetune.data.leakage import Leaks, comparable, late, read_evaluation_set
from finetune.data.registry import Dataset
from finetune.data.rows import AnyRow, Message, Preference, Row, Text
from rag.errors import DataError

ITEM = "一名六十岁男性患者反复胸痛三天，首先应做哪项检查？"
LONG = ITEM.replace("胸痛三天", "胸痛三天伴左肩放射痛、出汗与恶心来院就诊，既往有高血压和糖尿病史，吸烟三十年")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "exam.json").write_text(
        json.dumps([{"question": ITEM, "answer": "A"}, {"question": LONG}, {"question": "短问"}])
    )
    entry = {"exam": {"file": "exam.json", "collected": "2023-06-05"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(entry))
    return tmp_path


def _row(question: str, answer: str = "休息") -> Row:
    return Row((Message("user", question), Message("assistant", answer)), "rows.json", 4)


FOUND: dict[str, AnyRow] = {
    "same": _row("一名六十歲男性患者反復胸痛三天,首先應做哪項檢查"),
    "contained": _row("头痛", f"考题：{ITEM}选 A。"),
    "overlap": _row(f"{LONG.replace('首先', '第一步')}请回答，谢谢。"),
}


@pytest.mark.parametrize("kind", FOUND)
def test_an_item_is_found(registry: Path, kind: str) -> None:
    leaks = Leaks([read_evaluation_set("exam", registry)])
    (leak,) = leaks.of(FOUND[kind])
    item = 2 if kind == "overlap" else 1
    assert (leak.kind, leak.source, leak.number, leak.evaluation, leak.item) == (kind, "rows.json", 4, "exam", item)
    assert (leak.share == 1) == (kind != "overlap")


def test_other_sorts_of_rows_are_looked_through_and_others_left_alone(registry: Path) -> None:
    leaks = Leaks([read_evaluation_set("exam", registry)])
    assert [leak.kind for leak in leaks.of(Text(f"书。{ITEM}", "b", 1))] == ["contained"]
    assert [leak.kind for leak in leaks.of(Preference((Message("user", "问"),), "好", ITEM))] == ["same"]
    assert not list(leaks.of(_row("一名五十岁女性患者反复头痛一周，应如何治疗？")))
    assert not list(leaks.of(_row("短问"))), "too short to say anything"


def test_a_set_without_question_columns_gives_all_its_texts(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps([{"data": [{"said": ITEM}], "label": "A"}]))
    (item,) = read_evaluation_set(str(tmp_path / "s.json"), None).items
    assert item.text == comparable(ITEM)
    (tmp_path / "empty.json").write_text('[{"a": "b"}]')
    with pytest.raises(DataError, match="holds no text"):
        read_evaluation_set(str(tmp_path / "empty.json"), None)


def test_a_workbook_is_an_evaluation_set(tmp_path: Path) -> None:
    book = Workbook()
    for row in (("Question", "Options", "Answer"), (ITEM, "A 心电图\nB 胸部X线检查", "A"), (LONG, "A 吸氧", "A")):
        book.active.append(row)
    book.save(tmp_path / "exam.xlsx")
    found = read_evaluation_set(str(tmp_path / "exam.xlsx"), None)
    assert [(item.number, item.text) for item in found.items] == [(2, comparable(ITEM)), (3, comparable(LONG))]
    (leak,) = Leaks([found]).of(FOUND["same"])
    assert (leak.evaluation, leak.item) == ("exam", 2)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(DataError, match=r"broken\.xlsx"):
        read_evaluation_set(str(tmp_path / "broken.xlsx"), None)


def test_dates_tell_what_may_quote_a_set(registry: Path) -> None:
    exam = read_evaluation_set("exam", registry)
    day = datetime.date.fromisoformat
    assert "after exam (2023-06-05)" in late(Dataset("rows", collected=day("2024-01-01")), [exam])["exam"]
    assert not late(Dataset("rows", collected=day("2022-01-01")), [exam])
    assert late(Dataset("rows"), [exam])["exam"] == "not known: the registry gives rows no `collected`"

"""The map that comes of what somebody says of the columns is one that the reader of tables takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

from kg_loader.columns import columns_of
from kg_loader.preview import preview
from kg_loader.sources.table_map import parse_map
from rag.errors import DataError
from ui.table_map import Description, Use, guessed, guessed_subject, relations_of, written
from yiwen.client import Vocabulary

TABLE = """某院药品目录,,,,,
药品,商品名,适应症,用法用量,说明,更新,备注
甲氧片,甲牌；安甲,偏头痛、紧张性头痛,"每次1片，每日2次",口服后起效快。,2024,x
乙诺胶囊,,高血压,,,2023,
"""


@pytest.fixture
def vocabulary(client: TestClient) -> Vocabulary:
    return Vocabulary.model_validate(client.get("/v1/kb/vocabulary").json())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "目录.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_the_fullest_of_the_first_rows_names_the_columns(table: Path) -> None:
    (found,) = columns_of(table, None, 1)
    assert (found.header, found.names[:2]) == (2, ("药品", "商品名"))
    assert [row[0] for row in found.rows] == ["甲氧片"]


def test_json_records_have_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"name": "甲", "use": {"for": ["乙", "丙"]}}]', encoding="utf-8")
    (found,) = columns_of(path, None, 5)
    assert (found.header, found.names, found.rows) == (None, ("name", "use.for"), (("甲", "乙；丙"),))


def test_a_text_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("一行\n又一行\n", encoding="utf-8")
    with pytest.raises(DataError, match="one column"):
        columns_of(path, None, 5)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = Workbook()
    cover = book.active
    cover.title = "封面"
    cover.append(["某院药品目录"])
    drugs = book.create_sheet("药品")
    for row in (["2024年版"], ["药品", "适应症"], ["甲氧片", "偏头痛"]):
        drugs.append(row)
    book.create_sheet("空白")
    herbs = book.create_sheet("饮片")
    for row in (["药材", "别名"], ["甲参", "甲根"]):
        herbs.append(row)
    path = tmp_path / "目录.xlsx"
    book.save(path)
    return path


def test_each_sheet_with_a_table_is_shown_and_the_map_names_the_chosen_one(workbook: Path) -> None:
    tables = [one.columns for one in preview([workbook], 5, tables=True)]
    assert [(one.sheet, one.header, one.names) for one in tables if one] == [
        ("药品", 2, ("药品", "适应症")), ("饮片", 1, ("药材", "别名")),
    ]  # fmt: skip
    use = Use("适应症", "relation", "indicated_for", "disease")
    text = written(Description("药品", 2, "药品", "drug", (use,), "目录", "reference"))
    (read,) = preview([workbook], 5, table_map=text)
    assert read.rejected == {}
    assert (read.records["fact"], read.shown[-1].row) == (1, 3)


def test_columns_are_guessed_by_their_names_and_the_map_reads_the_table(table: Path, vocabulary: Vocabulary) -> None:
    (looked,) = preview([table], 5, tables=True)
    assert looked.columns is not None
    assert looked.format is None
    subject, kind = guessed_subject(looked.columns.names, vocabulary)
    assert (subject, kind) == ("药品", "drug")
    relations = relations_of(kind, vocabulary)
    uses = {name: guessed(name, relations) for name in looked.columns.names if name != subject}
    assert uses["适应症"] == Use("适应症", "relation", "indicated_for", "disease")
    assert uses["用法用量"] == Use("用法用量", "relation", "dosage", None)
    assert (uses["商品名"].kind, uses["备注"].kind) == ("alias", "ignored")
    uses |= {"说明": Use("说明", "text"), "更新": Use("更新", "year")}
    text = written(Description(None, 2, subject, kind, tuple(uses.values()), "目录", "reference", "、；"))
    parse_map(text, "the map")
    (read,) = preview([table], 5, table_map=text)
    assert read.rejected == {}
    assert {kind: read.records[kind] for kind in ("alias", "fact", "passage")} == {"alias": 2, "fact": 4, "passage": 1}
    assert "每次1片，每日2次" in "".join(line for row in read.shown for line in row.lines)


@pytest.mark.parametrize("relation", ["has_symptom", "treated_with_drug", "cure_rate"])
def test_every_relation_that_a_subject_may_have_makes_a_map(relation: str, vocabulary: Vocabulary) -> None:
    chosen = next(one for one in relations_of("disease", vocabulary) if one.id == relation)
    for kind in chosen.objects or (None,):
        use = Use("乙", "relation", relation, kind)
        parse_map(written(Description(None, None, "甲", "disease", (use,), "表", "study", "、")), "the map")


def test_a_table_without_a_known_format_is_refused_where_nobody_can_be_asked(table: Path) -> None:
    with pytest.raises(DataError, match="no known format"):
        preview([table], 5)

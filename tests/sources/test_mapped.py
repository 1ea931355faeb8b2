"""Any table by a map: what columns become, what the map may not say, and tables as people really make them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from kg_loader.plan import Plan, identify
from kg_loader.reading import Row
from kg_loader.sources import ReadContext
from kg_loader.sources.mapped import NOTE, TOTAL
from kg_loader.sources.mapped_row import LEFT_OUT, split
from kg_loader.sources.naming import DUPLICATE, JUNK, PLACEHOLDER, TRUNCATED, UNSAFE_ALIAS
from kg_loader.sources.table_map import parse_map, read_map_text
from kg_loader.table import ABOVE_HEADER, NO_COLUMN, REPEATED_HEADER, Layout, open_table
from rag.domain import Fact, Qualifiers
from rag.errors import DataError, NotFoundError, UsageError
from tests.sources.collect import Collected, collect, json_lines, text_file

SOURCE = "source: {title: 院内药品手册}\n"
DRUGS = (
    "subject: {column: 药品, type: drug}\n"
    "facts:\n"
    "  - {relation: 适应证, column: 用于, type: disease, separators: 、}\n" + SOURCE
)
"""Columns 药品 and 用于."""
INDICATIONS = {("甲药", "indicated_for", "偏头痛"), ("乙药", "indicated_for", "高血压")}


def mapped(path: Path, table_map: str, encoding: str | None = None) -> Collected:
    return collect("mapped", path, ReadContext("t", encoding, table_map=table_map))


def csv(folder: Path, text: str) -> Path:
    return text_file(folder / "t.csv", text)


def workbook(path: Path, *rows: Sequence[Any], merge: tuple[str, ...] = (), title: str = "药品") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cells in merge:
        sheet.merge_cells(cells)
    book.save(path)
    return path


# ---------------------------------------------------------------- what columns become


def test_a_row_becomes_entities_aliases_facts_and_a_source(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "药品,商品名,用于,禁忌人群,程度,剂型,年\n甲药,甲牌；甲牌；甲药,偏头痛、丛集性头痛（急性、慢性）,孕妇,重,片剂,2021\n",
    )
    found = mapped(
        path,
        "subject: {column: 药品, type: drug}\n"
        "aliases: [{column: 商品名, kind: trade, separators: ；}]\n"
        "facts:\n"
        "  - {relation: indicated_for, column: 用于, type: 疾病, separators: 、}\n"
        "  - relation: 禁忌\n"
        "    column: 禁忌人群\n"
        "    type: population\n"
        "    severity: {column: 程度, values: {重: 严重, 轻: 轻微}}\n"
        "  - {relation: 剂型, column: 剂型}\n"
        "  - {relation: 相互作用, constant: 酒, type: food}\n"
        "source: {title: 院内药品手册, year: {column: 年}, grade: 临床指南, url: https://example.org}\n",
    )
    assert found.facts == {
        ("甲药", "indicated_for", "偏头痛"),
        ("甲药", "indicated_for", "丛集性头痛（急性、慢性）"),
        ("甲药", "contraindicated_for", "孕妇"),
        ("甲药", "dosage_form", "片剂"),
        ("甲药", "interacts_with", "酒"),
    }
    assert found.aliases == {"甲牌": "trade"}
    assert found.skipped == {DUPLICATE: 2}
    (source,) = found.sources
    assert (source.title, source.year, source.grade, source.url) == (
        "院内药品手册", 2021, "guideline", "https://example.org",
    )  # fmt: skip
    limits = {fact.qualifiers for fact in found.records if isinstance(fact, Fact)}
    assert limits == {Qualifiers(), Qualifiers(severity="严重")}


def test_types_and_relations_may_stand_in_columns(tmp_path: Path) -> None:
    path = csv(
        tmp_path, "头,类,关系,尾,尾类\n偏头痛,病,症状,恶心,症状\n甲药,药,适应证,偏头痛,病\n甲药,药,症状,恶心,症状\n"
    )
    found = mapped(
        path,
        "subject: {column: 头, type: {column: 类, values: {病: disease, 药: drug}}}\n"
        "facts: [{relation: {column: 关系}, column: 尾, type: {column: 尾类, values: {病: disease}}}]\n" + SOURCE,
    )
    assert found.facts == {("偏头痛", "has_symptom", "恶心"), ("甲药", "indicated_for", "偏头痛")}
    assert found.reasons == [(4, "has_symptom with a subject of type drug, expected disease or symptom or syndrome")]


def test_facts_and_aliases_of_another_column(tmp_path: Path) -> None:
    path = csv(tmp_path, "病,药,用量\n偏头痛,甲药,一日一次\n高血压,,\n")
    found = mapped(
        path,
        "subject: {column: 病, type: disease}\n"
        "facts:\n"
        "  - {relation: 药物治疗, column: 药, type: drug}\n"
        "  - {relation: 用法用量, column: 用量, of: {column: 药, type: drug}, dose: {column: 用量}}\n" + SOURCE,
    )
    assert found.facts == {("偏头痛", "treated_with_drug", "甲药"), ("甲药", "dosage", "一日一次")}
    assert found.entities == {"disease:偏头痛", "drug:甲药", "disease:高血压"}


def test_passages(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "题,答,病,面\n什么是偏头痛？,偏头痛是反复发作的头痛。,偏头痛,概述\n怎么办,怎么办,偏头痛,\n无,休息。,偏头痛,\n问什么,,,\n",
    )
    found = mapped(
        path,
        "passages:\n"
        "  - text: {column: 答}\n"
        "    kind: qa\n"
        "    question: {column: 题}\n"
        "    about: {column: 病, type: disease}\n"
        "    aspect: {column: 面}\n"
        "source: {title: 科室问答, kind: qa, grade: qa}\n",
    )
    (passage,) = found.passages
    assert (passage.question, passage.about, passage.aspect) == ("什么是偏头痛？", "disease:偏头痛", "概述")
    assert found.skipped == {PLACEHOLDER: 2, DUPLICATE: 1}


def test_a_passage_is_about_the_subject_unless_said_otherwise(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,说明\n甲药,饭后服用。\n")
    text = "subject: {column: 药品, type: drug}\npassages: [{text: {column: 说明}, kind: monograph%s}]\n" + SOURCE
    assert [one.about for one in mapped(path, text % "").passages] == ["drug:甲药"]
    assert [one.about for one in mapped(path, text % ", about: none").passages] == [None]


def test_the_rules_for_names_are_those_of_every_reader(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,用于\n甲药,暂无、3个月、某某综合...、偏头痛\n其他,偏头痛\n,偏头痛\n")
    found = mapped(path, DRUGS)
    assert found.facts == {("甲药", "indicated_for", "偏头痛")}
    assert found.skipped == {PLACEHOLDER: 2, JUNK: 1, TRUNCATED: 1}
    assert found.reasons == [(4, "no 药品")]
    alias = "subject: {column: 药品, type: drug}\naliases: [{column: 用于, separators: 、}]\n" + SOURCE
    assert mapped(csv(tmp_path, "药品,用于\n甲药,病、第三、甲氏药\n"), alias).skipped == {UNSAFE_ALIAS: 2}


@pytest.mark.parametrize(
    ("otherwise", "kept", "skipped", "rejected"),
    [("keep", {"胶囊剂", "丸"}, 1, 0), ("skip", {"胶囊剂"}, 2, 0), ("reject", {"胶囊剂"}, 1, 1)],
)
def test_values_are_translated(tmp_path: Path, otherwise: str, kept: set[str], skipped: int, rejected: int) -> None:
    path = csv(tmp_path, "药,型\n甲药,胶囊\n乙药,丸\n丙药,?\n")
    found = mapped(
        path,
        "subject: {column: 药, type: drug}\n"
        f'facts: [{{relation: 剂型, column: 型, values: {{胶囊: 胶囊剂, "?": ""}}, otherwise: {otherwise}}}]\n'
        + SOURCE,
    )
    assert {text for _, _, text in found.facts} == kept
    assert found.skipped[LEFT_OUT] == skipped
    assert len(found.rejected) == rejected


def test_rows_are_left_out_on_condition(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,用于,状态\n甲药,偏头痛,在用\n乙药,高血压,停用\n丙药,糖尿病,\n停1,糖尿病,在用\n")
    conditions = (
        "skip:\n  - {column: 状态, equals: [停用, 作废]}\n  - {column: 状态, blank: true}\n"
        "  - {column: 药品, matches: '停\\d'}\n"
    )
    found = mapped(path, DRUGS + conditions)
    assert (found.entities, found.skipped) == ({"drug:甲药", "disease:偏头痛"}, {LEFT_OUT: 3})


def test_no_dose_rests_on_an_editorial(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,量\n甲药,每日 10mg\n")
    text = (
        "subject: {column: 药品, type: drug}\nfacts: [{relation: 用法用量, column: 量}]\nsource: {title: editorial}\n"
    )
    assert mapped(path, text).reasons == [(2, "a dose needs a named source, not editorial")]


def test_what_a_source_column_must_hold(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "药品,用于,文,年,号\n甲药,偏头痛,某文,二零,1\n甲药,偏头痛,,2020,1\n甲药,偏头痛,某文,2020-03-01,12345\n",
    )
    text = DRUGS.replace("{title: 院内药品手册}", "{title: {column: 文}, year: {column: 年}, pmid: {column: 号}}")
    found = mapped(path, text)
    assert found.reasons == [(2, "'二零' is not a year"), (3, "no title of the source")]
    assert {(one.year, one.pmid) for one in found.sources} == {(2020, "12345")}


# ---------------------------------------------------------------- tables as people make them


def test_headings_over_two_lines_with_merged_cells(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "t.xlsx",
        ["药品", "使用", None, "备注", "价格", None],
        [None, "用于", "禁忌", None, "门诊", "住院"],
        ["甲药", "偏头痛", "孕妇", "x", 3, 4],
        merge=("A1:A2", "B1:C1", "D1:D2", "E1:F1"),
    )
    found = mapped(
        path,
        "header: [1, 2]\n"
        "subject: {column: 药品, type: drug}\n"
        "facts:\n"
        "  - {relation: 适应证, column: 使用/用于, type: disease}\n"
        "  - {relation: 禁忌, column: 使用/禁忌, type: population}\n"
        "ignore: [备注, 价格/门诊, 价格/住院]\n" + SOURCE,
    )
    assert found.facts == {("甲药", "indicated_for", "偏头痛"), ("甲药", "contraindicated_for", "孕妇")}


def test_a_heading_broken_over_two_lines_in_one_cell(tmp_path: Path) -> None:
    path = csv(tmp_path, '"药\n品",用于\n甲药,偏头痛\n乙药,高血压\n')
    assert mapped(path, DRUGS).facts == INDICATIONS
    assert mapped(path, DRUGS).rejected == []


def test_a_title_above_a_repeated_header_a_sum_and_a_note_below(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "院内药品目录,\n\n药品,用于\n甲药,偏头痛\n药品,用于\n乙药,高血压\n合计,2\n小 计：,\n注：仅供院内使用,\n",
    )
    found = mapped(path, "header: 3\n" + DRUGS)
    assert found.facts == INDICATIONS
    assert found.skipped == {ABOVE_HEADER: 1, REPEATED_HEADER: 1, TOTAL: 2, NOTE: 1}
    assert found.rejected == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings_and_marks(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("药品,用于\r\n甲药,偏头痛\r\n乙药,高血压\r\n".encode(encoding))
    assert mapped(path, DRUGS).facts == INDICATIONS


@pytest.mark.parametrize("mark", ["\t", ";", "|", ","])
def test_separators_of_cells_are_found(tmp_path: Path, mark: str) -> None:
    path = csv(tmp_path, f"药品{mark}用于\n甲药{mark}偏头痛\n乙药{mark}高血压\n")
    assert mapped(path, DRUGS).facts == INDICATIONS


def test_columns_without_a_name(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,,用于,\n甲药,随手记,偏头痛,\n乙药,,高血压,\n")
    found = mapped(path, DRUGS)
    assert (found.facts, found.skipped, found.rejected) == (INDICATIONS, {NO_COLUMN: 1}, [])
    assert mapped(path, DRUGS + "ignore: others\n").skipped == {}
    by_letter = mapped(path, DRUGS.replace("column: 药品", 'column: "#A"').replace("column: 用于", 'column: "#C"'))
    assert by_letter.facts == INDICATIONS


def test_a_table_without_header(tmp_path: Path) -> None:
    text = "header: none\n" + DRUGS.replace("column: 药品", 'column: "#A"').replace("column: 用于", 'column: "#B"')
    assert mapped(csv(tmp_path, "甲药,偏头痛\n乙药,高血压\n"), text).facts == INDICATIONS


def test_a_stray_cell_costs_a_row_of_csv_and_is_counted_in_a_workbook(tmp_path: Path) -> None:
    found = mapped(csv(tmp_path, "药品,用于\n甲药,偏头痛,多,\n乙药,高血压,,\n"), DRUGS)
    assert (found.reasons, len(found.facts)) == ([(2, "more cells than columns")], 1)
    rows: list[list[str | None]] = [["药品", "用于"], ["甲药", "偏头痛", None, "张三核对"], ["乙药", "高血压"]]
    found = mapped(workbook(tmp_path / "t.xlsx", *rows), DRUGS)
    assert (found.facts, found.skipped, found.rejected) == (INDICATIONS, {NO_COLUMN: 1}, [])


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    path = csv(tmp_path, "名称,名称,用于\n001,甲药,偏头痛\n002,乙药,高血压\n")
    text = DRUGS.replace("column: 药品", "column: %s") + "ignore: 名称#1\n"
    assert mapped(path, text % '"名称#2"').facts == INDICATIONS
    with pytest.raises(DataError, match="2 columns are called '名称'; write '名称#1' or '名称#2'"):
        mapped(path, text % "名称")


def test_numbers_dates_and_percentages_as_a_person_sees_them(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["病", "率", "例数", "值", "日期"])
    sheet.append(["流感", 0.855, 120.0, 0.1 + 0.2, datetime.datetime(2021, 3, 5)])
    sheet["B2"].number_format = "0.0%"
    book.save(tmp_path / "t.xlsx")
    (row,) = [row.value for row in open_table(tmp_path / "t.xlsx", Layout()).rows if isinstance(row, Row)]
    assert row == {"病": "流感", "率": "85.5%", "例数": "120", "值": "0.3", "日期": "2021-03-05"}


def test_formulas_count_by_the_value_saved_with_them(tmp_path: Path) -> None:
    """openpyxl saves formulas without values, as scripts do; a spreadsheet program writes both."""
    path = workbook(
        tmp_path / "t.xlsx", ["药品", "用于"], ["甲药", '="偏头"&"痛"'], ["乙药", "高血压"], ["丙药", "#REF!"]
    )
    found = mapped(path, DRUGS)
    assert found.facts == {("乙药", "indicated_for", "高血压")}
    assert found.reasons == [
        (2, "用于 is a formula without its value; save the file in a spreadsheet program again"),
        (4, "用于 holds an error of the spreadsheet, #REF!"),
    ]


def test_codes_that_a_csv_protects_as_texts(tmp_path: Path) -> None:
    path = csv(tmp_path, '药品,用于\n甲药,"=""偏头痛"""\n乙药,高血压\n')
    assert mapped(path, DRUGS).facts == INDICATIONS


def test_cells_merged_downwards_are_filled_down(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [["药品", "用于"], ["甲药", "偏头痛"], [None, "紧张性头痛"], ["乙药", "高血压"]]
    path = workbook(tmp_path / "t.xlsx", *rows, merge=("A2:A3",))
    assert mapped(path, DRUGS).reasons == [(3, "no 药品")]
    found = mapped(path, DRUGS + "fill_down: 药品\n")
    assert found.facts == {*INDICATIONS, ("甲药", "indicated_for", "紧张性头痛")}


def test_a_sheet_is_named_where_there_are_several(tmp_path: Path) -> None:
    book = Workbook()
    for title, rows in (("说明", [["见下表"]]), ("药品", [["药品", "用于"], ["甲药", "偏头痛"], ["乙药", "高血压"]])):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="several sheets and none is named; expected one of: 说明, 药品"):
        mapped(tmp_path / "t.xlsx", DRUGS)
    with pytest.raises(DataError, match="there is no sheet '药'; expected one of: 说明, 药品"):
        mapped(tmp_path / "t.xlsx", "sheet: 药\n" + DRUGS)
    assert mapped(tmp_path / "t.xlsx", "sheet: 药品\n" + DRUGS).facts == INDICATIONS
    with pytest.raises(DataError, match="a sheet is named and this is no workbook"):
        mapped(csv(tmp_path, "药品,用于\n"), "sheet: 药品\n" + DRUGS)


def test_json_records_with_dotted_keys(tmp_path: Path) -> None:
    rows = [
        {"drug": {"name": "甲药", "price": 3.5}, "use": [{"disease": "偏头痛"}, {"disease": "丛集性头痛"}]},
        {"drug": {"name": "乙药", "price": None}, "use": [{"disease": "高血压"}]},
        {"drug": {"name": "丙药"}, "use": []},
        ["甲"],
    ]
    text = (
        "subject: {column: drug.name, type: drug}\n"
        "facts:\n"
        "  - {relation: 适应证, column: use.disease, type: disease}\n"
        "  - {relation: 治愈率, constant: x, of: {column: use.disease, type: disease}}\n"
        "ignore: drug.price\n" + SOURCE
    )
    found = mapped(json_lines(tmp_path / "t.jsonl", rows), text)
    indications = {fact for fact in found.facts if fact[1] == "indicated_for"}
    assert indications == {*INDICATIONS, ("甲药", "indicated_for", "丛集性头痛")}
    assert found.reasons == [(4, "not a JSON object")]
    array = text_file(tmp_path / "t.json", json.dumps(rows[:3], ensure_ascii=False))
    assert mapped(array, text).facts == found.facts


def test_brackets_keep_their_separators() -> None:
    assert split("甲（一、二）、乙、、 丙", "、") == ["甲（一、二）", "乙", " 丙"]
    assert split("a / b/c", [" / "]) == ["a", "b/c"]
    assert split("甲）、乙", "、") == ["甲）", "乙"]
    assert split(" ", "、") == split("", ()) == []


# ---------------------------------------------------------------- maps that do not fit


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品名称,用于\n甲药,偏头痛\n")
    with pytest.raises(
        DataError, match="columns missing: '药品'; did you mean '药品名称'\\?; the table has: 药品名称, 用于"
    ):
        mapped(path, DRUGS)


def test_every_column_is_used_or_ignored(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,用于,医保\n甲药,偏头痛,是\n")
    with pytest.raises(DataError, match="columns that the map does not speak of: 医保; use them, or name them under"):
        mapped(path, DRUGS)
    assert mapped(path, DRUGS + "ignore: 医保\n").rejected == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "line 2: key 'a' stands twice"),
        ("subject: [\n", "line 2: "),
        ("- 1\n", "line 1: a map is keys and values"),
        ("", "line 1: source is missing"),
        (SOURCE, "line 1: the map stores nothing"),
        ("a: &x 1\nb: *x\n", "line 2: a reference"),
        (DRUGS + "facst: 1\n", "line 5: facst: unknown key; did you mean 'facts'"),
        (DRUGS.replace("relation", "relaton"), "line 3: facts.0.relaton: unknown key; did you mean 'relation'"),
        (DRUGS.replace("适应证", "适应正"), "line 3: facts.0: unknown relation '适应正'; did you mean '适应证'"),
        (DRUGS.replace("type: drug", "type: durg"), "line 1: subject.type: unknown type 'durg', expected one"),
        (DRUGS.replace("type: disease", "type: drug"), "line 3: facts.0: indicated_for .适应证. with an object of"),
        (DRUGS.replace("type: drug", "type: disease"), "line 3: facts.0: indicated_for .适应证. with a subject of"),
        (DRUGS.replace(", type: disease", ""), "line 3: facts.0: indicated_for needs `type`, one of disease or"),
        (DRUGS.replace("适应证", "剂型"), "line 3: facts.0: dosage_form takes a text, not an entity"),
        (DRUGS.replace("column: 用于", "column: 用于, constant: x"), "line 3: facts.0: give either `column` or `const"),
        (DRUGS + "skip: [{column: x}]\n", "line 5: skip.0: give one of"),
        (DRUGS + "skip: [{column: x, matches: (}]\n", "line 5: skip.0.matches: .* given '\\('"),
        (DRUGS + "header: zero\n", "line 5: header"),
        (DRUGS.replace("title: 院内药品手册", "title: x, grade: 最好"), "line 4: source.grade: unknown grade '最好'"),
        ("facts: [{relation: 剂型, column: a}]\n" + SOURCE, "facts and aliases need a `subject`"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_meant_is_one_line_that_names_its_own(text: str, message: str) -> None:
    with pytest.raises(DataError, match=f"^m.yaml: .*{message}") as caught:
        parse_map(text, "m.yaml")
    assert "\n" not in str(caught.value)


def test_a_map_is_read_with_any_utf8(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + DRUGS.encode())
    assert parse_map(read_map_text(path), "m").subject is not None
    path.write_text("x" * (1 << 20) + "y", encoding="utf-8")
    with pytest.raises(DataError, match="a map of more than"):
        read_map_text(path)
    with pytest.raises(NotFoundError):
        read_map_text(tmp_path / "none.yaml")


def test_the_format_needs_a_map(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a map; name it with --map FILE"):
        collect("mapped", csv(tmp_path, "a,b\n1,2\n"))


@pytest.mark.parametrize("content", ["", " \n\n", ",,\n,,\n", "药品\n"])
def test_tables_with_nothing_in_them(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError):
        mapped(csv(tmp_path, content), DRUGS)


def test_a_table_of_a_header_alone_holds_nothing(tmp_path: Path) -> None:
    assert mapped(csv(tmp_path, "药品,用于\n"), DRUGS).records == []


def test_a_key_that_comes_late_is_not_lost_silently(tmp_path: Path) -> None:
    rows = [{"药品": "甲药", "用于": "偏头痛"}] * 1000 + [{"药品": "乙药", "用于": "高血压", "禁忌": "孕妇"}]
    path = json_lines(tmp_path / "t.jsonl", rows)
    assert mapped(path, DRUGS).reasons == [(1001, "the key '禁忌' is neither used nor ignored")]
    assert mapped(path, DRUGS + "ignore: others\n").facts == INDICATIONS


def test_the_map_is_part_of_what_an_ingestion_is(tmp_path: Path) -> None:
    path = csv(tmp_path, "药品,用于\n甲药,偏头痛\n")
    one, other = (Plan("b", (identify(path, "t", "mapped", None, text),), False) for text in (DRUGS, DRUGS + "\n"))
    assert one.identity() != other.identity()

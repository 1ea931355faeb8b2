"""Tables of literature. Every article is made up."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from kg_loader.sources import guess_format
from rag.errors import DataError
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect, text_file

ENGLISH = "Objective: To see. Results: So in 4.5%. Conclusion: Resting in the dark eased the headache."
CHINESE = "目的 观察静息的作用。方法 随机分组。结果 差异显著（P＜0.05）。结论 静息可以减轻头痛的程度。"


def _csv(*rows: list[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def _read(tmp_path: Path, text: str, name: str = "a.csv") -> Collected:
    path = text_file(tmp_path / name, text)
    assert guess_format(path) == "literature-table"
    return collect("literature-table", path)


@pytest.mark.parametrize(
    "header",
    [
        ["Title", "Abstract Note", "Publication Year", "Publication Title", "DOI", "Url", "Item Type"],
        ["Article Title", "Abstract", "Publication Year", "Source Title", "DOI", "Link", "Authors"],
        ["Title-题名", "Summary-摘要", "Year-年", "Source-文献来源", "DOI", "URL-网址链接", "Author-作者"],
        ["题名", "摘要", "发表时间", "刊名", "DOI", "链接", "序号"],
        ["\ufeffTITLE", " abstract ", "Date", "Journal", "doi", "url", ""],
    ],
)
def test_the_columns_of_every_exporter(tmp_path: Path, header: list[str]) -> None:
    row = ["Darkness for headache", ENGLISH, "2015-03", "Journal of Rest", "https://doi.org/10.1234/a"]
    row += ["https://example.org/a", "x"]
    found = _read(tmp_path, _csv(header, row))
    (source,), (passage,) = found.sources, found.passages
    assert (source.title, source.year, source.publisher) == ("Darkness for headache", 2015, "Journal of Rest")
    assert (source.doi, source.url) == ("10.1234/a", "https://example.org/a")
    assert passage.text == "Resting in the dark eased the headache."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_tables_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_csv(["题名", "摘要"], ["静息对头痛的影响", CHINESE]).encode(encoding))
    assert guess_format(path) == "literature-table"
    assert [one.text for one in collect("literature-table", path).passages] == ["静息可以减轻头痛的程度。"]


def test_tabs_and_line_ends_inside_cells(tmp_path: Path) -> None:
    text = _csv(["Title", "Abstract"], ["A long\ntitle", ENGLISH.replace(". ", ".\n")], delimiter="\t")
    found = _read(tmp_path, text, "a.tsv")
    assert [one.title for one in found.sources] == ["A long title"]
    assert len(found.passages) == 1


def test_a_workbook_is_read_like_a_table(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["题名", "摘要", "年份", "PMID"])
    sheet.append(["静息对头痛的影响", CHINESE, 2018, 77])
    sheet.append([None, None, None, None])
    sheet.append(["静息", "没有写明。"])
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert guess_format(path) == "literature-table"
    found = collect("literature-table", path)
    assert [(one.title, one.year, one.pmid) for one in found.sources] == [("静息对头痛的影响", 2018, "77")]
    assert found.skipped == {"no conclusion": 1}


def test_a_conclusion_of_its_own_comes_first(tmp_path: Path) -> None:
    found = _read(tmp_path, _csv(["标题", "摘要", "结论"], ["甲文", CHINESE, "应当静息。"], ["乙文", CHINESE, ""]))
    assert [one.text for one in found.passages] == ["应当静息。", "静息可以减轻头痛的程度。"]


@pytest.mark.parametrize(
    ("column", "value", "grade"),
    [
        ("Publication Type", "Journal Article; Randomized Controlled Trial", Grade.TRIAL),
        ("研究类型", "系统评价", Grade.SYSTEMATIC_REVIEW),
        ("证据级别", "guideline", Grade.GUIDELINE),
        ("Document Type", "Article", Grade.STUDY),
    ],
)
def test_types_and_grades(tmp_path: Path, column: str, value: str, grade: Grade) -> None:
    found = _read(tmp_path, _csv(["Title", "Abstract", column], ["Darkness", ENGLISH, value]))
    assert [one.grade for one in found.sources] == [grade]


def test_what_does_not_support_is_counted(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        _csv(
            ["Title", "Abstract", "Document Type"],
            ["A title", ENGLISH, "Article; Retracted Publication"],
            ["RETRACTED: A title", ENGLISH, "Article"],
            ["A title", ENGLISH, "Editorial Material"],
            ["A title", "[No abstract available]", "Article"],
            ["A title", "", "Article"],
        ),
    )
    assert found.skipped == {"opinion or news": 1, "no conclusion": 2}
    assert set(found.retractions) == {source.id for source in found.sources}, "without a number the source is named"
    assert len(found.passages) == 2


def test_broken_rows_cost_themselves(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        _csv(["Title", "Abstract", "Grade"], ["", ENGLISH, ""], ["A", ENGLISH, "best"], ["A", ENGLISH, ""])
        + "A,B,C,D\n",
    )
    assert [line for line, _ in found.reasons] == [2, 3, 5]
    assert len(found.passages) == 1


def test_a_table_of_something_else(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "name,price\na,1\n")
    with pytest.raises(DataError, match="name, price; expected a title"):
        collect("literature-table", path)
    with pytest.raises(DataError, match="looks like no known format"):
        guess_format(path)


def test_the_header_may_stand_below_a_title_and_other_sheets_are_counted(tmp_path: Path) -> None:
    book = Workbook()
    first = book.worksheets[0]
    for row in (["检索结果"], [], ["标题", "摘要"], ["静息对头痛的影响", CHINESE]):
        first.append(row)
    first.merge_cells("A1:B1")
    more = book.create_sheet("more")
    more.append(["Year", "Abstract", "Title"])
    more.append([2015, ENGLISH, "Darkness for headache"])
    notes = book.create_sheet("notes")
    notes.append(["How this was made"])
    notes.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert guess_format(tmp_path / "a.xlsx") == "literature-table"
    found = collect("literature-table", tmp_path / "a.xlsx")
    assert {(one.title, one.year) for one in found.sources} == {
        ("静息对头痛的影响", None), ("Darkness for headache", 2015),
    }  # fmt: skip
    assert found.skipped == {"row above the header": 1, "sheet without a title and an abstract": 1}
    assert found.rejected == []


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_tables_divided_otherwise(tmp_path: Path, delimiter: str) -> None:
    found = _read(
        tmp_path, _csv(["TI", "AB", "PM"], ["Darkness for headache", ENGLISH, "7"], delimiter=delimiter), "a.txt"
    )
    assert [one.pmid for one in found.sources] == ["7"]


def test_other_columns_may_be_named_twice(tmp_path: Path) -> None:
    found = _read(tmp_path, _csv(["Title", "Note", "Note", "Abstract"], ["Darkness for headache", "a", "b", ENGLISH]))
    assert len(found.passages) == 1

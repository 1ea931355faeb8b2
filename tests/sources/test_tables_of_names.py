"""ICD-10 codes, word lists, departments."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from kg_loader import workbook
from kg_loader.sources import ReadContext, guess_format
from rag.errors import DataError
from tests.sources.collect import collect, json_lines, text_file

# ---------------------------------------------------------------- ICD-10


def _xlsx(path: Path, *rows: tuple[str | float | None, ...]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


ROWS = (
    ("A00", "霍乱", None, None),
    ("A00.001", "古典生物型霍乱"),
    ("A01.003+G01*", " 伤寒并发脑膜炎 "),
    ("V35.101", "三轮机动车乘客损伤"),
    ("Z00.001", "健康查体"),
    ("M959101/3", "非霍奇金型淋巴瘤"),
    ("一", "某病"),
    ("A09.9", ""),
    (None, None),
    ("B12.x00", "某某缺乏病", 3, 2.5, True),
)


def test_codes_of_a_workbook_without_a_header(tmp_path: Path) -> None:
    path = _xlsx(tmp_path / "codes.xlsx", *ROWS)
    assert guess_format(path) == "icd10"
    found = collect("icd10", path)
    assert set(found.aliases) == {"A00.001", "A01.003", "V35.101", "B12.x00"}
    assert {
        "disease:伤寒并发脑膜炎",
        "cause:三轮机动车乘客损伤",
        "disease:霍乱",
        "disease:非霍奇金型淋巴瘤",
    } <= found.entities
    assert found.reasons == [(7, "no ICD-10 code")]
    assert {fact for fact in found.facts if fact[0] in ("霍乱", "伤寒并发脑膜炎")} == {
        ("霍乱", "coded_as", "ICD-10 A00"),
        ("伤寒并发脑膜炎", "coded_as", "ICD-10 A01.003"),
    }
    assert found.skipped == {"reason for a visit, no illness": 1, "unsafe alias": 2, "placeholder": 1}


def test_columns_of_a_workbook_with_a_header(tmp_path: Path) -> None:
    path = _xlsx(tmp_path / "codes.xlsx", ("序号", "诊断编码", "诊断名称"), (1, "A00.001", "古典生物型霍乱"))
    assert collect("icd10", path).aliases == {"A00.001": "abbreviation"}


def test_codes_of_a_csv(tmp_path: Path) -> None:
    rows = (
        "ICD10编码\tICD10副编码\tICD10名称\t拼音助剂码",
        "G60.804\t\t遗传性感觉性神经病\tYC",
        'O99.503\t\t"\n急性肺水肿并发于妊娠"\tJX',
        "I00  06+\tM49.801*\t风湿性脊柱炎\tFS",
        "g61.001\t\t费舍综合征(变异型格林-巴利综合征)\tFS",
        "R53  01\t\t乏力\tFL",
        "M54.502\t\t腰痛\tYT",
        "x\t\t测试\tCS",
    )
    path = text_file(tmp_path / "codes.csv", "\n".join(rows))
    assert guess_format(path) == "icd10"
    found = collect("icd10", path)
    assert set(found.aliases) == {"G60.804", "O99.503", "G61.001", "M54.502"}
    assert ("风湿性脊柱炎", "coded_as", "ICD-10 I00 06") in found.facts
    assert "disease:急性肺水肿并发于妊娠" in found.entities
    assert {"symptom:乏力", "symptom:腰痛"} <= found.entities
    assert [line for line, _ in found.reasons] == [9]
    assert found.skipped == {"unsafe alias": 2}


def test_what_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "codes.xlsx"
    path.write_bytes(workbook.ZIP_MARK + b"broken")
    with pytest.raises(DataError, match=r"not an Excel workbook"):
        collect("icd10", path)
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("a.txt", "x")
    with pytest.raises(DataError, match=r"row 1 of the workbook cannot be read"):
        collect("icd10", path)


def test_a_workbook_that_unfolds_beyond_reason(tmp_path: Path) -> None:
    path = tmp_path / "codes.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", " " * 20_000_000)
    with pytest.raises(DataError, match=r"would unpack to 19 MB in 1 parts"):
        collect("icd10", path)


# ---------------------------------------------------------------- word lists


@pytest.mark.parametrize("name", ["drug.txt", "drug-names.txt", "药物.txt", "2_drug.dic", "药品.lst"])
def test_a_word_list_is_called_after_its_type(tmp_path: Path, name: str) -> None:
    path = text_file(tmp_path / name, "甲药片\n乙药胶囊\n")
    assert guess_format(path) == "word-list"
    assert collect("word-list", path).entities == {"drug:甲药片", "drug:乙药胶囊"}


def test_names_of_a_word_list_pass_the_same_rules(tmp_path: Path) -> None:
    text = "\ufeff头痛\r\n\r\n 头痛 \n发热...\n其他\n?痛\n40%\n1.咳嗽\nＣ反应蛋白升高\n"
    found = collect("word-list", text_file(tmp_path / "symptom.txt", text))
    assert found.entities == {"symptom:头痛", "symptom:咳嗽", "symptom:c反应蛋白升高"}
    assert found.skipped == {"duplicate": 1, "truncated name": 1, "placeholder": 1, "junk name": 2}


def test_the_data_set_may_name_the_type(tmp_path: Path) -> None:
    path = text_file(tmp_path / "words.txt", "白果鸡汤\n")
    assert collect("word-list", path, ReadContext("food")).entities == {"food:白果鸡汤"}
    with pytest.raises(DataError, match="of which type"):
        collect("word-list", path)


def test_two_types_in_one_name_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="of which type"):
        collect("word-list", text_file(tmp_path / "drug-disease.txt", "甲\n"))


def test_a_broken_line_of_a_word_list(tmp_path: Path) -> None:
    found = collect("word-list", text_file(tmp_path / "food.txt", "白果\x00鸡汤\n茶鸡蛋\n"))
    assert found.reasons == [(1, "NUL character")]
    assert found.entities == {"food:茶鸡蛋"}


def test_prose_is_no_word_list(tmp_path: Path) -> None:
    path = text_file(tmp_path / "drug.txt", "这是一段关于药物的话。\n还有一段。\n")
    with pytest.raises(DataError):
        guess_format(path)


# ---------------------------------------------------------------- departments


def test_departments(tmp_path: Path) -> None:
    rows = [
        {"content": "肾脏科是专门负责诊治肾脏疾病的科室。"},
        {"content": "全科医学是一个综合性的科室。"},
        {"content": "妇产科内镜科主要负责检查。"},
        {"content": "麻醉科临床科室主要负责麻醉。"},
        {"content": "该科室主要负责诊断。"},
        {"content": "我们关心每一位病人。"},
        {"content": " "},
        {"content": 3},
        [],
    ]
    path = json_lines(tmp_path / "d.jsonl", rows)
    assert guess_format(path) == "departments"
    found = collect("departments", path)
    assert found.entities == {f"department:{name}" for name in ("肾脏科", "全科医学", "妇产科内镜科", "麻醉科")}
    assert {one.about for one in found.passages} == found.entities
    assert found.skipped == {"junk name": 2, "placeholder": 1}
    assert [line for line, _ in found.reasons] == [8, 9]


def test_other_texts_under_content_are_no_departments(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "d.jsonl", [{"content": "水稻科研。"}])
    with pytest.raises(DataError):
        guess_format(path)


# ---------------------------------------------------------------- other tables of codes


@pytest.mark.parametrize(
    "rows",
    [
        [["疾病编码", "疾病名称"], ["G43.900", "偏头痛"]],
        [["code", "name"], ["Ｇ43.900", "偏头痛"]],
        [["序号", "诊断名称", "ICD-10"], ["1", "偏头痛", "G43.900"]],
        [["主要编码", "附加编码", "疾病名称"], ["G43.900†", "G01*", "偏头痛"]],
        [["G43.900", "偏头痛"]],
        [["某版编码表"], ["类目代码", "类目名称", "亚目代码", "亚目名称", "诊断代码", "诊断名称"],
         ["G43", "某类", "G43.9", "某亚类", "G43.900", "偏头痛"]],
    ],
    ids=["codes", "english", "code last", "two codes", "no header", "levels"],
)  # fmt: skip
def test_codes_under_any_names_of_columns(tmp_path: Path, rows: list[list[str]]) -> None:
    lines = text_file(tmp_path / "a.csv", "".join(f"{','.join(row)}\n" for row in rows))
    for path in (lines, _xlsx(tmp_path / "a.xlsx", *map(tuple, rows))):
        found = collect("icd10", path)
        assert found.aliases == {"G43.900": "abbreviation"}
        assert found.facts == {("偏头痛", "coded_as", "ICD-10 G43.900")}
        assert found.rejected == []
        if len(rows) < 3:
            assert guess_format(path) == "icd10"


def test_a_sheet_without_codes_is_counted(tmp_path: Path) -> None:
    path = _xlsx(tmp_path / "a.xlsx", ("疾病编码", "疾病名称"), ("G43.900", "偏头痛"))
    book = load_workbook(path)
    book.create_sheet("手术").append(["00.0100", "某手术"])
    book.save(path)
    found = collect("icd10", path)
    assert found.skipped == {"sheet without ICD-10 codes": 1}


def test_a_table_with_a_code_beside_other_things_is_no_code_book(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.csv", "疾病,ICD编码,就诊科室\n偏头痛,G43.900,神经内科\n")
    with pytest.raises(DataError, match=r"--map"):
        guess_format(path)
    with pytest.raises(DataError, match=r"no column of ICD-10 codes"):
        collect("icd10", text_file(tmp_path / "b.csv", "甲,乙\n1,2\n"))


def test_a_row_that_a_comma_broke_is_no_name(tmp_path: Path) -> None:
    found = collect("icd10", text_file(tmp_path / "a.csv", "编码,名称\nG43.900,偏头痛\nG44.200,紧张型,头痛\n"))
    assert found.reasons == [(3, "more cells than columns")]


def test_a_dictionary_with_counts_is_a_word_list(tmp_path: Path) -> None:
    path = text_file(tmp_path / "symptoms.txt", "头痛 1000 n\n恶心\t20\n畏光\t5\tnz\n糖类抗原 199\n")
    assert guess_format(path) == "word-list"
    assert collect("word-list", path).entities == {
        "symptom:头痛", "symptom:恶心", "symptom:畏光", "symptom:糖类抗原199",
    }  # fmt: skip

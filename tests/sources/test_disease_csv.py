from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.errors import DataError
from tests.sources.collect import Collected, collect, json_lines

HEADER = (
    "name,alias,part,age,infection,insurance,department,checklist,symptom,complication,treatment,drug,period,rate,"
    "money,,,,,\n"
)


def _read(tmp_path: Path, *rows: str, encoding: str = "gb18030", header: str = HEADER) -> Collected:
    path = tmp_path / "illness.csv"
    path.write_bytes((header + "".join(f"{row},,,,,\n" for row in rows)).encode(encoding))
    return collect("disease-csv", path)


def _objects(found: Collected, relation: str) -> set[str]:
    return {target for _, verb, target in found.facts if verb == relation}


def test_a_row_in_gb18030_becomes_a_disease_with_its_lists(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        '偏头痛,"偏头风,migraine",头部,成年人,无传染性,医保疾病,神经内科 疼痛科,头颅CT 血压 [详细],恶心 畏光 [详细],'
        "抑郁症 [详细],药物治疗、针灸治疗 [详细],布洛芬缓释胶囊 [详细],1-3个月,多数可以控制,约500元",
    )
    assert (found.rejected, found.skipped) == ([], {})
    assert found.aliases == {"偏头风": "synonym", "migraine": "english"}
    assert _objects(found, "needs_examination") == {"头颅CT", "血压"}
    assert _objects(found, "has_symptom") == {"恶心", "畏光"}
    assert _objects(found, "treated_by") == {"药物治疗", "针灸治疗"}
    assert _objects(found, "in_department") == {"神经内科", "疼痛科"}
    assert _objects(found, "cost") == {"约500元"}
    assert _objects(found, "insurance") == {"医保疾病"}
    assert _objects(found, "has_complication") == {"抑郁症"}


def test_same_source_and_facts_as_the_records_made_from_it(tmp_path: Path) -> None:
    record = {"中心词": "偏头痛", "相关症状": ["恶心", "畏光"], "治愈率": "多数可以控制"}
    records = collect("cmekg", json_lines(tmp_path / "r.jsonl", [record]))
    rows = _read(tmp_path, "偏头痛,,,,,,,,恶心 畏光 [详细],,,,,多数可以控制,")
    assert set(rows.records) == set(records.records)
    assert {one.lineage for one in rows.sources} == {"QASystemOnMedicalGraph"}


@pytest.mark.parametrize("tail", ["[详细]", "［详细］", " [详细", "【详细】", "[更多] "])
def test_the_tail_of_a_cut_list_is_no_name(tmp_path: Path, tail: str) -> None:
    found = _read(tmp_path, f"痛风,,,,,,,,关节红肿 发热 {tail},,,,,,")
    assert _objects(found, "has_symptom") == {"关节红肿", "发热"}
    assert found.skipped == {}


@pytest.mark.parametrize("between", [",", "，", ";", "；", "\u3000", "  ", "\t"])
def test_lists_are_divided_by_any_mark(tmp_path: Path, between: str) -> None:
    found = _read(tmp_path, f'痛风,,,,,,,"血尿酸{between}关节液检查",,,,,,,')
    assert _objects(found, "needs_examination") == {"血尿酸", "关节液检查"}


def test_what_stands_in_brackets_is_one_name(tmp_path: Path) -> None:
    found = _read(tmp_path, '乙肝,,,,,,,"乙肝表面抗原 (HBsAg 定量) 肝功能",,,,,,,')
    assert _objects(found, "needs_examination") == {"乙肝表面抗原 (HBsAg 定量)", "肝功能"}


def test_names_cut_by_dots_are_counted(tmp_path: Path) -> None:
    found = _read(tmp_path, "痛风,,,,,,,,,,,秋水仙碱片 别嘌醇缓释... 苯溴马隆 ...,,,")
    assert _objects(found, "treated_with_drug") == {"秋水仙碱片"}
    assert found.skipped == {"truncated name": 2}


def test_rows_that_contradict_each_other_are_separate_facts(tmp_path: Path) -> None:
    found = _read(tmp_path, "破伤风,,,,无传染性,,,,,,,,,30%,", "破伤风\u3000,,,,有传染性,,,,,,,,,60%,")
    assert _objects(found, "infectivity") == {"无传染性", "有传染性"}
    assert _objects(found, "cure_rate") == {"30%", "60%"}
    assert found.entities == {"disease:破伤风"}


def test_shifted_rows_and_junk_names(tmp_path: Path) -> None:
    found = _read(tmp_path, "3个月,,,,,,,CT,,,,,,,", "痛风,,,,,,30-50岁男性,CT,,,,,,,", "?耳,,,,,,,CT,,,,,,,")
    assert (found.facts, found.skipped) == (set(), {"junk name": 2, "shifted row": 1})


def test_literals_that_speak_of_something_else(tmp_path: Path) -> None:
    found = _read(tmp_path, "痛风,,,,不详,,,,,,,,约3000元,收费标准不一,免费")
    assert _objects(found, "treatment_duration") == set()
    assert found.skipped == {"placeholder": 1, "junk value": 2}


def test_a_row_without_a_name_or_with_too_many_cells(tmp_path: Path) -> None:
    found = _read(tmp_path, ",,,,,,,CT,,,,,,,", "痛风,,,,,,,CT,,,,,,,,,,,,,x", "哮喘,,,,,,,肺功能,,,,,,,")
    assert [line for line, _ in found.reasons] == [2, 3]
    assert found.facts == {("哮喘", "needs_examination", "肺功能")}


def test_utf8_with_a_mark_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "痛风,,,,,,,血尿酸,,,,,,,,,,,,\n").replace("\n", "\r\n").encode())
    assert guess_format(path) == "disease-csv"
    assert collect("disease-csv", path).facts == {("痛风", "needs_examination", "血尿酸")}


def test_an_undecodable_line_costs_that_line(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = [f"第{n}号病,,,,,,,血常规,,,,,,,,,,,,".encode("gb18030") for n in range(20)]
    path.write_bytes(b"\n".join([HEADER.strip().encode(), *rows, b"\xff\xff\xfe,,,,,,,CT,,,,,,,,,,,,", rows[0], b""]))
    found = collect("disease-csv", path)
    assert [line for line, _ in found.reasons] == [22]


def test_a_header_without_names_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="columns missing: name"):
        _read(tmp_path, "痛风", header="title,checklist,symptom,complication\n")

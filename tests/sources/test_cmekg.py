from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_loader.sources import ReadContext
from rag.domain import Source
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect, json_lines


def _read(tmp_path: Path, *records: object) -> Collected:
    return collect("cmekg", json_lines(tmp_path / "records.jsonl", records))


def test_a_record_becomes_an_entity_aliases_and_facts(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {
            "中心词": "偏头痛",
            "别名": ["偏头风", "migraine"],
            "相关症状": ["恶心", "畏光"],
            "临床症状": ["单侧搏动性头痛"],
            "相关疾病": ["紧张性头痛"],
            "高危因素": ["睡眠不足", "孕妇"],
            "组织学检查": ["活检"],
            "辅助治疗": ["放松训练"],
            "所属科室": ["神经内科"],
            "治愈率": "多数可以控制",
        },
    )
    assert found.facts == {
        ("偏头痛", "has_symptom", "恶心"),
        ("偏头痛", "has_symptom", "畏光"),
        ("偏头痛", "has_symptom", "单侧搏动性头痛"),
        ("偏头痛", "related_disease", "紧张性头痛"),
        ("偏头痛", "has_risk_factor", "睡眠不足"),
        ("偏头痛", "has_risk_factor", "孕妇"),
        ("偏头痛", "histology", "活检"),
        ("偏头痛", "adjuvant_treatment", "放松训练"),
        ("偏头痛", "in_department", "神经内科"),
        ("偏头痛", "cure_rate", "多数可以控制"),
    }
    assert found.aliases == {"偏头风": "synonym", "migraine": "english"}
    assert {"population:孕妇", "cause:睡眠不足"} <= found.entities
    assert [(one.grade, one.lineage) for one in found.sources] == [(Grade.COMPILED, "QASystemOnMedicalGraph")]


def test_a_source_given_from_outside_replaces_our_own(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "r.jsonl", [{"中心词": "偏头痛", "检查": ["头颅CT"]}])
    given = Source("病案", "record", Grade.EDITORIAL)
    assert collect("cmekg", path, ReadContext("d", source=given)).sources == {given}


def test_the_same_records_as_an_array(tmp_path: Path) -> None:
    records = [{"中心词": "偏头痛", "检查": ["头颅CT"]}, {"中心词": "痛风", "检查": ["血尿酸"]}]
    array = tmp_path / "a.json"
    array.write_text(json.dumps(records, indent=1), encoding="utf-8")
    assert collect("cmekg", array).records == _read(tmp_path, *records).records


def test_an_unknown_key_loses_its_field_only(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "痛风", "星座": ["天蝎"], "检查": ["血尿酸"]})
    assert found.reasons == [(1, "unknown key '星座' for a disease")]
    assert found.facts == {("痛风", "needs_examination", "血尿酸")}


@pytest.mark.parametrize("value", [3, 3.5, True, None, {"a": 1}, [1], ["血尿酸", None], [["血尿酸"]]])
def test_a_value_of_the_wrong_type_loses_its_field_only(tmp_path: Path, value: object) -> None:
    found = _read(tmp_path, {"中心词": "痛风", "检查": value, "别名": value, "治愈率": value, "所属科室": "风湿科"})
    assert [reason for _, reason in found.reasons] == [
        f"{key} is neither a text nor a list of texts" for key in ("检查", "别名", "治愈率")
    ]
    assert found.facts == {("痛风", "in_department", "风湿科")}


@pytest.mark.parametrize(
    "record", [[], "痛风", 3, None, {}, {"中心词": ""}, {"中心词": None}, {"中心词": ["痛风"]}, {"名": "痛风"}]
)
def test_a_record_without_a_centre_is_refused(tmp_path: Path, record: object) -> None:
    found = _read(tmp_path, record, {"中心词": "痛风"})
    assert [line for line, _ in found.reasons] == [1]
    assert found.entities == {"disease:痛风"}


def test_placeholders_junk_and_cut_names_are_counted(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {
            "中心词": "痛风",
            "药物治疗": ["应该如何用药？用什么药？", ">>", "C", "秋水仙碱片"],
            "并发症": ["尿酸性肾...", "40%", "暂无相关资料"],
        },
        {"中心词": "生长激素释放...", "检查": ["CT"]},
        {"中心词": "3个月", "检查": ["CT"]},
    )
    assert found.facts == {("痛风", "treated_with_drug", "秋水仙碱片")}
    assert found.skipped == {"placeholder": 3, "junk name": 3, "truncated name": 2}


def test_aliases_that_link_wrongly_are_counted(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {"中心词": "痛风", "别名": ["病", "老年人", "综合征", "第三", "-", "Field", "痛风", "痛风症", "痛风症"]},
    )
    assert found.aliases == {"痛风症": "synonym"}
    assert found.skipped == {"unsafe alias": 5, "placeholder": 1, "duplicate": 2}


def test_english_aliases_split_at_spaces_are_one_name(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "膀胱颈挛缩", "别名": ["contracture", "of", "vesical", "neck", "膀胱颈梗阻"]})
    assert found.aliases == {"contracture of vesical neck": "english", "膀胱颈梗阻": "synonym"}


def test_the_same_object_twice_is_one_fact(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "痛风", "相关症状": ["关节红肿", "关节红肿 ", "关节红肿"], "并发症": ["痛风"]})
    assert found.facts == {("痛风", "has_symptom", "关节红肿")}
    assert found.skipped == {"duplicate": 3}


def test_a_text_where_a_list_is_usual(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "糖尿病", "相关症状": "多饮、多尿，多食;消瘦"})
    assert {target for _, _, target in found.facts} == {"多饮", "多尿", "多食", "消瘦"}


def test_a_name_split_at_its_own_comma_is_whole_again(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {"中心词": "脊柱、脊髓损伤", "检查": ["CT"]},
        {"中心词": "截瘫", "并发症": ["褥疮", "脊柱", "脊髓损伤"]},
    )
    assert ("截瘫", "has_complication", "脊柱、脊髓损伤") in found.facts
    assert "disease:脊柱" not in found.entities


def test_names_that_a_page_template_pastes_everywhere(tmp_path: Path) -> None:
    pasted = [{"中心词": f"第{n}号病", "并发症": ["脑囊虫病", "垂体性侏儒症", f"并发{n}症"]} for n in range(30)]
    found = _read(tmp_path, *pasted, {"中心词": "癫痫", "并发症": ["脑囊虫病"]})
    assert found.skipped == {"site boilerplate": 60}
    assert ("癫痫", "has_complication", "脑囊虫病") in found.facts


def test_shifted_columns_cost_the_row(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "胶质瘤", "所属科室": ["男性发病率高于女性"], "药物治疗": ["恶心"]})
    assert (found.facts, found.skipped) == (set(), {"shifted row": 1})


def test_literals_are_cut_at_broken_brackets_and_checked(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {
            "中心词": "哮喘",
            "治愈率": "80%(当今的治疗手段可使",
            "治疗周期": "根据不同医院，收费标准不一致",
            "传染性": "无传染性",
            "易感人群": "无",
        },
    )
    assert found.facts == {("哮喘", "cure_rate", "80%"), ("哮喘", "infectivity", "无传染性")}
    assert found.skipped == {"junk value": 1, "placeholder": 1}


def test_the_keys_say_that_it_is_a_drug(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {
            "中心词": "秋水仙碱片",
            "适应症": ["痛风性关节炎"],
            "不良反应": ["腹泻"],
            "禁忌": ["孕妇", "骨髓增生低下"],
            "用法用量": "遵医嘱",
            "成分": ["秋水仙碱"],
        },
    )
    assert ("秋水仙碱片", "indicated_for", "痛风性关节炎") in found.facts
    assert ("秋水仙碱片", "has_ingredient", "秋水仙碱") in found.facts
    assert {"drug:秋水仙碱片", "population:孕妇", "disease:骨髓增生低下"} <= found.entities


def test_long_prose_about_a_drug_is_a_passage(tmp_path: Path) -> None:
    text = "可见腹泻、呕吐等消化道反应，长期服用时应当定期检查血常规以及肝肾功能，如有异常应停药就诊。"
    found = _read(tmp_path, {"中心词": "秋水仙碱片", "不良反应": text})
    assert [(one.text, one.about, one.aspect) for one in found.passages] == [(text, "drug:秋水仙碱片", "不良反应")]


def test_the_keys_say_that_it_is_an_indicator(tmp_path: Path) -> None:
    found = _read(tmp_path, {"中心词": "血尿酸", "参考值": "男性低于420μmol/L", "升高": ["痛风"]})
    assert "indicator:血尿酸" in found.entities
    assert ("血尿酸", "raised_in", "痛风") in found.facts


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(
        '{"中心词": "痛风"}\n{"中心词": "哮喘"\n\n{"中心词": "癫痫", "检查": ["脑电图"]}\n'.encode("gb18030")
    )
    found = collect("cmekg", path)
    assert [line for line, _ in found.reasons] == [2]
    assert found.entities >= {"disease:痛风", "disease:癫痫"}

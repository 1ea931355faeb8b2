"""Triples and disease JSON of other graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.domain import PassageKind
from tests.sources.collect import Collected, collect, json_lines, text_file


def _triples(tmp_path: Path, text: str) -> Collected:
    return collect("triples", text_file(tmp_path / "t.csv", text))


@pytest.mark.parametrize("header", ["head,relation,tail", "头实体,关系,尾实体", "subject,predicate,object"])
def test_triples_with_a_header_are_known(tmp_path: Path, header: str) -> None:
    text = f"{header}\n偏头痛,症状,恶心\n"
    assert guess_format(text_file(tmp_path / "t", text)) == "triples"
    assert _triples(tmp_path, text).facts == {("偏头痛", "has_symptom", "恶心")}


def test_triples_without_a_header(tmp_path: Path) -> None:
    found = _triples(tmp_path, "偏头痛\thas_symptom\t恶心\n偏头痛\t治愈率\t多数可以控制\n\n")
    assert found.facts == {("偏头痛", "has_symptom", "恶心"), ("偏头痛", "cure_rate", "多数可以控制")}


def test_columns_in_another_order_with_types(tmp_path: Path) -> None:
    found = _triples(tmp_path, "tail,tail_type,relation,head,head_type,x\n小麦,food,忌吃,麦胶病,疾病,1\n")
    assert found.facts == {("麦胶病", "avoided_food", "小麦")}


def test_names_of_relations_in_other_graphs(tmp_path: Path) -> None:
    found = _triples(tmp_path, "痛风,common_drug,秋水仙碱片\n痛风,诊断检查,血尿酸\n痛风,Acompany_With,肾结石\n")
    assert {verb for _, verb, _ in found.facts} == {"treated_with_drug", "needs_examination", "has_complication"}


def test_a_type_comes_from_the_terms_else_from_the_relation(tmp_path: Path) -> None:
    found = _triples(tmp_path, "某某病,并发症,头痛\n某某病,并发症,某某炎\n某某素,不良反应,恶心\n")
    assert {"symptom:头痛", "disease:某某炎", "disease:某某病"} <= found.entities


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("偏头痛,喜欢,恶心", "unknown relation '喜欢'"),
        ("偏头痛,症状", "head, relation or tail is missing"),
        ("偏头痛,症状,", "head, relation or tail is missing"),
        ('偏头痛,症状,"恶心', "not CSV"),
    ],
)
def test_a_broken_triple_costs_its_line(tmp_path: Path, line: str, reason: str) -> None:
    found = _triples(tmp_path, f"偏头痛,症状,畏光\n{line}\n偏头痛,症状,呕吐\n")
    assert [number for number, _ in found.reasons] == [2]
    assert found.rejected[0].reason.startswith(reason)
    assert len(found.facts) == 2


def test_types_that_the_relation_does_not_allow(tmp_path: Path) -> None:
    found = _triples(
        tmp_path, "head,head_type,relation,tail,tail_type\n痛风,food,症状,痛,symptom\n痛风,ill,症状,痛,symptom\n"
    )
    assert [reason.split(",")[0] for _, reason in found.reasons] == ["type food", "unknown type 'ill'"]


def test_placeholders_of_triples_are_counted(tmp_path: Path) -> None:
    found = _triples(tmp_path, "痛风,症状,暂无相关资料\n3个月,症状,红肿\n痛风,药物治疗,别嘌醇缓释...\n")
    assert found.skipped == {"placeholder": 1, "junk name": 1, "truncated name": 1}


# ---------------------------------------------------------------- disease JSON


RECORD = {
    "_id": {"$oid": "5bb5"}, "name": "痛风", "desc": "痛风是一种代谢病。", "category": ["疾病百科", "内科"],
    "prevent": "限制酒精和高嘌呤食物的摄入，保持充足的饮水量，并且控制好体重和血压。", "cause": "尿酸过高",
    "symptom": ["关节红肿", "发热"], "acompany": ["肾结石"], "yibao_status": "否", "get_prob": "0.05%",
    "get_way": "无传染性", "easy_get": "中年男性", "cure_department": ["内科", "风湿免疫科"], "cure_way": ["药物治疗"],
    "cure_lasttime": "1-3个月", "cured_prob": "50%", "cost_money": "约1000元", "check": ["血尿酸"],
    "common_drug": ["秋水仙碱片"], "recommand_drug": ["秋水仙碱片", "苯溴马隆片"], "drug_detail": ["某厂(某片)"],
    "do_eat": ["牛奶"], "not_eat": ["啤酒"], "recommand_eat": ["樱桃汤"],
}  # fmt: skip


def _diseases(tmp_path: Path, *rows: object) -> Collected:
    return collect("qasystem-json", json_lines(tmp_path / "medical.json", rows))


def test_a_record(tmp_path: Path) -> None:
    found = _diseases(tmp_path, RECORD)
    assert guess_format(tmp_path / "medical.json") == "qasystem-json"
    assert {
        ("痛风", "has_symptom", "关节红肿"),
        ("痛风", "treated_with_drug", "苯溴马隆片"),
        ("痛风", "recommended_food", "樱桃汤"),
        ("痛风", "avoided_food", "啤酒"),
        ("痛风", "insurance", "非医保疾病"),
        ("痛风", "has_cause", "尿酸过高"),
        ("痛风", "in_department", "风湿免疫科"),
        ("痛风", "cure_rate", "50%"),
    } <= found.facts
    assert {one.locator for one in found.passages} == {"概述", "预防"}
    assert {one.kind for one in found.passages} == {PassageKind.MONOGRAPH}
    assert found.skipped == {"duplicate": 1}
    assert found.rejected == []


def test_its_lineage_is_its_own(tmp_path: Path) -> None:
    assert {one.lineage for one in _diseases(tmp_path, RECORD).sources} == {"QASystemOnMedicalKG"}


def test_an_array_of_records(tmp_path: Path) -> None:
    assert collect("qasystem-json", json_lines(tmp_path / "a", [[RECORD]])).facts == _diseases(tmp_path, RECORD).facts


def test_an_unknown_key_is_refused_once(tmp_path: Path) -> None:
    found = _diseases(tmp_path, RECORD | {"星座": "天蝎"}, RECORD | {"星座": "双鱼"})
    assert found.reasons == [(1, "unknown key '星座'")]


def test_wrong_types_empty_values_and_rows_that_are_no_record(tmp_path: Path) -> None:
    found = _diseases(
        tmp_path,
        {
            "name": "痛风",
            "symptom": [["红肿"]],
            "check": [],
            "cause": "",
            "cure_way": None,
            "acompany": "肾结石、关节炎",
        },
        {"name": ""},
        [],
    )
    assert found.reasons == [
        (1, "相关症状 is neither a text nor a list of texts"),
        (2, "中心词 is missing or not a text"),
        (3, "not a JSON object"),
    ]
    assert {target for _, _, target in found.facts} == {"肾结石", "关节炎"}
    assert found.skipped == {}


def test_two_keys_that_state_one_thing_add_up(tmp_path: Path) -> None:
    found = _diseases(tmp_path, RECORD | {"common_drug": "秋水仙碱片，别嘌醇片", "do_eat": "牛奶"})
    assert {name for _, verb, name in found.facts if verb == "treated_with_drug"} == {
        "秋水仙碱片", "别嘌醇片", "苯溴马隆片",
    }  # fmt: skip
    assert {name for _, verb, name in found.facts if verb == "recommended_food"} == {"牛奶", "樱桃汤"}


@pytest.mark.parametrize("header", ["实体1;实体2;关系", "entity1|entity2|rel", ",主语\t宾语\t关系"])
def test_triples_in_other_tables(tmp_path: Path, header: str) -> None:
    header = header.removeprefix(",")
    mark = next(mark for mark in ";|\t" if mark in header)
    path = text_file(tmp_path / "t.csv", f"{header}\n{mark.join(('偏头痛', '恶心', '症状'))}\n")
    assert guess_format(path) == "triples"
    assert collect("triples", path).facts == {("偏头痛", "has_symptom", "恶心")}

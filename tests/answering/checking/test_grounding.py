"""Sentences in their own words: what restates a passage passes, one changed word does not."""

from __future__ import annotations

import time

import pytest

from rag.checking.checker import Checker
from rag.domain import EntityId, Evidence, Passage, PassageKind
from rag.linking.names import Names
from rag.ports import NameRow
from tests.answering.records import BOOK, told


def passage(text: str, title: str | None = None) -> Evidence:
    return told(Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=title))


DOSE = passage("用法用量：成人每次0.2g，每日3次，饭后服；4岁以上儿童每日5~8mg/kg，分2次服。", "甲苯丁胺片")
AGAINST = passage("禁忌证：妊娠期妇女禁用；胆道梗阻者禁用。老年患者慎用，哺乳期可以使用。", "甲苯丁胺片")
EFFECT = passage("可升高锂盐的血药浓度；可降低口服避孕药的效果。不宜与酒同服。", "甲苯丁胺片")
ADVERSE = passage("不良反应：口干、视物模糊；肝酶升高多在用药后6周内出现。", "甲苯丁胺片")
TRIAL = passage(
    "甲苯丁胺使成人慢性荨麻疹的瘙痒评分由7.2分降至3.1分，高于安慰剂组的降幅，但没有改善睡眠。",
    "甲苯丁胺治疗慢性荨麻疹",
)
LIST = passage("慢性荨麻疹的病因：食物过敏、寒冷刺激、自身免疫")
SYMPTOMS = passage("慢性荨麻疹的症状：风团、瘙痒")
LEFT = passage("左旋丁胺每日10mg，不得与乙醇合用。", "左旋丁胺")
ENGLISH = passage(
    "Contraindicated in pregnancy. Adults: 200 mg twice daily with food; do not combine with warfarin.", "Tobutamide"
)
TWO = passage("与甲药合用可减少乙药排泄，使血药浓度升高。与丙药合用使血药浓度降低。", "甲苯丁胺")
AGES = passage("强迫症：成人起始每日50mg；6~12岁起始每日25mg。", "甲苯丁胺片")
STOPPING = passage("不可自行停药，停药后可能发生荨麻疹加重。", "甲苯丁胺片")
MORNING = passage("用法用量：每日0.2g，晨服；荨麻疹每周1次，每次20~40mg；不得每日服用。", "甲苯丁胺片")
EYES = passage("用法用量：涂于患处；不适用于眼内和鼻内。", "甲苯丁胺软膏")
STROKE = passage("发病3小时内用丁酶，良好结局增加10%。", "急性脑梗死溶栓的试验")
WEIGHT = passage("孕妇用甲苯丁胺，增重较胰岛素组少，新生儿低血糖没有增加。")
COMPARED = passage("Relapse was lower with tobutamide than with cetirizine (12% versus 19%).", "Tobutamide trial")


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Names([]))


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("成人每天三次，每次服甲苯丁胺200毫克", DOSE),
        ("4岁以上的孩子每天用甲苯丁胺5至8mg/kg，分两次服用", DOSE),
        ("甲苯丁胺要在餐后服", DOSE),
        ("孕妇禁用甲苯丁胺", AGAINST),
        ("自行停用甲苯丁胺可能引起荨麻疹加重", STOPPING),
        ("胆道梗阻的病人不能用甲苯丁胺", AGAINST),
        ("老年人慎用甲苯丁胺", AGAINST),
        ("哺乳期妇女可以使用甲苯丁胺", AGAINST),
        ("甲苯丁胺会使锂盐的血药浓度升高", EFFECT),
        ("服甲苯丁胺不宜喝酒", passage("不宜饮酒。", "甲苯丁胺片")),
        ("甲苯丁胺可引起口干和视物模糊", ADVERSE),
        ("甲苯丁胺每天早上吃0.2g", MORNING),
        ("甲苯丁胺用于荨麻疹时不得每日服用", MORNING),
        ("甲苯丁胺软膏不能用在眼内和鼻内", EYES),
        ("脑梗死发病3小时内用丁酶，良好结局增加10%", STROKE),
        ("孕妇用甲苯丁胺与胰岛素组相比，增重较少", WEIGHT),
        ("甲苯丁胺所致的肝酶升高多在用药后6周内发生", ADVERSE),
        ("甲苯丁胺使成人慢性荨麻疹的瘙痒评分从7.2分降至3.1分", TRIAL),
        ("甲苯丁胺没有改善慢性荨麻疹患者的睡眠", TRIAL),
        ("寒冷刺激可诱发慢性荨麻疹", LIST),
        ("慢性荨麻疹患者可出现风团", SYMPTOMS),
        ("左旋丁胺不能与乙醇一起用", LEFT),
        ("Tobutamide must not be used in pregnancy", ENGLISH),
        ("Adults take 0.2 g of tobutamide bid with food", ENGLISH),
        ("Relapse was 12% with tobutamide and 19% with cetirizine", COMPARED),
    ],
)
def test_what_follows_from_the_passage_passes(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", [evidence]) is None


@pytest.mark.parametrize(
    ("sentence", "evidence", "reason"),
    [
        # amounts, and to whom they apply
        ("成人每天三次，每次服甲苯丁胺200克", DOSE, "number_not_in_evidence"),
        ("成人每周三次，每次服甲苯丁胺200毫克", DOSE, "number_not_in_evidence"),
        ("4岁以下的孩子每天用甲苯丁胺5至8mg/kg", DOSE, "number_not_in_evidence"),
        ("儿童每天三次，每次服甲苯丁胺200毫克", DOSE, "citation_does_not_support"),
        ("成人每天用甲苯丁胺5至8mg/kg", DOSE, "population_not_in_evidence"),
        ("甲苯丁胺所致的肝酶升高多在用药6周后出现", ADVERSE, "number_not_in_evidence"),
        ("甲苯丁胺使成人慢性荨麻疹的瘙痒评分从3.1分降至7.2分", TRIAL, "number_not_in_evidence"),
        ("Adults take 0.2 g of tobutamide tid with food", ENGLISH, "number_not_in_evidence"),
        # time of day
        ("甲苯丁胺要在餐前服", DOSE, "citation_does_not_support"),
        # denial and permission
        ("孕妇可用甲苯丁胺", AGAINST, "polarity_not_in_evidence"),
        ("孕妇慎用甲苯丁胺", AGAINST, "polarity_not_in_evidence"),
        ("老年人禁用甲苯丁胺", AGAINST, "polarity_not_in_evidence"),
        ("哺乳期妇女禁用甲苯丁胺", AGAINST, "polarity_not_in_evidence"),
        ("甲苯丁胺不会使锂盐的血药浓度升高", EFFECT, "polarity_not_in_evidence"),
        ("甲苯丁胺改善了慢性荨麻疹患者的睡眠", TRIAL, "polarity_not_in_evidence"),
        ("Tobutamide is recommended in pregnancy", ENGLISH, "polarity_not_in_evidence"),
        ("Tobutamide may be combined with warfarin", ENGLISH, "polarity_not_in_evidence"),
        # direction
        ("甲苯丁胺会使锂盐的血药浓度降低", EFFECT, "polarity_not_in_evidence"),
        ("甲苯丁胺可升高口服避孕药的效果", EFFECT, "polarity_not_in_evidence"),
        ("Relapse was higher with tobutamide than with cetirizine", COMPARED, "polarity_not_in_evidence"),
        ("与甲药合用可减少乙药排泄，使血药浓度降低", TWO, "polarity_not_in_evidence"),
        # who does what to whom
        ("慢性荨麻疹可引起寒冷刺激", LIST, "relation_not_in_evidence"),
        ("口干可引起甲苯丁胺", ADVERSE, "relation_not_in_evidence"),
        ("Relapse was lower with cetirizine than with tobutamide", COMPARED, "relation_not_in_evidence"),
        # names and relations
        ("丁胺每日10mg", LEFT, "entity_not_in_evidence"),
        ("右旋丁胺每日10mg", LEFT, "wording_not_in_evidence"),
        ("急性荨麻疹的症状有风团", SYMPTOMS, "wording_not_in_evidence"),
        ("慢性荨麻疹的并发症有风团", SYMPTOMS, "wording_not_in_evidence"),
        ("慢性荨麻疹的病因有风团", SYMPTOMS, "wording_not_in_evidence"),
        ("慢性荨麻疹的病因有药物", LIST, None),
        ("甲苯丁胺软膏可以涂在眼内", EYES, "polarity_not_in_evidence"),
        ("甲苯丁胺每晚吃0.2g", MORNING, "number_not_in_evidence"),
        ("孕妇用甲苯丁胺，增重比胰岛素组多", WEIGHT, "polarity_not_in_evidence"),
        # people
        ("新生儿禁用甲苯丁胺", AGAINST, "population_not_in_evidence"),
    ],
)
def test_one_thing_changed_does_not(checker: Checker, sentence: str, evidence: Evidence, reason: str | None) -> None:
    assert checker.check(f"{sentence}[1]。", [evidence]) == reason


def test_a_check_takes_well_under_a_millisecond(checker: Checker) -> None:
    evidence = [DOSE, AGAINST, EFFECT, ADVERSE]
    sentences = [f"成人每天三次，每次服甲苯丁胺{n}毫克[1]。" for n in range(200, 260)]
    checker.check(sentences[0], evidence)
    started = time.perf_counter()
    for sentence in sentences:
        checker.check(sentence, evidence)
    assert (time.perf_counter() - started) / len(sentences) < 0.005


def test_an_age_is_a_group_of_people() -> None:
    checker = Checker(Names([NameRow("儿童", EntityId("population:儿童"), "name")]))
    assert checker.check("6至12岁强迫症儿童甲苯丁胺起始剂量为每天25mg[1]。", (AGES,)) is None
    assert checker.check("强迫症儿童甲苯丁胺起始剂量为每天50mg[1]。", (AGES,)) is not None
    assert checker.check("自行停用甲苯丁胺不会引起荨麻疹加重[1]。", (STOPPING,)) is not None
    assert checker.check("可以自行停用甲苯丁胺[1]。", (STOPPING,)) is not None

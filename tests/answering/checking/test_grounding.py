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
RATES = passage("用法用量：口服，1次15～20ml，3次/d；使用前摇匀。", "甲苯丁胺糖浆")
HISTORY = passage("本药禁用于下列情况：白细胞总数减少、血小板减少或有粒细胞减少病史者。", "甲苯丁胺片")
COGNITION = passage(
    "甲苯丁胺可降低老年荨麻疹患者的尿酸，提高其睡眠质量，联用乙药有一定的帮助，是有效的和安全的。",
    "甲苯丁胺与老年荨麻疹",
)
FORBIDDEN_FOODS = passage("荨麻疹的忌吃食物：辣椒、浓茶")
COVER = passage("荨麻疹的医保：否")
ORGANS = passage("注意事项：肝、肾功能不良者慎用；服药期间忌烟、酒。", "甲苯丁胺片")
TOGETHER = passage("甲状腺功能异常者慎用，避免与兴奋药物如氨茶碱、麻黄碱等合用。", "甲苯丁胺片")
LISTED = passage("禁忌证：本药禁用于下列情况：近期出血者、严重低钾者、孕妇及哺乳期妇女。", "甲苯丁胺片")
NONE_FOUND = passage("药物相互作用：目前未发现有药物相互作用。", "甲苯丁胺片")
EASED = passage("甲苯丁胺可缓解荨麻疹的瘙痒，提高睡眠质量。")
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
        ("甲苯丁胺不要和氨茶碱一起用", TOGETHER),
        ("孕妇禁用甲苯丁胺", LISTED),
        ("甲苯丁胺能提高老年荨麻疹患者的睡眠质量", COGNITION),
        ("甲苯丁胺联合乙药有助于老年荨麻疹患者", COGNITION),
        ("老年荨麻疹患者用甲苯丁胺有效而且安全", COGNITION),
        ("荨麻疹患者不要吃辣椒", FORBIDDEN_FOODS),
        ("荨麻疹不属于医保", COVER),
        ("肝肾功能不好的人慎用甲苯丁胺", ORGANS),
        ("服甲苯丁胺期间忌烟酒", ORGANS),
        ("甲苯丁胺糖浆每天喝三次，每次15到20毫升", RATES),
        ("使用甲苯丁胺糖浆前要摇匀", RATES),
        ("有粒细胞减少病史的人禁用甲苯丁胺", HISTORY),
        ("服甲苯丁胺后可能觉得口干", ADVERSE),
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
        ("甲苯丁胺糖浆每天喝两次，每次15到20毫升", RATES, "number_not_in_evidence"),
        ("甲苯丁胺会提高老年荨麻疹患者的尿酸", COGNITION, "polarity_not_in_evidence"),
        ("荨麻疹属于医保", COVER, "polarity_not_in_evidence"),
        ("荨麻疹患者可以吃辣椒", FORBIDDEN_FOODS, "polarity_not_in_evidence"),
        # what is banned is not allowed, in a list or beside examples
        ("孕妇和哺乳期妇女可以服用甲苯丁胺", LISTED, "polarity_not_in_evidence"),
        ("甲苯丁胺可以和氨茶碱一起用", TOGETHER, "polarity_not_in_evidence"),
        ("甲苯丁胺不应避免与氨茶碱合用", TOGETHER, "polarity_not_in_evidence"),
        ("甲苯丁胺与其他药有相互作用", NONE_FOUND, "polarity_not_in_evidence"),
        ("轻度低钾的患者不能用甲苯丁胺", LISTED, "citation_does_not_support"),
        ("甲苯丁胺能加重荨麻疹的瘙痒", EASED, "polarity_not_in_evidence"),
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


JUICE = passage("葡萄柚汁可抑制其代谢，服药期间应避免饮用。心肾功能不全者慎用。", "硝苯地平")
RARE = passage(
    "常见不良反应有皮疹和咳嗽。较少见的有蛋白尿及血管性水肿。用药期间应避免饮酒，以免发生双硫仑样反应。", "某药"
)


@pytest.mark.parametrize(
    ("sentence", "evidence", "reason"),
    [
        ("服药时可以喝葡萄柚汁", JUICE, "polarity_not_in_evidence"),
        ("服药期间应避免喝西柚汁", JUICE, None),
        ("心功能不全者慎用", JUICE, None),
        ("血管性水肿属于常见不良反应", RARE, "polarity_not_in_evidence"),
        ("较少见的有血管性水肿", RARE, None),
        ("饮酒可能引起双硫仑样反应", RARE, None),
        ("饮酒不会引起双硫仑样反应", RARE, "polarity_not_in_evidence"),
    ],
)
def test_bans_that_do_not_name_their_object_again_and_what_is_rare(
    checker: Checker, sentence: str, evidence: Evidence, reason: str | None
) -> None:
    assert checker.check(f"{sentence}[1]。", (evidence,)) == reason


@pytest.mark.seconds
def test_a_check_takes_well_under_a_millisecond(checker: Checker) -> None:
    evidence = [DOSE, AGAINST, EFFECT, ADVERSE]
    sentences = [f"成人每天三次，每次服甲苯丁胺{n}毫克[1]。" for n in range(200, 260)]
    checker.check(sentences[0], evidence)
    started = time.process_time()
    for sentence in sentences:
        checker.check(sentence, evidence)
    assert (time.process_time() - started) / len(sentences) < 0.005


def test_a_name_that_another_crosses_in_the_evidence_is_there() -> None:
    """`少尿` of 减少尿蛋白 hides 尿蛋白 from a search for names; a part of a longer name is still another thing."""
    known = ("少尿", "尿蛋白", "肾炎", "肾炎患者", "左丁胺", "丁胺")
    crossed = Checker(Names([NameRow(name, EntityId(f"symptom:{name}"), "name") for name in known]))
    evidence = passage("左丁胺可减少尿蛋白排出。", "左丁胺治疗肾炎的试验")
    assert crossed.check("肾炎患者用左丁胺，尿蛋白排出减少[1]。", [evidence]) is None
    assert crossed.check("肾炎患者用丁胺，尿蛋白排出减少[1]。", [evidence]) == "entity_not_in_evidence"


def test_an_age_is_a_group_of_people() -> None:
    checker = Checker(Names([NameRow("儿童", EntityId("population:儿童"), "name")]))
    assert checker.check("6至12岁强迫症儿童甲苯丁胺起始剂量为每天25mg[1]。", (AGES,)) is None
    assert checker.check("强迫症儿童甲苯丁胺起始剂量为每天50mg[1]。", (AGES,)) is not None
    assert checker.check("自行停用甲苯丁胺不会引起荨麻疹加重[1]。", (STOPPING,)) is not None
    assert checker.check("可以自行停用甲苯丁胺[1]。", (STOPPING,)) is not None

"""What the evidence tells of one of two, of a way of taking, or as a verdict, and what a sentence makes of it."""

from __future__ import annotations

import pytest

from rag.checking.checker import Checker
from rag.checking.effects import turns_lists
from rag.checking.ground import ground_of
from rag.domain import EntityId, Evidence, Passage, PassageKind
from rag.linking.names import Names
from rag.ports import NameRow
from tests.answering.records import BOOK, told


def passage(text: str, title: str | None = None) -> Evidence:
    return told(Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=title))


PAINS = passage("甲溃疡疼痛多在进餐后出现，乙溃疡疼痛多在空腹或夜间出现。", "溃疡")
BALM = passage("1.只供外用涂擦，勿口服。2.对急性丙热有良好疗效；对慢性丁热疗效较差。", "甲苯膏")
HEART = passage("1.哺乳者禁用。2.不稳定型心绞痛患者禁用。3.药物过量时血压未控制的患者慎用。", "甲苯丁胺")
GROUPS = passage("采用保守治疗12h后再手术，预后优于入院后直接手术。", "甲瘤")
LEAFLET = passage(
    "用于气血两虚，四肢不温、久治不愈的甲疮。儿童每日用量按体重每1kg不超过2mg。有人刚用时会口干，数日后自行消失。"
    "血小板下降。脾虚易腹泻者慎用。急性或慢性甲肾炎可用。",
    "甲苯丸",
)
BANS = passage("1.慎用：(1)恶病质；(2)活动性甲热；(3)重度乙压。2.孕妇可用。3.口服：20～40μg/次，3次/d。", "甲苯丁胺")
ACIDS = passage(
    "酸性药物增加它的排泄，碱性药物减少它的排泄。与丙英钠同用，代谢加快，血药浓度降低，需酌情增加用量。可加强肾上腺素的作用。"
    "用于萎缩性鼻炎。对本品过敏者禁用。",
    "甲茶碱",
)
FOOD = passage("甲反流的饮食宜忌：忌吃食物：咖啡、油炸食品。")
INSOLES = passage("定制鞋垫使甲足溃疡复发率由38%降至21%，住院率没有差异。", "鞋垫")
FALLS = passage("Tobutamide did not prevent falls. Kidney stones were reduced; death was unchanged.", "Tobutamide")
WATER = passage("Swallow with plenty of water. Photosensitivity may occur.", "Tobutamide")
SLOW = passage("每周增加500mg，最大每日2000mg。维生素缺乏见于长期使用者。新生儿甲血症禁用。", "甲苯丁胺")


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Names([]))


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("甲溃疡的疼痛多在饭后出现", PAINS),
        ("乙溃疡的疼痛多在空腹时或夜里出现", PAINS),
        ("甲苯膏只供外用", BALM),
        ("对急性丙热疗效较好", BALM),
        ("对慢性丁热的疗效较差", BALM),
        ("哺乳的妇女禁用甲苯丁胺", HEART),
        ("不稳定型心绞痛的患者禁用甲苯丁胺", HEART),
        ("血压控制不佳的患者要慎用", HEART),
        ("甲苯丸可用于气血两虚、四肢不温", LEAFLET),
        ("儿童每日用量每公斤体重不应超过2mg", LEAFLET),
        ("部分患者刚开始用药时会口干，几天后会自己消失", LEAFLET),
        ("可使血小板减少", LEAFLET),
        ("脾虚容易腹泻的人要慎用", LEAFLET),
        ("急、慢性甲肾炎可用甲苯丸", LEAFLET),
        ("重度乙压和活动性甲热患者应慎用甲苯丁胺", BANS),
        ("甲苯丁胺口服每次20～40微克，每天3次", BANS),
        ("酸性药物会增加甲茶碱的排泄", ACIDS),
        ("甲反流患者不宜吃油炸食品", FOOD),
        ("甲反流患者应少吃油炸食品", FOOD),
        ("甲反流患者不要喝咖啡", FOOD),
        ("定制鞋垫能降低甲足溃疡的复发率", INSOLES),
        ("Tobutamide did not reduce falls", FALLS),
        ("Death did not change", FALLS),
        ("Tobutamide should be swallowed with plenty of water", WATER),
        ("Tobutamide may cause photosensitivity", WATER),
        ("甲苯丁胺每周加量500毫克", SLOW),
        ("长期使用甲苯丁胺可能出现维生素缺乏", SLOW),
        ("有甲血症的新生儿禁用甲苯丁胺", SLOW),
        ("丙英钠可使甲茶碱的血药浓度下降，需要酌情加量", ACIDS),
        ("甲茶碱会增强肾上腺素的作用", ACIDS),
    ],
)
def test_told_as_it_stands(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", (evidence,)) is None


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("甲溃疡的疼痛多在空腹时或夜里出现", PAINS),
        ("甲苯膏可以口服", BALM),
        ("对急性丙热疗效较差", BALM),
        ("对慢性丁热的疗效较好", BALM),
        ("稳定型心绞痛的患者禁用甲苯丁胺", HEART),
        ("入院后直接手术的预后优于保守治疗12小时后再手术", GROUPS),
        ("可使血小板增多", LEAFLET),
        ("孕妇慎用甲苯丁胺", BANS),
        ("酸性药物会减少甲茶碱的排泄", ACIDS),
        ("甲反流患者可以喝咖啡", FOOD),
        ("定制鞋垫降低了住院率", INSOLES),
        ("Death changed", FALLS),
        ("Patients benefit from tobutamide and go to hospital", FALLS),
        ("丙英钠可使甲茶碱的血药浓度升高", ACIDS),
        ("甲茶碱会减弱肾上腺素的作用", ACIDS),
    ],
)
def test_told_of_another(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", (evidence,)) is not None


def test_a_name_is_not_made_of_two_cut_inside_a_word() -> None:
    rows = [NameRow("过敏性鼻炎", EntityId("disease:过敏性鼻炎"), "name")]
    assert Checker(Names(rows)).check("过敏性鼻炎患者可用甲茶碱[1]。", (ACIDS,)) == "entity_not_in_evidence"


@pytest.mark.parametrize(
    ("claim", "turns"),
    [
        ("甲病的主要表现为头痛、发热等症状", False),
        ("头痛是甲病的症状", False),
        ("甲病是头痛的症状", True),
        ("头痛可引起甲病", True),
    ],
)
def test_a_list_of_effects_told_as_such(claim: str, turns: bool) -> None:
    assert turns_lists(claim, ground_of((("甲病的症状：头痛、发热", ("甲病",)),))) is turns


@pytest.mark.parametrize(
    ("claim", "turns"),
    [
        ("因吸烟引起乙癌", False),
        ("乙癌多由吸烟引起", False),
        ("乙癌会引起吸烟", True),
        ("吸烟由乙癌引起", True),
    ],
)
def test_a_list_of_causes_told_as_such(claim: str, turns: bool) -> None:
    assert turns_lists(claim, ground_of((("乙癌的病因：吸烟", ("乙癌",)),))) is turns

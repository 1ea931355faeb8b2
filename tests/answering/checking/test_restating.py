"""Sentences as a language model would restate records and monographs, and what those words must not let through."""

from __future__ import annotations

import pytest

from rag.checking.checker import Checker
from rag.checking.grades import grades_in
from rag.domain import EntityId, Evidence, Literal, Passage, PassageKind
from rag.linking.names import Names
from rag.ports import NameRow
from rag.vocabulary import Relation
from tests.answering.records import BOOK, names, stated, told


def passage(text: str, title: str | None = None, aspect: str | None = None) -> Evidence:
    return told(Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=title, aspect=aspect))


BANNED = passage("禁忌证：1.近期有活动性出血者。2.血友病。3.严重的肝肾功能障碍。", "乙酶")
BARE_BANS = passage("1.血友病。2.意识障碍者。", "乙酶")
TAKEN = passage("用法用量：每次0.1g，每日3次，7天为1个疗程；用药至少4周；与钙剂应间隔4小时以上，不宜同服。", "甲苯丁胺")
TRIED = passage("术后用甲苯丁胺可改善患者的生活质量.两组出血率并无显著差异.", "甲苯丁胺与术后")
USES = passage("用于肾虚腰酸，月经不调；适用于荨麻疹。", "甲苯丁胺片")
BOTH = (
    passage("用于荨麻疹。每次2片，每日1次。", "甲苯丁胺片"),
    passage("用于痛风。每次5粒，每日3次。", "戊己胶囊"),
)
STAGES = passage("3~5期患者每日蛋白0.6g/kg；2周后复查。", "肾病饮食")
RARELY = passage("偶见骨髓抑制；多数患者无不适，个别患者用药后出现皮疹。", "甲苯丁胺")
CAUSES = passage("缺铁的病因：月经过多、铁摄入不足")
LOWERS = passage("利福平可降低其血药浓度。", "甲苯丁胺")
TRIAL = passage(
    "Relapse was less frequent with tobutamide; pain did not differ. It was noninferior to cetirizine for itching. "
    "Started within 24 hours it shortened attacks. Relapse was associated with age.",
    "Tobutamide trial",
)
LEAFLET = passage(
    "May cause drowsiness. Amiodarone increases its level. Use cautiously in the elderly. INR 2.0-3.0.", "Tobutamide"
)
AGED = passage("6~14岁每次5mg，2~5岁每次4mg；不用于急性荨麻疹发作；有癫痫病史者暂缓使用。", "甲苯丁胺")
COURSES = passage("14天的根除率为92.6%，高于10天的86.1%；两组差异无统计学意义；肝肾功能不受影响。", "甲苯丁胺的疗程")
LOWERED = passage("Tobutamide reduced relapse.", "Tobutamide")
RATES = passage("Tobutamide lowered relapse compared with placebo (1.4% versus 3.9%); it is a safe drug.", "Tobutamide")


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Names([]))


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("血友病患者禁用乙酶", BANNED),
        ("血友病是乙酶的禁忌证", BANNED),
        ("肝肾功能严重障碍者不能用乙酶", BANNED),
        ("近期有活动性出血的病人禁止使用乙酶", BANNED),
        ("甲苯丁胺至少要服用4周", TAKEN),
        ("甲苯丁胺的用药时间不少于4周", TAKEN),
        ("甲苯丁胺每次服100毫克，一天三次，七天为一疗程", TAKEN),
        ("甲苯丁胺与钙剂至少相隔4小时", TAKEN),
        ("手术后用甲苯丁胺能提高患者的生活质量", TRIED),
        ("两组的出血率没有明显差别", TRIED),
        ("甲苯丁胺片主治月经不调", USES),
        ("肾虚腰酸的人可用甲苯丁胺片", USES),
        ("甲苯丁胺片用于治疗荨麻疹", USES),
        ("3期患者每天每公斤体重0.6克蛋白", STAGES),
        ("偶尔可出现骨髓抑制", RARELY),
        ("缺铁的原因有月经过多和铁摄入不足", CAUSES),
        ("利福平会使甲苯丁胺的血药浓度下降", LOWERS),
        ("6至14岁的儿童每次5毫克", AGED),
        ("甲苯丁胺不能用于荨麻疹急性发作", AGED),
        ("有癫痫病史的人应暂缓使用甲苯丁胺", AGED),
        ("10天疗法的根除率为86.1%", COURSES),
        ("14天疗程的根除率比10天高", COURSES),
        ("两组没有明显差异", COURSES),
        ("肝和肾功能不受影响", COURSES),
        ("Tobutamide reduced the risk of relapse", LOWERED),
        ("Relapse occurred less often with tobutamide", TRIAL),
        ("There was no difference in pain", TRIAL),
        ("Pain was similar with tobutamide", TRIAL),
        ("Tobutamide was no worse than cetirizine for itching", TRIAL),
        ("Relapse was linked to age", TRIAL),
        ("Started within a day it reduced the duration of attacks", TRIAL),
        ("Side effects include drowsiness", LEAFLET),
        ("Amiodarone enhances the level of tobutamide", LEAFLET),
        ("Tobutamide is used with caution in older people", LEAFLET),
        ("The INR is 2.0 to 3.0", LEAFLET),
        ("Tobutamide is safe", RATES),
        ("Tobutamide lowered relapse from 3.9% to 1.4%", RATES),
    ],
)
def test_what_a_model_would_write_passes(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", [evidence]) is None


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("血友病患者可用乙酶", BANNED),
        ("血友病患者慎用乙酶", BANNED),
        ("轻度肝肾功能障碍者禁用乙酶", BANNED),
        ("甲苯丁胺的用药时间少于4周", TAKEN),
        ("甲苯丁胺最多用4周", TAKEN),
        ("甲苯丁胺与钙剂至少相隔2小时", TAKEN),
        ("甲苯丁胺降低患者的生活质量", TRIED),
        ("两组的出血率有显著差异", TRIED),
        ("甲苯丁胺片可引起荨麻疹", USES),
        ("2期患者每日蛋白0.6g/kg", STAGES),
        ("甲苯丁胺常引起骨髓抑制", RARELY),
        ("多数患者用药后出现皮疹", RARELY),
        ("缺铁的原因有铁摄入过多", CAUSES),
        ("缺铁可引起月经过多", CAUSES),
        ("甲苯丁胺可降低利福平的血药浓度", LOWERS),
        ("6至14岁的儿童每次4毫克", AGED),
        ("有癫痫病史的人可以使用甲苯丁胺", AGED),
        ("10天疗法的根除率为92.6%", COURSES),
        ("14天疗程的根除率比10天低", COURSES),
        ("Tobutamide increased the risk of relapse", LOWERED),
        ("Pain was less frequent with tobutamide", TRIAL),
        ("Relapse did not differ with tobutamide", TRIAL),
        ("Tobutamide was superior to cetirizine for itching", TRIAL),
        ("Amiodarone weakens the level of tobutamide", LEAFLET),
        ("The INR is 2.0 to 4.0", LEAFLET),
        ("Tobutamide is not safe", RATES),
    ],
)
def test_the_same_with_one_thing_changed_does_not(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", [evidence]) is not None


def test_what_is_listed_under_the_aspect_of_bans_is_banned_though_no_item_says_so(checker: Checker) -> None:
    aspect = passage(BARE_BANS.text, "乙酶", aspect="禁忌证")
    assert checker.check("意识障碍者禁用乙酶[1]。", [aspect]) is None
    assert checker.check("意识障碍者可用乙酶[1]。", [aspect]) is not None
    assert checker.check("意识障碍者禁用乙酶[1]。", [BARE_BANS]) is not None


@pytest.mark.parametrize("sentence", ["戊己胶囊用于荨麻疹", "甲苯丁胺片每次5粒"])
def test_what_one_of_two_texts_says_of_its_own_subject_is_not_said_of_the_other(
    checker: Checker, sentence: str
) -> None:
    assert checker.check(f"{sentence}[1][2]。", BOTH) is not None
    told = {"戊己胶囊用于荨麻疹": "戊己胶囊用于痛风", "甲苯丁胺片每次5粒": "戊己胶囊每次5粒"}
    assert checker.check(f"{told[sentence]}[1][2]。", BOTH) is None


FACTS = (
    stated("disease:乙病", Relation.SYMPTOM, "symptom:耳痛"),
    stated("disease:乙病", Relation.DEPARTMENT, "department:耳科"),
    stated("disease:乙病", Relation.DRUG, "drug:丙颗粒"),
    stated("disease:乙病", Relation.COMPLICATION, "disease:丁癌"),
    stated("disease:乙病", Relation.CURE_RATE, Literal("40%", "cure_rate")),
)


@pytest.mark.parametrize(
    ("sentence", "passes"),
    [
        ("得了乙病常有耳痛[1]。", True),
        ("乙病患者应去耳科就诊[2]。", True),
        ("丙颗粒可用于治疗乙病[3]。", True),
        ("丁癌是乙病的并发症之一[4]。", True),
        ("大约四成的乙病可以治愈[5]。", True),
        ("乙病不会引起耳痛[1]。", False),
        ("乙病不必看耳科[2]。", False),
        ("丙颗粒可引起乙病[3]。", False),
        ("乙病禁用丙颗粒[3]。", False),
        ("乙病可并发丁癌[1]。", False),
        ("丁癌可并发乙病[4]。", False),
        ("大约六成的乙病可以治愈[5]。", False),
        ("得了乙病常有耳痛[2]。", False),
    ],
)
def test_facts_of_the_graph_may_be_told_in_other_words(sentence: str, passes: bool) -> None:
    assert (Checker(names()).check(sentence, FACTS) is None) is passes


def test_a_name_that_begins_before_one_of_the_evidence_is_a_chance() -> None:
    rows = [NameRow(name, EntityId(f"examination:{name}"), "name") for name in ("查尿", "尿沉渣")]
    evidence = passage("乙病的检查：尿沉渣")
    assert Checker(Names(rows)).check("乙病可以查尿沉渣[1]。", [evidence]) is None


def test_grades_are_all_of_a_range_in_arabic_and_roman() -> None:
    assert grades_in("3~5期") == {(3, "期"), (4, "期"), (5, "期")}
    assert grades_in("iii级和2型") == {(3, "级"), (2, "型")}
    assert grades_in("2周期间") == frozenset()

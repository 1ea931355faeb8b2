"""Sentences that retell evidence as a medical writer would, and slips that the same words must not let through."""

from __future__ import annotations

import pytest

from rag.checking.checker import Checker
from rag.domain import Evidence, Passage, PassageKind
from rag.linking.names import Names
from tests.answering.records import BOOK, told


def passage(text: str, title: str | None = None) -> Evidence:
    return told(Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=title))


TAKEN = passage(
    "轻、中度肾功能损害者无需调整剂量，重度者剂量减半。主要经肝脏代谢，随尿排出。若无禁忌均应联用叶酸。"
    "可使甲氧丙胺的血药浓度升高。偶见脱发。",
    "甲苯丁胺",
)
FITS = passage("用于绝经后骨折，适用于消瘦者。宜空腹服用。妊娠3个月后可用，哺乳期间不应哺乳。", "甲苯丁胺")
OLD = passage("老年患者及轻度肝功能不全者从2.5mg开始。不宜与大环内酯类同服。人类资料有限。", "甲苯丁胺")
AGED = passage("常见于5岁以下。老年人禁用。", "甲苯丁胺热")
LOWERS = passage("甲氧丙胺为肝药酶诱导剂，可降低本品的血药浓度。", "甲苯丁胺")
HARMS = passage("严重不良反应少见，包括癫痫发作。", "甲苯丁胺")
RECORD = passage("甲病的症状：头痛。甲病的并发症：耳聋。甲药的适应证：咳嗽。甲药的不良反应：腹泻。")
RISK = passage("夜班、吸烟是头痛的危险因素，游泳是保护因素。颈椎病是最常见的病因。", "头痛")
TRIAL = passage(
    "Tobutamide was superior to placebo in reducing symptom scores at 6 weeks. "
    "Residual confounding cannot be excluded.",
    "Tobutamide trial",
)
GROUPS = passage("联合组复常率高于单药组。联合治疗的疗效优于单用甲苯丁胺。", "甲苯丁胺联合针刺")
AFTER = passage("最常见的并发症是甲疹后神经痛。良性者多数无需治疗。目标为血尿酸低于300μmol/L。进食后疼痛缓解。", "甲疹")


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(Names([]))


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("轻度或中度肾功能不全的患者不必调整用量", TAKEN),
        ("肾功能严重受损的患者只用一半剂量", TAKEN),
        ("主要在肝内代谢，从尿中排出", TAKEN),
        ("如无禁忌应加用叶酸", TAKEN),
        ("应联用叶酸", TAKEN),
        ("甲苯丁胺会影响甲氧丙胺的血药浓度", TAKEN),
        ("个别患者会掉头发", TAKEN),
        ("消瘦的人尤其适合用甲苯丁胺", FITS),
        ("甲苯丁胺宜在空腹时服用", FITS),
        ("哺乳期间应暂停哺乳", FITS),
        ("甲氧丙胺会使甲苯丁胺的血药浓度下降", LOWERS),
        ("轻度肝功能不全的患者从2.5mg开始", OLD),
        ("大环内酯类抗生素不宜与甲苯丁胺一起服用", OLD),
        ("在人类中的资料有限", OLD),
        ("甲苯丁胺热好发于五岁以下的儿童", AGED),
        ("癫痫发作等严重不良反应罕见", HARMS),
        ("夜班会增加发生头痛的风险", RISK),
        ("经常游泳可降低头痛的风险", RISK),
        ("At 6 weeks, tobutamide was superior to placebo in reducing symptom scores", TRIAL),
        ("The authors note that residual confounding cannot be ruled out", TRIAL),
        ("联合组恢复正常的比率更高", GROUPS),
        ("联合治疗的疗效好于单用甲苯丁胺", GROUPS),
        ("甲疹后神经痛是甲疹最常见的并发症", AFTER),
        ("良性的多数不需要治疗", AFTER),
        ("血尿酸要降到300μmol/L以下", AFTER),
        ("吃东西后疼痛减轻", AFTER),
    ],
)
def test_retold(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", (evidence,)) is None


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("肝功能严重受损的患者只用一半剂量", TAKEN),
        ("轻度或中度肾功能不全的患者需要调整用量", TAKEN),
        ("多数患者会掉头发", TAKEN),
        ("消瘦的人不适合用甲苯丁胺", FITS),
        ("哺乳期间可以继续哺乳", FITS),
        ("甲苯丁胺会使甲氧丙胺的血药浓度下降", LOWERS),
        ("癫痫发作等严重不良反应很常见", HARMS),
        ("耳聋是甲病的症状", RECORD),
        ("甲药可用于腹泻", RECORD),
        ("头痛是夜班的危险因素", RISK),
        ("游泳会增加头痛的风险", RISK),
        ("头痛是颈椎病最常见的病因", RISK),
        ("Placebo was superior to tobutamide in reducing symptom scores at 6 weeks", TRIAL),
        ("单药组复常率更高", GROUPS),
        ("单用甲苯丁胺的疗效好于联合治疗", GROUPS),
        ("甲疹后神经痛会引起甲疹", AFTER),
        ("良性的多数需要治疗", AFTER),
        ("血尿酸要降到300μmol/L以上", AFTER),
        ("进食后疼痛加重", AFTER),
    ],
)
def test_slips(checker: Checker, sentence: str, evidence: Evidence) -> None:
    assert checker.check(f"{sentence}[1]。", (evidence,)) is not None

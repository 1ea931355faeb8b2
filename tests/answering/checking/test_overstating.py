"""What a sentence makes of its evidence with the evidence's own words."""

from __future__ import annotations

import pytest

from rag.checking.ground import ground_of
from rag.checking.grounding import reason_against
from rag.text import normalise

SOME = "部分患者可出现腹泻，多数在停药后恢复。"
UNLESS = "传导阻滞者禁用，除非已安装起搏器。"
ONLY = "甲硝嗪仅在停止哺乳后方可使用。"
CHAIN = "肾衰竭可引起高钾血症，高钾血症可诱发心律失常。"
WEAKER = "奥美唑可降低氯吡雷的疗效。"
BOTH = "闭角型青光眼患者不应使用苯海醇，开角型青光眼患者可以使用。"
POLYPS = "腺瘤性息肉有癌变可能，增生性息肉一般不癌变。"
OUTCOMES = "替格列净组心血管事件少于洛塞那肽组，低血糖多于洛塞那肽组，水肿与洛塞那肽组相当。"
NOT_WORSE = "帕洛司琼预防延迟性呕吐的效果优于昂丹琼，预防急性呕吐的效果不劣于昂丹琼。"


def reason(sentence: str, *cited: tuple[str, str]) -> str | None:
    return reason_against(normalise(sentence), ground_of(tuple((text, (title,)) for text, title in cited)))


@pytest.mark.parametrize(
    ("sentence", "evidence", "dropped_for"),
    [
        ("所有患者均可出现腹泻", SOME, "population_not_in_evidence"),
        ("多数患者可出现腹泻", SOME, "population_not_in_evidence"),
        ("部分患者可出现腹泻", SOME, None),
        ("多数在停药后恢复", SOME, None),
        ("所有传导阻滞者均禁用", UNLESS, "population_not_in_evidence"),
        ("已安装起搏器者禁用", UNLESS, "polarity_not_in_evidence"),
        ("传导阻滞者禁用，除非已安装起搏器", UNLESS, None),
        ("传导阻滞者禁用", UNLESS, None),
        ("甲硝嗪可使用", ONLY, "polarity_not_in_evidence"),
        ("停止哺乳后方可使用甲硝嗪", ONLY, None),
        ("高钾血症可引起肾衰竭", CHAIN, "relation_not_in_evidence"),
        ("肾衰竭由高钾血症引起", CHAIN, "relation_not_in_evidence"),
        ("高钾血症可由肾衰竭引起", CHAIN, None),
        ("高钾血症可诱发心律失常", CHAIN, None),
        ("氯吡雷可降低奥美唑的疗效", WEAKER, "relation_not_in_evidence"),
        ("开角型青光眼患者不应使用苯海醇", BOTH, "polarity_not_in_evidence"),
        ("闭角型青光眼患者不应使用苯海醇", BOTH, None),
        ("腺瘤性息肉一般不癌变", POLYPS, "polarity_not_in_evidence"),
        ("增生性息肉一般不癌变", POLYPS, None),
        ("替格列净组低血糖少于洛塞那肽组", OUTCOMES, "polarity_not_in_evidence"),
        ("洛塞那肽组心血管事件少于替格列净组", OUTCOMES, "relation_not_in_evidence"),
        ("替格列净组的水肿多于洛塞那肽组", OUTCOMES, "polarity_not_in_evidence"),
        ("与洛塞那肽组相比，替格列净组的心血管事件更少", OUTCOMES, None),
        ("替格列净组的低血糖多于洛塞那肽组", OUTCOMES, None),
        ("帕洛司琼预防急性呕吐的效果优于昂丹琼", NOT_WORSE, "polarity_not_in_evidence"),
        ("帕洛司琼预防延迟性呕吐的效果劣于昂丹琼", NOT_WORSE, "polarity_not_in_evidence"),
        ("帕洛司琼预防延迟性呕吐的效果优于昂丹琼", NOT_WORSE, None),
    ],
)
def test_one_piece_of_evidence(sentence: str, evidence: str, dropped_for: str | None) -> None:
    assert reason(sentence, (evidence, "")) == dropped_for


DRUGS = (("可引起低钠血症，过敏者禁用。", "卡马平"), ("可引起皮疹，每日25mg。", "拉莫嗪"))
SIBLINGS = (
    ("甲型肝炎经粪口途径传播，一般不转为慢性。", "甲型肝炎"),
    ("乙型肝炎经血液传播，部分患者转为慢性。", "乙型肝炎"),
)


@pytest.mark.parametrize(
    ("sentence", "cited", "kept"),
    [
        ("卡马平可引起皮疹", DRUGS, False),
        ("卡马平可引起低钠血症，拉莫嗪可引起皮疹", DRUGS, True),
        ("甲型肝炎经血液传播", SIBLINGS, False),
        ("甲型肝炎经粪口途径传播，乙型肝炎经血液传播", SIBLINGS, True),
    ],
)
def test_the_subject_of_one_and_the_words_of_another(
    sentence: str, cited: tuple[tuple[str, str], ...], kept: bool
) -> None:
    assert (reason(sentence, *cited) is None) == kept


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("前4周每天用40毫克", "前4周每日40mg，第5至8周每日20mg。"),
        ("透析者每日1.2g/kg", "非透析者每日0.8g/kg，透析者1.2g/kg。"),
        ("宜吃芹菜", "忌吃腌肉、宜吃芹菜"),
        ("12周时两组没有统计学上的差异", "12周时两组差异无统计学意义。"),
        ("外用12周后皮损改善", "外用12周，皮损改善。"),
    ],
)
def test_restatements_that_pass(sentence: str, evidence: str) -> None:
    assert reason(sentence, (evidence, "")) is None

"""A value of a sentence must belong to what it belongs to in the evidence."""

from __future__ import annotations

import pytest

from rag.checking.clauses import read
from rag.checking.ground import ground_of
from rag.checking.holders import misheld
from rag.checking.stretches import held_in
from rag.text import normalise

AGES = "用法用量：成人每次0.5g，每日4次；儿童每次0.25g，每日3次。"
ROUTES = "口服起始每次20~40mg，维持量每次10mg；静脉注射每次60mg。"
USES = "肺炎每日0.5g，用7~14天；膀胱炎每日0.25g，用3天。"
GROUPS = "强化组卒中发生率为1.6%，标准组为2.4%；强化组低血压发生率为3.4%，标准组为2.0%。"
TWICE = "甲咪组大出血发生率为2.1%，乙酚组为3.1%；两组卒中发生率分别为1.3%和1.6%。"
NAMED = "安慰剂组、低剂量组和高剂量组的出血率分别为1%、2%和5%。"
HEAD = "高血压患病率男性30.8%、女性24.3%，痛风患病率男性3.9%、女性1.8%。"
TIMES = "前4周每日40mg，第5至8周每日20mg，第9周起每日10mg。"
RISE = "戒烟者发生率由5%降至3%，吸烟者由5%升至9%。"
ENGLISH = "LDL fell by 52% with tobustatin and by 47% with lorastatin."
VERSUS = "Death was lower with tobuxostat than with lopurinol (3.2% versus 4.3%)."
COMMON = "Tobuxaban reduced stroke by 21% and bleeding by 31% compared with warfarin in adults."


def swapped(sentence: str, evidence: str, title: str = "") -> bool:
    ground = ground_of(((evidence, (title,)),))
    return misheld(read(normalise(sentence)), ground.held, ground.title_content)


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("成人每次0.25g，儿童每次0.5g", AGES),
        ("儿童每次0.5g", AGES),
        ("成人每次0.5g，每日3次", AGES),
        ("静脉注射每次20~40mg", ROUTES),
        ("口服起始每次10mg", ROUTES),
        ("膀胱炎每日0.25g，用7~14天", USES),
        ("强化组卒中发生率为2.4%，标准组为1.6%", GROUPS),
        ("标准组低血压发生率为2.4%", GROUPS),
        ("强化组卒中发生率为3.4%", GROUPS),
        ("甲咪组卒中发生率为1.6%", TWICE),
        ("高剂量组的出血率为1%", NAMED),
        ("女性痛风患病率为24.3%", HEAD),
        ("前4周每日20mg", TIMES),
        ("LDL fell by 47% with tobustatin and by 52% with lorastatin", ENGLISH),
        ("With lorastatin, LDL fell by 52%", ENGLISH),
        ("Death was 4.3% with tobuxostat", VERSUS),
        ("Tobuxaban reduced stroke by 31%", COMMON),
    ],
)
def test_a_value_with_another_holder(sentence: str, evidence: str) -> None:
    assert swapped(sentence, evidence)


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("儿童每次0.25g，每日3次；成人每次0.5g，每日4次", AGES),
        ("成人每日4次，每次0.5g", AGES),
        ("每次0.25g", AGES),
        ("维持量每次10mg，口服起始每次20~40mg", ROUTES),
        ("膀胱炎用3天，肺炎用7~14天", USES),
        ("低血压在强化组的发生率为3.4%，在标准组为2.0%", GROUPS),
        ("强化组的低血压发生率3.4%高于标准组的2.0%", GROUPS),
        ("乙酚组卒中发生率1.6%，甲咪组1.3%", TWICE),
        ("出血率高剂量组为5%，安慰剂组为1%", NAMED),
        ("女性高血压患病率24.3%，痛风患病率1.8%", HEAD),
        ("第5至8周每天20mg，前4周每天40mg", TIMES),
        ("吸烟者的发生率从5%升到9%", RISE),
        ("LDL fell by 47% with lorastatin and by 52% with tobustatin", ENGLISH),
        ("Death was 4.3% with lopurinol and 3.2% with tobuxostat", VERSUS),
        ("In adults, tobuxaban reduced stroke by 21% compared with warfarin", COMMON),
    ],
)
def test_the_same_holder_in_other_words_and_another_order(sentence: str, evidence: str) -> None:
    assert not swapped(sentence, evidence)


def test_an_item_number_is_no_value() -> None:
    assert not swapped("5.过敏者禁用", "1.孕妇禁用。2.肝病者慎用。5.过敏者禁用。")


def test_a_context_is_nearest_first_and_goes_on_behind_a_semicolon() -> None:
    _, _, dose, often = held_in(read(normalise(AGES)))
    assert [("儿童" in level.words, "成人" in level.words) for level in dose.context] == [(True, False), (False, True)]
    assert often.context[0].words == frozenset({"儿童"})


def test_a_total_is_of_all_that_was_told() -> None:
    *_, total = held_in(read(normalise("甲组口服2片，外用1片，共3片。")))
    assert {"甲组", "外用"} <= total.context[0].words

"""Questions that no knowledge base answers: told apart from those that it may, and never passed for whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answer.conclusion import Ending
from rag.domain import Intent, Outcome
from rag.linking.linker import Linker
from rag.question.beyond import limited, limits_of, nothing_helps, untold_stage
from rag.vocabulary import Relation
from tests.answering.records import CONCLUSION, MIGRAINE, told
from tests.answering.records import names as known


def names(question: str) -> list[str]:
    return [limit.name for limit in limits_of(question)]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("帮我妈开两周的降糖药，把剂量写上", "prescription"),
        ("给我儿子配一副止咳的中药", "prescription"),
        ("请给患者钱某开具止痛方案", "prescription"),
        ("胰岛素明天该加到几个单位", "prescription"),
        ("陈先生的地高辛这周该吃几片", "prescription"),
        ("替我写张病假条", "prescription"),
        ("成都哪家医院看湿疹最好", "place"),
        ("李主任星期几出诊", "place"),
        ("最好的湿疹治疗医院有哪些", "place"),
        ("附近有24小时的药店吗", "place"),
        ("治抽动症的专家有谁", "place"),
        ("奥美拉唑现在网上多少钱", "price"),
        ("莫沙必利多少钱一盒", "price"),
        ("这个药下周会断货吗", "price"),
        ("明年流感会更厉害吗", "future"),
        ("二十年后糖尿病能不能根治", "future"),
        ("猫咪拉肚子吃什么药", "animal"),
    ],
)
def test_what_cannot_be_told(question: str, name: str) -> None:
    assert name in names(question)


@pytest.mark.parametrize(
    "question",
    [
        "医生给我开了阿莫西林，有什么副作用", "肺炎治疗要多少钱", "头孢和酒能一起吗", "偏头痛挂什么科",
        "被小狗咬了要打什么针",
        "猫抓病怎么治", "备孕能养小狗吗", "大夫开单查肺炎会开些啥", "给孩子打疫苗前要注意什么", "五年生存率是多少",
        "布洛芬一天吃几片", "高血压看什么医生", "宠物过敏怎么办", "性生活几天才怀孕", "孩子发烧开刀后能吃什么药",
        "感染去医院做哪些检查",
    ],
)  # fmt: skip
def test_what_a_knowledge_base_may_tell(question: str) -> None:
    assert names(question) == []


def test_an_answer_is_partial_and_says_what_it_cannot_tell() -> None:
    limits = limits_of("陈先生的地高辛这周该吃几片")
    ending = limited(Ending(Outcome.ANSWERED, ("其他。\n",)), limits)
    assert ending.outcome is Outcome.PARTIAL
    assert "不开处方" in ending.notes[0]
    refused = limited(Ending(Outcome.NOT_IN_KB, ("没有资料。\n", "识别到的名称。\n")), limits)
    assert refused.outcome is Outcome.NOT_IN_KB
    assert refused.notes[0] == "没有资料。\n"
    assert "不开处方" in refused.notes[1]
    assert limited(ending, ()) is ending


def test_an_emergency_stays_one() -> None:
    limits = limits_of("请给我开一瓶安眠药")
    assert limited(Ending(Outcome.EMERGENCY, ()), limits).outcome is Outcome.EMERGENCY


def test_nothing_is_looked_up_where_nothing_known_was_asked() -> None:
    asks, asks_not = Intent((Relation.DRUG,), ((Relation.DRUG,),)), Intent((), (), explicit=False)
    place, animal = limits_of("成都哪家医院看湿疹最好"), limits_of("猫咪拉肚子吃什么药")
    assert not nothing_helps(place, asks)
    assert nothing_helps(place, asks_not)
    assert nothing_helps(animal, asks)
    assert not nothing_helps((), asks_not)


DRUGS = Intent((Relation.DRUG,), ((Relation.DRUG,),))
LINKER = Linker(known())


def test_a_stage_that_no_record_names_is_said_not_to_be_told() -> None:
    question = "偏头痛急性期用什么药"
    (limit,) = untold_stage(question, LINKER.link(question), DRUGS, [told(CONCLUSION, MIGRAINE)])
    assert "急性期" in limit.note
    assert limited(Ending(Outcome.ANSWERED), (limit,)).outcome is Outcome.PARTIAL


def test_a_stage_is_told_where_a_record_names_it_or_nothing_is_cited() -> None:
    question = "偏头痛急性期用什么药"
    acute = replace(told(CONCLUSION, MIGRAINE), text="急性期用布洛芬。")
    assert untold_stage(question, LINKER.link(question), DRUGS, [acute]) == ()
    assert untold_stage(question, LINKER.link(question), DRUGS, []) == ()
    symptoms = Intent((Relation.SYMPTOM,), ((Relation.SYMPTOM,),))
    assert untold_stage(question, LINKER.link(question), symptoms, [told(CONCLUSION, MIGRAINE)]) == ()


def test_going_to_hospital_is_no_question_for_one() -> None:
    assert limits_of("湿疹好转后还要去医院吗") == ()


def test_it_is_said_that_records_do_not_tell_pregnancy_apart() -> None:
    question = "孕期偏头痛吃什么药"
    (limit,) = untold_stage(question, LINKER.link(question), DRUGS, [told(CONCLUSION, MIGRAINE)])
    assert "“孕期”" in limit.note

"""Answers to questions of ours are no complaints, whatever a learnt look sees in them."""

from __future__ import annotations

import pytest

from rag.domain import Patient
from rag.pipeline import Pipeline
from rag.question.dialogue import HINT
from rag.triage.replies import tells_nothing
from rag.triage.rules import TriageRules, load_rules
from rag.triage.second_look import SecondLook, assess, load_look

REPLIES = (
    "有", "没有", "不知道", "直接告诉我", "不太清楚", "没注意", "我不知道啊", "好像没有吧", "是的，有一点", "不是",
    "嗯嗯",
    "别再问了，直接说结果", "没有了，谢谢", "应该没有", "有时候会", "说不清楚",
    "还没查过", "不确定", "偶尔有",
    "先看结果", "都没有", "右边", "今天早上", "说人话", "昨天晚上开始的", "三天了",
    "血糖8", "空腹血糖6.8高吗", "血压130/85",
    "yes", "no", "I don't know", "just tell me",
)  # fmt: skip
FEVERS = ("39度", "38.5度", "烧到39度", "孩子3岁发烧，39度", "体温38.5度怎么办", "我发烧39度了")


@pytest.fixture(scope="module")
def rules() -> TriageRules:
    return load_rules()


@pytest.fixture(scope="module")
def look(rules: TriageRules) -> SecondLook:
    found = load_look(rules)
    assert found is not None
    return found


@pytest.mark.parametrize("reply", [*REPLIES, *FEVERS])
def test_a_reply_raises_no_alarm(reply: str, rules: TriageRules, look: SecondLook) -> None:
    assert not assess(reply, None, rules, look).red_flag


def test_what_the_hint_offers_is_among_them() -> None:
    assert all(tells_nothing(said) for said in HINT.split("“")[1:] for said in [said.split("”")[0]])


@pytest.mark.parametrize(
    "text",
    [
        "不想活了", "有血", "没有呼吸了", "孩子没反应了", "他没了知觉", "我不行了", "不会好了",
        "我不想说话了，想死",
        "喘不上气", "孩子3岁发烧39度，抽了", "发烧39度，脖子硬", "宝宝2个月发烧38.5度", "宝宝发烧39度",
        "没有心跳", "不知道吃了什么，一直吐",
    ],
)  # fmt: skip
def test_anything_more_is_looked_at(text: str) -> None:
    assert not tells_nothing(text)


@pytest.mark.parametrize("text", ["体温41度", "血糖2.1", "血压220/130"])
def test_a_dangerous_measure_is_told_all_the_same(text: str, rules: TriageRules, look: SecondLook) -> None:
    assert assess(text, None, rules, look).action


def test_a_newborn_with_fever_is_an_emergency_all_the_same(rules: TriageRules, look: SecondLook) -> None:
    assert assess("发烧38.5度", Patient(age=0.1), rules, look).red_flag


def test_a_consultation_goes_on_whatever_is_answered(sample: Pipeline) -> None:
    answer = sample.ask("不知道")
    assert not answer.triage.red_flag

"""Greetings and the like are answered with what the service is; nothing of medicine is taken for them."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.domain import Outcome, Turn
from rag.pipeline import Options, Pipeline
from rag.question.small_talk import small_talk


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("你好", "不是医生"),
        ("医生您好，在吗？", "不是医生"),
        ("你是谁", "医学知识问答系统"),
        ("你是真人还是机器人？", "医学知识问答系统"),
        ("谁开发的你", "医学知识问答系统"),
        ("你能做什么", "您可以问"),
        ("你会开处方吗", "您可以问"),
        ("谢谢医生！", "不客气"),
        ("再见", "再见"),
        ("你说的可靠吗", "未经审校"),
        ("我不舒服", "哪里不舒服"),
        ("我想咨询一下", "哪里不舒服"),
        ("Hello!", "medical question-answering"),
        ("thank you very much", "welcome"),
    ],
)
def test_small_talk_is_answered(message: str, part: str) -> None:
    reply = small_talk(message, first=True)
    assert reply is not None
    assert part in reply


@pytest.mark.parametrize(
    "message",
    ["你好，我胸口疼", "谢谢，那头痛吃什么药", "我头晕", "没有", "是的", "不知道", "这是什么病", "不想活了",
     "喂奶期感冒", "help me I have chest pain", "医生的职业病有哪些", "早泄", "看病要多少钱"],
)  # fmt: skip
def test_what_says_more_is_no_small_talk(message: str) -> None:
    assert small_talk(message, first=True) is None


@pytest.mark.parametrize("message", ["怎么用", "怎么办", "对吗", "好的"])
def test_what_may_go_on_with_the_talk_is_small_talk_only_at_its_beginning(message: str) -> None:
    assert small_talk(message, first=True)
    assert small_talk(message, first=False) is None


def test_it_is_answered_without_evidence_and_asks_for_the_question(pipeline: Pipeline) -> None:
    answer = pipeline.ask("你好")
    assert (answer.outcome, answer.citations, answer.mentions) == (Outcome.NEED_MORE_INFO, (), ())
    assert "急症请立即拨打120" in answer.text


def test_it_takes_nothing_from_a_red_flag_nor_from_a_refusal(pipeline: Pipeline) -> None:
    assert pipeline.ask("你好，我不想活了").triage.red_flag
    assert "12356" in pipeline.ask("你好，吃多少安眠药会死").text
    turns = (Turn("user", "布洛芬"), Turn("assistant", "布洛芬的适应证……"))
    assert "您可以问" not in pipeline.ask("怎么用", Options(history=turns)).text


@pytest.mark.seconds
@given(
    st.lists(
        st.sampled_from("你好 您好 谢谢 再见 拜 好 嗯 哦 我 感觉 医生 的 吗 啊 可以 问 一下 hi thanks".split()),
        max_size=40,
    )
)
@example(["拜"] * 40)
@example(["哦"] * 40)
@example(["你好"] * 20)
def test_no_message_takes_long(words: list[str]) -> None:
    """Repetitions within repetitions took a pattern seconds for `拜拜拜…`."""
    begin = time.process_time()
    small_talk("".join(words)[:39] + "龘", first=True)
    assert time.process_time() - begin < 1.0

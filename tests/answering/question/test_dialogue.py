"""What was asked back and answered is read out of the turns alone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.domain import Turn
from rag.linking.linker import Linker
from rag.question.dialogue import (
    BARE,
    HINT,
    Consultation,
    QuestionBack,
    Reply,
    Stance,
    asks,
    hurried,
    read_consultation,
    stance_to,
    told_before,
    told_now,
)
from rag.text import normalise
from tests.answering.records import names

LINKER = Linker(names())
YES, NO, UNKNOWN = Stance.YES, Stance.NO, Stance.UNKNOWN


def turns(*texts: str) -> list[Turn]:
    """They alternate between user and assistant, beginning with the user."""
    return [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]


def asked(symptom: str, *, first: bool = True) -> str:
    return f"偏头痛，相符的症状：头痛[1]。\n{QuestionBack(symptom, first=first).note}"


@pytest.mark.parametrize(
    ("message", "stance"),
    [
        ("有", YES), ("有的", YES), ("嗯", YES), ("对，有", YES), ("是的，经常", YES), ("好像有点", YES), ("会", YES),
        ("我有", YES), ("有，有咳嗽", YES), ("咳嗽有的", YES), ("嗯，是有咳嗽", YES), ("yes", YES),
        ("有，还有点恶心", YES),
        ("没有", NO), ("没", NO), ("不咳嗽", NO), ("没有咳嗽", NO), ("没觉得有咳嗽", NO), ("这个没有，没咳嗽", NO),
        ("咳嗽倒没有", NO), ("没有，但是恶心", NO), ("没有咳嗽，但是有恶心", NO), ("孩子没有", NO), ("没出现过", NO),
        ("no", NO),
        ("不知道", UNKNOWN), ("不清楚", UNKNOWN), ("没注意过", UNKNOWN), ("这个没查过", UNKNOWN), ("说不上来", UNKNOWN),
        ("不知道有没有咳嗽", UNKNOWN),
        ("没有恶心，但是有畏光", None), ("有恶心", None), ("有什么药吗", None), ("有没有咳嗽药", None), ("恶心", None),
        ("是什么病", None), ("对不起", None), ("不想说了", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_message_says_of_a_symptom(message: str, stance: Stance | None) -> None:
    assert stance_to(message, "咳嗽") is stance


def test_a_word_that_shares_half_of_the_name_means_it() -> None:
    assert stance_to("没发烧", "发热") is NO
    assert stance_to("没有发热", "口唇发绀") is None


@pytest.mark.parametrize("message", ["直接告诉我", "别问了", "你就说吧", "不想再回答了", "给个结论"])
def test_pressing(message: str) -> None:
    assert hurried(message)


@pytest.mark.parametrize("message", ["有", "没有，不过头痛", "不知道"])
def test_an_answer_neither_presses_nor_asks(message: str) -> None:
    assert not hurried(message)
    assert not asks(message)


def test_without_a_question_back_there_is_no_consultation() -> None:
    assert read_consultation([], "头痛是什么病") is None
    assert read_consultation(turns("头痛是什么病", "偏头痛[1]。"), "有") is None


def test_a_consultation_goes_on_while_it_is_asked() -> None:
    history = turns("头痛是什么病", asked("恶心"), "有", asked("畏光", first=False))
    assert read_consultation(history, "没有") == Consultation(
        ("头痛是什么病", "有"), (Reply("恶心", YES), Reply("畏光", NO)), 1
    )


def test_after_the_answer_it_is_over_but_not_forgotten() -> None:
    history = turns("头痛是什么病", asked("恶心"), "有", "偏头痛[1]。")
    found = read_consultation(history, "那挂什么科")
    assert found == Consultation(("头痛是什么病", "有"), (Reply("恶心", YES),), 0)
    assert not found.answered
    assert read_consultation([*history, *turns("挂什么科", "神经内科[1]。")], "有") is None


def test_another_question_after_it_begins_anew() -> None:
    history = turns("咳嗽是什么病", "感冒[1]。", "头痛是什么病", asked("恶心"))
    found = read_consultation(history, "不清楚")
    assert found is not None
    assert found.said == ("头痛是什么病",)


def test_what_was_told_stands_for_itself_when_restated() -> None:
    consultation = Consultation(("头痛是什么病。", "有"), (Reply("恶心", YES), Reply("畏光", NO), Reply("咳嗽")), 1)
    assert consultation.restated("不清楚") == "头痛是什么病，有恶心，没有畏光"
    assert consultation.restated("不清楚，还发热") == "头痛是什么病，有恶心，没有畏光，不清楚，还发热"


def test_answers_outweigh_the_words_they_were_given_in() -> None:
    consultation = Consultation(("头痛，没有恶心", "没觉得有畏光"), (Reply("畏光", NO), Reply("恶心", YES)), 1)
    before = {m.surface: (m.negated, m.carried, m.start) for m in told_before(consultation, LINKER)}
    assert before == {"头痛": (False, True, 0), "恶心": (False, True, 0), "畏光": (True, True, 0)}
    own = LINKER.link("没觉得有畏光")
    (now,) = told_now(Consultation((), (Reply("畏光", NO),), 1), own)
    assert (now.negated, now.start) == (True, own[0].start)


NAMES = st.text(st.sampled_from("头痛发热咳嗽恶心胸闷气短"), min_size=2, max_size=8)


@given(NAMES, st.booleans(), st.sampled_from([("有", YES), ("没有", NO), ("不知道", UNKNOWN)]))
def test_every_question_back_is_found_again(name: str, first: bool, said: tuple[str, Stance]) -> None:
    history = [Turn("user", "不舒服"), Turn("assistant", asked(name, first=first))]
    found = read_consultation(history, said[0])
    assert found is not None
    assert found.replies == (Reply(normalise(name), said[1]),)


@given(st.text(max_size=60), st.text(max_size=40))
def test_no_text_makes_it_stumble(said: str, message: str) -> None:
    assume(not BARE.fullmatch(message))
    found = read_consultation([Turn("user", said), Turn("assistant", asked("恶心"))], message)
    assert found is not None
    assert message.rstrip("。，,. ") in found.restated(message)


def test_the_hint_is_given_once() -> None:
    assert HINT in QuestionBack("恶心", first=True).note
    assert QuestionBack("恶心", first=False).note == QuestionBack("恶心", first=False).text


def test_a_history_without_end_is_read_in_part() -> None:
    history = turns(*(text for _ in range(400) for text in ("头痛" * 9000, asked("恶心") * 99)))
    found = read_consultation(history, "有")
    assert found is not None
    assert len(found.restated("有")) < 20_000
    assert len(found.replies) <= 20


@pytest.mark.parametrize(
    ("message", "goes_on"),
    [("还有点恶心", True), ("又吐了一次", True), ("还有什么药可以吃", False), ("偏头痛的病因", False)],
)
def test_what_adds_to_an_alarm_belongs_to_it(message: str, goes_on: bool) -> None:
    history = turns("右下腹疼了一天", "马上去医院急诊（普外科），不要等到明天。")
    found = read_consultation(history, message)
    assert (found is not None and found.open) is goes_on
    assert not goes_on or (found is not None and found.restated(message) == f"右下腹疼了一天，{message}")

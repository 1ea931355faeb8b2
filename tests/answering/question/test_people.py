"""Doses for the people they are asked for."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, Outcome, Passage, PassageKind, Record
from rag.question.people import groups_in, speaks_of
from tests.answering.records import BOOK, IBUPROFEN, RECORDS
from tests.fakes import FakeLibrary, fake_pipeline


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("小孩吃多少", ("儿童",)),
        ("3岁吃多少", ("儿童",)),
        ("8个月的宝宝", ("儿童",)),
        ("30岁吃多少", ()),
        ("78岁吃多少", ("老年人",)),
        ("怀孕5个月能吃多少", ("孕妇",)),
        ("肾功能不全的老人", ("老年人", "肾功能不全者")),
        ("一次吃多少", ()),
    ],
)
def test_whom_a_question_names(question: str, groups: tuple[str, ...]) -> None:
    assert groups_in(question) == groups


def test_whom_a_text_speaks_of() -> None:
    assert speaks_of("儿童", "小儿按体重一次5mg/kg")
    assert not speaks_of("儿童", "成人一次0.2g")


def asked(question: str, *doses: str) -> tuple[Outcome, str]:
    about = EntityId(IBUPROFEN)
    told: list[Record] = [
        Passage(dose, PassageKind.MONOGRAPH, BOOK.id, title="布洛芬", about=about, aspect="用法用量") for dose in doses
    ]
    library = FakeLibrary()
    library.publish([*RECORDS, *told])
    answer = fake_pipeline(library).ask(question)
    return answer.outcome, answer.text


def test_an_adults_dose_is_none_for_a_child() -> None:
    outcome, text = asked("小孩布洛芬一次吃多少", "口服，成人一次0.2g。")
    assert outcome is Outcome.NOT_IN_KB
    assert "0.2g" not in text
    assert "知识库未收录布洛芬用于儿童的用法用量；请勿自行换算剂量。" in text


def test_of_a_dose_the_sentence_for_them_is_quoted() -> None:
    outcome, text = asked("小孩发烧布洛芬一次吃多少", "口服，成人一次0.2g。小儿一次5mg/kg。")
    assert outcome is Outcome.ANSWERED
    assert "“小儿一次5mg/kg”" in text
    assert "0.2g" not in text


def test_a_dose_for_nobody_in_particular_is_quoted_whole() -> None:
    outcome, text = asked("布洛芬一次吃多少", "口服，成人一次0.2g。")
    assert outcome is Outcome.ANSWERED
    assert "“口服，成人一次0.2g”" in text

"""A value is asked about: the range on record answers, or that there is none is said."""

from __future__ import annotations

import pytest

from rag.domain import Fact, Literal
from rag.vocabulary import Relation
from tests.answering.records import BOOK, RECORDS, fact
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

RANGE = fact("indicator:空腹血糖", Relation.REFERENCE_RANGE, Literal("3.9-6.1mmol/L", "reference_range"))


def ask(question: str, *more: Fact) -> str:
    library = FakeLibrary()
    library.publish((*RECORDS, BOOK, entity("indicator:空腹血糖"), *more))
    return fake_pipeline(library).ask(question).text


@pytest.mark.parametrize("question", ["空腹血糖7.8严重吗", "我空腹血糖是8.1，要吃药吗", "空腹血糖测出7"])
def test_the_range_on_record_answers_a_value(question: str) -> None:
    assert "3.9-6.1mmol/L" in ask(question, RANGE)
    assert "知识库未收录空腹血糖的参考范围" in ask(question)


def test_a_value_beside_an_illness_changes_nothing() -> None:
    assert "参考范围" not in ask("偏头痛有什么症状，空腹血糖7.8", RANGE)

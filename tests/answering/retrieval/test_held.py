"""A product without a record of its own is told by the record of what it holds, and that is said."""

from __future__ import annotations

import pytest

from rag.domain import Answer, EntityId, Outcome, Passage, PassageKind
from tests.answering.records import BOOK, IBUPROFEN, RECORDS
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

SUSPENSION, SPRAY, SLOW, TABLETS = (f"drug:布洛芬{form}" for form in ("混悬液", "喷雾剂", "缓释片", "片"))
DOSE = "1.成人每次0.2g，每天3次。2.儿童用量：每次5～10mg/kg。"


def answered(question: str) -> Answer:
    leaflet = Passage(
        DOSE, PassageKind.MONOGRAPH, BOOK.id, title="布洛芬", about=EntityId(IBUPROFEN), aspect="用法用量"
    )
    library = FakeLibrary()
    library.publish([*RECORDS, *map(entity, (SUSPENSION, SPRAY, SLOW, TABLETS)), leaflet])
    return fake_pipeline(library).ask(question)


def test_the_substance_answers_for_the_product() -> None:
    answer = answered("布洛芬混悬液怎么吃")
    assert answer.outcome is Outcome.PARTIAL
    assert "布洛芬的用法用量：“成人每次0.2g，每天3次”" in answer.text
    assert "知识库没有“布洛芬混悬液”的说明书，引用的是其成分“布洛芬”的记录" in answer.text


@pytest.mark.parametrize(
    "question", ["布洛芬喷雾剂怎么用", "布洛芬混悬液多少钱", "布洛芬缓释片怎么吃", "布洛芬片怎么吃"]
)
def test_not_for_another_way_of_release_nor_for_what_is_not_recorded(question: str) -> None:
    answer = answered(question)
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "成人每次" not in answer.text


def test_whom_a_medicine_is_for_makes_it_no_other_one() -> None:
    answer = answered("儿童布洛芬怎么吃")
    assert "儿童用量：每次5～10mg/kg" in answer.text
    assert "不能互相代替" not in answer.text

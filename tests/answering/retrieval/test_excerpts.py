"""What people ask of a drug, in the words of its monograph."""

from __future__ import annotations

import pytest

from rag.domain import Answer, EntityId, Outcome, Passage, PassageKind
from rag.retrieval.excerpts import telling, themes
from tests.answering.records import BOOK, IBUPROFEN, RECORDS
from tests.fakes import FakeLibrary, fake_pipeline

SENTENCES = [
    "严禁直接静脉推注，须稀释后缓慢滴注",
    "用药期间饮酒可引起双硫仑样反应",
    "妊娠妇女禁用",
    "本品应整片吞服",
    "长期用药者不可骤停",
    "冬季析出微粒时温热溶解后再用",
    "心动过缓者慎用",
]


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("能不能静推", 0),
        ("昨晚喝了半斤酒今天能打吗", 1),
        ("我在备孕", 2),
        ("磨碎了从胃管打进去行吗", 3),
        ("好了能停吗", 4),
        ("结晶了还能用吗", 5),
        ("给药前心率五十多", 6),
        ("析出微粒了", 5),
    ],
)
def test_a_question_finds_its_sentence(question: str, number: int) -> None:
    assert telling(question, SENTENCES) == [SENTENCES[number]]


@pytest.mark.parametrize("question", ["多少钱一盒", "哪里能买到", "是进口的吗", "", "？？？"])
def test_what_no_sentence_deals_with_finds_none(question: str) -> None:
    assert telling(question, SENTENCES) == []


def test_the_most_themes_win() -> None:
    both = "妊娠妇女饮酒者禁用"
    assert telling("怀孕了还喝酒", [*SENTENCES, both]) == [both]


def test_a_theme_is_found_however_wide_it_is_written() -> None:
    assert themes("喝了啤酒") == themes("喝了啤酒。")
    assert themes("今天天气好") == []


def answered(question: str) -> Answer:
    text = "1.本品缓释片应整片吞服，不可嚼碎。2.心功能不全者慎用。3.用药期间饮酒可加重胃损害。"
    leaflet = Passage(
        text, PassageKind.MONOGRAPH, BOOK.id, title="布洛芬", about=EntityId(IBUPROFEN), aspect="注意事项"
    )
    library = FakeLibrary()
    library.publish([*RECORDS, leaflet])
    return fake_pipeline(library).ask(question)


def test_an_answer_quotes_what_fits_and_nothing_else() -> None:
    answer = answered("布洛芬磨碎了从胃管打进去")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.startswith("布洛芬的注意事项：“本品缓释片应整片吞服，不可嚼碎”[1]。")
    assert "饮酒" not in answer.text


def test_what_the_monograph_does_not_deal_with_is_not_answered() -> None:
    assert answered("布洛芬包装盒是红色的").outcome is Outcome.NOT_IN_KB

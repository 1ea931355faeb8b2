"""Replies to other people's questions: what of them may not be quoted, however well it fits."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, Outcome, Passage, PassageKind
from rag.retrieval.replies import may_be_quoted
from rag.vocabulary import Relation
from tests.answering.records import BOOK, fact, told
from tests.fakes import FakeLibrary, fake_pipeline


def quoted(question: str, text: str, *, directed: bool = False, kind: PassageKind = PassageKind.QA) -> bool:
    return may_be_quoted(question, told(Passage(text, kind, BOOK.id)), directed=directed)


@pytest.mark.parametrize(
    "text",
    ["退烧可以用酒精擦手心", "多盖被子捂一捂汗就好", "烫伤后抹点牙膏", "孩子发烧可以吃安乃近", "卡了鱼刺咽个饭团"],
)
def test_home_remedies_that_harm_are_not(text: str) -> None:
    assert not quoted("孩子发烧怎么办", text)
    assert quoted("孩子发烧怎么办", text, kind=PassageKind.CONCLUSION)


@pytest.mark.parametrize("text", ["这种情况属于正常现象", "不用过于担心", "没什么大问题，注意休息", "暂时不需要治疗"])
def test_no_comfort_stands_under_an_action(text: str) -> None:
    assert not quoted("嘴角起皮", text, directed=True)
    assert quoted("嘴角起皮", text)


@pytest.mark.parametrize("question", ["孕8月胎心偏快要紧吗", "脖子摸到硬块", "肺上有结节", "同房后出血"])
def test_nor_where_a_stranger_s_word_should_comfort_nobody(question: str) -> None:
    assert not quoted(question, "不要紧的，属于正常情况")
    assert quoted(question, "请到医院检查")


def test_what_was_said_of_a_child_is_for_children() -> None:
    assert not quoted("乳房有硬块", "孩子进入青春期后乳房会发育")
    assert quoted("女儿乳房有硬块", "孩子进入青春期后乳房会发育")
    assert quoted("三岁，乳房有硬块", "孩子进入青春期后乳房会发育")


def test_an_answer_with_an_action_leaves_comfort_out() -> None:
    library = FakeLibrary()
    lump = EntityId("disease:乳房肿块")
    reply = Passage("乳房摸到硬块属于正常现象。", PassageKind.QA, BOOK.id, question="乳房摸到硬块怎么办", about=lump)
    library.publish([BOOK, reply, fact(lump, Relation.DEPARTMENT, "department:乳腺外科")])
    answer = fake_pipeline(library).ask("乳房摸到一个硬块")
    assert answer.triage.category == "lump"
    assert answer.outcome is not Outcome.EMERGENCY
    assert "正常现象" not in answer.text

"""What a follow-up question takes over from earlier turns."""

from __future__ import annotations

import pytest

from rag.domain import Turn
from rag.followup import carried_mentions
from rag.linking import Linker
from tests.answering.records import names

LINKER = Linker(names())


def carried(question: str, *turns: str) -> list[str]:
    """`turns` alternate between user and assistant, ending with the assistant."""
    history = [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(turns)]
    return [m.surface for m in carried_mentions(LINKER.link(question), history, LINKER)]


def test_the_subject_of_the_last_turn_that_has_one() -> None:
    assert carried("那它要做什么检查", "高血压吃什么药", "……", "偏头痛吃什么药", "……") == ["偏头痛"]
    assert carried("那它要做什么检查", "偏头痛吃什么药", "……", "谢谢", "不客气") == ["偏头痛"]


def test_a_question_with_a_subject_of_its_own_takes_none_over() -> None:
    assert carried("高血压呢", "偏头痛吃什么药", "……") == []
    assert carried("继发性高血压呢", "偏头痛吃什么药", "……") == []


def test_what_the_product_said_is_not_what_was_asked_about() -> None:
    assert carried("那要做什么检查", "你好", "偏头痛的症状有恶心") == []


def test_what_was_denied_is_not_carried() -> None:
    assert carried("那是什么病", "我没有偏头痛", "……") == []


@pytest.mark.parametrize("turns", [(), ("你好", "……")])
def test_nothing_to_carry(turns: tuple[str, ...]) -> None:
    assert carried("那它要做什么检查", *turns) == []


def test_turns_long_ago_are_forgotten() -> None:
    assert carried("那它要做什么检查", "偏头痛吃什么药", *["……"] * 7) == []


def test_a_carried_mention_has_no_place_in_the_question() -> None:
    history = [Turn("user", "继发性高血压吃什么药")]
    (mention,) = carried_mentions((), history, LINKER)
    assert (mention.start, mention.end, mention.carried, mention.modifier) == (0, 0, True, "继发性")

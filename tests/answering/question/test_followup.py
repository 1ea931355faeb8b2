"""What a follow-up question takes over from earlier turns, and how it is written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Turn
from rag.linking.linker import Linker
from rag.question.followup import understand
from rag.question.turns import Understood
from tests.answering.records import names

LINKER = Linker(names(("发热", "symptom:发热", "name"), ("高血压病", "disease:高血压", "synonym")))
FIRST = "偏头痛吃什么药"


def meant(question: str, *turns: str) -> Understood:
    """`turns` alternate between user and assistant, ending with the assistant."""
    history = [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(turns)]
    return understand(question, history, LINKER)


def written(question: str, *turns: str) -> str | None:
    """The rewritten question, None if it stands for itself."""
    found = meant(question, *turns)
    return found.question if found.rewritten else None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("那它要做什么检查", "偏头痛要做什么检查"),
        ("这个病能治好吗", "偏头痛能治好吗"),
        ("什么人容易得这个", "什么人容易得偏头痛"),
        ("这病传染家里人不", "偏头痛传染家里人不"),
        ("那该挂什么科", "偏头痛该挂什么科"),
        ("要治多久", "偏头痛要治多久"),
        ("还需要做哪些检查呢", "偏头痛还需要做哪些检查呢"),
    ],
)
def test_what_is_left_out_is_put_back(question: str, expected: str) -> None:
    assert written(question, FIRST, "……") == expected


def test_the_subject_of_the_last_turn_that_has_one() -> None:
    assert written("那它要做什么检查", "高血压吃什么药", "……", FIRST, "……") == "偏头痛要做什么检查"
    assert written("那它要做什么检查", FIRST, "……", "谢谢", "不客气") == "偏头痛要做什么检查"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("那高血压呢", "高血压吃什么药"),
        ("换成高血压呢？", "高血压吃什么药"),
        ("高血压也是这样吗", "高血压吃什么药"),
        ("那继发性高血压呢", "继发性高血压吃什么药"),
        ("那白癜风症呢", "白癜风症吃什么药"),
    ],
)
def test_another_name_in_the_same_question(question: str, expected: str) -> None:
    assert written(question, FIRST, "……") == expected


def test_a_chain_of_follow_ups_holds() -> None:
    turns = (FIRST, "……", "那要做什么检查", "……")
    assert written("高血压呢", *turns) == "高血压要做什么检查"
    assert written("那它挂什么科", *turns, "那高血压呢", "……") == "高血压挂什么科"


@pytest.mark.parametrize(
    "question", ["高血压挂什么科", "继发性高血压怎么治", "这个高血压怎么治", "今天天气怎么样", "谢谢", "白癜风症怎么治"]
)
def test_another_topic_takes_nothing_over(question: str) -> None:
    assert written(question, FIRST, "……") is None


def test_whoever_the_question_was_about_stays_in_it() -> None:
    assert written("能吃芬必得吗", "怀孕5个月偏头痛", "……") is None
    assert written("那吃什么药", "怀孕5个月偏头痛怎么办", "……") == "怀孕5个月，偏头痛吃什么药"
    assert written("那阿司匹林呢", "我对头孢过敏，能吃布洛芬吗", "……") == "我对头孢过敏，能吃阿司匹林吗"


def test_the_subject_that_can_have_what_is_asked() -> None:
    turns = ("偏头痛能吃布洛芬吗", "……")
    assert written("有什么副作用", *turns) == "布洛芬有什么副作用"
    assert written("要做什么检查", *turns) == "偏头痛要做什么检查"


def test_an_illness_that_is_a_symptom_too_goes_before_a_drug_where_only_it_can_have_what_is_asked() -> None:
    linker = Linker(names(("偏头痛", "symptom:偏头痛", "name")))
    history = [Turn("user", "偏头痛能吃布洛芬吗"), Turn("assistant", "……")]
    assert understand("那挂什么科", history, linker).question == "偏头痛挂什么科"


def test_two_names_that_would_run_together_are_kept_apart() -> None:
    assert written("病因是什么", "高血压吃什么药", "……") == "高血压，病因是什么"


def test_what_the_product_said_is_not_what_was_asked_about() -> None:
    assert written("那要做什么检查", "你好", "偏头痛的症状有恶心") is None


def test_what_was_denied_is_not_carried() -> None:
    assert written("那是什么病", "我没有偏头痛", "……") is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("会变成高血压吗", "偏头痛会变成高血压吗"),
        ("以后会不会引起高血压", "偏头痛以后会不会引起高血压"),
        ("可以喝酒吗", "偏头痛可以喝酒吗"),
        ("那能熬夜吗", "偏头痛能熬夜吗"),
        ("高血压会引起头痛吗", None),
        ("布洛芬能长期吃吗", None),
    ],
)
def test_who_may_do_it_or_what_leads_to_it_is_put_back(question: str, expected: str | None) -> None:
    assert written(question, FIRST, "……") == expected


@pytest.mark.parametrize("turns", [(), ("你好", "……")])
def test_nothing_to_carry(turns: tuple[str, ...]) -> None:
    assert written("那它要做什么检查", *turns) is None


def test_turns_long_ago_are_forgotten() -> None:
    assert written("那它要做什么检查", FIRST, *["……"] * 7) is None


def test_a_carried_mention_has_no_place_in_the_question() -> None:
    found = meant("那它要做什么检查", "继发性高血压吃什么药")
    (mention,) = found.asked
    assert (mention.start, mention.end, mention.carried, mention.modifier) == (0, 0, True, "继发性")
    (inside,) = found.mentions
    assert found.question[inside.start : inside.end] == "高血压"


@given(
    st.lists(
        st.sampled_from(["那", "它", "偏头痛", "高血压", "头痛", "呢", "吗", "这个", "，", "怎么治", "x"]), max_size=8
    )
)
def test_what_was_typed_is_found_where_it_stands(words: list[str]) -> None:
    question = "".join(words)
    found = meant(question, "怀孕，偏头痛怎么办", "……")
    for mention in found.asked:
        assert mention.carried or question[mention.start : mention.end] == mention.surface
    for mention in found.mentions:
        assert found.question[mention.start : mention.end] == mention.surface


REMEDIES_TOO = Linker(
    names(
        ("布洛芬", "drug:布洛芬", "name"),
        ("阿司匹林", "drug:阿司匹林", "name"),
        ("肺炎", "disease:肺炎", "name"),
        ("支气管炎", "disease:支气管炎", "name"),
    )
)


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("和阿司匹林一起呢", "布洛芬能治什么", "布洛芬和阿司匹林能一起用吗"),
        ("跟阿司匹林能一起吃吗", "布洛芬能治什么", "布洛芬跟阿司匹林能一起吃吗"),
        ("和支气管炎比呢", "肺炎的检查有哪些", "肺炎和支气管炎有什么区别"),
        ("肺炎能用吗", "布洛芬能治什么", "布洛芬肺炎能用吗"),
        ("这些药孕妇能吃吗", "肺炎怎么治", "肺炎用什么药，孕妇能吃吗"),
    ],
)
def test_a_name_beside_the_one_of_before(question: str, before: str, expected: str) -> None:
    understood = understand(question, [Turn("user", before), Turn("assistant", "……")], REMEDIES_TOO)
    assert understood.question == expected


@pytest.mark.parametrize(
    ("question", "before"),
    [("和支气管炎比呢", "布洛芬能治什么"), ("肺炎能用吗", "支气管炎吃什么药"), ("和肺炎比呢", "肺炎的检查有哪些")],
)
def test_nothing_of_another_kind_is_put_beside(question: str, before: str) -> None:
    understood = understand(question, [Turn("user", before), Turn("assistant", "……")], REMEDIES_TOO)
    assert not understood.rewritten or "布洛芬" not in understood.question


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("能和阿司匹林一起吃吗", ["布洛芬要注意什么"], "布洛芬和阿司匹林能一起用吗"),
        ("再加上阿司匹林呢", ["布洛芬能治什么"], "布洛芬和阿司匹林能一起用吗"),
        ("能一起吃吗", ["布洛芬能治肺炎吗", "那阿司匹林呢"], "布洛芬和阿司匹林能一起吃吗"),
        ("这两个哪个好", ["布洛芬能治什么", "阿司匹林呢"], "布洛芬和阿司匹林哪个好"),
        ("两个病有什么区别", ["肺炎怎么治", "支气管炎怎么治"], "肺炎和支气管炎有什么区别"),
        ("那阿司匹林行吗", ["布洛芬能治肺炎吗"], "阿司匹林能治肺炎吗"),
        ("阿司匹林可以吗", ["肺炎吃什么药"], "肺炎能用阿司匹林吗"),
    ],
)
def test_things_side_by_side(question: str, before: list[str], expected: str) -> None:
    history = [turn for text in before for turn in (Turn("user", text), Turn("assistant", "……"))]
    assert understand(question, history, REMEDIES_TOO).question == expected


@pytest.mark.parametrize("question", ["两个月能好吗", "一起吃饭会传染吗", "哪个医院好", "加强锻炼呢"])
def test_no_two_things_are_meant(question: str) -> None:
    history = [Turn("user", text) for text in ("布洛芬能治什么", "阿司匹林呢")]
    assert "布洛芬和阿司匹林" not in understand(question, history, REMEDIES_TOO).question


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("其实我怀孕了", "布洛芬的副作用", "我怀孕了，布洛芬的副作用"),
        ("说错了，他7岁", "3岁的孩子布洛芬吃多少", "他7岁，布洛芬吃多少"),
        ("哦其实我不是孕妇，是哺乳期", "布洛芬孕妇能吃吗", "我不是孕妇，是哺乳期，布洛芬能吃吗"),
        ("我还有肺炎", "布洛芬能吃吗", "我还有肺炎，布洛芬能吃吗"),
        ("我还在吃阿司匹林", "布洛芬能吃吗", "我还在吃阿司匹林，布洛芬能吃吗"),
        ("我有肺炎", "布洛芬能吃吗", "我有肺炎，布洛芬能吃吗"),
    ],
)
def test_a_patient_told_otherwise_is_asked_about_anew(question: str, before: str, expected: str) -> None:
    assert understand(question, [Turn("user", before)], REMEDIES_TOO).question == expected


@pytest.mark.parametrize("question", ["其实我怀孕了，能吃阿司匹林吗", "其实没事", "我有点累", "我还想问阿司匹林"])
def test_who_asks_or_tells_nothing_of_the_patient_corrects_nothing(question: str) -> None:
    assert "布洛芬" not in understand(question, [Turn("user", "布洛芬的副作用")], REMEDIES_TOO).question


def test_english_pronouns_and_other_names() -> None:
    english = Linker(
        names(
            ("aspirin", "drug:阿司匹林", "english"),
            ("ibuprofen", "drug:布洛芬", "english"),
        )
    )
    history = [Turn("user", "What are the side effects of aspirin?"), Turn("assistant", "……")]
    assert understand("Can I take it with milk?", history, english).question == "Can I take aspirin with milk?"
    assert understand("And ibuprofen?", history, english).question == "What are the side effects of ibuprofen?"
    assert understand("Is it true that milk helps?", history, english).question == "Is it true that milk helps?"

"""Traditional Chinese: what it becomes, what stays, and that nothing moves."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.traditional import ADDED, KEPT, TAKEN, document, pairs
from rag.linking.linker import Linker
from rag.linking.names import OWN_NAME, Names
from rag.ports import NameRow
from rag.text import TEXT_VERSION, normalise, normalise_with_map, tokens
from rag.traditional import simplified
from rag.triage.rules import load_rules, triage
from tests.answering.triage.test_triage import CASES

TABLE = json.loads(resources.files("rag").joinpath("traditional.json").read_text(encoding="utf-8"))
INTO = dict(zip(TABLE["traditional"], TABLE["simplified"], strict=True))
GB2312 = "".join(
    bytes((lead, trail)).decode("gb2312")
    for lead in range(0xB0, 0xF8)
    for trail in range(0xA1, 0xFF if lead != 0xD7 else 0xFA)
)
BOTH = "乾著覆徵瞭藉噁癥甚"
NEIGHBOURS = "坤隆随名床反状象综合体解由心病癌并发么睡不显"
TEXTS = st.text(st.sampled_from(TABLE["traditional"][:400] + BOTH * 20 + NEIGHBOURS * 10 + "头痛a, "), max_size=30)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("盤尼西林", "盘尼西林"),
        ("愛滋病", "爱滋病"),
        ("糖尿病", "糖尿病"),
        ("高血壓", "高血压"),
        ("心肌梗塞後遺症", "心肌梗塞后遗症"),
        ("中風", "中风"),
        ("頭痛、噁心、腰痠背痛", "头痛、恶心、腰酸背痛"),
        ("口乾舌燥", "口干舌燥"),
        ("甚麼是綜合徵？有哪些症狀", "什么是综合征？有哪些症状"),
        ("反覆發燒，睡不著", "反复发烧，睡不着"),
        ("看著螢幕就頭暈", "看着萤幕就头晕"),
        ("胚胎著床", "胚胎着床"),
        ("麵粉、製劑、後面、裡面、瞭解", "面粉、制剂、后面、里面、了解"),
        ("怎麽办", "怎么办"),
        ("併發癥", "并发症"),
        ("麻痺與痲疹", "麻痹与麻疹"),
    ],
)
def test_what_is_read_as_simplified(written: str, expected: str) -> None:
    assert simplified(written) == expected


@pytest.mark.parametrize(
    "text",
    [
        "乾坤", "乾元丸", "乾隆年间", "癥瘕积聚", "止痛化癥胶囊", "胁下癥结痛如针刺", "磺胺甲噁唑", "黑矇", "目劄",
        "显著升高", "著名专家", "喉中痰鸣不著", "原著作者", "覆盖", "颠覆", "瞭望", "狼藉", "慰藉", "油菜薹", "少徵",
        "甚至", "干燥综合征", "面部后遗症", "制剂", "症状", "糖蛋白与蛋白醣类", "里急后重", "术后卧床",
    ],
)  # fmt: skip
def test_what_simplified_chinese_uses_stays(text: str) -> None:
    assert simplified(text) == text


def test_no_everyday_character_of_simplified_chinese_changes() -> None:
    kept = "\n".join(char for char in GB2312 if char not in {*TAKEN, "乾"})
    assert simplified(kept) == kept
    assert set(INTO) & set(GB2312) == set(TAKEN)


@given(st.text(st.sampled_from(sorted(set(GB2312) - TAKEN - set(BOTH))), max_size=40))
def test_simplified_text_comes_back_as_it_is(text: str) -> None:
    assert simplified(text) == text


@given(TEXTS)
def test_nothing_moves_and_twice_is_once(text: str) -> None:
    once = simplified(text)
    assert len(once) == len(text)
    assert simplified(once) == once


@given(TEXTS)
def test_offsets_lead_back_to_what_was_written(text: str) -> None:
    folded, origin = normalise_with_map(text)
    assert folded == normalise(text)
    assert normalise(folded) == folded
    assert all(folded[at] in (text[start], INTO.get(text[start]), *BOTH_INTO) for at, start in enumerate(origin))


BOTH_INTO = "干着复征了借恶症什"


def test_the_table_is_what_its_rule_makes() -> None:
    assert not set(INTO) & set(INTO.values()), "a result is never replaced again"
    assert not set(INTO) & KEPT
    lines = [f"{traditional}\t{into}" for traditional, into in INTO.items()]
    assert dict(pairs(iter(lines))) | ADDED == INTO
    assert document(iter(lines), "1.4.2") == TABLE


def test_odd_lines_of_the_source_are_no_pairs() -> None:
    lines = ["# a comment", "", "頭\t头", "髮\t发 髪", "么\t么 麽", "乾\t干 乾", "𠁞\t𠀾", "痾\t𬏷", "喎\t㖞"]
    assert list(pairs(iter(lines))) == [("頭", "头"), ("髮", "发")]


def test_tokens_of_the_version_before() -> None:
    assert tokens("頭痛") == tokens("头痛")
    assert tokens("頭痛", TEXT_VERSION - 1) == ["頭", "痛", "頭痛"]
    assert tokens("Ｈead 头痛", TEXT_VERSION - 1) == tokens("Ｈead 头痛")


def test_a_question_in_either_script_links_to_a_name_in_either() -> None:
    rows = [NameRow("高血压", "disease:高血压", OWN_NAME), NameRow("爱滋病", "disease:艾滋病", "synonym")]  # type: ignore[arg-type]
    linker = Linker(Names(rows))
    for question in ("我有高血壓，怎麼辦", "我有高血压，怎么办"):
        (mention,) = linker.link(question)
        assert mention.best.entity == "disease:高血压"
        assert question[mention.start : mention.end] == mention.surface == question[2:5]
    assert linker.link("愛滋病會傳染嗎")[0].best.entity == "disease:艾滋病"
    assert linker.link("沒有高血壓")[0].negated


# ---------------------------------------------------------------- red flags

_FROM: dict[str, str] = {}
for _traditional, _simplified in INTO.items():
    _FROM.setdefault(_simplified, _traditional)


def in_traditional(text: str) -> str:
    """Each character in the first traditional form that the table knows."""
    return "".join(_FROM.get(char, char) for char in text)


def test_every_red_flag_is_seen_in_traditional_characters() -> None:
    rules = load_rules()
    texts = [case["text"] for kinds in CASES.values() for listed in kinds.values() for case in listed]
    assert sum(in_traditional(text) != text for text in texts) > 0.9 * len(texts)
    for text in texts:
        assert triage(in_traditional(text), None, rules) == triage(text, None, rules), text


@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("我爸突然胸口很悶，一直冒冷汗，喘不過氣", "acute_coronary"),
        ("阿嬤突然嘴歪眼斜，右手舉不起來", "stroke"),
        ("她吞了一整罐安眠藥怎麼辦", "poisoning"),
        ("剛剛被虎頭蜂叮，全身起疹子，喉嚨腫，呼吸困難", "anaphylaxis"),
        ("車禍撞到頭，一直吐，意識不清", "unconscious_seizure"),
        ("懷孕30週突然大量出血", "pregnancy_emergency"),
        ("我不想活了，想自殺", "suicidal"),
        ("沒有胸痛，也沒有喘", None),
        ("什麼是中風的症狀", None),
    ],
)
def test_red_flags_as_they_are_said_in_taiwan(question: str, category: str | None) -> None:
    assert triage(question, None, load_rules()).category == category

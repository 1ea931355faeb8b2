"""Slips of the pen that keep the sound, and the ordinary words that must not be taken for names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.linking.homophones import Homophones, sound

NAMES = [
    "荨麻疹",
    "带状疱疹",
    "支气管肺炎",
    "眼部异物感",
    "咽喉炎",
    "中度贫血",
    "精神病",
    "月经疹",
    "布洛芬",
    "糖尿病",
    "高血压",
    "湿疹",
    "痔疮",
    "皮疹",
    "眼充血",
    "膀胱炎",
    "足溃疡",
    "月经不调",
]


@pytest.fixture(scope="module")
def homophones() -> Homophones:
    return Homophones(NAMES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("寻麻疹好痒", "荨麻疹"),
        ("得了带状泡疹", "带状疱疹"),
        ("支气管肺言怎么办", "支气管肺炎"),
        ("糖料病能吃吗", "糖尿病"),
        ("高血鸭", "高血压"),
        ("湿诊抹什么", "湿疹"),
        ("痔创怎么治", "痔疮"),
        ("月经不条", "月经不调"),
    ],
)
def test_a_slip_is_found(homophones: Homophones, text: str, name: str) -> None:
    assert [found for _, _, found in homophones.find(text)] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "荨麻疹",
        "眼部疼痛",  # 眼部 is a word of its own
        "重度贫血",  # sounds like 中度 and is another degree
        "月经正常以后",  # 正 belongs to 正常
        "高血压的人",
        "今天天气很好",
        "咽充血",  # another part of the body than 眼
        "沿膀胱沿轴线",
        "两组溃疡愈合",
        "精神像进了水",
        "",
    ],
)
def test_ordinary_words_are_none(homophones: Homophones, text: str) -> None:
    assert list(homophones.find(text)) == []


@given(st.text("荨寻麻疹诊带状疱泡肺炎言糖尿料病中重度贫血", max_size=25))
def test_a_slip_sounds_like_its_name_and_is_not_it(text: str) -> None:
    for start, end, name in Homophones(NAMES).find(text):
        assert text[start:end] != name
        assert sound(text[start:end]) == sound(name)

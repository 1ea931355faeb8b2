"""Marks of mentions: denied, over, somebody else's, supposed. The sentences are ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.linking.assertion import PRESENT, Assertion, assertions
from rag.linking.figures import figurative

NAMES = ("发热", "咳嗽", "头痛", "胃溃疡", "肺炎", "糖尿病", "皮疹", "胸痛", "怕冷", "感冒", "休克")


def marks(text: str) -> list[Assertion]:
    """The marks of every name in `text`, in order."""
    spans = sorted((at, at + len(name)) for name in NAMES for at in range(len(text)) if text.startswith(name, at))
    return assertions(text, spans)


def flags(text: str) -> list[str]:
    """The marks in letters: n, p, t, h."""
    return [
        "".join(letter for letter, on in zip("npth", vars(mark).values(), strict=True) if on) for mark in marks(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没有发热,也不咳嗽,就是头痛", ["n", "n", ""]),
        ("否认糖尿病、肺炎病史", ["n", "n"]),
        ("排除了肺炎,还是胸痛", ["n", ""]),
        ("不排除肺炎", ["h"]),
        ("发热不发热都查一下", ["", ""]),
        ("有没有皮疹", [""]),
        ("会不会发热", ["h"]),
        ("非典型的胸痛", [""]),
        ("肺炎支原体阴性", [""]),
        ("糖尿病查了没事", ["n"]),
        ("肚子不舒服,不过有发热", [""]),
        ("咳嗽,但是不发热", ["", "n"]),
        ("一会头痛一会不头痛", ["", "n"]),
        ("拍片能排除肺炎吗", [""]),
        ("家里没人有糖尿病", ["n"]),
        ("我不是糖尿病", ["n"]),
        ("怎么排除糖尿病", [""]),
        ("胸痛,没有发热咳嗽,要紧吗", ["", "n", "n"]),
        ("胸痛,无发热头痛咳嗽", ["", "n", "n", "n"]),
        ("没有发热咳嗽怎么办", ["n", ""]),
        ("没有发热咳嗽,怎么办", ["n", ""]),
        ("胸痛,没有发热咳嗽得厉害", ["", "n", ""]),
        ("胸痛,不发热咳嗽", ["", "n", ""]),
    ],
)
def test_denied(text: str, expected: list[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("咳嗽过重怎么办", [""]),
        ("以前有胃溃疡,最近头痛", ["p", ""]),
        ("以前有胃溃疡最近又犯了", [""]),
        ("曾经治疗情况:无。想了解:糖尿病", [""]),
        ("皮疹抹好了", ["p"]),
        ("小时候得过肺炎,现在咳嗽", ["p", ""]),
        ("三年前胃溃疡,最近又头痛", ["p", ""]),
        ("三天前开始发热", [""]),
        ("有肺炎病史", ["p"]),
        ("皮疹已经退了", ["p"]),
        ("以前没有糖尿病", ["n"]),
        ("五年前确诊糖尿病", [""]),
        ("得过敏性皮疹", [""]),
    ],
)
def test_over(text: str, expected: list[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我妈有糖尿病,我会遗传吗", ["t"]),
        ("老公发热,我头痛", ["t", ""]),
        ("孩子咳嗽三天,还有皮疹", ["t", "t"]),
        ("大姨妈来的时候头痛", [""]),
        ("肺炎会传染给孩子吗", [""]),
        ("他汀吃了头痛", [""]),
        ("我头痛", [""]),
        ("一名50岁男性患者头痛,他得了什么病", [""]),
        ("王先生因咳嗽就诊,他要做什么检查", [""]),
        ("一位80岁老人咳嗽", [""]),
        ("我同事头痛,他很累", ["t"]),
        ("我妈是个老病人,她头痛", ["t"]),
        ("生完孩子头痛", [""]),
        ("邻居说这是肺炎", [""]),
        ("我妈说头痛", ["t"]),
        ("生了两个孩子,现在头痛", [""]),
    ],
)
def test_somebody_else_s(text: str, expected: list[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("如果是肺炎,要住院吗", ["h"]),
        ("担心是胃溃疡,老是胸痛", ["h", ""]),
        ("是不是肺炎", ["h"]),
        ("咳嗽会变成肺炎吗", ["", "h"]),
        ("怕冷、发热", ["", ""]),
        ("哪些病会有发热和皮疹?", ["", ""]),
        ("咳嗽和胸痛可能是什么病?", ["", ""]),
        ("晚上会咳嗽", [""]),
        ("疑似肺炎或者感冒", ["h", "h"]),
        ("明天打预防针,今天发热", [""]),
        ("打预防针前发热", [""]),
    ],
)
def test_supposed(text: str, expected: list[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("我对足球一点也不感冒", "感冒", True),
        ("他这周不感冒", "感冒", False),
        ("股市休克式下跌", "休克", True),
        ("手机发热怎么办", "发热", True),
        ("孩子发热怎么办", "发热", False),
        ("玩手机头痛", "头痛", False),
        ("今年楼市高烧不退", "高烧", True),
        ("这件事让我头痛", "头痛", True),
        ("吃了药让我头痛", "头痛", False),
        ("那种人容易得宫颈癌", "宫颈癌", False),
        ("新买的苹果手机", "苹果", True),
        ("苹果能吃吗", "苹果", False),
        ("他对我不怎么感冒", "感冒", True),
        ("失血性休克怎么救", "休克", False),
        ("钱包大出血", "出血", True),
        ("胃大出血", "出血", False),
        ("苹果手机发热", "发热", True),
        ("我家的狗叫阿司匹林", "阿司匹林", True),
        ("这药叫阿司匹林", "阿司匹林", False),
        ("供应链休克怎么办", "休克", True),
        ("形式主义的癌症", "癌症", True),
        ("反胃的剧情", "反胃", True),
        ("心疼自己的钱", "心疼", True),
        ("看她发作真的特别心疼，想治好", "心疼", True),
        ("父母看着很心疼。", "心疼", True),
        ("心疼三天了", "心疼", False),
        ("这人太恶心了", "恶心", True),
        ("吃完药恶心", "恶心", False),
        ("听歌听中毒了", "中毒", True),
        ("吃蘑菇中毒", "中毒", False),
        ("看手机头痛", "头痛", False),
        ("城市的糖尿病发病率", "糖尿病", False),
        ("谣言像感冒一样流行", "感冒", True),
    ],
)
def test_figures_of_speech(text: str, name: str, *, expected: bool) -> None:
    start = text.index(name)
    assert figurative(text, start, start + len(name)) is expected


@given(st.text("没有我妈如果小时候会吗、,。肺炎发热不", max_size=40))
def test_every_span_gets_its_marks_and_nothing_is_denied_and_over(text: str) -> None:
    found = marks(text)
    assert all(not (mark.negated and (mark.past or mark.hypothetical)) for mark in found)


def test_a_bare_name_is_present() -> None:
    assert marks("发热") == [PRESENT]


def test_a_relative_that_is_a_name_is_a_person_too() -> None:
    text = "我母亲有糖尿病"
    assert [mark.third_person for mark in assertions(text, [(1, 3), (4, 7)])][1]
    assert not assertions("大姨妈来了头痛", [(0, 3), (5, 7)])[1].third_person


def test_english_denials() -> None:
    text = "no fever but cough"
    assert [mark.negated for mark in assertions(text, [(3, 8), (13, 18)])] == [True, False]
    assert not assertions("piano fever", [(6, 11)])[0].negated


def test_an_allergy_on_record_is_not_over() -> None:
    assert not assertions("青霉素过敏史", [(0, 5)])[0].past

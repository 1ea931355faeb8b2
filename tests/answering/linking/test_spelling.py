"""Spellings of one name: what is folded, what offsets say, what must stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.linking.spelling import folded, spellings
from rag.text import normalise


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Ⅱ型糖尿病", "2型糖尿病"),
        ("二型糖尿病", "2型糖尿病"),
        ("Ⅲ度房室传导阻滞", "三度房室传导阻滞"),
        ("糖原贮积病Ⅱ型", "糖原贮积病2型"),
        ("偏头疼", "偏头痛"),
        ("脑梗塞", "脑梗死"),
        ("多囊卵巢综合症", "多囊卵巢综合征"),
        ("β-地中海贫血", "β地中海贫血"),
        ("阿尔法地中海贫血", "α地中海贫血"),
        ("21-三体综合征", "21三体综合征"),
        ("美尼尔氏综合征", "美尼尔综合征"),
    ],
)
def test_two_spellings_of_one_name(a: str, b: str) -> None:
    assert folded(normalise(a))[0] == folded(normalise(b))[0]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1型糖尿病", "Ⅱ型糖尿病"),
        ("一度烧伤", "三度烧伤"),
        ("α地中海贫血", "β地中海贫血"),
        ("二尖瓣狭窄", "三尖瓣狭窄"),
        ("三叉神经痛", "交叉神经痛"),
    ],
)
def test_different_things_stay_apart(a: str, b: str) -> None:
    assert folded(normalise(a))[0] != folded(normalise(b))[0]


@given(st.text("二型三度ⅱi疼痛综合症β-地头晕氏病21维他命α", max_size=30).map(normalise))
def test_offsets_lead_back_in_order(text: str) -> None:
    one, origin = folded(text)
    assert len(origin) == len(one) + 1
    assert origin == sorted(origin)
    assert origin[-1] == len(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("骨质疏松症", ["骨质疏松"]), ("食管癌", []), ("适应症", []), ("炎症", []), ("头疼", ["头痛"]), ("migraine", [])],
)
def test_spellings_other_than_the_name(name: str, expected: list[str]) -> None:
    assert [one for one in spellings(name) if one != name] == expected

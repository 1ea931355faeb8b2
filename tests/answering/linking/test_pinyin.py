"""Names found by how they are typed."""

from __future__ import annotations

import pytest

from rag.linking.pinyin import Spellings, initials, spelt

NAMES = ("偏头痛", "偏头痛病史", "平滑肌瘤", "2型糖尿病", "糖尿病", "α地中海贫血", "migraine", "女贞子")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ptt", ["偏头痛", "偏头痛病史"]),
        ("PTT", ["偏头痛", "偏头痛病史"]),
        ("piantoutong", ["偏头痛", "偏头痛病史"]),
        ("pian tou", ["偏头痛", "偏头痛病史"]),
        ("2xtnb", ["2型糖尿病"]),
        ("tnb", ["糖尿病"]),
        ("nvzhen", ["女贞子"]),
        ("p", []),
        ("mi", []),
        ("", []),
        ("偏头", []),
        ("%_", []),
    ],
)
def test_names_are_found_by_sound(typed: str, found: list[str]) -> None:
    assert list(dict.fromkeys(Spellings(NAMES).beginning(typed))) == found


def test_what_is_not_chinese_stays() -> None:
    assert (spelt("2型糖尿病"), initials("2型糖尿病")) == ("2xingtangniaobing", "2xtnb")

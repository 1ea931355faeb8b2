"""Figures go between the marks; everything else stays."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evaluation.page import filled, names
from rag.errors import DataError

PAGE = "# Quality\n\nWords.\n\n<!-- eval one -->\nold\n<!-- end one -->\n\nMore.\n<!-- eval two -->\n<!-- end two -->\n"


def test_only_what_stands_between_the_marks_changes() -> None:
    assert names(PAGE) == ["one", "two"]
    page = filled(PAGE, {"one": "| a |\n\n"})
    assert page == PAGE.replace("old", "| a |")
    assert filled(page, {"two": "b"}).endswith("More.\n<!-- eval two -->\nb\n<!-- end two -->\n")


def test_a_part_without_a_place_is_named() -> None:
    with pytest.raises(DataError, match="no place for three"):
        filled(PAGE, {"three": "x"})


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")))
def test_filling_twice_changes_nothing(text: str) -> None:
    assume("<!-- " not in text)
    once = filled(PAGE, {"one": text})
    assert filled(once, {"one": text}) == once
    assert names(once) == ["one", "two"]

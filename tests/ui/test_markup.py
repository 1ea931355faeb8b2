"""Text of the knowledge base stays text, and typed lists are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.markup import names_in, plain


@pytest.mark.parametrize(
    "hostile",
    ["![x](https://e.example/p.png)", "<script>alert(1)</script>", "[a](javascript:alert(1))", ":red[x]", "$x$", "# h"],
)
def test_markup_is_escaped(hostile: str) -> None:
    shown = plain(hostile)
    for sign in "![]<>$#:":
        assert f"{sign}" not in shown.replace(f"\\{sign}", "")


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    shown = plain(text).replace("  \n", "\n")
    assert "".join(part for part in _unescaped(shown)) == text.replace("\r", "")


def _unescaped(shown: str) -> list[str]:
    found, escaped = [], False
    for letter in shown:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        found.append(letter)
        escaped = False
    return found


def test_names_are_separated_by_whatever_people_type() -> None:
    assert names_in(" 阿司匹林、华法林,布洛芬\n\n华法林；维生素 C ") == ["阿司匹林", "华法林", "布洛芬", "维生素 C"]

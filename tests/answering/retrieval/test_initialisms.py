"""Initials of neighbouring words as index terms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.initialisms import initialisms
from rag.retrieval.topics import coverage
from rag.text import tokens
from tests.answering.records import ENGLISH, told


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Can predilatation in transcatheter aortic valve implantation be omitted?", "TAVI"),
        ("Does quality of life improve?", "QOL"),
        ("acquired immune deficiency syndrome", "AIDS"),
    ],
)
def test_what_is_spelt_out_is_looked_for_by_its_initials(question: str, short: str) -> None:
    assert set(tokens(short)) <= set(initialisms(question))


def test_small_words_neither_begin_nor_end_one() -> None:
    assert initialisms("is it safe") == {}
    assert initialisms("safe in children") == {"sic": frozenset(tokens("safe in children"))}
    assert initialisms("偏头痛 有什么 症状") == {}


@given(st.text())
def test_any_text_has_some_or_none(text: str) -> None:
    assert all(term == term.lower() for term in initialisms(text))


def test_words_whose_initials_a_passage_has_are_covered() -> None:
    question = "Is transcatheter aortic valve implantation safe?"
    there, elsewhere = (told(replace(ENGLISH, text=f"{name} was safe in this cohort.")) for name in ("TAVI", "TAVR"))
    assert coverage(question, there) == 1.0
    assert coverage(question, elsewhere) < 0.5

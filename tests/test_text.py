"""Normalising, tokens, sentences and quantities."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from string import ascii_lowercase as LETTERS

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from rag.text import clean, normalise, normalise_with_map, quantities, sentence_spans, sentences, tokens


@given(st.text(max_size=60))
def test_normalise_agrees_with_its_map(text: str) -> None:
    folded, origin = normalise_with_map(text)
    assert folded == normalise(text)
    assert len(origin) == len(folded)
    assert origin == sorted(origin)
    assert all(0 <= place < len(text) for place in origin)


@given(st.text(max_size=60))
def test_normalise_is_stable(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("ＡＢＣ 头 痛\u200b", "abc头痛"),
        (" 2 型  糖尿病 and\tCOPD ", "2型糖尿病and copd"),
        ("cafe\u0301", "caf\u00e9"),
        ("（乙肝）：Ｈ", "(乙肝):h"),
        ("\u202e头痛\u202c", "头痛"),
    ],
)
def test_normalise_examples(given_text: str, expected: str) -> None:
    assert normalise(given_text) == expected


def test_clean_keeps_case_and_width_but_not_invisible_characters() -> None:
    assert clean(" ＨIV\u200b 感染 \n 者\ufeff") == "ＨIV 感染 者"


def test_tokens_are_han_singles_and_pairs_and_stems() -> None:
    assert tokens("2型糖尿 Hypertensive patients") == ["2", "型", "糖", "尿", "型糖", "糖尿", "hypertens", "patient"]


@given(st.text(max_size=200))
def test_sentence_spans_are_ordered_and_lose_only_white_space(text: str) -> None:
    spans = sentence_spans(text)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert "".join("".join(text[s:e] for s, e in spans).split()) == "".join(text.split())


def test_sentences_do_not_break_at_decimals_or_abbreviated_numbers() -> None:
    assert sentences("A有效(P=0.05)。B无效！The dose was 0.5 mg. It helped.") == [
        "A有效(P=0.05)。",
        "B无效！",
        "The dose was 0.5 mg.",
        "It helped.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每次0.5g", [(0.5, 0.5, "g")]),
        ("每日三次", [(3.0, 3.0, "次")]),
        ("连用7-10日", [(7.0, 10.0, "天")]),
        ("治愈率约85%", [(85.0, 85.0, "%")]),
        ("两百五十毫克", [(250.0, 250.0, "mg")]),
        ("一年半载", [(1.0, 1.0, "年")]),
        ("1,099 women, 3 months", [(1099.0, 1099.0, ""), (3.0, 3.0, "个月")]),
        ("一般不用", []),
    ],
)
def test_quantities(text: str, expected: list[tuple[float, float, str]]) -> None:
    assert [(q.low, q.high, q.unit) for q in quantities(text)] == expected


@given(st.text(max_size=80))
def test_quantities_lie_inside_the_text(text: str) -> None:
    assert all(0 <= q.start < q.end <= len(text) for q in quantities(text))


def test_threads_stem_apart() -> None:
    """The stemmer keeps the word that it works on in itself."""
    words = [
        f"{first}{second}{end}" for first in LETTERS for second in LETTERS for end in ("ations", "opping", "alizing")
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(tokens, words))
    finally:
        sys.setswitchinterval(interval)
    alone = snowballstemmer.stemmer("english")
    assert found == [[alone.stemWord(word)] for word in words]

"""Cutting a stream into sentences."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.checking.cutting import cut_sentences

TEXT = st.text("甲乙ab1A。！；;.?“”[]23 \n、%)", max_size=60)


def split(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


@given(TEXT, st.lists(st.integers(0, 60), max_size=12))
@example("a.\n B", [3])
@example("甲。 [1]乙。[2", [3, 4])
@example("a. [1]B", [2, 3, 4])
def test_the_pieces_do_not_matter(text: str, cuts: list[int]) -> None:
    assert list(cut_sentences(split(text, cuts))) == list(cut_sentences([text]))


@given(TEXT)
def test_nothing_is_lost_but_blanks(text: str) -> None:
    assert "".join("".join(cut_sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲[1]。乙[2]。", ["甲[1]。", "乙[2]。"]),
        ("甲。[1]乙。 [2] [3]丙", ["甲。[1]", "乙。 [2] [3]", "丙"]),
        ("甲！？乙", ["甲！？", "乙"]),
        ("文献：“甲。乙！”[1]。丙", ["文献：“甲。乙！”[1]。", "丙"]),
        ("甲（一；二）[1]。", ["甲（一；二）[1]。"]),
        ("It works in 2.5 h.[1] Then it stops [2].\nEnd", ["It works in 2.5 h.[1] ", "Then it stops [2].\n", "End"]),
        ("See e.g. this one [1].", ["See e.g. this one [1]."]),
        ("甲\n\n乙", ["甲\n\n", "乙"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert list(cut_sentences([text])) == expected


def test_a_sentence_leaves_as_soon_as_the_next_begins() -> None:
    seen: list[str] = []

    def pieces() -> list[str]:
        return ["甲。", " [1]", "乙", "丙。[", "2]丁"]

    def watched() -> object:
        for piece in pieces():
            seen.append(piece)
            yield piece

    stream = cut_sentences(watched())  # type: ignore[arg-type]
    assert next(stream) == "甲。 [1]"
    assert seen == ["甲。", " [1]", "乙"]
    assert list(stream) == ["乙丙。[2]", "丁"]


def test_a_bracket_that_is_no_mark_does_not_hold_the_stream_back() -> None:
    def endless() -> object:
        yield "甲。[注]乙。"
        yield "丙。"
        raise AssertionError("the second sentence was complete before this")

    stream = cut_sentences(endless())  # type: ignore[arg-type]
    assert [next(stream), next(stream)] == ["甲。", "[注]乙。"]

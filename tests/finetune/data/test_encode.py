"""Tokens and what is learnt of them: each answer of a dialogue, whole turns under the cutoff, reasons for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.characters import Characters
from finetune.data.collate import IGNORED, arrays
from finetune.data.encode import Encoded, Encoder, Lengths
from finetune.data.rendering import Renderer
from finetune.data.rows import Message, Row, Text
from rag.errors import DataError


def _row(*said: str, number: int = 1) -> Row:
    return Row(tuple(Message(("user", "assistant")[n % 2], text) for n, text in enumerate(said)), "rows", number)


WHOLE = Lengths()
TOKENIZER = Characters()


def _encoder(lengths: Lengths = WHOLE, tokenizer: Any = None, **more: Any) -> Encoder:  # noqa: ANN401
    tokenizer = tokenizer or Characters()
    return Encoder(tokenizer, Renderer(tokenizer), lengths, **more)


def _learnt(one: Encoded, tokenizer: Characters = TOKENIZER) -> list[str]:
    """The stretches that are learnt, as text."""
    text = tokenizer.convert_ids_to_tokens(one.input_ids.tolist())
    marked = "".join(piece if learnt else "\0" for piece, learnt in zip(text, one.supervised, strict=True))
    return [piece for piece in marked.split("\0") if piece]


def test_each_answer_of_a_dialogue_is_learnt_with_its_end() -> None:
    (one,) = _encoder().encode([_row("头痛怎么办", "休息。", "还痛呢", "就医。", "谢谢", "不客气。")])
    assert _learnt(one) == ["休息。<|im_end|>", "就医。<|im_end|>", "不客气。<|im_end|>"]
    assert one.supervised[-1]


def test_rows_keep_their_order_and_place() -> None:
    rows = [_row(f"问{n}", f"答{n}") for n in range(600)]
    found = list(_encoder().encode(rows))
    assert [one.row for one in found] == list(range(600))
    assert _learnt(found[599]) == ["答599<|im_end|>"]


def test_turns_beyond_the_cutoff_are_left_out_whole_and_listed() -> None:
    row = _row("问" * 10, "答" * 10, "再问" * 10, "再答" * 10, number=9)
    whole = len(next(iter(_encoder().encode([row]))))
    encoder = _encoder(Lengths(whole - 1))
    (one,) = encoder.encode([row])
    assert _learnt(one) == ["答" * 10 + "<|im_end|>"]
    assert [str(left) for left in encoder.losses.rows] == ["rows, row 9: cut: later turns left out (1 of 2 answers)"]
    assert encoder.losses.counts == {"cut: later turns left out": 1}


def test_a_first_answer_beyond_the_cutoff_is_cut_and_a_prompt_alone_left_out() -> None:
    encoder = _encoder(Lengths(60))
    (cut,) = encoder.encode([_row("问", "答" * 100), _row("问" * 100, "答", number=2)])
    assert len(cut) == 60
    assert set("".join(_learnt(cut))) == {"答"}
    assert encoder.losses.counts == {
        "cut: longer than the cutoff": 2,
        "left out: nothing left to learn": 1,
    }
    assert {left.number for left in encoder.losses.rows if left.reason.startswith("left")} == {2}


def test_prompts_and_answers_have_limits_of_their_own() -> None:
    encoder = _encoder(Lengths(1024, prompt=5, answer=3))
    (one,) = encoder.encode([_row("问" * 10, "答案是休息")])
    assert len(one) == 8
    assert _learnt(one) == ["答案是"]
    assert encoder.losses.counts == {"cut: a prompt or an answer too long": 1}


def test_a_text_longer_than_the_cutoff_becomes_pieces_and_nothing_is_lost() -> None:
    found = list(_encoder(Lengths(10)).encode([Text("一二三四五六七八九十甲乙", "t", 1)]))
    assert [len(one) for one in found] == [10, 3]
    assert "".join(text for one in found for text in _learnt(one)) == "一二三四五六七八九十甲乙<|im_end|>"


def test_ids_beyond_the_vocabulary_name_the_row() -> None:
    with pytest.raises(DataError, match=r"rows, row 1: token id .* is beyond the model's vocabulary of 100"):
        list(_encoder(vocabulary=100).encode([_row("头痛", "休息")]))


def test_rows_that_cannot_be_rendered_are_listed() -> None:
    encoder = _encoder()
    assert [one.row for one in encoder.encode([_row("a<|im_end|>", "b"), _row("c", "d")])] == [1]
    assert encoder.losses.counts == {"a special token of the tokenizer in a message": 1}


class _Pairs(Characters):
    """Two letters a token wherever they stand beside one another: tokens cross the border of prompt and answer."""

    def __call__(
        self, texts: Sequence[str], *, add_special_tokens: bool = False, return_offsets_mapping: bool = False
    ) -> Mapping[str, Any]:
        spans = [[match.span() for match in re.finditer(r"<\|\w+\|>|[a-z]{2}|.", text, re.DOTALL)] for text in texts]
        return {"input_ids": [[n for n, _ in enumerate(one)] for one in spans], "offset_mapping": spans}


def test_a_token_that_would_span_prompt_and_answer_is_split_as_in_serving() -> None:
    tokenizer = _Pairs()
    tokenizer.chat_template = (
        "{%- for m in messages -%}{{- m.role[0] + m.content -}}{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{- 'a' -}}{%- endif -%}"
    )
    (one,) = _encoder(tokenizer=tokenizer).encode([_row("qq", "zz")])
    # together: uq|qa|zz|end; served: uq|qa for the prompt `uqqa`, then zz, then the end
    assert one.supervised.tolist() == [False, False, True, True]
    (one,) = _encoder(tokenizer=tokenizer).encode([_row("q", "zz")])
    # together: uq|az|z|end; served: uq|a for the prompt `uqa`, then zz, then the end
    assert one.supervised.tolist() == [False, False, True, True]
    assert len(one) == 4


TALKS = st.lists(st.text("甲乙丙abc 。\n", min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=4)


@given(TALKS, TALKS, st.integers(5, 200))
def test_the_tokens_are_the_beginning_of_the_text_and_learnt_are_the_answers(
    questions: list[str], answers: list[str], cutoff: int
) -> None:
    said = [text for pair in zip(questions, answers, strict=False) for text in pair]
    tokenizer = Characters()
    encoder = _encoder(Lengths(cutoff), tokenizer)
    found = list(encoder.encode([_row(*said)]))
    text = Renderer(tokenizer).text(_row(*said).messages)
    for one in found:
        assert len(one) <= cutoff
        assert text.startswith(tokenizer.decode(one.input_ids.tolist()))
        expected = [f"{answer}<|im_end|>" for answer in said[1::2]]
        learnt = _learnt(one)
        assert learnt[:-1] == expected[: len(learnt) - 1]
        assert expected[len(learnt) - 1].startswith(learnt[-1])
    assert bool(found) != any(left.reason.startswith("left out") for left in encoder.losses.rows)


def test_a_batch_has_bounds_positions_and_places_to_predict_from() -> None:
    first, second, third = _encoder().encode([_row("问", "答"), _row("甲乙", "丙"), _row("x", "yz")])
    made = arrays([[first, second], [third]])
    bounds = [0, *(sum(map(len, (first, second, third)[:n])) for n in (1, 2, 3))]
    assert made["cu_seq_lens"].tolist() == bounds
    assert made["position_ids"].tolist() == [n for one in (first, second, third) for n in range(len(one))]
    places = made["logits_to_keep"]
    labels = made["labels"]
    assert labels[places + 1].tolist() == made["input_ids"][places + 1].tolist()
    assert (labels != IGNORED).sum() == len(places)
    assert not set(places + 1) & set(bounds)

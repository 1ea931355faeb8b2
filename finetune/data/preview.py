"""Rows and packs as a person sees them: tokens, which of them are learnt, what stands in a pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from finetune.data.config import DataConfig
from finetune.data.encode import Encoded
from finetune.data.prepared import Pack, Prepared
from finetune.data.preparing import prepare

_BROKEN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Piece:
    """A token, or the few tokens that make one character together."""

    text: str
    tokens: int
    learnt: bool


@dataclass(frozen=True)
class Preview:
    """The first rows in the order of training, and the first packs."""

    rows: Sequence[tuple[int, Sequence[Piece]]]
    """The number of a row in the data, and its tokens."""
    packs: Sequence[Sequence[tuple[int, int, int]]]
    """Of each document of a pack: its row, its tokens, those that are learnt."""
    made: Prepared


def preview(config: DataConfig, tokenizer: Any, *, rows: int, packs: int) -> Preview:  # noqa: ANN401
    """Raises what `prepare` raises."""
    made = prepare(config, tokenizer)
    first = islice((document for one in made.train for document in one), rows)
    return Preview(
        [(document.row, list(pieces(tokenizer, document))) for document in first],
        [_summary(one) for one in made.train[:packs]],
        made,
    )


def pieces(tokenizer: Any, document: Encoded) -> Iterator[Piece]:  # noqa: ANN401 - of transformers
    """Tokens as text: one by one, but bytes of one character together."""
    held: list[int] = []
    learnt = False
    for token, mark in zip(document.input_ids.tolist(), document.supervised.tolist(), strict=True):
        if held and mark != learnt:
            yield Piece(tokenizer.decode(held), len(held), learnt)
            held = []
        held, learnt = [*held, token], mark
        text = tokenizer.decode(held)
        if not text.endswith(_BROKEN):
            yield Piece(text, len(held), learnt)
            held = []
    if held:
        yield Piece(tokenizer.decode(held), len(held), learnt)


def _summary(one: Pack) -> list[tuple[int, int, int]]:
    return [(document.row, len(document), int(document.supervised.sum())) for document in one]

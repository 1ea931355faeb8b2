"""Rows as tokens with a mask of what is learnt. What is cut or left out is counted and listed with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.rendering import CannotRender, Renderer, Segment
from finetune.data.rows import Left, Row, Text
from rag.errors import DataError

BATCH = 256
"""Rows that go through the tokenizer together."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One row, or one piece of a text: ids (n,), which of them are learnt (n,), and the number of its row."""

    input_ids: NDArray[np.int32]
    supervised: NDArray[np.bool_]
    row: int

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass
class Losses:
    """What did not go in whole: `counts` by reason, and each row of them."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[Left] = field(default_factory=list)

    def add(self, row: Row | Text, reason: str, detail: str = "") -> None:
        """Note one."""
        self.note(Left(row.source, row.number, reason, detail))

    def note(self, left: Left) -> None:
        """Note one that was found before."""
        self.counts[left.reason] += 1
        self.rows.append(left)


@dataclass(frozen=True)
class Lengths:
    """Limits in tokens; None is none."""

    cutoff: int = 1024
    prompt: int | None = None
    answer: int | None = None


class Encoder:
    """Tokens of rows by one tokenizer and template."""

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - of transformers
        renderer: Renderer,
        lengths: Lengths = Lengths(),
        *,
        vocabulary: int | None = None,
        losses: Losses | None = None,
    ) -> None:
        """`vocabulary`: how many tokens the model knows, ids beyond it are refused; `losses` are added to."""
        self._tokenizer, self._renderer, self._lengths = tokenizer, renderer, lengths
        self._vocabulary = vocabulary
        self.losses = losses if losses is not None else Losses()

    def encode(self, rows: Iterable[Row | Text]) -> Iterator[Encoded]:
        """Rows in order, cut, those left out missing; a text may be several pieces. Raises what `whole` raises."""
        for row, whole in self.whole(rows):
            yield from self.cut(row, whole)

    def whole(self, rows: Iterable[Row | Text]) -> Iterator[tuple[Row | Text, Encoded]]:
        """Rows in their full length, up to the last answer's end; `row` is the place among `rows`, from 0.

        Raises DataError for ids beyond the vocabulary, ConfigurationError for a template that fails.
        """
        numbered = enumerate(rows)
        while batch := list(islice(numbered, BATCH)):
            rendered = [(place, row, segments) for place, row in batch if (segments := self._segments(row))]
            texts = ["".join(segment.text for segment in segments) for _, _, segments in rendered]
            if not texts:
                continue
            found = self._tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
            for (place, row, segments), ids, spans in zip(
                rendered, found["input_ids"], found["offset_mapping"], strict=True
            ):
                made = _ended(*self._masked(ids, spans, segments), place)
                self._check_vocabulary(row, made.input_ids)
                yield row, made

    def cut(self, row: Row | Text, whole: Encoded) -> Iterator[Encoded]:
        """What of a row is learnt under the limits; what is not is noted in `losses`."""
        ids, learnt, place = whole.input_ids, whole.supervised, whole.row
        if isinstance(row, Text):
            for start in range(0, len(ids), self._lengths.cutoff):
                piece = slice(start, start + self._lengths.cutoff)
                yield Encoded(ids[piece], learnt[piece], place)
            return
        kept = self._shortened(row, learnt)
        ids, learnt = ids[kept], learnt[kept]
        if not learnt[1:].any():
            self.losses.add(
                row, "left out: nothing left to learn", f"more than {self._lengths.cutoff} tokens of prompt"
            )
            return
        yield _ended(ids, learnt, place)

    def _segments(self, row: Row | Text) -> list[Segment]:
        try:
            return self._renderer.segments(row)
        except CannotRender as fault:
            self.losses.add(row, str(fault))
            return []

    def _masked(
        self, ids: Sequence[int], spans: Sequence[tuple[int, int]], segments: Sequence[Segment]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Tokens by the segment in which they begin; one that spans a border is split there, as serving would."""
        borders = np.cumsum([0, *(len(segment.text) for segment in segments)])
        place = np.array(spans, np.int64).reshape(-1, 2)
        home = np.searchsorted(borders, place[:, 0], side="right") - 1
        home = np.minimum(home, len(segments) - 1)
        learnt = np.array([segment.supervised for segment in segments])
        if (place[:, 1] > borders[home + 1]).any():
            return self._in_pieces(segments)
        return np.array(ids, np.int32), learnt[home]

    def _in_pieces(self, segments: Sequence[Segment]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        found = self._tokenizer([segment.text for segment in segments], add_special_tokens=False)["input_ids"]
        masks = [np.full(len(ids), segment.supervised) for ids, segment in zip(found, segments, strict=True)]
        return np.concatenate([np.array(ids, np.int32) for ids in found]), np.concatenate(masks)

    def _check_vocabulary(self, row: Row | Text, ids: NDArray[np.int32]) -> None:
        if self._vocabulary is not None and len(ids) and int(ids.max()) >= self._vocabulary:
            raise DataError(
                f"{row.source}, row {row.number}: token id {int(ids.max())} is beyond the model's vocabulary of "
                f"{self._vocabulary}; this tokenizer belongs to another model, or the embedding must be resized"
            )

    def _shortened(self, row: Row, learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Which tokens stay. Turns that do not fit go as a whole, but for the first."""
        kept = np.arange(len(learnt))
        if self._lengths.prompt is not None or self._lengths.answer is not None:
            kept = _limited(learnt, self._lengths.prompt, self._lengths.answer)
            if len(kept) < len(learnt):
                self.losses.add(row, "cut: a prompt or an answer too long", f"{len(learnt)} tokens to {len(kept)}")
        cutoff = self._lengths.cutoff
        if len(kept) <= cutoff:
            return kept
        within = _ends(learnt[kept])
        whole = within[within <= cutoff]
        if len(whole):
            if whole[-1] < within[-1]:
                dropped = len(within) - len(whole)
                self.losses.add(row, "cut: later turns left out", f"{dropped} of {len(within)} answers")
            return kept[: whole[-1]]
        self.losses.add(row, "cut: longer than the cutoff", f"{len(kept)} tokens to {cutoff}")
        return kept[:cutoff]


def _ended(ids: NDArray[np.int32], learnt: NDArray[np.bool_], place: int) -> Encoded:
    """Up to the last token that is learnt: what the template writes after the last answer teaches nothing."""
    last = int(np.flatnonzero(learnt)[-1]) + 1 if learnt.any() else len(ids)
    return Encoded(ids[:last], learnt[:last], place)


def _runs(learnt: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of one sort."""
    edges = [0, *(np.flatnonzero(learnt[1:] != learnt[:-1]) + 1), len(learnt)]
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _ends(learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where each answer ends."""
    return np.array([end for start, end in _runs(learnt) if learnt[start]], np.int64)


def _limited(learnt: NDArray[np.bool_], prompt: int | None, answer: int | None) -> NDArray[np.int64]:
    """Each prompt and each answer up to its limit."""
    pieces = []
    for start, end in _runs(learnt):
        limit = answer if learnt[start] else prompt
        pieces.append(np.arange(start, end if limit is None else min(end, start + limit)))
    return np.concatenate(pieces)

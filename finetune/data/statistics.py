"""How long the rows of a run are, before and after the cutoff, and how full its packs become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.config import DataConfig
from finetune.data.encode import Encoder, Losses
from finetune.data.gathering import Gathered, gather, scheduled
from finetune.data.packing import fill, pack
from finetune.data.preparing import limits
from finetune.data.rendering import Renderer
from finetune.data.rows import ASSISTANT, AnyRow, Message, Preference, Row, Text

QUANTILES = {"min": 0, "p10": 10, "median": 50, "p90": 90, "p99": 99, "max": 100}
BINS = 12


@dataclass(frozen=True)
class SetLengths:
    """One data set: its rows in full length. A preference counts as two rows, one for each answer."""

    name: str
    rows: int
    answers: int
    tokens: int
    learnt: int
    quantiles: Mapping[str, int]
    mean: float
    histogram: Sequence[tuple[int, int, int]]
    """From, to (not included), rows."""
    over_cutoff: int


@dataclass(frozen=True)
class Statistics:
    """All data sets, and the packs of one epoch in the order of training."""

    sets: Sequence[SetLengths]
    cutoff: int
    pack_length: int
    packs: int
    fill: float
    tokens: int
    """Of an epoch, after the cutoff."""
    losses: Losses


def measure(config: DataConfig, tokenizer: Any) -> Statistics:  # noqa: ANN401 - of transformers
    """Raises what `prepare` raises, but takes preferences too."""
    rows = gather(config)
    encoder = Encoder(tokenizer, Renderer(tokenizer, config.template), limits(config), losses=rows.losses)
    sets, pieces = [], []
    for one, kept in zip(rows.loaded, rows.kept, strict=True):
        measured, cut = _of_set(encoder, one.dataset.name, kept, config.cutoff)
        sets.append(measured)
        pieces.append(cut)
    lengths = list(_in_order(config, rows, pieces))
    packs = (
        pack(lengths, config.pack_length, window=config.window)
        if config.packing
        else [[n] for n in range(len(lengths))]
    )
    filled = fill(packs, lengths, config.pack_length) if config.packing else 0.0
    return Statistics(sets, config.cutoff, config.pack_length, len(packs), filled, sum(lengths), rows.losses)


def _of_set(
    encoder: Encoder, name: str, rows: Sequence[AnyRow], cutoff: int
) -> tuple[SetLengths, Sequence[Sequence[int]]]:
    """The data set, and the lengths of the pieces that each row becomes."""
    homes, texts = zip(*((home, text) for home, row in enumerate(rows) for text in texts_of(row)), strict=True)
    pieces: list[list[int]] = [[] for _ in rows]
    lengths, learnt = [], 0
    for row, whole in encoder.whole(texts):
        lengths.append(len(whole))
        learnt += int(whole.supervised.sum())
        pieces[homes[whole.row]] += [len(piece) for piece in encoder.cut(row, whole)]
    found = np.array(lengths or [0], np.int64)
    return SetLengths(
        name,
        len(rows),
        sum(len(text.answers) for text in texts if isinstance(text, Row)),
        int(found.sum()),
        learnt,
        dict(zip(QUANTILES, map(int, np.percentile(found, list(QUANTILES.values()))), strict=True)),
        round(float(found.mean()), 1),
        histogram(found),
        int((found > cutoff).sum()),
    ), pieces  # fmt: skip


def texts_of(row: AnyRow) -> Iterator[Row | Text]:
    """What of a row goes through the template: of a preference, both dialogues."""
    if isinstance(row, Preference):
        for answer in (row.chosen, row.rejected):
            yield Row((*row.messages, Message(ASSISTANT, answer)), row.source, row.number)
    else:
        yield row


def _in_order(config: DataConfig, rows: Gathered, pieces: Sequence[Sequence[Sequence[int]]]) -> Iterator[int]:
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    for source, place in zip(*schedule.rows(), strict=True):
        yield from pieces[source][place]


def histogram(lengths: NDArray[np.int64], bins: int = BINS) -> list[tuple[int, int, int]]:
    """Bins of one round width up to the 99th percentile, and one for the rest."""
    top = max(float(np.percentile(lengths, 99)), 1.0)
    width = _round_up(top / (bins - 1))
    edges = [n * width for n in range(int(top // width) + 2)]
    counts = np.histogram(lengths[lengths < edges[-1]], edges)[0]
    found = [(low, low + width, int(count)) for low, count in zip(edges, counts, strict=False)]
    beyond = int((lengths >= edges[-1]).sum())
    return [*found, (edges[-1], int(lengths.max()) + 1, beyond)] if beyond else found


def _round_up(width: float) -> int:
    """1, 2 or 5 times a power of ten."""
    power = 10 ** int(np.floor(np.log10(max(width, 1))))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= width))

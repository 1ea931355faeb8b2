"""From the section `data` of a run to packs: gather, render, tokenise, cut, pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from finetune.data.config import DataConfig
from finetune.data.encode import Encoded, Encoder, Lengths, Losses
from finetune.data.gathering import gather, scheduled
from finetune.data.packing import fill, pack
from finetune.data.prepared import Pack, Places, Prepared
from finetune.data.rendering import Renderer
from finetune.data.rows import AnyRow, Preference, Row, Text
from rag.errors import DataError


def prepare(
    config: DataConfig,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    *,
    vocabulary: int | None = None,
) -> Prepared:
    """Packs of dialogues and texts. Sets the tokenizer's chat template to the one used, so that it is saved and serves.

    Raises what `gather` raises; DataError for preferences, for ids beyond `vocabulary` and if nothing is left to learn.
    """
    rows = gather(config)
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    renderer = Renderer(tokenizer, config.template)
    encoder = Encoder(tokenizer, renderer, limits(config), vocabulary=vocabulary, losses=rows.losses)
    learnt = [row for kept in rows.kept for row in kept]
    pieces = _encoded(encoder, learnt)
    starts = np.cumsum([0, *(len(kept) for kept in rows.kept)])
    source, place = schedule.rows()
    documents = [piece for row in starts[source] + place for piece in pieces.get(int(row), ())]
    judged = [piece for found in _encoded(encoder, rows.held_out).values() for piece in found]
    if not documents:
        raise DataError(f"no row is left to train on; {reasons(rows.losses)}; look at `yiwen data check`")
    renderer.hand_over()
    train, filled = _packed(documents, config)
    ordered = config.mixing != "concat" or not config.shuffle
    held_out, places = _packed(judged, config)[0], Places.of(learnt)
    return Prepared(train, held_out, rows.origins, rows.losses, ordered, schedule, filled, places)


def limits(config: DataConfig) -> Lengths:
    """Longest row, prompt and answer."""
    return Lengths(config.cutoff, config.max_prompt, config.max_answer)


def reasons(losses: Losses) -> str:
    """What did not go in, the most frequent reason first."""
    return ", ".join(f"{count} {reason}" for reason, count in losses.counts.most_common()) or "the data is empty"


def _encoded(encoder: Encoder, rows: Sequence[AnyRow]) -> dict[int, list[Encoded]]:
    """Pieces by row; each row goes through the tokenizer once, however often it is learnt."""
    found: dict[int, list[Encoded]] = {}
    for piece in encoder.encode(_learnable(rows)):
        found.setdefault(piece.row, []).append(piece)
    return found


def _learnable(rows: Sequence[AnyRow]) -> Iterator[Row | Text]:
    for row in rows:
        if isinstance(row, Preference):
            raise DataError(
                f"{row.source}, row {row.number} is a preference; stages pt, sft and onestage take dialogues and texts"
            )
        yield row


def _packed(documents: Sequence[Encoded], config: DataConfig) -> tuple[list[Pack], float]:
    if not config.packing:
        return [[document] for document in documents], 0.0
    lengths = [len(document) for document in documents]
    packs = pack(lengths, config.pack_length, window=config.window)
    return [[documents[n] for n in one] for one in packs], fill(packs, lengths, config.pack_length)

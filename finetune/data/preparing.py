"""From the section `data` of a run to packs: load, hold out, mix, render, tokenise, cut, pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.config import DataConfig, DatasetUse
from finetune.data.encode import Encoded, Encoder, Lengths, Losses
from finetune.data.loading import Loaded, load
from finetune.data.mixing import Schedule, Source, by_priority, concatenated, held_out, interleaved
from finetune.data.packing import fill, pack
from finetune.data.rendering import Renderer
from finetune.data.rows import AnyRow, Message, Preference, Row, Text
from rag.errors import ConfigurationError, DataError
from rag.text import normalise

Pack = list[Encoded]


@dataclass(frozen=True)
class Origin:
    """A data set that went in, for the run's record and the model card."""

    name: str
    sha256: str
    rows: int
    licence: str = ""


@dataclass(frozen=True)
class Prepared:
    """What a stage trains on; `ordered`: the packs must be seen in this order."""

    train: Sequence[Pack]
    held_out: Sequence[Pack]
    origins: Sequence[Origin]
    losses: Losses
    schedule: Schedule
    ordered: bool
    fill: float
    """Share of the places in training packs that hold a token; 0 without packing."""


@dataclass(frozen=True)
class PreparedPreferences:
    """Rows of `prompt`, `chosen`, `rejected`, each a list of `{role, content}`."""

    train: Sequence[Mapping[str, Any]]
    held_out: Sequence[Mapping[str, Any]]
    origins: Sequence[Origin]
    losses: Losses


@dataclass(frozen=True)
class _Rows:
    """All rows of a run: `rows` of each data set that are learnt, those held out, and what was left out."""

    uses: Sequence[DatasetUse]
    loaded: Sequence[Loaded]
    kept: Sequence[Sequence[AnyRow]]
    held_out: Sequence[AnyRow]
    losses: Losses = field(default_factory=Losses)

    @property
    def origins(self) -> list[Origin]:
        return [Origin(one.dataset.name, one.sha256, len(one.rows), one.dataset.licence) for one in self.loaded]


def prepare(
    config: DataConfig,
    tokenizer: Any,  # noqa: ANN401 - of transformers
    *,
    vocabulary: int | None = None,
) -> Prepared:
    """Packs of dialogues and texts. Sets the tokenizer's chat template to the one used, so that it is saved and serves.

    Raises what `load` raises; DataError for preferences, for ids beyond `vocabulary` and if nothing is left to learn.
    """
    rows = _load(config)
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    renderer = Renderer(tokenizer, config.template)
    tokenizer.chat_template = renderer.template.jinja
    lengths = Lengths(config.cutoff, config.max_prompt, config.max_answer)
    encoder = Encoder(tokenizer, renderer, lengths, vocabulary=vocabulary, losses=rows.losses)
    pieces = _encoded(encoder, [row for kept in rows.kept for row in kept])
    starts = np.cumsum([0, *(len(kept) for kept in rows.kept)])
    source, place = schedule.rows()
    documents = [piece for row in starts[source] + place for piece in pieces.get(int(row), ())]
    judged = [piece for found in _encoded(encoder, rows.held_out).values() for piece in found]
    if not documents:
        raise DataError(f"no row is left to train on; {_reasons(rows.losses)}; look at `yiwen data check`")
    train, filled = _packed(documents, config)
    ordered = config.mixing != "concat" or not config.shuffle
    return Prepared(train, _packed(judged, config)[0], rows.origins, rows.losses, schedule, ordered, filled)


def prepare_preferences(config: DataConfig) -> PreparedPreferences:
    """Rows for rm, dpo and rloo, mixed as `config` says. Raises what `load` raises, and DataError for dialogues."""
    rows = _load(config)
    schedule = scheduled(config, rows.uses, [len(kept) for kept in rows.kept])
    source, place = schedule.rows()
    train = [_preference(rows.kept[a][b]) for a, b in zip(source, place, strict=True)]
    return PreparedPreferences(train, [_preference(row) for row in rows.held_out], rows.origins, rows.losses)


def scheduled(config: DataConfig, uses: Sequence[DatasetUse], sizes: Sequence[int]) -> Schedule:
    """The order of training for data sets of these sizes."""
    sources = [
        Source(use.name, size, use.epochs, use.weight, use.priority) for use, size in zip(uses, sizes, strict=True)
    ]
    if config.mixing == "priority":
        return by_priority(sources, seed=config.seed)
    if config.mixing != "concat":
        return interleaved(sources, seed=config.seed, over=config.mixing == "interleave_over")
    return concatenated(sources, seed=config.seed if config.shuffle else None)


def _load(config: DataConfig) -> _Rows:
    if not config.datasets:
        raise ConfigurationError("data.datasets is empty; name data sets of the registry, or files")
    loaded = []
    for use in config.uses:
        limits = [limit for limit in (use.max_samples, config.max_samples) if limit is not None]
        loaded.append(
            load(use.name, config.registry, max_samples=min(limits, default=None), stop=config.bad_rows == "stop")
        )
    every = [row for one in loaded for row in one.rows]
    judged = _held_out(config, every)
    ends = np.cumsum([len(one.rows) for one in loaded])[:-1]
    kept = [
        [row for row, out in zip(one.rows, mask, strict=True) if not out]
        for one, mask in zip(loaded, np.split(judged, ends), strict=True)
    ]
    rows = _Rows(config.uses, loaded, kept, [row for row, out in zip(every, judged, strict=True) if out])
    for left in (left for one in loaded for left in one.left):
        rows.losses.note(left)
    return rows


def _held_out(config: DataConfig, rows: Sequence[AnyRow]) -> NDArray[np.bool_]:
    wanted = config.validation_rows or round(config.validation_share * len(rows))
    if not wanted:
        return np.zeros(len(rows), bool)
    if wanted >= len(rows):
        raise ConfigurationError(f"{wanted} rows are to be held out, but there are {len(rows)}; lower validation_rows")
    return held_out([normalise(row.prompt) for row in rows], wanted, seed=config.validation_seed)


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


def _preference(row: AnyRow) -> dict[str, Any]:
    if not isinstance(row, Preference):
        raise DataError(f"{row.source}, row {row.number} has no pair of answers; expected chosen and rejected")
    answers = {"chosen": row.chosen, "rejected": row.rejected}
    return {"prompt": [_said(message) for message in row.messages]} | {
        key: [_said(Message("assistant", text))] for key, text in answers.items()
    }


def _said(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.text}


def _packed(documents: Sequence[Encoded], config: DataConfig) -> tuple[list[Pack], float]:
    if not config.packing:
        return [[document] for document in documents], 0.0
    lengths = [len(document) for document in documents]
    packs = pack(lengths, config.pack_length, window=config.window)
    return [[documents[n] for n in one] for one in packs], fill(packs, lengths, config.pack_length)


def _reasons(losses: Losses) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in losses.counts.most_common()) or "the data is empty"

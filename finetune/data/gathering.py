"""All rows of a run: the data sets loaded, some rows held out, the rest in the order of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from finetune.data.config import DataConfig, DatasetUse
from finetune.data.encode import Losses
from finetune.data.leakage import Leaks, read_evaluation_set
from finetune.data.loading import Loaded, load
from finetune.data.mixing import Schedule, Source, by_priority, concatenated, held_out, interleaved
from finetune.data.prepared import Origin
from finetune.data.rows import AnyRow, Left
from rag.errors import ConfigurationError, DataError
from rag.text import normalise


@dataclass(frozen=True)
class Gathered:
    """`kept` of each data set are learnt, `held_out` judged; `losses` begin with what the readers left out."""

    uses: Sequence[DatasetUse]
    loaded: Sequence[Loaded]
    kept: Sequence[Sequence[AnyRow]]
    held_out: Sequence[AnyRow]
    losses: Losses = field(default_factory=Losses)

    @property
    def origins(self) -> list[Origin]:
        """Of the record."""
        return [
            Origin(one.dataset.name, one.sha256, len(one.rows), one.dataset.licence, one.quoted) for one in self.loaded
        ]


def gather(config: DataConfig) -> Gathered:
    """Load and hold out. Raises what `load` raises, ConfigurationError without data sets or with none left to learn."""
    if not config.datasets:
        raise ConfigurationError("data.datasets is empty; name data sets of the registry, or files")
    loaded = []
    for use in config.uses:
        limits = [limit for limit in (use.max_samples, config.max_samples) if limit is not None]
        loaded.append(
            load(use.name, config.registry, max_samples=min(limits, default=None), stop=config.bad_rows == "stop")
        )
    loaded, leaked = _without_leaks(config, loaded)
    every = [row for one in loaded for row in one.rows]
    judged = _held_out(config, every)
    ends = np.cumsum([len(one.rows) for one in loaded])[:-1]
    kept = [
        [row for row, out in zip(one.rows, mask, strict=True) if not out]
        for one, mask in zip(loaded, np.split(judged, ends), strict=True)
    ]
    gathered = Gathered(config.uses, loaded, kept, [row for row, out in zip(every, judged, strict=True) if out])
    for left in (*leaked, *(left for one in loaded for left in one.left)):
        gathered.losses.note(left)
    return gathered


def _without_leaks(config: DataConfig, loaded: Sequence[Loaded]) -> tuple[list[Loaded], list[Left]]:
    """The rows that hold no item of `data.against`, and those that do. DataError if all of them do."""
    if not config.against:
        return list(loaded), []
    leaks = Leaks([read_evaluation_set(name, config.registry) for name in config.against])
    left: list[Left] = []
    kept = []
    for one in loaded:
        clean = []
        for row in one.rows:
            leak = next(leaks.of(row), None)
            if leak is None:
                clean.append(row)
            else:
                left.append(
                    Left(row.source, row.number, f"left out: leaks from {leak.evaluation}", f"item {leak.item}")
                )
        kept.append(replace(one, rows=clean))
    if not any(one.rows for one in kept):
        raise DataError(f"every row holds a question of {', '.join(config.against)}; nothing is left to learn from")
    return kept, left


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


def _held_out(config: DataConfig, rows: Sequence[AnyRow]) -> NDArray[np.bool_]:
    wanted = config.validation_rows or round(config.validation_share * len(rows))
    if not wanted:
        return np.zeros(len(rows), bool)
    if wanted >= len(rows):
        raise ConfigurationError(f"{wanted} rows are to be held out, but there are {len(rows)}; lower validation_rows")
    return held_out([normalise(row.prompt) for row in rows], wanted, seed=config.validation_seed)

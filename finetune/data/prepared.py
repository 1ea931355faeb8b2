"""What the data half hands to a stage: packs or preferences, where they came from, and what did not go in whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.encode import Encoded, Losses
from finetune.data.mixing import Schedule
from finetune.data.rows import AnyRow

Pack = Sequence[Encoded]


@dataclass(frozen=True)
class Origin:
    """A data set that went in, for the run's record and the model card."""

    name: str
    sha256: str
    rows: int
    licence: str = ""
    quoted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Titles of the sources that its rows quote, by licence."""


@dataclass(frozen=True)
class Places:
    """Where rows stand in their files, by their numbers among all rows; the rows themselves would fill the memory."""

    files: Sequence[str]
    file: NDArray[np.int32]
    number: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[AnyRow]) -> Places:
        """Of rows in the order of their numbers."""
        files = {name: place for place, name in enumerate(dict.fromkeys(row.source for row in rows))}
        at = np.array([files[row.source] for row in rows], np.int32)
        return cls(tuple(files), at, np.array([row.number for row in rows], np.int64))

    def __getitem__(self, row: int) -> str:
        return f"{self.files[self.file[row]]}, row {self.number[row]}"


@dataclass(frozen=True)
class Prepared:
    """Packs for `pt`, `sft` and `onestage`; `ordered`: they must be seen in this order."""

    train: Sequence[Pack]
    held_out: Sequence[Pack] = ()
    origins: Sequence[Origin] = ()
    losses: Losses = field(default_factory=Losses)
    ordered: bool = False
    schedule: Schedule | None = None
    """Which row of which data set stands where; None for packs that were made up."""
    fill: float = 0.0
    """Share of the places in training packs that hold a token; 0 without packing."""
    places: Places | None = None
    """None for packs that were made up, or read from the process that made them."""


@dataclass(frozen=True)
class PreparedPreferences:
    """Rows for `rm`, `dpo` and `rloo`: `prompt`, `chosen`, `rejected`, each a list of `{"role", "content"}`."""

    train: Sequence[Mapping[str, Any]]
    held_out: Sequence[Mapping[str, Any]] = ()
    origins: Sequence[Origin] = ()
    losses: Losses = field(default_factory=Losses)

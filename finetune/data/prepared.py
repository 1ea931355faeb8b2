"""What the data half hands to a stage: packs or preferences, where they came from, and what did not go in whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finetune.data.encode import Encoded, Losses
from finetune.data.mixing import Schedule

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


@dataclass(frozen=True)
class PreparedPreferences:
    """Rows for `rm`, `dpo` and `rloo`: `prompt`, `chosen`, `rejected`, each a list of `{"role", "content"}`."""

    train: Sequence[Mapping[str, Any]]
    held_out: Sequence[Mapping[str, Any]] = ()
    origins: Sequence[Origin] = ()
    losses: Losses = field(default_factory=Losses)

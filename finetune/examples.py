"""What the data half hands to a stage: rows cut into tokens and packed, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Document(Protocol):
    """One row as tokens."""

    @property
    def input_ids(self) -> NDArray[np.int32]: ...  # noqa: D102 - as named

    @property
    def supervised(self) -> NDArray[np.bool_]: ...  # noqa: D102 - which of them are learnt

    @property
    def row(self) -> int: ...  # noqa: D102 - its number in the data


Pack = Sequence[Document]
Collate = Callable[[Sequence[Pack]], dict[str, Any]]


@dataclass(frozen=True)
class Source:
    """A data set that went in, for the run's record and the model card."""

    name: str
    sha256: str
    rows: int
    licence: str = ""


@dataclass(frozen=True)
class Examples:
    """Packs for training and those held out; the order is that of training where `ordered`."""

    train: Sequence[Pack]
    held_out: Sequence[Pack]
    collate: Collate
    sources: Sequence[Source] = ()
    ordered: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows left out or cut, by reason."""


@dataclass(frozen=True)
class Preferences:
    """Rows for `rm` and `dpo`: dictionaries with `prompt`, `chosen`, `rejected`; for `rloo` with `prompt`.

    Each is a list of `{"role", "content"}`, which the model's own template turns into text.
    """

    train: Sequence[Mapping[str, Any]]
    held_out: Sequence[Mapping[str, Any]] = ()
    sources: Sequence[Source] = ()

"""What a run file says of its data: which data sets, how they are mixed, rendered, cut, packed and held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import ConfigurationError

Mixing = Literal["concat", "interleave_under", "interleave_over", "priority"]


@dataclass(frozen=True)
class DatasetUse:
    """A data set of the registry, and how it goes in."""

    name: str
    """Its name there, or a path."""
    weight: float = 1.0
    """Its probability among the others, for mixing by `interleave_*`."""
    priority: float = 1.0
    """For mixing by `priority`: how many times likelier a row is drawn than one of priority 1."""
    epochs: float = 1.0
    """How often its rows go in within one epoch of the run; not heard by `interleave_*`."""
    max_samples: int | None = None
    """Take its first rows only."""

    def __post_init__(self) -> None:
        for key in ("weight", "priority", "epochs"):
            if getattr(self, key) <= 0:
                raise ConfigurationError(f"data.datasets {self.name}: {key} is {getattr(self, key)}; expected above 0")
        if self.max_samples is not None and self.max_samples < 1:
            raise ConfigurationError(
                f"data.datasets {self.name}: max_samples is {self.max_samples}; expected 1 or more"
            )


@dataclass(frozen=True)
class DataConfig:
    """The section `data` of a run; lengths are tokens."""

    datasets: tuple[str | DatasetUse, ...] = ()
    registry: Path | None = None
    """Folder with `dataset_info.json`, or such a file."""
    template: str | None = None
    """A name of `rag.templates`, a 4-key JSON or Jinja file; default: the tokenizer's own."""
    cutoff: int = 1024
    """Longest row; of a dialogue whole turns are kept, and what is cut is counted."""
    max_prompt: int | None = None
    """Longest prompt of a turn."""
    max_answer: int | None = None
    """Longest answer of a turn."""
    packing: bool = True
    pack_length: int = 8192
    window: int = 8
    """Packs open at a time: more fill better and disturb the order further."""
    mixing: Mixing = "concat"
    shuffle: bool = True
    """With `concat`: rows in an order drawn by `seed`."""
    seed: int = 42
    validation_share: float = 0.0
    validation_rows: int = 0
    """Rows held out; goes before the share."""
    validation_seed: int = 42
    max_samples: int | None = None
    """Of each data set."""
    against: tuple[str, ...] = ()
    """Evaluation sets (names of the registry, or files): rows that hold a question of one are left out and listed."""
    bad_rows: Literal["drop", "stop"] = "drop"
    """What a row that cannot be learnt from does: is left out and counted, or ends the run."""

    def __post_init__(self) -> None:
        for key in ("cutoff", "pack_length", "window", "max_prompt", "max_answer", "max_samples"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ConfigurationError(f"data.{key} is {value}; expected 1 or more")
        if self.packing and self.cutoff > self.pack_length:
            raise ConfigurationError(
                f"data.cutoff is {self.cutoff}, data.pack_length {self.pack_length}; a row must fit into a pack"
            )
        if not 0 <= self.validation_share < 1 or self.validation_rows < 0:
            raise ConfigurationError("data.validation_share must be from 0 to below 1, validation_rows 0 or more")

    @property
    def uses(self) -> tuple[DatasetUse, ...]:
        """The data sets, bare names spelt out."""
        return tuple(DatasetUse(one) if isinstance(one, str) else one for one in self.datasets)

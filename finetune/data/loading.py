"""Data sets as rows: the registry's entry, its checksum, its reader, its limit; what is left out is kept with why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from finetune.data.formats import read_rows
from finetune.data.quoted import Quoted
from finetune.data.records import Record, read_records
from finetune.data.registry import Dataset, find, verify
from finetune.data.rows import AnyRow, Left
from rag.errors import DataError, DependencyError, MissingExtraError


@dataclass(frozen=True)
class Loaded:
    """A data set in memory. `rows` keep the order of the file; `left` are those that cannot be learnt from."""

    dataset: Dataset
    sha256: str
    rows: Sequence[AnyRow]
    left: Sequence[Left]
    quoted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Titles of the sources that its rows quote, by licence."""


def load(name: str, registry: Path | None = None, *, max_samples: int | None = None, stop: bool = False) -> Loaded:
    """Read a data set. `stop`: the first row that cannot be learnt from is an error.

    Raises what the registry and the readers raise, and DataError if no row is left.
    """
    dataset = find(name, registry)
    sha256 = verify(dataset)
    limits = [limit for limit in (max_samples, dataset.max_samples) if limit is not None]
    rows: list[AnyRow] = []
    left: list[Left] = []
    quoted = Quoted()
    for row in islice(read(dataset, quoted), min(limits, default=None)):
        if not isinstance(row, Left):
            rows.append(row)
        elif stop:
            raise DataError(f"{row}; correct the row, or leave such rows out with data.bad_rows: drop")
        else:
            left.append(row)
    if not rows:
        why = f"; the first: {left[0]}" if left else ""
        raise DataError(f"data set {dataset.name} has no row to learn from ({len(left)} were left out{why})")
    return Loaded(dataset, sha256, rows, left, quoted.by_licence())


def read(dataset: Dataset, quoted: Quoted | None = None) -> Iterator[AnyRow | Left]:
    """Rows one by one, with bounded memory; `quoted` notes what they quote."""
    records = read_records(dataset.path) if dataset.path is not None else _hub(dataset)
    if dataset.member is not None:
        records = _of_member(records, dataset)
    if quoted is not None:
        records = quoted.passing(records)
    return read_rows(records, dataset.name, dataset.form, dataset.columns)


def _of_member(records: Iterable[Record], dataset: Dataset) -> Iterator[Record]:
    members: dict[str, None] = {}
    for record in records:
        members[record.member] = None
        if record.member == dataset.member:
            yield record
    if dataset.member not in members:
        raise DataError(f"{dataset.path} has no list {dataset.member!r}; it has {', '.join(filter(None, members))}")


def _hub(dataset: Dataset) -> Iterator[Record]:
    """Rows of the hub as a stream. DependencyError where it does not answer or breaks off."""
    for number, value in enumerate(_stream(dataset), start=1):
        yield Record(f"hub {dataset.hub}", number, value, "row")


def _stream(dataset: Dataset) -> Iterator[Any]:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtraError(
            f"data set {dataset.name} comes from the hub, which needs `pip install 'yiwen[train]'`"
        ) from error
    try:
        yield from load_dataset(dataset.hub, dataset.subset, split=dataset.split, streaming=True)
    except Exception as error:  # the library raises those of its transports, a closed set nowhere
        reason = " ".join(str(error).split())[:200]
        raise DependencyError(
            f"data set {dataset.name}: the hub gave no (more) rows of {dataset.hub}: {reason}; check the name and the "
            "network, or download it and name the file"
        ) from error

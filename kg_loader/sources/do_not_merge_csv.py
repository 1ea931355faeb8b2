"""Our own `do_not_merge.csv`: pairs that look alike and are different, described with an example in docs/data.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.sources.cells import entity_type, named, required
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_columns
from rag.domain import DoNotMerge

_REQUIRED = ("a", "b", "type", "reason")


def guess(path: Path, head: bytes) -> bool:
    """By its column names."""
    return set(_REQUIRED) <= head_columns(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Both entities and the pair of each row; known by name, the one is never mistaken for part of the other."""
    return each_row(path, csv_rows(path, context.encoding, required=_REQUIRED), lambda row: _records(row.value))


def _records(row: Mapping[str, str]) -> list[Item]:
    kind = entity_type(required(row, "type"))
    pair = (named(required(row, "a"), kind), named(required(row, "b"), kind))
    if pair[0].id == pair[1].id:
        raise RowError("a and b are the same name")
    first, second = sorted(one.id for one in pair)
    return [*pair, DoNotMerge(first, second, required(row, "reason"))]


FORMAT = Format("do-not-merge-csv", guess, read)

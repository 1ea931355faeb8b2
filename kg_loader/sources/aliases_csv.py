"""Our own `aliases.csv`: other names of entities, described with an example in docs/data.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.sources.cells import entity_type, named, required
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_columns
from kg_loader.sources.naming import DUPLICATE, UNSAFE_ALIAS, unsafe_alias
from rag.domain import Alias, AliasKind, Skipped
from rag.text import normalise

_REQUIRED = ("entity", "type", "name", "kind")
_OPTIONAL = ("source",)


def guess(path: Path, head: bytes) -> bool:
    """By its column names."""
    return {"entity", "name", "kind"} <= head_columns(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Entity and alias of each row."""
    return each_row(
        path, csv_rows(path, context.encoding, required=_REQUIRED, optional=_OPTIONAL), lambda row: _records(row.value)
    )


def _records(row: Mapping[str, str]) -> list[Item]:
    owner = named(required(row, "entity"), entity_type(required(row, "type")))
    name = required(row, "name")
    written = required(row, "kind").lower()
    if written not in {kind.value for kind in AliasKind}:
        raise RowError(f"unknown kind {written[:40]!r}, expected one of {', '.join(AliasKind)}")
    if unsafe_alias(name, owner.type):
        return [owner, Skipped(UNSAFE_ALIAS)]
    if normalise(name) == normalise(owner.name):
        return [owner, Skipped(DUPLICATE)]
    return [owner, Alias(name, owner.id, AliasKind(written))]


FORMAT = Format("aliases-csv", guess, read)

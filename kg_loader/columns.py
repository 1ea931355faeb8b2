"""What columns a table has that no format knows, so that somebody can say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kg_loader.reading import Row
from kg_loader.table import Layout, first_rows, open_table
from rag.errors import DataError

_HEADER_WITHIN = 10
_CELL_MAX = 200


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns and its first rows; `header` is the row that names them, None in JSON."""

    header: int | None
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {"header": self.header, "columns": list(self.names), "rows": [list(row) for row in self.rows]}


def columns_of(path: Path, encoding: str | None, limit: int) -> Columns:
    """The header is taken to be the fullest of the first rows: a title above it fills one cell.

    Raises DataError for what is no table of two columns or more.
    """
    header = _header(first_rows(path, encoding, _HEADER_WITHIN))
    table = open_table(path, Layout(encoding, header=(header,) if header else None))
    if len(table.columns) < 2:
        raise DataError(f"{path}: no table: it has one column; a map needs two or more")
    rows = islice((row.value for row in table.rows if isinstance(row, Row)), limit)
    return Columns(header, table.columns, tuple(tuple(_cell(row[name]) for name in table.columns) for row in rows))


def _header(rows: Sequence[Row] | None) -> int | None:
    if not rows:
        return None
    return max(rows, key=lambda row: sum(bool(cell.strip()) for cell in row.value)).number


def _cell(value: str | Sequence[str]) -> str:
    return (value if isinstance(value, str) else "；".join(value))[:_CELL_MAX]

"""What columns a table has that no format knows, so that somebody can say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kg_loader.reading import Row
from kg_loader.table import Layout, first_rows, open_table, sheets_of
from rag.errors import DataError

_HEADER_WITHIN = 10
_CELL_MAX = 200
_SHEETS_MAX = 30
"""Each is opened anew."""


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns and its first rows; `header` is the row that names them, None in JSON.

    `sheet`: of which sheet of a workbook, where it has several.
    """

    sheet: str | None
    header: int | None
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def document(self) -> dict[str, object]:
        """As JSON."""
        rows = [list(row) for row in self.rows]
        return {"sheet": self.sheet, "header": self.header, "columns": list(self.names), "rows": rows}


def columns_of(path: Path, encoding: str | None, limit: int) -> list[Columns]:
    """Those of a file, or of each sheet of a workbook that holds a table.

    The header is taken to be the fullest of the first rows: a title above it fills one cell. Raises DataError for what
    holds no table of two columns or more.
    """
    sheets: Sequence[str | None] = sheets_of(path)[:_SHEETS_MAX] or (None,)
    found = [table for sheet in sheets if (table := _columns(path, encoding, sheet, limit)) is not None]
    if not found:
        raise DataError(f"{path}: no table: it has one column; a map needs two or more")
    return found


def _columns(path: Path, encoding: str | None, sheet: str | None, limit: int) -> Columns | None:
    first = first_rows(path, encoding, _HEADER_WITHIN, sheet)
    if sheet is not None and not first:
        return None
    header = _header(first)
    table = open_table(path, Layout(encoding, sheet, header=(header,) if header else None))
    if len(table.columns) < 2:
        return None
    rows = islice((row.value for row in table.rows if isinstance(row, Row)), limit)
    return Columns(
        sheet, header, table.columns, tuple(tuple(_cell(row[name]) for name in table.columns) for row in rows)
    )


def _header(rows: Sequence[Row] | None) -> int | None:
    if not rows:
        return None
    return max(rows, key=lambda row: sum(bool(cell.strip()) for cell in row.value)).number


def _cell(value: str | Sequence[str]) -> str:
    return (value if isinstance(value, str) else "；".join(value))[:_CELL_MAX]

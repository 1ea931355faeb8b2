"""Tables of other formats than ours as rows by column name, read by the loader's own reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kg_loader.reading import Row
from kg_loader.table import Layout, open_table
from rag.domain import Rejected
from rag.errors import DataError


def workbook_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of an XLSX file below its header, numbered as in Excel. Raises DataError for what cannot be read."""
    table = open_table(path, Layout())
    for row in table.rows:
        if isinstance(row, Rejected):
            raise DataError(f"{path}, row {row.line}: {row.reason}; correct the row")
        if isinstance(row, Row):
            yield (
                row.number,
                {name: cell if isinstance(cell, str) else "\n".join(cell) for name, cell in row.value.items()},
            )

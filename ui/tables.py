"""Tables that people read, and rows that they save as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from ui.markup import plain

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet program may take for a formula."""


def harmless(cell: object) -> object:
    """A text that a spreadsheet program shows as it is: one that would be a formula gets a `'` before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def table(rows: Sequence[Mapping[str, object]]) -> None:
    """Show rows; what is wider than the page can be moved sideways."""
    shown = [{plain(name): plain(str(cell)) for name, cell in row.items()} for row in rows]
    st.table(shown, border="horizontal", hide_index=True)


def as_csv(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Rows with the same columns for a spreadsheet program, which knows UTF-8 by the mark at the beginning."""
    text = io.StringIO()
    writer = csv.writer(text)
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow([harmless(name) for name in row])
        writer.writerow([harmless(cell) for cell in row.values()])
    return text.getvalue().encode("utf-8-sig")

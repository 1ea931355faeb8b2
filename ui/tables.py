"""Tables that people read, and that Streamlit lets them save as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet program may take for a formula."""


def harmless(cell: object) -> object:
    """A text that a spreadsheet program shows as it is: one that would be a formula gets a `'` before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def table(rows: Sequence[Mapping[str, Any]], **options: Any) -> Any:  # noqa: ANN401 - Streamlit has no types
    """Show rows; `options` are those of `st.dataframe`."""
    shown = [{str(harmless(name)): harmless(cell) for name, cell in row.items()} for row in rows]
    return st.dataframe(shown, hide_index=True, **options)

"""No cell that is saved as CSV becomes a formula, whatever the knowledge base holds."""

from __future__ import annotations

import pytest

from tests.source_tree import ROOT
from ui.tables import harmless


@pytest.mark.parametrize("cell", ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["偏头痛", "1-3个月", "a=b", "", -1.5, None, 3, True])
def test_everything_else_stays(cell: object) -> None:
    assert harmless(cell) == cell


def test_every_table_of_the_pages_is_shown_so() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "ui").rglob("*.py")}
    shown = [
        name for name, text in sources.items() if any(f"st.{way}(" in text for way in ("dataframe", "data_editor"))
    ]
    assert shown == ["tables.py"]

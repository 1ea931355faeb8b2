"""No cell that is saved as CSV becomes a formula, whatever the knowledge base holds."""

from __future__ import annotations

import csv

import pytest

from tests.source_tree import ROOT
from ui.tables import as_csv, harmless


@pytest.mark.parametrize("cell", ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["偏头痛", "1-3个月", "a=b", "", -1.5, None, 3, True])
def test_everything_else_stays(cell: object) -> None:
    assert harmless(cell) == cell


def test_rows_are_saved_with_their_columns_and_without_a_formula() -> None:
    saved = as_csv(iter([{"原因": "=1+1", "行": 3}, {"原因": '缺少名称，"甲"', "行": 4}]))
    rows = list(csv.reader(saved.decode("utf-8-sig").splitlines()))
    assert rows == [["原因", "行"], ["'=1+1", "3"], ['缺少名称，"甲"', "4"]]


def test_no_page_has_a_table_with_the_english_menu_of_streamlit() -> None:
    """Nor its way of saving, which knows nothing of formulas."""
    ways = ("st.dataframe(", "st.data_editor(")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "ui").rglob("*.py")]
    assert [text for text in sources if any(way in text for way in ways)] == []

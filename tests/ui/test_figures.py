"""Shares are found in reports of any shape."""

from __future__ import annotations

from ui.figures import MOST, Figure, chart, figures_of

REPORT = {
    "kb_version": 1,
    "recall": {"main": {"value": 0.9, "low": 0.8, "high": 0.95, "right": 9, "of": 10}},
    "all": {"  citation": [1.0, 1.0, 1.0, 506], "names": ["a", "b", "c", "d"], "speeds": [12.0, 10.0, 14.0, 3]},
    "empty": {"value": 0.0, "low": 0.0, "high": 1.0, "right": 0, "of": 0},
}


def test_shares_are_named_by_their_place() -> None:
    expected = [Figure("recall · main", 0.9, 0.8, 0.95, 10), Figure("all · citation", 1.0, 1.0, 1.0, 506)]
    assert figures_of(REPORT) == expected


def test_a_heading_that_all_share_is_left_out() -> None:
    assert [one.name for one in figures_of({"linking": {"recall": [0.9, 0.8, 1.0, 9], "b": [0.5, 0.4, 0.6, 9]}})] == [
        "recall",
        "b",
    ]


def test_a_chart_has_a_point_and_an_interval_for_each() -> None:
    made = chart(figures_of(REPORT))
    assert [row["name"] for row in made["data"]["values"]] == ["recall · main", "all · citation"]
    assert [layer["mark"]["type"] for layer in made["layer"]] == ["rule", "point"]


def test_a_long_report_is_cut() -> None:
    assert len(figures_of({str(n): [0.5, 0.4, 0.6, n + 1] for n in range(200)})) == MOST

"""Risk against coverage: small cases by hand, and what holds for any order."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import bootstrap, mean_interval, ratio_interval
from evaluation.risk import area, risk_coverage, svg


def test_the_surest_come_first() -> None:
    points = risk_coverage([0.9, 0.5, 0.5, 0.1], [False, True, False, True])
    assert points == [(0.25, 0.0, 0.9), (0.75, pytest.approx(1 / 3), 0.5), (1.0, 0.5, 0.1)]


def test_the_area_is_the_mean_risk_and_ties_come_in_random_order() -> None:
    assert area(np.array([0.9, 0.1]), np.array([0.0, 1.0])) == pytest.approx((0 + 1 / 2) / 2)
    assert area(np.array([0.1, 0.9]), np.array([0.0, 1.0])) == pytest.approx((1 + 1 / 2) / 2)
    assert area(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_no_order_beats_right_before_wrong(rows: list[tuple[float, bool]]) -> None:
    sure, wrong = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    assert area(-wrong, wrong) - 1e-9 <= area(sure, wrong) <= area(wrong, wrong) + 1e-9


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_the_last_point_answers_everything(rows: list[tuple[float, bool]]) -> None:
    points = risk_coverage([r[0] for r in rows], [r[1] for r in rows])
    coverage, risk, _ = points[-1]
    assert coverage == 1.0
    assert risk == pytest.approx(sum(r[1] for r in rows) / len(rows))
    assert [p[0] for p in points] == sorted(p[0] for p in points)


def test_the_picture_is_well_formed_and_holds_the_curve() -> None:
    tree = ElementTree.fromstring(svg([(0.5, 0.0, 0.9), (1.0, 0.5, 0.0)], "a <title>"))
    assert len(tree.findall(".//{http://www.w3.org/2000/svg}polyline")) == 2


def test_intervals_hold_their_figure_and_are_the_same_every_time() -> None:
    values = [0.0] * 20 + [1.0] * 80
    found = mean_interval(values)
    assert found.value == pytest.approx(0.8)
    assert 0.7 < found.low < 0.8 < found.high < 0.9
    assert found == mean_interval(values)
    assert ratio_interval([1, 0, 2], [2, 2, 2]).value == pytest.approx(0.5)
    assert bootstrap(lambda rows: 1.0, 0).as_list() == [0.0, 0.0, 0.0], "no rows, no figure"

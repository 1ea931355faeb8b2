"""Any history of ingesting, failing, going back, pruning, withdrawing and erasing shows what a plain dict says."""

from __future__ import annotations

import pytest

from tests.state.machine import Versions, run

pytestmark = pytest.mark.timeout(300)


def test_any_short_history() -> None:
    run(Versions, examples=10, steps=30, fixed=True)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_any_long_history() -> None:
    run(Versions, examples=100, steps=100)

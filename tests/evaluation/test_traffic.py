"""The service under traffic, small: nothing breaks, leaks or hangs. How fast it is says the long test."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.speed import traffic
from evaluation.speed.corpora import SAMPLE
from evaluation.speed.stub import GRACE_S

FILES = [SAMPLE / "facts.csv", SAMPLE / "passages.jsonl"]


def sound(found: dict[str, Any], reattach_s: float) -> None:
    """What holds on a busy machine too."""
    assert found["streams"]["ended"] == ["done"]
    assert found["streams"]["gaps"] > 64
    assert found["overload"]["broken"] == 0
    assert {int(status) for status in found["overload"]["statuses"]} <= {200, 503}
    assert found["dropped_s"] >= reattach_s
    assert {int(status) for status in found["memory"]["statuses"]} == {200}
    assert found["memory"]["files"] <= 0
    assert found["ending"]["code"] == 0
    assert found["ending"]["ready"] in (0, 503)
    assert set(found["ending"]["ended"]) <= {"done", "error"}
    assert {int(status) for status in found["ending"]["statuses"]} <= {200, 503}


@pytest.mark.seconds
@pytest.mark.timeout(180)
def test_nothing_breaks_leaks_or_hangs() -> None:
    found = traffic.run(FILES, seconds=1.0, asks=300, reattach_s=1.0)
    sound(found, 1.0)
    assert found["dropped_s"] < 5.0
    assert found["memory"]["growth"] < 1.25


@pytest.mark.long
def test_the_service_keeps_its_figures() -> None:
    """Those that a machine with other work can tell; the others are in docs/benchmarks.md."""
    found = traffic.run(FILES, seconds=60.0, asks=10_000)
    sound(found, 15.0)
    assert found["dropped_s"] <= 16.0
    assert found["memory"]["growth"] <= 1.05
    assert found["ending"]["exit_s"] <= GRACE_S + 1
    assert found["streams"]["stopped_s"] <= 1.0

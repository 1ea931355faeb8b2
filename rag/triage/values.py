"""Measured values that are dangerous by themselves: the table `values.yaml`, and the numbers of a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from rag.domain import Triage
from rag.errors import ConfigurationError

_BETWEEN = r"(?:[^0-9,;:!?。\n不没未/]{0,6}?|[:=]\s?)"
"""What may stand between the name of a measure and its value."""
_NUMBER = r"(?P<first>[0-9]{1,3}(?:\.[0-9]{1,2})?)(?:度(?P<tenth>[0-9])(?![0-9]))?"
_SECOND = r"(?:\s?(?:/|,?低压|,?舒张压)\s?[^0-9,;。\n]{0,2}(?P<second>[0-9]{2,3}))?"
_OTHER_THING = r"(?![0-9.]*\s?(?:-|~|到|至|年|月|天|日|岁|周|小时|多?岁|片|粒|mg|以[上下]|分钟|个))"
"""What makes the number a range, a time, an age or an amount."""


@dataclass(frozen=True)
class Bound:
    """Holds of a value of at least `least` or at most `most`, or of a second number of at least `second`."""

    least: float | None
    most: float | None
    second: float | None
    verdict: Triage

    def holds(self, first: float, second: float | None) -> bool:
        """Whether the value is in the dangerous range."""
        high = self.least is not None and first >= self.least
        low = self.most is not None and first <= self.most
        return high or low or (self.second is not None and second is not None and second >= self.second)


@dataclass(frozen=True)
class Measure:
    """How a measure is written with its value, what values can be meant, and its bounds, gravest first."""

    written: re.Pattern[str]
    low: float
    high: float
    bounds: tuple[Bound, ...]

    def dangers(self, text: str) -> Iterator[tuple[int, int, Triage]]:
        """(start, end, verdict) of each dangerous value in a normalised text."""
        for found in self.written.finditer(text):
            first = float(found["first"]) + (float(found["tenth"]) / 10 if found["tenth"] else 0)
            if not self.low <= first <= self.high:
                continue
            second = float(found["second"]) if found["second"] else None
            if second is not None:
                first, second = max(first, second), min(first, second)  # people write 100/160 as well
            verdict = next((bound.verdict for bound in self.bounds if bound.holds(first, second)), None)
            if verdict is not None:
                yield found.start(), found.end(), verdict


def parse_values(text: str, where: str) -> tuple[Measure, ...]:
    """The table in YAML; ConfigurationError names what does not fit."""
    try:
        return tuple(_measure(row) for row in yaml.safe_load(text)["measures"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError, re.error) as error:
        raise ConfigurationError(
            f"{where}: not a table of measures ({type(error).__name__}: {error}); give names, low, high and bounds"
        ) from error


def _measure(row: Mapping[str, Any]) -> Measure:
    written = re.compile(f"(?:{row['names']}){_BETWEEN}{_NUMBER}{_OTHER_THING}{_SECOND}")
    return Measure(written, float(row["low"]), float(row["high"]), _bounds(row["id"], row["bounds"]))


def _bounds(measure: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Bound, ...]:
    return tuple(
        Bound(
            row.get("from"),
            row.get("to"),
            row.get("second"),
            Triage(
                bool(row.get("red")), f"{measure}_value", f"{row['action']}（依据：{row['source']}）", str(row["label"])
            ),
        )
        for row in rows
    )

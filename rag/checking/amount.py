"""An amount as a reader understands it, and whether another says as much. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TIMES = "次"
PER_DOSE, PER_DAY, PER_NIGHT, PER_MORNING = "次", "天", "晚", "早"
TIMES_OF_DAY = frozenset({PER_NIGHT, PER_MORNING})
_ONCE_A = {PER_NIGHT: 1.0, PER_MORNING: 1.0, "周": 1 / 7, "月": 1 / 30}
"""Times a day that an amount with such a period implies; a daily amount may be divided."""
IN_DAYS = {"天": 1.0, "晚": 1.0, "早": 1.0, "周": 7.0, "月": 30.0, "年": 365.0, "小时": 1 / 24, "隔日": 2.0}


@dataclass(frozen=True)
class Amount:
    """`low`-`high` of `unit` at text[start:end].

    `bound`: `<`, `>`, `内`, `后`, `前` or empty; `per`: the period, such as `天` and `次` (a dose), or empty.
    """

    low: float
    high: float
    unit: str
    start: int
    end: int
    bound: str = ""
    per: str = ""

    def stated_by(self, others: Iterable[Amount]) -> bool:
        """Whether one of `others` says as much: same value, unit and bound, the same period where this has one."""
        known = list(others)
        if any(self.alike(o) and self._as_bounded(o) and self._as_often(o, known) for o in known):
            return True
        return self.unit == TIMES and self.per == PER_DAY and any(_near(_ONCE_A.get(o.per, 0), self.low) for o in known)

    def alike(self, other: Amount) -> bool:
        """Same value and unit, whatever bound and period."""
        return self.unit == other.unit and _near(self.low, other.low) and _near(self.high, other.high)

    def _as_bounded(self, other: Amount) -> bool:
        mine, theirs = self.bound.replace("内", "<"), other.bound.replace("内", "<")
        if mine == theirs or (mine == "后" and not theirs and self.unit == "分钟"):
            return True
        if not mine and theirs == "后" and self.unit in ("分钟", "个月"):
            return True  # `治疗8周` of what was found 8 weeks later
        return (not mine and other.bound == "内") or (not theirs and self.bound == "内" and self.low < self.high)

    def _as_often(self, other: Amount, known: Sequence[Amount]) -> bool:
        if not self.per or self.per == other.per or (self.unit == TIMES and not other.per and self.bound):
            return True
        if self.per == PER_DOSE and other.per in _ONCE_A:
            return True
        daily = {PER_DAY, PER_NIGHT, PER_MORNING}
        if self.per == PER_DAY and other.per in daily:
            return True
        if self.unit == TIMES or not {self.per, other.per} & {PER_DOSE, ""} or self.per not in {*IN_DAYS, PER_DOSE}:
            return False
        period = self.per if self.per in IN_DAYS else other.per
        rate = 1 / IN_DAYS[period] if period in IN_DAYS else 1.0
        return any(o.unit == TIMES and o.per == PER_DAY and _near(o.low, rate) and _near(o.high, rate) for o in known)


def is_of_age(amount: Amount) -> bool:
    """Whether it is an age from which people are old."""
    return amount.unit == "个月" and amount.low >= _OLD and amount.bound == ">"


OF_AGE, _OLD = 18 * 12, 60 * 12
"""Months."""


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))

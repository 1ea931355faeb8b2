"""Reading the hand-written tables of evaluation/sets."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from tests.evaluation.sets_scripts import SETS

Row = dict[str, str]


def table(name: str) -> list[Row]:
    """The rows of a CSV file, all of one width."""
    with (SETS / name).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "a row of the wrong width"
    return rows


def repeated(values: Sequence[str]) -> list[str]:
    """What stands there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]

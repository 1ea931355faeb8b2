"""Does the medication check find what the sources state, and nothing else? Gold from the raw files, not the product.

Pairs of drugs with their severity come from the rows of DDInter as written (English names), pairs without a row from
the same names; pairs of herbs from the packaged table of 十八反 and 十九畏.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import combinations
from pathlib import Path

from evaluation.emptied import emptied
from evaluation.metrics import paired_bootstrap
from rag.errors import NotFoundError
from rag.pipeline import Pipeline
from rag.safety.hazards import Kind
from rag.safety.levels import Level
from rag.safety.medications import Report
from rag.settings import Settings
from rag.wiring import build

DDINTER = Path("kg") / "ddinter_A.csv"
_LEVELS = {"major": Level.MAJOR, "moderate": Level.MODERATE, "minor": Level.MINOR, "unknown": Level.UNKNOWN}
_CHANCE = 2000
"""Pairs drawn for each one wanted before giving up; the table is dense among its own drugs."""


@dataclass(frozen=True)
class Pair:
    """Two names, and the level that the source gives; None: the source has no such pair."""

    a: str
    b: str
    level: Level | None


@dataclass
class MedicationsReport:
    """One entry for each pair, 1.0 where it came out as the source has it; what did not is listed."""

    recorded: list[float] = field(default_factory=list)
    graded: list[float] = field(default_factory=list)
    unrecorded: list[float] = field(default_factory=list)
    herbs: list[float] = field(default_factory=list)
    absent: int = 0
    from_nothing: int = 0
    """Findings for the same pairs on an emptied knowledge base; must be 0."""
    order: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """For a JSON document: share, interval and count of each part."""
        parts = {
            "pairs found": self.recorded,
            "pairs found with their severity": self.graded,
            "pairs without a row that stay without one": self.unrecorded,
            "herb pairs found": self.herbs,
            "lists that read the same backwards": self.order,
        }
        return {
            **{name: _share(values) for name, values in parts.items()},
            "herb pairs whose names the knowledge base lacks": self.absent,
            "findings on an emptied knowledge base": self.from_nothing,
            "wrong": self.wrong,
        }

    def markdown(self) -> str:
        """A table, then what came out wrong."""
        lines = ["| what | share | 95 % | count |", "|---|---|---|---|"]
        for name, value in self.summary().items():
            if isinstance(value, dict):
                low, high = value["interval"]
                lines.append(f"| {name} | {value['share']:.3f} | {low:.3f} to {high:.3f} | {value['count']} |")
            else:
                lines += [f"| {name} | | | {value} |"] if isinstance(value, int) else []
        return "\n".join([*lines, "", *(f"- {line}" for line in self.wrong)]).rstrip() + "\n"


def _share(values: Sequence[float]) -> dict[str, object]:
    if not values:
        return {"share": 0.0, "interval": (0.0, 0.0), "count": 0}
    found = paired_bootstrap([0.0] * len(values), values)
    return {"share": found.mean, "interval": (found.low, found.high), "count": found.questions}


def read_pairs(data: Path, count: int, seed: int) -> tuple[list[Pair], list[Pair]]:
    """`count` random rows of DDInter, and as many random pairs of its drugs that have no row."""
    file = data / DDINTER
    if not file.is_file():
        raise NotFoundError(f"{file}: no such file; --data names the folder of the raw data files")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [Pair(r["Drug_A"], r["Drug_B"], _LEVELS[r["Level"].lower()]) for r in csv.DictReader(lines)]
    chance = random.Random(seed)
    stated = {frozenset((row.a, row.b)) for row in rows}
    names = sorted({row.a for row in rows} | {row.b for row in rows})
    drawn = (chance.sample(names, 2) for _ in range(_CHANCE * count))
    without = (Pair(a, b, None) for a, b in drawn if frozenset((a, b)) not in stated)
    return chance.sample(rows, min(count, len(rows))), [pair for pair, _ in zip(without, range(count), strict=False)]


def herb_pairs() -> Iterator[tuple[str, str]]:
    """The packaged table of herbs that must not go together."""
    table = resources.files("kg_loader").joinpath("sample", "incompatible_herbs.csv").read_text(encoding="utf-8")
    yield from ((row["herb"], row["other"]) for row in csv.DictReader(table.splitlines()))


def run(settings: Settings, data: Path, *, count: int, seed: int) -> MedicationsReport:
    """All parts on the current knowledge base, the recorded pairs once more on an emptied one. Raises NotReadyError."""
    report = evaluate(build(settings), data, count=count, seed=seed)
    pairs = [*((pair.a, pair.b) for pair in read_pairs(data, count, seed)[0]), *herb_pairs()]
    with emptied(settings) as nothing:
        report.from_nothing = sum(len(_check(nothing, *pair).hazards) for pair in pairs)
    return report


def evaluate(pipeline: Pipeline, data: Path, *, count: int = 300, seed: int = 20261128) -> MedicationsReport:
    """Check every pair by itself, and lists of seven forwards and backwards."""
    report = MedicationsReport()
    recorded, unrecorded = read_pairs(data, count, seed)
    for pair in recorded:
        found = _levels(_check(pipeline, pair.a, pair.b))
        report.recorded.append(float(bool(found)))
        report.graded.append(float(pair.level in found))
        if pair.level not in found:
            report.wrong.append(f"{pair.a} + {pair.b}: {pair.level} expected, found {sorted(found) or 'nothing'}")
    for pair in unrecorded:
        graded = _levels(_check(pipeline, pair.a, pair.b))
        report.unrecorded.append(float(not graded))
        if graded:
            report.wrong.append(f"{pair.a} + {pair.b}: no row, found {sorted(graded)}")
    _herbs(pipeline, report)
    names = [pair.a for pair in recorded]
    for start in range(0, len(names) - 6, 7):
        forth, back = (_check(pipeline, *part) for part in (names[start : start + 7], names[start : start + 7][::-1]))
        report.order.append(float(forth.hazards == back.hazards))
    return report


def _herbs(pipeline: Pipeline, report: MedicationsReport) -> None:
    for a, b in herb_pairs():
        found = _check(pipeline, a, b)
        if found.unknown:
            report.absent += 1
            continue
        hit = any(hazard.kind is Kind.INCOMPATIBILITY for hazard in found.hazards)
        report.herbs.append(float(hit))
        if not hit:
            report.wrong.append(f"{a} + {b}: incompatible, nothing found")


def _check(pipeline: Pipeline, *names: str) -> Report:
    return pipeline.check(names)[1]


def _levels(report: Report) -> set[Level]:
    """Levels of the interactions that the graph states between the two."""
    pairs = {frozenset(pair) for a, b in combinations(report.medicines, 2) for pair in _across(a.entities, b.entities)}
    return {
        hazard.level
        for hazard in report.hazards
        if hazard.kind is Kind.INTERACTION
        and frozenset(hazard.drugs) in pairs
        and len(hazard.path) == 1
        and hazard.path[0].fact is not None
    }


def _across(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((a, b) for a in left for b in right)

"""A measured quantity, what it must reach, and what else the machine did meanwhile; as JSON and as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One quantity, a value for each round; `goal` is the most it may be, None for a plain report."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: float | None = None

    @property
    def median(self) -> float:
        """The value to report."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median keeps to the goal; None without one."""
        return None if self.goal is None else self.median <= self.goal

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": round(self.median, 4),
            "lowest": round(min(self.values), 4),
            "highest": round(max(self.values), 4),
            "rounds": len(self.values),
            "goal": self.goal,
            "reached": self.reached,
        }

    def row(self) -> str:
        """A line of the table."""
        span = f"{_short(min(self.values))} to {_short(max(self.values))}" if len(self.values) > 1 else ""
        goal = f"<= {_short(self.goal)}" if self.goal is not None else ""
        kept = {None: "", True: "yes", False: "**no**"}[self.reached]
        median = _short(self.median)
        return f"| {self.name} | {median} {self.unit} | {span} | {len(self.values)} | {goal} | {kept} |"


@dataclass(frozen=True)
class SpeedReport:
    """All figures of one run; `notes` are observations that are no quantities, such as what one record changed."""

    figures: tuple[Figure, ...]
    notes: Mapping[str, object]
    machine: Mapping[str, object] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether every goal was kept and everything that must hold did."""
        held = all(value is not False for value in self.notes.values())
        return held and all(figure.reached is not False for figure in self.figures)

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            "machine": dict(self.machine),
            "figures": [figure.summary() for figure in self.figures],
            "notes": dict(self.notes),
            "reached": self.reached,
        }

    def markdown(self) -> str:
        """A table, then the notes."""
        lines = ["| what | median | range | rounds | goal | reached |", "|---|---|---|---|---|---|"]
        lines += [figure.row() for figure in self.figures]
        lines += ["", *(f"- {name}: {_words(value)}" for name, value in {**self.notes, **self.machine}.items())]
        return "\n".join(lines) + "\n"


QUIET = 0.1
"""A round in which others used more of the machine than this share says little about us."""


def quiet(shares: Sequence[float | None]) -> list[int]:
    """Which rounds to report, by the share of the machine that others used in each: the quiet ones, else all."""
    found = [number for number, share in enumerate(shares) if share is None or share <= QUIET]
    return found or list(range(len(shares)))


def shares_note(shares: Sequence[float | None]) -> str:
    """The shares as words."""
    told = ", ".join("?" if share is None else f"{share:.0%}" for share in shares)
    return f"{told}; reported: {len(quiet(shares))} of {len(shares)} rounds"


def machine() -> dict[str, object]:
    """What ran it and how busy it was: figures of a machine that others use too are to be read with that."""
    found: dict[str, object] = {
        "python": platform.python_version(),
        "cores": os.cpu_count() or 1,
        "load average over a minute": round(os.getloadavg()[0], 2),
    }
    return found | _memory()


def _memory() -> dict[str, object]:
    try:
        first = Path("/proc/meminfo").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return {}
    return {"memory, GB": round(int(first.split()[1]) / 1024**2)}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1] of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(count)} {name}" for name, count in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)

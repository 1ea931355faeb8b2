"""Red flags on labelled sentences: how many emergencies are seen, and how much that is none is taken for one.

`sets/triage.csv`: `part` is main, paraphrase, played_down or english; `expected` yes or no. The advice of another
kind of emergency counts as seen: many share their first step.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from evaluation.metrics import Share, share_of
from rag.domain import Patient, Triage

Assess = Callable[[str, Patient], Triage]
UNCLEAR = "unclear"


@dataclass(frozen=True)
class Seen:
    """One sentence and whether a flag was raised; `clear` where it was of a certain kind."""

    category: str
    part: str
    emergency: bool
    flagged: bool
    clear: bool


@dataclass(frozen=True)
class TriageReport:
    """What was made of each sentence."""

    seen: tuple[Seen, ...]

    def recall(self, part: str | None = None, category: str | None = None) -> Share:
        """Emergencies that raise a flag."""
        return _share(self._of(part, category, emergency=True))

    def false_alarms(self, part: str | None = None, category: str | None = None) -> Share:
        """What is no emergency and raises one."""
        return _share(self._of(part, category, emergency=False))

    def _of(self, part: str | None, category: str | None, *, emergency: bool) -> list[Seen]:
        return [
            one for one in self.seen
            if one.emergency is emergency and part in (None, one.part) and category in (None, one.category)
        ]  # fmt: skip

    @property
    def parts(self) -> list[str]:
        """In the order of the file."""
        return list(dict.fromkeys(one.part for one in self.seen))

    @property
    def categories(self) -> list[str]:
        """In the order of the file."""
        return list(dict.fromkeys(one.category for one in self.seen))

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        unclear = sum(one.flagged and not one.clear for one in self.seen if one.emergency)
        return {
            "sentences": len(self.seen),
            "recall": {part: self.recall(part).summary() for part in self.parts},
            "false_alarms": {part: self.false_alarms(part).summary() for part in self.parts},
            "by_category": {name: self._of_category(name) for name in self.categories},
            "of_no_certain_kind": unclear,
        }  # fmt: skip

    def _of_category(self, name: str) -> dict[str, object]:
        shares = {"recall": self.recall("main", name), "false_alarms": self.false_alarms("main", name)}
        return {what: share.summary() for what, share in shares.items()}

    def markdown(self) -> str:
        """One table by part, one by category."""
        lines = ["| part | emergencies seen | false alarms |", "|---|---|---|"]
        lines += [f"| {part} | {self.recall(part)} | {_or_none(self.false_alarms(part))} |" for part in self.parts]
        lines += ["", "| category, part main | emergencies seen | false alarms |", "|---|---|---|"]
        lines += [
            f"| {name} | {self.recall('main', name).value:.3f} | {self.false_alarms('main', name).value:.3f} |"
            for name in self.categories
        ]
        return "\n".join(lines) + "\n"


def _share(rows: Sequence[Seen]) -> Share:
    return share_of([float(one.flagged) for one in rows], [1.0] * len(rows))


def _or_none(share: Share) -> str:
    return str(share) if share.of else ""


def read_sentences() -> list[dict[str, str]]:
    """The packaged set."""
    text = (resources.files("evaluation") / "sets" / "triage.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def patient_of(row: Mapping[str, str]) -> Patient:
    """Who the sentence is about, beside what it says."""
    age = float(row["age_months"]) / 12 if row["age_months"] else None
    drugs = tuple(row["drugs"].split(";")) if row["drugs"] else ()
    return Patient(age=age, pregnant=row["pregnant"] == "yes" or None, drugs=drugs)


def evaluate(rows: Iterable[Mapping[str, str]], assess: Assess) -> TriageReport:
    """Put each sentence to the triage."""
    seen = []
    for row in rows:
        verdict = assess(row["text"], patient_of(row))
        clear = verdict.red_flag and verdict.category != UNCLEAR
        seen.append(Seen(row["category"], row["part"], row["expected"] == "yes", verdict.red_flag, clear))
    return TriageReport(tuple(seen))

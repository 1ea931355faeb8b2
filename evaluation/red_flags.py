"""Red flags on labelled sentences: how many emergencies are seen, and how much that is none is taken for one.

`sets/triage.csv`: `part` is main, paraphrase, played_down or english; `expected` yes or no. The parts `more` and `wide`
are what nothing has learnt of `sets/triage_more.yaml` (a half) and `sets/triage_wide.yaml` (a quarter), `patients` is
of `sets/triage_patients.yaml`. The advice of another kind of emergency counts as seen: many share their first step.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import yaml

from evaluation.metrics import Share, half_of, share_of
from rag.domain import Patient, Triage

Assess = Callable[[str, Patient], Triage]
UNCLEAR = "unclear"
_NO_EMERGENCY = "none/"
_PATIENT = ("age_months", "pregnant", "drugs")


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
        """Those of the part main, in the order of the file."""
        return list(dict.fromkeys(one.category for one in self.seen if one.part == "main"))

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
    """The packaged set, and of the others what is not learnt."""
    rows = list(csv.DictReader(_packaged("triage.csv").splitlines()))
    rows += [_row("more", kind, text) for kind, text in more_sentences(half=1)]
    rows += [_row("wide", kind, text) for kind, text in wide_sentences(held=True)]
    return rows + [_row("patients", kind, text) for kind, text in patient_sentences()]


def more_sentences(half: int) -> list[tuple[str, str]]:
    """(kind, sentence) of one half of the larger set: 0 may be read and learnt, 1 neither."""
    return [(kind, text) for kind, text in _by_kind("triage_more.yaml") if half_of(text) == half]


def wide_sentences(*, held: bool) -> list[tuple[str, str]]:
    """(kind, sentence) of the widest set: the quarter that is neither read nor learnt, or the others."""
    return [(kind, text) for kind, text in _by_kind("triage_wide.yaml") if (zlib.crc32(text.encode()) % 4 == 3) is held]


def patient_sentences() -> list[tuple[str, str]]:
    """(kind, sentence) in the manner of a consultation site: none is read or learnt."""
    return _by_kind("triage_patients.yaml")


def _by_kind(name: str) -> list[tuple[str, str]]:
    kinds: dict[str, str] = yaml.safe_load(_packaged(name))
    return [(kind, text) for kind, lines in kinds.items() for text in lines.splitlines()]


def _row(part: str, kind: str, text: str) -> dict[str, str]:
    expected = "no" if kind.startswith(_NO_EMERGENCY) else "yes"
    return dict.fromkeys(_PATIENT, "") | {"category": kind, "part": part, "expected": expected, "text": text}


def _packaged(name: str) -> str:
    return (resources.files("evaluation") / "sets" / name).read_text(encoding="utf-8")


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

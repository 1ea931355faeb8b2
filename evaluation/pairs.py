"""Opposite pairs: does one name ever answer for the other?

Both questions of every pair are asked in full. They are judged by the records that the answers cite and by the names
as stored, not by the linker's own opinion of what is compatible:

- cross-answered: a fact or a drug's monograph of the other side is cited, or a conclusion that speaks of the other
  side only;
- neighbour: what is cited is about a third entity, neither the asked name nor one that lists it as an alias;
- merged: both names lead, without a question back, to one entity.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag.domain import Answer, EntityId, Evidence
from rag.editions import Edition
from rag.linking.names import OWN_NAME
from rag.pipeline import Options, Pipeline
from rag.retrieval.selection import SURE
from rag.text import normalise

KINDS = ("merged", "cross-answered", "neighbour")
PAIRS = Path(__file__).parent / "sets" / "opposite_pairs.csv"


@dataclass(frozen=True)
class Pair:
    """Two names that must not answer for each other, and one question about each; `in_kb` as in sets/README.md."""

    a: str
    b: str
    question_a: str
    question_b: str
    type: str
    in_kb: str


@dataclass(frozen=True)
class Offence:
    """What went wrong: the name asked for, the question, one of `KINDS`, and the record cited for it."""

    name: str
    question: str
    kind: str
    record: str


@dataclass
class PairReport:
    """All pairs; `via_alias` holds what was answered from an entity of another name, for a person to look at."""

    pairs: int = 0
    offences: list[Offence] = field(default_factory=list)
    via_alias: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str) -> int:
        """Pairs or questions with an offence of one kind."""
        return len({offence.question for offence in self.offences if offence.kind == kind})

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            "pairs": self.pairs,
            "merged": self.count("merged"),
            "cross_answered": self.count("cross-answered"),
            "neighbour": self.count("neighbour"),
            "offences": [vars(offence) for offence in self.offences],
            "via_alias": self.via_alias,
            "outcomes": dict(sorted(self.outcomes.items())),
        }


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """The rows of the set."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Pair(**{name: row[name] for name in Pair.__dataclass_fields__}) for row in csv.DictReader(file)]


def evaluate(pipeline: Pipeline, pairs: Iterable[Pair]) -> PairReport:
    """Ask both questions of each pair and judge what is cited."""
    report = PairReport()
    judge = Judge(pipeline.editions.current())
    for pair in pairs:
        report.pairs += 1
        if shared := judge.lead_to(pair.a) & judge.lead_to(pair.b):
            report.offences.append(Offence(f"{pair.a}, {pair.b}", pair.question_a, "merged", min(shared)))
        for asked, other, question, side in (
            (pair.a, pair.b, pair.question_a, "a"),
            (pair.b, pair.a, pair.question_b, "b"),
        ):
            answer = pipeline.ask(question, Options(detail="full"))
            present = "present" if pair.in_kb in ("both", side) else "absent"
            report.outcomes[f"name {present}: {answer.outcome.value}"] += 1
            _judge_answer(report, judge, answer, asked, other, question)
    return report


def _judge_answer(report: PairReport, judge: Judge, answer: Answer, asked: str, other: str, question: str) -> None:
    warned = {name for warning in answer.warnings for name in warning.evidence_ids}
    cited = judge.edition.kb.evidence([c.evidence_id for c in answer.citations])
    for evidence in cited.values():
        fault = judge.fault(evidence, asked, other, warning=evidence.id in warned)
        if fault:
            report.offences.append(Offence(asked, question, *fault))
        elif subject := judge.subject(evidence):
            if subject not in judge.own(asked) and subject in judge.listing(asked):
                report.via_alias[asked] = subject


class Judge:
    """The names of one version, looked at without the linker's rules about aliases."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._owners: dict[str, dict[EntityId, str]] = {}
        for row in edition.kb.names():
            known = self._owners.setdefault(row.name, {})
            if known.get(row.entity) != OWN_NAME:
                known[row.entity] = row.kind

    def own(self, name: str) -> set[EntityId]:
        """Entities of that very name."""
        return {entity for entity, kind in self._owners.get(normalise(name), {}).items() if kind == OWN_NAME}

    def listing(self, name: str) -> set[EntityId]:
        """Entities that list it as another name of theirs."""
        return {entity for entity, kind in self._owners.get(normalise(name), {}).items() if kind != OWN_NAME}

    def lead_to(self, name: str) -> set[EntityId]:
        """The entities that a question with nothing but `name` is silently taken to mean."""
        found: set[EntityId] = set()
        for mention in self.edition.linker.link(name):
            if mention.modifier or mention.negated or normalise(mention.surface) != normalise(name):
                continue
            sure = [c for c in mention.candidates if c.score >= SURE]
            found |= {c.entity for c in [c for c in sure if c.via == OWN_NAME] or sure}
        return found

    @staticmethod
    def subject(evidence: Evidence) -> EntityId | None:
        """What a fact or a passage is about as a whole."""
        if evidence.fact is not None:
            return evidence.fact.subject
        return evidence.passage.about if evidence.passage is not None else None

    def fault(self, evidence: Evidence, asked: str, other: str, *, warning: bool) -> tuple[str, str] | None:
        """Why this record may not be cited for `asked`: the kind of offence and the record; or None.

        A warning is about a remedy that the answer names, so it may have any subject but the other side.
        """
        subject = self.subject(evidence)
        record = f"{subject}: {evidence.text[:60]}" if subject else evidence.text[:80]
        if subject is None:
            return ("cross-answered", record) if _speaks_only_of(other, asked, evidence) else None
        if subject in self.own(other) - self.own(asked):
            return "cross-answered", record
        if warning or subject in self.own(asked) | self.listing(asked) or self._is_object(evidence, asked):
            return None
        if evidence.fact is None and normalise(asked) in normalise(evidence.text):  # a remedy for what was asked
            return None
        return ("cross-answered" if subject in self.listing(other) else "neighbour"), record

    def _is_object(self, evidence: Evidence, asked: str) -> bool:
        """Diseases that list the asked drug or disease."""
        fact = evidence.fact
        return fact is not None and fact.object in self.own(asked) | self.listing(asked)


def _speaks_only_of(other: str, asked: str, evidence: Evidence) -> bool:
    """The text holds the other name and not the asked one, also where one of them is part of the other."""
    text = normalise(f"{evidence.title or ''} {evidence.text}")
    longer, shorter = sorted((normalise(asked), normalise(other)), key=len, reverse=True)
    holds = {longer: longer in text, shorter: shorter in text.replace(longer, " ")}
    return holds[normalise(other)] and not holds[normalise(asked)]


def markdown(report: PairReport, listed: Sequence[Offence] | None = None) -> str:
    """A table, then the offences."""
    rows = {
        "pairs": report.pairs,
        "merged pairs": report.count("merged"),
        "cross-answered questions": report.count("cross-answered"),
        "questions answered from a third entity": report.count("neighbour"),
        "names answered from an entity that lists them as an alias": len(report.via_alias),
        **{f"outcome, {name}": count for name, count in sorted(report.outcomes.items())},
    }
    lines = ["| what | count |", "|---|---|", *(f"| {name} | {count} |" for name, count in rows.items())]
    offences = report.offences if listed is None else listed
    lines += ["", *(f"- {o.kind}: {o.question} -> {o.record}" for o in offences)] if offences else []
    return "\n".join(lines) + "\n"

"""Asking back: simulated patients, who reveal a symptom when they are asked about it.

Patients come from `evaluation/sets/make_simulated_patients.py`, which shares no code with the product. A dialogue goes
as a program would have it: every turn is one question with the earlier turns as history, and the questions are read out
of `Answer.questions`. A disease's rank is its place among those that the answer cites with a symptom.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.emptied import emptied
from evaluation.metrics import Difference, paired_bootstrap
from rag.domain import Answer, Outcome, Turn
from rag.linking.names import OWN_NAME
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.snapshot.files import storage_errors
from rag.text import normalise
from rag.vocabulary import EntityType, Relation
from rag.wiring import build

MOST_TURNS = 8
"""A dialogue that is longer is cut off, and counts all its questions."""
OWN_LISTED = 6
"""Symptoms from which a record of `cmekg.jsonl` makes a patient by itself."""
_NAMED = re.compile(r"“([^“”]+)”")

Synonyms = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Patient:
    """One row of the set."""

    id: str
    disease: str
    rivals: int
    own_symptoms: int
    opening: str
    answers: Mapping[str, str]
    unknown: str
    nothing_more: str

    def reply(self, question: str, names: Synonyms, asked: list[tuple[str, str]]) -> str:
        """The answer to each symptom that a question names; what was taken as another word for it goes to `asked`."""
        named = [normalise(name) for name in _NAMED.findall(question)]
        known = {normalise(symptom): said for symptom, said in self.answers.items()}
        found = []
        for name in named:
            match = next((word for word in (name, *names(name)) if word in known), None)
            asked.append((name, match or ""))
            found.append(known[match] if match else self.unknown)
        return "，".join(found) or self.nothing_more


def read_patients(path: Path) -> list[Patient]:
    """The rows of a file made by `make_simulated_patients.py`."""
    with path.open(encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [
        Patient(
            row["id"], row["disease"], len(row["rivals"]), row["own_symptoms"], row["opening"], row["answers"],
            row["unknown"], row["nothing_more"],
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class Dialogue:
    """How it went with one patient: `ranks` after each answer, None where the disease is not cited; `asked` symptoms

    with the words of the patient that were taken for them, empty where there were none (`unknown`).
    """

    patient: Patient
    ranks: tuple[int | None, ...]
    asked: tuple[tuple[str, str], ...]
    emergency: bool

    def hit(self, at: int, *, after: bool) -> float:
        """1 where the disease is among the first `at` answers, before asking or after it."""
        rank = self.ranks[-1 if after else 0]
        return float(rank is not None and rank <= at)


@dataclass
class DialogueReport:
    """All dialogues over one knowledge base, and hits over an emptied one, which must be 0."""

    dialogues: list[Dialogue] = field(default_factory=list)
    emptied_hits: int = 0

    def gain(self, at: int, dialogues: Sequence[Dialogue] | None = None) -> Difference:
        """hit@`at` after asking against before, paired by patient."""
        chosen = self.dialogues if dialogues is None else dialogues
        return paired_bootstrap(*([d.hit(at, after=after) for d in chosen] for after in (False, True)))

    def summary(self) -> dict[str, object]:
        """For a JSON document; every figure as mean, low, high (95 % bootstrap over patients)."""
        own = [d for d in self.dialogues if d.patient.own_symptoms >= OWN_LISTED]
        merged = [d for d in self.dialogues if d.patient.own_symptoms < OWN_LISTED]
        replies = [bool(word) for d in self.dialogues for _, word in d.asked]
        parts = {"all": self.dialogues, "own record": own, "merged rows": merged}
        return {
            "patients": len(self.dialogues),
            **{name: self._part(chosen) for name, chosen in parts.items() if chosen},
            "most questions": max((len(d.asked) for d in self.dialogues), default=0),
            "asked nothing": sum(not d.asked for d in self.dialogues),
            "answered unknown": round(1 - sum(replies) / len(replies), 4) if replies else None,
            "emergencies": sum(d.emergency for d in self.dialogues),
            "emptied: hits": self.emptied_hits,
            "other words": sorted({(a, b) for d in self.dialogues for a, b in d.asked if b and a != b}),
        }

    def _part(self, chosen: Sequence[Dialogue]) -> dict[str, object]:
        found: dict[str, object] = {"patients": len(chosen)}
        found["hit@1 by drawing lots among rivals"] = _interval([1 / (1 + d.patient.rivals) for d in chosen])
        for at in (1, 3):
            for name, after in (("before", False), ("after", True)):
                found[f"hit@{at} {name}"] = _interval([d.hit(at, after=after) for d in chosen])
            gain = self.gain(at, chosen)
            found[f"hit@{at} gain"] = [round(value, 4) for value in (gain.mean, gain.low, gain.high)]
        found["questions"] = _interval([float(len(d.asked)) for d in chosen])
        return found


def _interval(values: Sequence[float]) -> list[float]:
    """Mean, low, high."""
    found = paired_bootstrap([0.0] * len(values), values)
    return [round(value, 4) for value in (found.mean, found.low, found.high)]


def markdown(summary: Mapping[str, Any]) -> str:
    """A table of the parts, then what else was counted."""
    parts = {name: part for name, part in summary.items() if isinstance(part, dict)}
    lines = [f"| figure | {' | '.join(parts)} |", f"|---|{'---|' * len(parts)}"]
    for name in next(iter(parts.values()), {}):
        cells = (part[name] for part in parts.values())
        shown = (f"{c[0]:.3f} [{c[1]:.3f}, {c[2]:.3f}]" if isinstance(c, list) else str(c) for c in cells)
        lines.append(f"| {name} | {' | '.join(shown)} |")
    others = (f"- {name}: {value}" for name, value in summary.items() if name not in parts)
    return "\n".join([*lines, "", *others]) + "\n"


def run(settings: Settings, patients: Sequence[Patient]) -> DialogueReport:
    """Talk with every patient over the current knowledge base, and over an emptied one. Raises NotReadyError."""
    report = evaluate(build(settings), patients)
    with emptied(settings) as nothing:
        found = evaluate(nothing, patients)
    report.emptied_hits = sum(any(rank is not None for rank in d.ranks) for d in found.dialogues)
    return report


def evaluate(pipeline: Pipeline, patients: Iterable[Patient]) -> DialogueReport:
    """Talk with every patient."""
    return DialogueReport([talk(pipeline, patient) for patient in patients])


def talk(pipeline: Pipeline, patient: Patient) -> Dialogue:
    """From the opening until nothing is asked any more."""
    history: list[Turn] = []
    message = patient.opening
    ranks: list[int | None] = []
    asked: list[tuple[str, str]] = []
    for _ in range(MOST_TURNS):
        answer = pipeline.ask(message, Options(history=tuple(history), detail="full"))
        ranks.append(_rank(pipeline, answer, patient.disease))
        if answer.outcome is not Outcome.NEED_MORE_INFO or not answer.questions:
            break
        history += [Turn("user", message), Turn("assistant", answer.text)]
        message = patient.reply("".join(answer.questions), _other_names(pipeline), asked)
    return Dialogue(patient, tuple(ranks), tuple(asked), answer.triage.red_flag)


def _rank(pipeline: Pipeline, answer: Answer, disease: str) -> int | None:
    kb = pipeline.editions.at(answer.kb_version).kb
    found = kb.evidence([c.evidence_id for c in answer.citations])
    facts = (found[c.evidence_id].fact for c in answer.citations if c.evidence_id in found)
    names = list(dict.fromkeys(normalise(f.subject_name) for f in facts if f and f.relation is Relation.SYMPTOM))
    return names.index(normalise(disease)) + 1 if normalise(disease) in names else None


def _other_names(pipeline: Pipeline) -> Synonyms:
    """Names that the product takes for the same symptom."""
    edition = pipeline.editions.current()

    def names(symptom: str) -> list[str]:
        candidates = edition.linker.names.candidates(symptom)
        own = [c.entity for c in candidates if c.type is EntityType.SYMPTOM and c.via == OWN_NAME]
        aliases = [normalise(alias.name) for entity in own for alias in edition.kb.aliases(entity)]
        return [*aliases, *(c.name for c in candidates if c.type is EntityType.SYMPTOM)]

    return names


def write_transcripts(report: DialogueReport, path: Path) -> None:
    """One row a patient, to read what was asked and where the disease stood after each answer."""
    rows = (
        {
            "id": d.patient.id,
            "disease": d.patient.disease,
            "opening": d.patient.opening,
            "ranks": d.ranks,
            "asked": d.asked,
            "emergency": d.emergency,
        }
        for d in report.dialogues
    )
    with storage_errors(path):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

"""Is what the generator is shown the right evidence? Precision and recall on 202 labelled questions.

Questions and labels come from `evaluation/sets/make_evidence_set.py`, which shares no code with the product. The facts
of one subject and relation are one piece of evidence, as they are one label; a passage is one piece. What warns
of a drug is shown whatever was asked: it meets a label that names it, and is never counted as shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.metrics import Interval, ratio_interval
from evaluation.provenance import provenance
from evaluation.sets.make_evidence_set import make
from evaluation.sets.raw import read_abstracts
from rag.domain import Evidence, PassageKind
from rag.errors import NotFoundError
from rag.pipeline import Finished, Options, Pipeline, Shown
from rag.settings import Settings
from rag.text import normalise
from rag.vocabulary import Relation, relation_named
from rag.wiring import build

FACTS, MONOGRAPHS, LITERATURE = "facts", "monographs", "literature"
KINDS = (FACTS, MONOGRAPHS, LITERATURE)
FILES = ("kg/cmekg.jsonl", "kg/drug.json", "literature/pubmedqa_dev.json")
_FIELDS: Mapping[str, tuple[Relation, ...]] = {
    "适应证": (Relation.INDICATION, Relation.EFFICACY),
    "禁忌证": (Relation.CONTRAINDICATION,),
    "注意事项": (Relation.CAUTION, Relation.CONTRAINDICATION),
    "不良反应": (Relation.ADVERSE,),
    "用法用量": (Relation.DOSAGE,),
    "药物相互作用": (Relation.INTERACTION,),
    "剂型": (Relation.DOSAGE_FORM,),
    "药品类型": (Relation.DRUG_CLASS,),
}
"""Facts that are made of a field of a monograph."""


@dataclass(frozen=True)
class Piece:
    """Evidence that counts as one: all facts of a subject and relation, or a passage."""

    kind: str
    members: tuple[Evidence, ...]

    @property
    def text(self) -> str:
        """The texts, for reading a report."""
        return " / ".join(member.text for member in self.members[:3])


@dataclass(frozen=True)
class Judged:
    """One question: of its labels how many were met, and of each kind of piece how many were shown and relevant."""

    id: str
    kind: str
    question: str
    labels: int
    met: int
    shown: Mapping[str, int]
    relevant: Mapping[str, int]
    wrong: tuple[str, ...] = ()


@dataclass
class EvidenceReport:
    """All questions."""

    judged: list[Judged] = field(default_factory=list)
    digest: str = ""
    provenance: Mapping[str, object] = field(default_factory=dict)

    def precision(self, kinds: Sequence[str] = KINDS, rows: Sequence[Judged] | None = None) -> Interval:
        """Relevant pieces over pieces shown; those that may be relevant count for neither."""
        chosen = self.judged if rows is None else rows
        return ratio_interval(
            [sum(row.relevant[kind] for kind in kinds) for row in chosen],
            [sum(row.shown[kind] for kind in kinds) for row in chosen],
        )

    def recall(self, rows: Sequence[Judged] | None = None) -> Interval:
        """Labels met over labels."""
        chosen = self.judged if rows is None else rows
        return ratio_interval([row.met for row in chosen], [row.labels for row in chosen])

    def by_question(self) -> dict[str, dict[str, Any]]:
        """Precision and recall of each kind of question."""
        found = {}
        for name in dict.fromkeys(row.kind for row in self.judged):
            rows = [row for row in self.judged if row.kind == name]
            found[name] = {
                "questions": len(rows),
                "precision": self.precision(KINDS, rows),
                "recall": self.recall(rows),
            }
        return found

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        pieces = sum(sum(row.shown.values()) for row in self.judged)
        return {
            **self.provenance,
            "questions": len(self.judged),
            "kb_digest": self.digest,
            "precision": self.precision().as_list(),
            "recall": self.recall().as_list(),
            "pieces_shown": pieces,
            "precision_of": {kind: self.precision((kind,)).as_list() for kind in KINDS},
            "questions_of": {
                name: {key: v.as_list() if isinstance(v, Interval) else v for key, v in row.items()}
                for name, row in self.by_question().items()
            },
            "nothing_shown": sum(not sum(row.shown.values()) for row in self.judged),
        }

    def markdown(self) -> str:
        """A table by kind of question, one by kind of evidence."""
        lines = ["| questions | number | precision | recall |", "|---|---|---|---|"]
        for name, row in self.by_question().items():
            lines.append(f"| {name} | {row['questions']} | {row['precision']} | {row['recall']} |")
        lines.append(f"| all | {len(self.judged)} | {self.precision()} | {self.recall()} |")
        lines += ["", "| evidence | shown | precision |", "|---|---|---|"]
        for kind in KINDS:
            lines.append(f"| {kind} | {sum(row.shown[kind] for row in self.judged)} | {self.precision((kind,))} |")
        return "\n".join(lines) + "\n"


def run(data: Path, settings: Settings) -> EvidenceReport:
    """Ask all questions of the current knowledge base. Raises NotFoundError for a missing file, NotReadyError."""
    require_files(data)
    pipeline = build(settings)
    report = evaluate(pipeline, make(data), bare_abstracts(data))
    report.provenance = provenance(pipeline, settings)
    return report


def require_files(data: Path) -> None:
    """Raises NotFoundError for the first file that the labels name and `data` lacks."""
    if missing := [name for name in FILES if not (data / name).is_file()]:
        raise NotFoundError(f"{data / missing[0]}: no such file; --data names the folder of the raw data files")


def bare_abstracts(data: Path) -> dict[str, str]:
    """The texts of all abstracts by digest, as `judge` compares them."""
    return {key: _bare(text) for key, text in read_abstracts(data).items()}


def evaluate(pipeline: Pipeline, rows: Iterable[Mapping[str, Any]], abstracts: Mapping[str, str]) -> EvidenceReport:
    """Ask every question and judge what its generator was shown; `abstracts` are bare texts by digest."""
    report = EvidenceReport(digest=pipeline.editions.current().kb.digest)
    for row in rows:
        possibly = [abstracts[key] for key in row["possibly"] if key in abstracts]
        shown, warnings = shown_for(pipeline, str(row["question"]))
        report.judged.append(judge(row, shown, possibly, warnings))
    return report


def shown_for(pipeline: Pipeline, question: str) -> tuple[list[Evidence], list[Evidence]]:
    """The evidence of one answer without what warns, and what warns."""
    evidence: tuple[Evidence, ...] = ()
    warning: set[str] = set()
    for event in pipeline.stream(question, Options(detail="full")):
        if isinstance(event, Shown):
            evidence = event.evidence
        elif isinstance(event, Finished):
            warning = {key for found in event.answer.warnings for key in found.evidence_ids}
    shown = [e for e in evidence if e.id not in warning]
    return shown, [e for e in evidence if e.id in warning]


def judge(
    row: Mapping[str, Any],
    shown: Sequence[Evidence],
    possibly: Sequence[str] = (),
    warnings: Sequence[Evidence] = (),
) -> Judged:
    """Hold what was shown against the labels of one row; `warnings` can only meet them."""
    labels = row["evidence"]
    met = {n for n, label in enumerate(labels) if any(_meets(label, warning) for warning in warnings)}
    count, relevant = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    wrong = []
    for piece in pieces(shown):
        of = {n for n, label in enumerate(labels) if any(_meets(label, member) for member in piece.members)}
        if not of and any(_within(member, text) for member in piece.members for text in possibly):
            continue
        met |= of
        count[piece.kind] += 1
        relevant[piece.kind] += bool(of)
        if not of:
            wrong.append(f"{piece.kind}: {piece.text}")
    return Judged(
        str(row["id"]), str(row["kind"]), str(row["question"]), len(labels), len(met), count, relevant, tuple(wrong)
    )


def pieces(shown: Iterable[Evidence]) -> list[Piece]:
    """Facts joined by subject and relation, fields of a monograph by drug and field, other passages alone."""
    groups: dict[tuple[object, ...], list[Evidence]] = {}
    for evidence in shown:
        fact, passage = evidence.fact, evidence.passage
        if fact is not None:
            key: tuple[object, ...] = (FACTS, fact.subject, fact.relation)
        elif passage is not None and passage.kind is PassageKind.MONOGRAPH:
            key = (MONOGRAPHS, passage.about, passage.aspect)
        else:
            key = (LITERATURE, evidence.id)
        groups.setdefault(key, []).append(evidence)
    return [Piece(str(key[0]), tuple(members)) for key, members in groups.items()]


def _meets(label: Mapping[str, Any], evidence: Evidence) -> bool:
    kind = label["kind"]
    if kind == "fact":
        return _is_fact(label, evidence)
    if kind == "monograph":
        return _is_field(label, evidence)
    if kind == "article":
        return evidence.source.pmid == str(label["pmid"])
    return _within(evidence, _bare(label["text"]))


def _is_fact(label: Mapping[str, Any], evidence: Evidence) -> bool:
    fact = evidence.fact
    if fact is None or normalise(fact.subject_name) != normalise(label["entity"]):
        return False
    if fact.relation is not relation_named(label["relation"]):
        return False
    named = {_bare(text) for text in (*label["objects"], *label["also"])}
    return any(_bare(fact.object_text) in text for text in named)


def _is_field(label: Mapping[str, Any], evidence: Evidence) -> bool:
    fact, passage = evidence.fact, evidence.passage
    if fact is not None:
        own = normalise(fact.subject_name) == normalise(label["entity"])
        return own and fact.relation in _FIELDS.get(label["field"], ())
    if passage is None or normalise(evidence.title or "") != normalise(label["entity"]):
        return False
    return passage.aspect == label["field"] or _within(evidence, _bare(label["text"]))


def _within(evidence: Evidence, bare_text: str) -> bool:
    return evidence.passage is not None and _bare(evidence.text) in bare_text


def _bare(text: str) -> str:
    """Without white space, marks at the end and differences of width."""
    return "".join(normalise(text).split()).rstrip("。；;，,.")

"""Relation questions: is what was asked of the right entity cited, all of it and nothing else?

Questions and gold come from `evaluation/sets/make_relation_questions.py`, which shares no code with the product. Every
question is asked in full, with the turns before it, and judged by the evidence that the answer cites; what stands there
as a warning is left out. What a record's other rows say (`also`) and dirt (`ignored`) count neither way.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.emptied import emptied
from evaluation.metrics import paired_bootstrap
from evaluation.sets.raw import read_diseases
from rag.domain import Answer, Evidence, GraphFact, Turn
from rag.errors import DataError, NotFoundError
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.text import normalise
from rag.vocabulary import Relation
from rag.wiring import build

Also = Mapping[tuple[str, str], Sequence[str]]
"""(disease, field) -> objects."""
FILES = ("kg/cmekg.jsonl", "kg/disease.csv", "kg/drug.json")

RANKED = 10
_ASKED: Mapping[str, tuple[Relation, ...]] = {
    "相关症状": (Relation.SYMPTOM,),
    "并发症": (Relation.COMPLICATION,),
    "检查": (Relation.EXAMINATION, Relation.HISTOLOGY),
    "药物治疗": (Relation.DRUG,),
    "治疗方案": (Relation.TREATMENT, Relation.ADJUVANT),
    "所属科室": (Relation.DEPARTMENT,),
    "发病部位": (Relation.BODY_PART,),
    "易感人群": (Relation.POPULATION,),
    "传染性": (Relation.INFECTIVITY,),
    "治疗周期": (Relation.DURATION,),
    "治愈率": (Relation.CURE_RATE,),
    "费用": (Relation.COST,),
    "医保": (Relation.INSURANCE,),
}
"""Fields of the raw records as relations."""
_QUOTED = re.compile(r"“([^”]+)”")


@dataclass(frozen=True)
class Part:
    """One thing asked: which objects of these relations of one entity; `allowed` count neither way."""

    entity: str
    relations: frozenset[Relation]
    gold: frozenset[str]
    allowed: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """How one question went; `score` is object F1, of a reverse question precision@10.

    `decided`: whether a yes/no question was answered as the record has it; None for others.
    """

    id: str
    kind: str
    score: float
    wrong_entity: bool
    outcome: str
    question: str
    decided: bool | None = None


@dataclass
class RelationReport:
    """Verdicts and what they come to; `emptied` are those of the same questions without a knowledge base."""

    verdicts: list[Verdict] = field(default_factory=list)
    emptied: list[Verdict] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """Kinds in the order asked."""
        return list(dict.fromkeys(verdict.kind for verdict in self.verdicts))

    def summary(self) -> dict[str, object]:
        """What a report states."""
        forward = [v for v in self.verdicts if not _is_reverse(v.kind)]
        return {
            "questions": len(self.verdicts),
            "object_f1": interval([v.score for v in forward]),
            "reverse_precision_at_10": interval([v.score for v in self.verdicts if _is_reverse(v.kind)]),
            "wrong_entity": interval([float(v.wrong_entity) for v in forward]),
            "yes_no_decided": interval([float(v.decided) for v in self.verdicts if v.decided is not None]),
            "outcomes": dict(Counter(v.outcome for v in self.verdicts)),
            "kinds": {kind: self._kind([v for v in self.verdicts if v.kind == kind]) for kind in self.kinds()},
            "emptied": {
                "scored": sum(v.score > 0 or v.decided is True for v in self.emptied),
                "outcomes": dict(Counter(v.outcome for v in self.emptied)),
            },
        }

    @staticmethod
    def _kind(verdicts: Sequence[Verdict]) -> dict[str, object]:
        return {
            "questions": len(verdicts),
            "score": interval([v.score for v in verdicts]),
            "wrong_entity": sum(v.wrong_entity for v in verdicts),
            "outcomes": dict(Counter(v.outcome for v in verdicts)),
        }


def interval(values: Sequence[float]) -> list[float] | None:
    """[mean, low, high] at 95 % by bootstrap over questions; None without any."""
    if not values:
        return None
    found = paired_bootstrap([0.0] * len(values), values)
    return [round(number, 4) for number in (found.mean, found.low, found.high)]


def make_rows(data: Path) -> list[dict[str, Any]]:
    """The questions over the raw files of `data`. Raises NotFoundError without the files, DataError if they are few."""
    missing = [name for name in FILES if not (data / name).is_file()]
    if missing:
        raise NotFoundError(f"{data / missing[0]}: no such file; --data names the folder of the raw data files")
    made = subprocess.run(
        [sys.executable, "-m", "evaluation.sets.make_relation_questions", str(data)], capture_output=True, check=False
    )
    if made.returncode != 0:
        last = (made.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"])[-1]
        raise DataError(f"no questions could be made from {data}: {last}")
    return [json.loads(line) for line in made.stdout.decode("utf-8").splitlines()]


def other_rows(data: Path) -> Also:
    """What the other rows of a name say; only some of the questions carry it themselves."""
    found = read_diseases(data)
    return {(d.name, relation): texts for d in found.values() for relation, texts in d.also.items()}


def run(settings: Settings, data: Path) -> RelationReport:
    """Ask everything of the current knowledge base, and once more of an emptied one. Raises NotReadyError."""
    rows, also = make_rows(data), other_rows(data)
    pipeline = build(settings)
    pipeline.editions.current()
    with emptied(settings) as nothing:
        return RelationReport(evaluate(pipeline, rows, also), evaluate(nothing, rows, also))


def evaluate(pipeline: Pipeline, rows: Iterable[Mapping[str, Any]], also: Also) -> list[Verdict]:
    """Ask and judge every question; see `other_rows` for `also`."""
    return [_judged(pipeline, row, also) for row in rows]


def _judged(pipeline: Pipeline, row: Mapping[str, Any], also: Also) -> Verdict:
    history = tuple(Turn("user", text) for text in row.get("history", ()))
    answer = pipeline.ask(str(row["question"]), Options(history=history, detail="full"))
    cited = _cited(pipeline, answer)
    kind = str(row["kind"])
    if _is_reverse(kind):
        score = _precision(row, [e.fact for e in cited if e.fact])
    elif kind == "drug":
        score = _shared_text(str(row["gold"][0]), _said_of(cited, answer, normalise(str(row["entities"][0]))))
    else:
        score = object_f1(_parts(row, also), [e.fact for e in cited if e.fact])
    return Verdict(
        id=str(row["id"]),
        kind=kind,
        score=score,
        wrong_entity=not _is_reverse(kind) and any(_strange(e, row) for e in cited),
        outcome=answer.outcome.value,
        question=" / ".join([*row.get("history", ()), str(row["question"])]),
        decided=_decided(row, answer, cited) if kind == "yes_no" else None,
    )


def _is_reverse(kind: str) -> bool:
    return kind.startswith("reverse")


def _cited(pipeline: Pipeline, answer: Answer) -> list[Evidence]:
    """Evidence of the citations but for that of warnings."""
    warned = {name for warning in answer.warnings for name in warning.evidence_ids}
    ids = [c.evidence_id for c in answer.citations if c.evidence_id not in warned]
    return list(pipeline.editions.at(answer.kb_version).kb.evidence(ids).values()) if answer.kb_version else []


# ---------------------------------------------------------------- facts


def _parts(row: Mapping[str, Any], also: Also) -> list[Part]:
    entity, fields = str(row["entities"][0]), list(map(str, row["relations"]))
    if row["kind"] == "compare":
        return [_part(str(name), fields, value) for name, value in row["parts"].items()]
    if "parts" in row:
        return [_part(entity, [name], value) for name, value in row["parts"].items()]
    more = [text for name in fields for text in also.get((entity, name), ())]
    return [_part(entity, fields, {**row, "also": [*row.get("also", ()), *more]})]


def _part(entity: str, fields: Sequence[str], value: Mapping[str, Any]) -> Part:
    gold = frozenset(map(_spelling, value["gold"]))
    allowed = frozenset(_spelling(text) for key in ("also", "ignored") for text in value.get(key, ()))
    relations = frozenset(relation for name in fields for relation in _ASKED[name])
    return Part(normalise(entity), relations, gold, allowed - gold)


def object_f1(parts: Sequence[Part], facts: Sequence[GraphFact]) -> float:
    """F1 over (part, object); a fact that no part asks for is wrong."""
    hits = said = 0
    for part in parts:
        own = {_spelling(f.object_text) for f in facts if _fits(part, f)} - part.allowed
        said += len(own)
        hits += len(own & part.gold)
    said += sum(not any(_fits(part, fact) for part in parts) for fact in facts)
    wanted = sum(len(part.gold) for part in parts)
    return 2 * hits / (said + wanted) if hits else 0.0


def _fits(part: Part, fact: GraphFact) -> bool:
    return normalise(fact.subject_name) == part.entity and fact.relation in part.relations


def _strange(evidence: Evidence, row: Mapping[str, Any]) -> bool:
    """Whether a citation is about something that was not asked about."""
    asked = {normalise(str(name)) for name in (*row["entities"], row.get("object")) if name}
    if evidence.fact is not None:
        return normalise(evidence.fact.subject_name) not in asked
    about = evidence.passage.about if evidence.passage else None
    if any(entity.partition(":")[2] in asked for entity in (about, *evidence.entities) if entity is not None):
        return False
    text = normalise(f"{evidence.title or ''} {evidence.text}")
    return not any(name in text for name in asked)


def _precision(row: Mapping[str, Any], facts: Sequence[GraphFact]) -> float:
    """Precision at 10, or at the number of right diseases; all that have the symptoms are equally right."""
    right = {normalise(str(name)) for key in ("gold", "also") for name in row[key]}
    relations = {relation for name in row["relations"] for relation in _ASKED[name]}
    ranked = list(dict.fromkeys(normalise(f.subject_name) for f in facts if f.relation in relations))
    depth = min(RANKED, len(right))
    return sum(name in right for name in ranked[:depth]) / depth


def _decided(row: Mapping[str, Any], answer: Answer, cited: Sequence[Evidence]) -> bool:
    """The product's verdict is the record's, and rests on facts of the disease."""
    part = _part(str(row["entities"][0]), list(map(str, row["relations"])), {"gold": row["gold"]})
    own = {_spelling(e.fact.object_text) for e in cited if e.fact and _fits(part, e.fact)}
    if answer.verdict is None or answer.verdict.value != row["answer"] or not own:
        return False
    wanted = _spelling(str(row["object"])) if row["object"] else None
    return wanted is None or (wanted in own) is (row["answer"] == "yes")


def _spelling(text: str) -> str:
    return normalise(text).rstrip("。；;，, ").replace("~", "-").replace("–", "-").replace(" ", "")


# ---------------------------------------------------------------- texts


def _said_of(cited: Sequence[Evidence], answer: Answer, drug: str) -> list[str]:
    """What the answer quotes of the drug's monograph, and the objects of its facts."""
    about = [e for e in cited if e.passage and e.passage.about and e.passage.about.partition(":")[2] == drug]
    quoted = [quote for quote in _QUOTED.findall(answer.text) if any(quote in e.text for e in about)]
    own = [e.fact.object_text for e in cited if e.fact and normalise(e.fact.subject_name) == drug]
    return [*dict.fromkeys(quoted), *(text for text in own if not any(text in quote for quote in quoted))]


def _shared_text(gold: str, said: Sequence[str]) -> float:
    """F1 over characters: how much of the field was said, and how much of what was said stands in it."""
    text = _bare(gold)
    covered = [False] * len(text)
    right = spoken = 0
    for piece in map(_bare, said):
        start = text.find(piece) if piece else -1
        spoken += len(piece)
        if start >= 0:
            right += len(piece)
            covered[start : start + len(piece)] = [True] * len(piece)
    if not right:
        return 0.0
    precision, recall = right / spoken, sum(covered) / len(text)
    return 2 * precision * recall / (precision + recall)


def _bare(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, normalise(text)))


def markdown(report: RelationReport) -> str:
    """A table of kinds, then what holds over all."""
    lines = ["| kind | questions | score | wrong entity | outcomes |", "|---|---|---|---|---|"]
    for kind in report.kinds():
        own = [v for v in report.verdicts if v.kind == kind]
        outcomes = ", ".join(f"{name} {n}" for name, n in Counter(v.outcome for v in own).most_common())
        wrong = sum(v.wrong_entity for v in own)
        lines.append(f"| {kind} | {len(own)} | {_shown(interval([v.score for v in own]))} | {wrong} | {outcomes} |")
    summary = report.summary()
    lines.append("")
    for name in ("object_f1", "reverse_precision_at_10", "wrong_entity", "yes_no_decided"):
        lines.append(f"{name.replace('_', ' ')}: {_shown(summary[name])}")
    asked = Counter(v.outcome for v in report.emptied)
    scored = sum(v.score > 0 or v.decided is True for v in report.emptied)
    lines.append(f"emptied knowledge base: {scored} of {len(report.emptied)} score; {dict(asked)}")
    return "\n".join(lines) + "\n"


def _shown(found: object) -> str:
    if not isinstance(found, list):
        return "-"
    mean, low, high = found
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"

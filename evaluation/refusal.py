"""Does the product say so when it does not know? 200 questions that must be refused and 200 that must not.

Questions and gold come from `evaluation/sets/make_refusal_questions.py`, which shares no code with the product. The
knowledge base is made of the same three files, without the diseases that the set deletes.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.emptied import emptied
from evaluation.metrics import Interval, bootstrap, mean_interval
from evaluation.provenance import provenance
from evaluation.risk import Point, area, risk_coverage
from evaluation.sets.make_refusal_questions import make
from evaluation.sets.raw import tidy
from kg_loader.ingest import ingest
from rag.domain import Answer, Evidence, Outcome
from rag.errors import NotFoundError
from rag.pipeline import Options, Pipeline
from rag.question.intent import read_intent
from rag.retrieval.relevance import Asked, confidence
from rag.retrieval.topics import topics
from rag.settings import Settings
from rag.snapshot import Library
from rag.text import normalise
from rag.vocabulary import RELATIONS
from rag.wiring import build

FILES = ("kg/cmekg.jsonl", "kg/disease.csv", "kg/drug.json")
ABSTAINS, WRONGLY = 0.95, 0.05
"""Goals: the least share of unanswerable questions refused, the largest share of answerable ones refused."""
_NO_ANSWER = frozenset({Outcome.NOT_IN_KB, Outcome.NEED_MORE_INFO})
_MISSING = "未收录"


@dataclass(frozen=True)
class Verdict:
    """How one question went; `right` is a refusal of what cannot be answered, or an answer that cites the gold."""

    id: str
    category: str
    answerable: bool
    question: str
    outcome: str
    abstained: bool
    right: bool
    confidence: float
    text: str


@dataclass
class RefusalReport:
    """All verdicts, the digest of the knowledge base, and what an emptied one did not refuse."""

    verdicts: list[Verdict] = field(default_factory=list)
    digest: str = ""
    provenance: Mapping[str, object] = field(default_factory=dict)
    answered_from_nothing: list[str] = field(default_factory=list)

    def abstained(self, *, answerable: bool) -> Interval:
        """The share of one half that was refused."""
        return mean_interval([float(v.abstained) for v in self.verdicts if v.answerable is answerable])

    def categories(self) -> dict[str, dict[str, Any]]:
        """Of each category: questions, how many were refused and how many went right, outcomes."""
        found: dict[str, dict[str, Any]] = {}
        for name in dict.fromkeys(v.category for v in self.verdicts):
            rows = [v for v in self.verdicts if v.category == name]
            found[name] = {
                "questions": len(rows),
                "abstained": sum(v.abstained for v in rows),
                "right": sum(v.right for v in rows),
                "outcomes": dict(Counter(v.outcome for v in rows).most_common()),
            }
        return found

    def curve(self) -> list[Point]:
        """Risk against coverage, by the confidence of the answers; a refusal has none and comes last."""
        return risk_coverage([v.confidence for v in self.verdicts], [_wrong(v) for v in self.verdicts])

    def aurc(self) -> Interval:
        """The area under that curve."""
        sure = np.array([v.confidence for v in self.verdicts])
        wrong = np.array([float(_wrong(v)) for v in self.verdicts])
        return bootstrap(lambda rows: area(sure[rows], wrong[rows]), len(wrong))

    @property
    def best_aurc(self) -> float:
        """The area that an order which knew right from wrong would have."""
        wrong = np.array([float(_wrong(v)) for v in self.verdicts])
        return area(-wrong, wrong)

    @property
    def held(self) -> bool:
        """Whether both goals are met and an emptied knowledge base refused everything."""
        enough = self.abstained(answerable=False).value >= ABSTAINS
        return enough and self.abstained(answerable=True).value <= WRONGLY and not self.answered_from_nothing

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            **self.provenance,
            "questions": len(self.verdicts),
            "kb_digest": self.digest,
            "abstains": self.abstained(answerable=False).as_list(),
            "wrongly_abstains": self.abstained(answerable=True).as_list(),
            "answerable_right": mean_interval([float(v.right) for v in self.verdicts if v.answerable]).as_list(),
            "categories": self.categories(),
            "aurc": self.aurc().as_list(),
            "best_aurc": round(self.best_aurc, 4),
            "risk_coverage": [[round(part, 4) for part in point] for point in self.curve()],
            "answered_from_nothing": self.answered_from_nothing,
            "held": self.held,
        }

    def markdown(self) -> str:
        """The figures, a table by category, the curve."""
        right = mean_interval([float(v.right) for v in self.verdicts if v.answerable])
        lines = [
            "| what | figure | goal |",
            "|---|---|---|",
            f"| unanswerable questions refused | {self.abstained(answerable=False)} | >= {ABSTAINS} |",
            f"| answerable questions refused | {self.abstained(answerable=True)} | <= {WRONGLY} |",
            f"| answerable questions whose answer cites the gold | {right} | |",
            f"| area under the risk-coverage curve (the best order: {self.best_aurc:.3f}) | {self.aurc()} | |",
            f"| questions that an emptied knowledge base answered | {len(self.answered_from_nothing)} | 0 |",
            "",
            "| category | questions | refused | right | outcomes |",
            "|---|---|---|---|---|",
        ]
        for name, row in self.categories().items():
            outcomes = ", ".join(f"{outcome} {count}" for outcome, count in row["outcomes"].items())
            lines.append(f"| {name} | {row['questions']} | {row['abstained']} | {row['right']} | {outcomes} |")
        lines += ["", "| confidence at least | coverage | risk |", "|---|---|---|"]
        lines += [f"| {level:.2f} | {coverage:.3f} | {risk:.3f} |" for coverage, risk, level in self.curve()]
        return "\n".join(lines) + "\n"


def _wrong(verdict: Verdict) -> bool:
    """What the curve counts: an answer that should not be or does not hold the gold, and where there is none, a gap."""
    return not verdict.right if verdict.answerable else not verdict.abstained


# ---------------------------------------------------------------- the knowledge base


@contextmanager
def knowledge_base(
    data: Path, settings: Settings, deleted: Collection[str], kept: Path | None = None
) -> Iterator[Pipeline]:
    """A pipeline over the files of the set without the diseases `deleted`.

    `kept` None: in a temporary folder; else made there, or taken from there where one is already.
    """
    if kept is not None and Library(kept).pointer() is not None:
        yield build(settings.model_copy(update={"data_dir": kept}))
        return
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as name:
        folder = Path(name)
        files = without(data, folder, deleted)
        own = settings.model_copy(update={"data_dir": kept or folder / "data"})
        ingest(Library(own.data_dir), files, settings=own, max_rejects=100_000)
        yield build(own)


def without(data: Path, folder: Path, deleted: Collection[str]) -> list[Path]:
    """Copies of the files in `folder`, without the records of those names (NFKC, blanks cut). Raises NotFoundError."""
    if missing := [name for name in FILES if not (data / name).is_file()]:
        raise NotFoundError(f"{data / missing[0]}: no such file; --data names a folder with {', '.join(FILES)}")
    gone = frozenset(deleted)
    records, table, drugs = (data / name for name in FILES)
    lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    stay = [line for line in lines if line.strip() and tidy(json.loads(line)["中心词"]) not in gone]
    rows = list(csv.reader(io.StringIO(table.read_text(encoding="gb18030"), newline="")))
    named = rows[0].index("name")
    made = [folder / path.name for path in (records, table, drugs)]
    made[0].write_text("".join(stay), encoding="utf-8")
    with made[1].open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(row for row in rows if len(row) <= named or tidy(row[named]) not in gone)
    shutil.copyfile(drugs, made[2])
    return made


# ---------------------------------------------------------------- asking


def run(data: Path, settings: Settings, kept: Path | None = None) -> RefusalReport:
    """Ask all questions, and once more of an emptied knowledge base."""
    if missing := [name for name in FILES if not (data / name).is_file()]:
        raise NotFoundError(f"{data / missing[0]}: no such file; --data names a folder with {', '.join(FILES)}")
    rows = list(make(data))
    with knowledge_base(data, settings, {row["delete"] for row in rows if "delete" in row}, kept) as pipeline:
        report = evaluate(pipeline, rows)
        report.provenance = provenance(pipeline, settings)
    with emptied(settings) as nothing:
        report.answered_from_nothing = [v.question for v in evaluate(nothing, rows).verdicts if not v.abstained]
    return report


def evaluate(pipeline: Pipeline, rows: Iterable[Mapping[str, Any]]) -> RefusalReport:
    """Ask every question in full."""
    report = RefusalReport(digest=pipeline.editions.current().kb.digest)
    for row in rows:
        answer = pipeline.ask(str(row["question"]), Options(detail="full"))
        kb = pipeline.editions.at(answer.kb_version).kb
        cited = list(kb.evidence([c.evidence_id for c in answer.citations]).values())
        abstained = _abstained(answer, row)
        report.verdicts.append(
            Verdict(
                id=str(row["id"]),
                category=str(row["category"]),
                answerable=bool(row["answerable"]),
                question=str(row["question"]),
                outcome=answer.outcome.value,
                abstained=abstained,
                right=(abstained and not row["answerable"]) or _holds_gold(row, cited),
                confidence=_confidence(str(row["question"]), answer, cited),
                text=answer.text,
            )
        )
    return report


def _abstained(answer: Answer, row: Mapping[str, Any]) -> bool:
    """No answer was given; the advice of a red flag is none. `partial` must say that what was asked is missing."""
    if answer.outcome is Outcome.EMERGENCY:
        return not answer.citations
    if answer.outcome is Outcome.PARTIAL and Outcome.PARTIAL in row.get("outcomes", ()):
        relation = row.get("relation")
        return relation is None or _says_missing(answer.text, str(row["entity"]), str(relation))
    return answer.outcome in _NO_ANSWER


_LABELS: Mapping[str, tuple[str, ...]] = {
    name: (name, row.label, *row.aliases) for row in RELATIONS.values() for name in (row.label, *row.aliases)
}


def _says_missing(text: str, entity: str, relation: str) -> bool:
    """Whether a line says that the knowledge base lacks this relation of this entity."""
    lines = [line for line in text.splitlines() if _MISSING in line and normalise(entity) in normalise(line)]
    return any(label in line for line in lines for label in _LABELS.get(relation, (relation,)))


def _holds_gold(row: Mapping[str, Any], cited: Iterable[Evidence]) -> bool:
    """Whether a cited fact of the entity names an object of the gold, or cited text of its monograph is in the gold."""
    gold = [_spelling(text) for text in (*row.get("gold", ()), *row.get("also", ()))]
    entity = normalise(str(row.get("entity") or ""))
    for evidence in cited:
        if evidence.fact is not None and normalise(evidence.fact.subject_name) == entity:
            said = _spelling(evidence.fact.object_text)
        elif evidence.passage is not None and normalise(evidence.title or "") == entity:
            said = _spelling(evidence.text)
        else:
            continue
        if any(said and said in text for text in gold) or any(text and text in said for text in gold):
            return True
    return False


def _spelling(text: str) -> str:
    return "".join(normalise(text).split()).rstrip("。；;，,").replace("~", "-").replace("–", "-")


def _confidence(question: str, answer: Answer, cited: list[Evidence]) -> float:
    if answer.outcome in _NO_ANSWER:
        return 0.0
    intent = read_intent(question, answer.mentions)
    subjects = [c.entity for m in answer.mentions if not m.modifier for c in m.candidates]
    asked = Asked(question, intent, topics(answer.mentions), subjects, bool(subjects))
    return confidence(asked, answer.mentions, cited)

"""Graph questions: are the objects of the right disease listed, and the right diseases ranked?

Questions and gold come from `evaluation/sets/make_graph_questions.py`, which shares no code with the product. An answer
is judged by the facts that it cites, asked for in full.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.domain import Answer, GraphFact, Outcome
from rag.pipeline import Options, Pipeline
from rag.text import normalise
from rag.vocabulary import Relation

RANKED = 10


@dataclass(frozen=True)
class Verdict:
    """How one question went; `score` is object F1 (forward) or precision@10 (reverse)."""

    id: str
    kind: str
    intent: str
    style: str
    score: float
    facts: int
    foreign: int
    outcome: str
    question: str
    via_alias: bool = False


@dataclass
class GraphReport:
    """Verdicts and their means."""

    verdicts: list[Verdict] = field(default_factory=list)

    def mean(self, kind: str) -> float:
        """Mean score of one kind."""
        scores = [v.score for v in self.verdicts if v.kind == kind]
        return sum(scores) / len(scores) if scores else 0.0

    def by_intent(self) -> dict[str, tuple[int, float]]:
        """(number, mean score) of each intent."""
        groups: dict[str, list[float]] = defaultdict(list)
        for verdict in self.verdicts:
            groups[f"{verdict.kind} {verdict.intent}"].append(verdict.score)
        return {name: (len(scores), sum(scores) / len(scores)) for name, scores in sorted(groups.items())}

    def summary(self) -> dict[str, object]:
        """What a report states."""
        facts = sum(v.facts for v in self.verdicts if v.kind == "forward")
        foreign = sum(v.foreign for v in self.verdicts if v.kind == "forward")
        aliased = [v.score for v in self.verdicts if v.via_alias]
        return {
            "questions": len(self.verdicts),
            "forward_object_f1": round(self.mean("forward"), 4),
            "forward_via_alias_f1": round(sum(aliased) / len(aliased), 4) if aliased else None,
            "reverse_precision_at_10": round(self.mean("reverse"), 4),
            "facts_of_another_disease": round(foreign / facts, 4) if facts else 0.0,
            "not_in_kb": sum(v.outcome == Outcome.NOT_IN_KB for v in self.verdicts),
            "by_intent": {name: [n, round(score, 3)] for name, (n, score) in self.by_intent().items()},
        }

    def markdown(self) -> str:
        """Two tables: the figures, and each intent."""
        found = self.summary()
        intents = found.pop("by_intent")
        assert isinstance(intents, dict)
        lines = ["| what | figure |", "|---|---|", *(f"| {name} | {value} |" for name, value in found.items())]
        lines += ["", "| intent | questions | score |", "|---|---|---|"]
        return "\n".join([*lines, *(f"| {name} | {n} | {score} |" for name, (n, score) in intents.items())]) + "\n"


def read_questions(path: Path) -> list[dict[str, Any]]:
    """The rows that the gold script wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def evaluate(pipeline: Pipeline, rows: Iterable[Mapping[str, Any]]) -> GraphReport:
    """Ask every question in full and judge the cited facts."""
    report = GraphReport()
    for row in rows:
        answer = pipeline.ask(str(row["question"]), Options(detail="full"))
        facts = _cited_facts(pipeline, answer)
        judge = _judge_reverse if row["kind"] == "reverse" else _judge_forward
        score, foreign = judge(row, facts)
        report.verdicts.append(
            Verdict(
                str(row["id"]),
                str(row["kind"]),
                str(row["intent"]),
                str(row["style"]),
                score,
                len(facts),
                foreign,
                answer.outcome.value,
                str(row["question"]),
                bool(row.get("via_alias")),
            )
        )
    return report


def _cited_facts(pipeline: Pipeline, answer: Answer) -> list[GraphFact]:
    kb = pipeline.editions.at(answer.kb_version).kb
    found = kb.evidence([c.evidence_id for c in answer.citations])
    facts = [found[c.evidence_id].fact for c in answer.citations if c.evidence_id in found]
    return [fact for fact in facts if fact is not None]


def _judge_forward(row: Mapping[str, Any], facts: Sequence[GraphFact]) -> tuple[float, int]:
    disease = normalise(str(row["disease"]))
    foreign = sum(normalise(fact.subject_name) != disease for fact in facts)
    gold = {_spelling(text) for text in row["gold"]}
    said = {_spelling(fact.object_text) for fact in facts}
    return f1(said, gold), foreign


def _judge_reverse(row: Mapping[str, Any], facts: Sequence[GraphFact]) -> tuple[float, int]:
    """Precision@10 in the order in which diseases are first cited; ties with gold rank 10 are hits."""
    ranked = list(dict.fromkeys(normalise(f.subject_name) for f in facts if f.relation is Relation.SYMPTOM))[:RANKED]
    scores = {normalise(str(item["disease"])): float(item["score"]) for item in row["gold"]}
    best = sorted(scores.values(), reverse=True)
    bar = best[min(RANKED, len(best)) - 1]
    hits = sum(scores.get(name, 0.0) >= bar - 1e-6 for name in ranked)
    return hits / min(RANKED, len(best)), 0


def f1(said: set[str], gold: set[str]) -> float:
    """Harmonic mean of precision and recall of two sets; 0 where nothing is shared."""
    hits = len(said & gold)
    return 2 * hits / (len(said) + len(gold)) if hits else 0.0


def _spelling(text: str) -> str:
    return normalise(text).rstrip("。；;，, ").replace("~", "-").replace("–", "-").replace(" ", "")

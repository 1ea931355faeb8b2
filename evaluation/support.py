"""Fit how likely a found passage answers a question (`rag.retrieval.support`), on questions with and without an answer.

Cross-fitted: a question is judged by weights that were fitted on the other four fifths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.evidence import bare_abstracts, judge, require_files
from evaluation.sets.make_evidence_set import make
from evaluation.sets.make_refusal_questions import make as make_refusal
from rag.editions import Edition
from rag.retrieval.fusion import Tuning, fuse_languages
from rag.retrieval.support import SIGNALS, likely, signals
from rag.settings import Settings
from rag.text import language_of
from rag.wiring import build

FOLDS = 5
LEAST = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
_FIRST = 4
"""Passages of each side that are examples: what stands further down is never shown."""
_RIDGE = 0.5


@dataclass(frozen=True)
class Example:
    """A passage found for question number `question`: its side and signals, and whether it answers."""

    question: int
    side: str
    values: tuple[float, ...]
    answers: bool


@dataclass(frozen=True)
class Fit:
    """Weights and the least support fitted on everything; precision and recall of the passages, cross-fitted."""

    weights: Mapping[str, float]
    precision: float
    recall: float
    questions: int


def examples(edition: Edition, rows: Sequence[Mapping[str, Any]], abstracts: Mapping[str, str]) -> list[Example]:
    """The best passages of both sides for every question; those that may be relevant are left out.

    Rows without `evidence` are questions that nothing answers.
    """
    found: list[Example] = []
    weights = edition.tuning.weights["zh"]
    for number, row in enumerate(rows):
        question = str(row["question"])
        arms = edition.retriever.search.arms(question, edition.linker.link(question))
        told = signals(arms, edition.kb.passage_count)
        order = [key for key, _, _ in fuse_languages(arms, weights)][:20]
        evidence = edition.kb.evidence(order)
        taken = dict.fromkeys(SIGNALS, 0)
        for key in order:
            side, values = told.get(key, ("", ()))
            if not side or key not in evidence or evidence[key].kind == "monograph" or taken[side] == _FIRST:
                continue
            taken[side] += 1
            labelled = {"id": "", "kind": "", "evidence": [], "possibly": [], **row}
            possibly = [abstracts[name] for name in labelled["possibly"] if name in abstracts]
            judged = judge(labelled, [evidence[key]], possibly)
            if sum(judged.shown.values()):
                found.append(Example(number, side, values, bool(judged.met)))
    return found


def fit(rows: Sequence[Mapping[str, Any]], found: Sequence[Example]) -> Fit:
    """Weights by ridge-regularised logistic regression for each side, the least support by F1 of the training folds."""
    asked = [n for n, row in enumerate(rows) if str(row.get("kind", "")).endswith("literature")]
    shown = right = 0
    for fold in range(FOLDS):
        weights = _weights([e for e in found if e.question % FOLDS != fold])
        held_out = [e for e in found if e.question % FOLDS == fold]
        kept = [e for e in held_out if likely(e.side, e.values, weights) >= weights["support.least"]]
        shown, right = shown + len(kept), right + sum(e.answers for e in kept)
    return Fit(_weights(found), right / max(1, shown), right / max(1, len(asked)), len(rows))


def _weights(found: Sequence[Example]) -> dict[str, float]:
    table: dict[str, float] = {}
    for side, names in SIGNALS.items():
        own = [e for e in found if e.side == side]
        fitted = logistic(np.array([e.values for e in own]), np.array([float(e.answers) for e in own]))
        named = zip((*names, "bias"), fitted, strict=True)
        table |= {f"support.{side}.{name}": round(float(weight), 4) for name, weight in named}
    answers = sum(e.answers for e in found)

    def f1(least: float) -> float:
        kept = [e for e in found if likely(e.side, e.values, table) >= least]
        return 2 * sum(e.answers for e in kept) / max(1, len(kept) + answers)

    return table | {"support.least": max(LEAST, key=f1)}


def logistic(values: NDArray[np.float64], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights and, last, the bias: Newton's method with a ridge on the weights."""
    columns = np.c_[values, np.ones(len(values))]
    ridge = np.full(columns.shape[1], _RIDGE)
    ridge[-1] = 1e-6
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        said = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (said - answers) + ridge * weights
        curve = (columns * (said * (1 - said))[:, None]).T @ columns + np.diag(ridge)
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def run(data: Path, settings: Settings) -> tuple[Tuning, Fit]:
    """The tuning in use with new weights, fitted on the current knowledge base. Raises NotFoundError, NotReadyError."""
    require_files(data)
    edition = build(settings).editions.current()
    rows = [*make(data), *unanswerable(make_refusal(data))]
    fitted = fit(rows, examples(edition, rows, bare_abstracts(data)))
    return Tuning(edition.tuning.weights, {**edition.tuning.thresholds, **fitted.weights}), fitted


def unanswerable(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the refusal questions those that nothing answers, whatever was deleted; Chinese ones."""
    kept = [r for r in rows if not r["answerable"] and r["category"] != "deleted"]
    return [{"question": r["question"]} for r in kept if language_of(str(r["question"])) == "zh"]

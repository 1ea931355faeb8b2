"""What a reranker is worth: MRR@10 of passages read again against the fused order, fitted on four folds of five.

A cross-encoder reads thirty passages a question, so only the first questions of a set are asked. It is switched on for
a language (`rerank.zh`, `rerank.en` in the tuning) only where the questions that the weight was not fitted on gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.metrics import Difference, paired_bootstrap, reciprocal_rank
from evaluation.retrieval import SETS, EvaluationBase
from evaluation.tune import FITTED_ON, FOLDS
from rag.retrieval.fusion import LANGUAGES, Fused, Tuning, fuse_languages, in_new_order
from rag.retrieval.passages import RERANKED
from rag.settings import Settings
from rag.text import Language

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
QUESTIONS = 500
_RERANK = "rerank"


@dataclass(frozen=True)
class Reranking:
    """One language: the weight fitted on all questions, and what folds fitted elsewhere gain over the fused order."""

    language: Language
    weight: float
    questions: int
    fused: float
    reranked: float
    gain: Difference

    @property
    def earns(self) -> bool:
        """Whether it is switched on."""
        return self.gain.better


def run(data: Path, settings: Settings, tuning: Tuning) -> tuple[Tuning, list[Reranking]]:
    """`tuning` with the reranker of the settings where it earns its place, and how it did.

    Without a reranker the weights of `tuning` stay.
    """
    if not settings.reranker:
        return tuning, []
    found = [fit(language, *_scored(data, language, settings, tuning)) for language in LANGUAGES]
    kept = {name: value for name, value in tuning.thresholds.items() if not name.startswith(f"{_RERANK}.")}
    kept |= {f"{_RERANK}.{one.language}": one.weight for one in found if one.earns}
    return Tuning(tuning.weights, kept), found


def _scored(
    data: Path, language: Language, settings: Settings, tuning: Tuning
) -> tuple[list[float], list[list[float]]]:
    """MRR@10 of each question as fused, and with each of `WEIGHTS`."""
    wanted = next(item for item in SETS if item.name == FITTED_ON[language])
    before: list[float] = []
    after: list[list[float]] = []
    on = Tuning(tuning.weights, {**tuning.thresholds, f"{_RERANK}.{language}": 1.0})
    with EvaluationBase(data, wanted, settings) as base:
        search = replace(base.edition.retriever.search, tuning=on)
        for question, relevant in base.questions()[:QUESTIONS]:
            arms = search.arms(question, base.edition.linker.link(question))
            fused = fuse_languages(arms, tuning.weights[language])
            read = {name: parts[_RERANK] for name, _, parts in search.reranked(question, fused) if _RERANK in parts}
            before.append(_mrr(fused, relevant))
            after.append([_mrr(in_new_order(fused[:RERANKED], read, weight), relevant) for weight in WEIGHTS])
    return before, after


def _mrr(hits: Fused, relevant: frozenset[str]) -> float:
    return reciprocal_rank([name for name, _, _ in hits], relevant)


def fit(language: Language, before: Sequence[float], after: Sequence[Sequence[float]]) -> Reranking:
    """Choose the weight on four folds, judge on the fifth; on a tie the smaller."""
    count = len(before)
    judged = [0.0] * count
    for fold in range(FOLDS):
        chosen = _best([row for n, row in enumerate(after) if n % FOLDS != fold])
        for n in range(fold, count, FOLDS):
            judged[n] = after[n][chosen]
    gain = paired_bootstrap(before, judged)
    return Reranking(language, WEIGHTS[_best(after)], count, sum(before) / count, sum(judged) / count, gain)


def _best(rows: Sequence[Sequence[float]]) -> int:
    return max(range(len(WEIGHTS)), key=lambda n: (sum(row[n] for row in rows), -n))

"""Weights per language, fitted on four folds of the development questions and reported on the fifth.

Fitted are the dense weight and the worth of a mentioned entity inside the sparse arm. The sparse weight is the unit;
the weight of the other language is a product decision (half of the places), not fitted.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.metrics import Difference, paired_bootstrap, reciprocal_rank
from evaluation.retrieval import SETS, EvaluationBase, Hits
from rag.retrieval.fusion import LANGUAGES, Tuning, fuse_languages
from rag.retrieval.passages import CANDIDATE_PASSAGES
from rag.retrieval.weighting import default_weights
from rag.settings import Settings
from rag.text import Language, tokens

FOLDS = 5
DENSE = (0.0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
CONCEPTS = (0.0, 0.25, 0.5, 1.0)
FITTED_ON: Mapping[Language, str] = {"zh": "consult", "en": "pubmedqa"}
GUARDED_BY: Mapping[Language, str] = {"zh": "llama"}
"""A second kind of questions on which a dense weight may not be worse for sure: colloquial against textbook."""


@dataclass(frozen=True)
class Fitted:
    """One language: weights fitted on everything, and what folds fitted elsewhere gain over plain BM25 (MRR@10)."""

    language: Language
    dense: float
    concepts: float
    questions: int
    baseline: float
    crossfitted: float
    gain: Difference
    gain_of_dense: Difference


@dataclass(frozen=True)
class _Scored:
    """MRR@10 of every setting on every question."""

    table: Mapping[tuple[float, float], Sequence[float]]
    baseline: Sequence[float]

    def best(self, rows: Sequence[int], among: Collection[tuple[float, float]]) -> tuple[float, float]:
        """The setting with the best mean over `rows`; on a tie the smaller weights."""
        allowed = sorted(among)
        return max(allowed, key=lambda key: (sum(self.table[key][row] for row in rows), -sum(key)))


def _score(data: Path, name: str, settings: Settings) -> _Scored:
    wanted = next(item for item in SETS if item.name == name)
    table: dict[tuple[float, float], list[float]] = {key: [] for key in itertools.product(DENSE, CONCEPTS)}
    baseline: list[float] = []
    with EvaluationBase(data, wanted, settings) as base:
        kb, retriever = base.edition.kb, base.edition.retriever
        for question, relevant in base.questions():
            terms = default_weights().of(question)
            entities = retriever.search.concepts(base.edition.linker.link(question))
            dense = retriever.search.arms(question, ())["dense"]
            baseline.append(_mrr(kb.search_sparse(tokens(question), concepts=[], limit=CANDIDATE_PASSAGES), relevant))
            for boost in CONCEPTS:
                sparse = kb.search_sparse(terms, concepts=entities, limit=CANDIDATE_PASSAGES, concept_boost=boost)
                for weight in DENSE:
                    fused = fuse_languages({"sparse": sparse, "dense": dense}, {"sparse": 1.0, "dense": weight})
                    table[weight, boost].append(_mrr([(key, score) for key, score, _ in fused], relevant))
    return _Scored(table, baseline)


def _allowed(guard: _Scored | None) -> frozenset[tuple[float, float]]:
    """Settings whose dense weight does no sure harm to the guard set."""
    every = frozenset(itertools.product(DENSE, CONCEPTS))
    if guard is None:
        return every
    return frozenset(
        key for key in every if not paired_bootstrap(guard.table[0.0, key[1]], guard.table[key], samples=2000).worse
    )


def _mrr(hits: Hits, relevant: frozenset[str]) -> float:
    return reciprocal_rank([name for name, _ in hits], relevant)


def fit(language: Language, scored: _Scored, guard: _Scored | None = None) -> Fitted:
    """Choose on four folds, score on the fifth; the returned weights are chosen on all."""
    allowed = _allowed(guard)
    sparse_only = [key for key in allowed if key[0] == 0.0]
    count = len(scored.baseline)
    crossfitted, without_dense = [0.0] * count, [0.0] * count
    for fold in range(FOLDS):
        held_out = [row for row in range(count) if row % FOLDS == fold]
        rest = [row for row in range(count) if row % FOLDS != fold]
        for row in held_out:
            crossfitted[row] = scored.table[scored.best(rest, allowed)][row]
            without_dense[row] = scored.table[scored.best(rest, sparse_only)][row]
    dense, concepts = scored.best(range(count), allowed)
    return Fitted(
        language,
        dense,
        concepts,
        count,
        sum(scored.baseline) / count,
        sum(crossfitted) / count,
        paired_bootstrap(scored.baseline, crossfitted),
        paired_bootstrap(without_dense, crossfitted),
    )


def run(data: Path, settings: Settings, start: Tuning) -> tuple[Tuning, list[Fitted]]:
    """A tuning fitted on the development sets under `data`; weights that gain nothing for sure stay 0."""
    weights: dict[str, dict[str, float]] = {language: dict(start.weights[language]) for language in LANGUAGES}
    report = []
    for language in LANGUAGES:
        guard = _score(data, GUARDED_BY[language], settings) if language in GUARDED_BY else None
        fitted = fit(language, _score(data, FITTED_ON[language], settings), guard)
        report.append(fitted)
        weights[language]["dense"] = fitted.dense if fitted.gain_of_dense.better else 0.0
        weights[language]["concepts"] = fitted.concepts if fitted.gain.better else 0.0
    return Tuning(weights, start.thresholds), report

"""CHIP-CDN: diagnoses as clinicians wrote them to the names of the ICD list, cross-validated over the terms.

Gold, predictions and measures as in `sets/README.md`. Everything that is fitted (neighbours, weights, threshold) sees
the four other folds only. The baselines answer with the nearest name of the list, and with the names of the nearest
term.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluation.metrics import Share, harmonic, share_of
from rag.errors import DataError
from rag.linking.diagnosis import Example, Floats, Judge, TermList, fit

TERMS = Path("eval/chip_cdn_train.json")
LIST = Path("kg/codes/icd10_beijing_v601.xlsx")
FOLDS = 5
_NO_NAME = "O"
_QUOTES = '"“”'
_THRESHOLDS = [round(0.2 + 0.02 * n, 2) for n in range(21)]


@dataclass
class DiagnosisReport:
    """Micro precision, recall and F1 over pairs of term and name, the baselines, and recall of the first stage."""

    terms: int = 0
    precision: Share = field(default_factory=lambda: share_of([], []))
    recall: Share = field(default_factory=lambda: share_of([], []))
    candidate_recall: dict[int, Share] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    low: float = 0.0
    high: float = 0.0

    @property
    def f1(self) -> float:
        """Of the sums over all terms."""
        return harmonic(self.precision.value, self.recall.value)

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        return {
            "terms": self.terms, "folds": FOLDS, "f1": round(self.f1, 4), "f1_low": self.low, "f1_high": self.high,
            "precision": self.precision.summary(), "recall": self.recall.summary(), "baselines": self.baselines,
            "candidate_recall": {str(k): share.summary() for k, share in self.candidate_recall.items()},
        }  # fmt: skip

    def markdown(self) -> str:
        """A table."""
        lines = ["", "| CHIP-CDN, cross-validated | figure |", "|---|---|"]
        lines += [f"| micro F1 | {self.f1:.3f} [{self.low:.3f}, {self.high:.3f}] |"]
        lines += [f"| precision | {self.precision} |", f"| recall | {self.recall} |"]
        lines += [f"| F1 of {name} | {value:.3f} |" for name, value in self.baselines.items()]
        lines += [f"| gold among the first {k} candidates | {share} |" for k, share in self.candidate_recall.items()]
        return "\n".join(lines) + "\n"


def read_terms(path: Path) -> list[Example]:
    """Terms with their gold; DataError where the file is no list of `text` and `normalized_result`."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Example(str(row["text"]), gold_names(row["normalized_result"])) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: {error!r}; expected a JSON array of objects with text and normalized_result"
        ) from error


def gold_names(joined: str) -> tuple[str, ...]:
    """A set, in order, without the export's quotation marks and without `O`."""
    names = [name.strip().strip(_QUOTES).strip() for name in joined.split("##")]
    return tuple(dict.fromkeys(name for name in names if name and name != _NO_NAME))


def read_names(path: Path) -> list[str]:
    """The names of the list, second column, in order."""
    from openpyxl import load_workbook

    sheet = load_workbook(path, read_only=True).active
    assert sheet is not None
    names = [str(row[1]).strip() for row in sheet.iter_rows(values_only=True) if len(row) > 1 and row[1]]
    return list(dict.fromkeys(names))


def cross_validate(terms: Path, names: Path, *, seed: int = 0) -> DiagnosisReport:
    """Predict every term by what was fitted on the other folds. Raises DataError."""
    examples = read_terms(terms)
    return judge(TermList(tuple(read_names(names)), tuple(examples)), seed=seed)


def judge(known: TermList, *, folds: int = FOLDS, seed: int = 0) -> DiagnosisReport:
    """Cross-validate over the examples of a term list; terms with the same text stay in one fold."""
    examples = known.examples
    fold_of = _folds([example.text for example in examples], folds, seed)
    predicted: list[list[str]] = [[] for _ in examples]
    ordered: list[list[str]] = [[] for _ in examples]
    for fold in range(folds):
        training = [row for row, other in enumerate(fold_of) if other != fold]
        model = _fitted(known, training, fold_of)
        allowed = set(training)
        for row in (row for row, other in enumerate(fold_of) if other == fold):
            found, features = known.candidates(examples[row].text, allowed)
            predicted[row] = [named.name for named in model.chosen(found, features)]
            scores = model.probabilities(features) if found else np.zeros(0)
            ordered[row] = [found[place] for place in np.argsort(-scores, kind="stable")]
    return _report(known, predicted, ordered, fold_of)


def _folds(texts: Sequence[str], folds: int, seed: int) -> list[int]:
    """The fold of each text; equal texts share one."""
    distinct = sorted(set(texts))
    random.Random(seed).shuffle(distinct)
    place = {text: number % folds for number, text in enumerate(distinct)}
    return [place[text] for text in texts]


def _fitted(known: TermList, training: Sequence[int], fold_of: Sequence[int]) -> Judge:
    """Weights and threshold from the training terms; each is described by the examples of the other folds alone."""
    rows: list[tuple[list[str], Floats]] = []
    for row in training:
        allowed = {other for other in training if fold_of[other] != fold_of[row]}
        rows.append(known.candidates(known.examples[row].text, allowed))
    labels = [np.array([name in known.examples[row].names for name in found], dtype=np.float64)
              for row, (found, _) in zip(training, rows, strict=True)]  # fmt: skip
    model = fit(np.vstack([features for _, features in rows]), np.concatenate(labels))
    gold = [len(known.examples[row].names) for row in training]
    scores = [model.probabilities(features) for _, features in rows]
    return Judge(model.mean, model.scale, model.weights, _best_threshold(scores, labels, gold))


def _best_threshold(scores: Sequence[Floats], labels: Sequence[Floats], gold: Sequence[int]) -> float:
    """The threshold with the highest micro F1, at least one name a term."""

    def f1(threshold: float) -> float:
        right = taken = 0.0
        for score, label in zip(scores, labels, strict=True):
            kept = score >= threshold
            if not kept.any():
                kept[np.argmax(score)] = True
            right += float(label[kept].sum())
            taken += float(kept.sum())
        return 2 * right / (taken + sum(gold))

    return max(_THRESHOLDS, key=f1)


def _report(
    known: TermList, predicted: Sequence[Sequence[str]], ordered: Sequence[Sequence[str]], fold_of: Sequence[int]
) -> DiagnosisReport:
    gold = [set(example.names) for example in known.examples]
    right = [len(wanted & set(found)) for wanted, found in zip(gold, predicted, strict=True)]
    given = [len(set(found)) for found in predicted]
    wanted_count = [len(wanted) for wanted in gold]
    report = DiagnosisReport(len(gold), share_of(right, given), share_of(right, wanted_count))
    report.low, report.high = _f1_interval(right, given, wanted_count)
    for k in (1, 5, 10, 50):
        hits = [len(wanted & set(found[:k])) for wanted, found in zip(gold, ordered, strict=True)]
        report.candidate_recall[k] = share_of(hits, wanted_count)
    report.baselines = {name: round(_f1(gold, found), 4) for name, found in _baselines(known, fold_of).items()}
    return report


def _baselines(known: TermList, fold_of: Sequence[int]) -> Mapping[str, list[set[str]]]:
    nearest, taught = [], []
    for row, example in enumerate(known.examples):
        allowed = {other for other, fold in enumerate(fold_of) if fold != fold_of[row]}
        name, neighbour = known.nearest(example.text, allowed)
        nearest.append({name})
        taught.append(set(known.examples[neighbour].names) if neighbour is not None else {name})
    return {"the nearest name": nearest, "the names of the nearest term": taught}


def _f1(gold: Sequence[set[str]], found: Sequence[set[str]]) -> float:
    right = sum(len(a & b) for a, b in zip(gold, found, strict=True))
    return 2 * right / (sum(map(len, gold)) + sum(map(len, found)))


def _f1_interval(
    right: Sequence[int], given: Sequence[int], gold: Sequence[int], *, samples: int = 2_000
) -> tuple[float, float]:
    """95 %, bootstrap over terms."""
    counts = np.array([right, given, gold], dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, counts.shape[1], (samples, counts.shape[1]))
    sums = counts[:, drawn].sum(axis=2)
    values = 2 * sums[0] / (sums[1] + sums[2])
    low, high = np.quantile(values, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)

"""Intents: does the product see what people ask for, measured on labelled questions (KUAKE-QIC).

The set has labels of its own; `sets/kuake_qic_relations.csv` says which relations each of them stands for. A predicted
relation that several labels hold counts as the right one of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import paired_bootstrap
from rag.domain import Intent
from rag.errors import DataError, NotFoundError
from rag.pipeline import Pipeline
from rag.question.intent import read_intent
from rag.question.intent_model import Reading
from rag.vocabulary import Relation, relation_named

QUESTIONS = "eval/kuake_qic_train.json"
LABELS = Path(__file__).parent / "sets" / "kuake_qic_relations.csv"
_FIELDS = {
    "cause": Relation.CAUSE,
    "do_eat": Relation.FOOD_GOOD,
    "not_eat": Relation.FOOD_BAD,
    "注意事项": Relation.CAUTION,
    "禁忌": Relation.CONTRAINDICATION,
}
"""Fields of records whose name the vocabulary does not know."""
_ALIKE: Mapping[Relation, Relation] = {
    Relation.ADJUVANT: Relation.TREATMENT,
    Relation.PREVENTION: Relation.TREATMENT,
    Relation.RISK_FACTOR: Relation.CAUSE,
    Relation.HISTOLOGY: Relation.EXAMINATION,
    Relation.INCOMPATIBLE: Relation.INTERACTION,
    Relation.SYNDROME: Relation.SYMPTOM,
    Relation.RAISED_IN: Relation.SIGNIFICANCE,
    Relation.LOWERED_IN: Relation.SIGNIFICANCE,
}
"""Relations that no field of the map names, as the nearest that one does."""
_SAMPLES = 2_000


@dataclass(frozen=True)
class Label:
    """What a label asks for: relations, diseases by their symptoms (`reverse`), or neither."""

    name: str
    relations: tuple[Relation, ...]
    reverse: bool


def read_labels(path: Path = LABELS) -> dict[str, Label]:
    """The map, by label. Raises NotFoundError, and DataError for a field that stands for no relation."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}; expected a CSV file of labels and relations") from error
    if not rows or not {"label", "direction", "relations"} <= set(rows[0]):
        raise DataError(f"{path}: expected the columns label, direction, relations")
    return {row["label"]: _label(path, row) for row in rows}


def _label(path: Path, row: Mapping[str, str]) -> Label:
    names = [name for name in row["relations"].split(";") if name]
    found = [(name, _FIELDS.get(name) or relation_named(name)) for name in names]
    if unknown := [name for name, relation in found if relation is None]:
        raise DataError(f"{path}: label {row['label']}: {unknown[0]!r} is no relation; docs/data.md lists them")
    reverse = row["direction"] == "reverse"
    return Label(row["label"], () if reverse else tuple(r for _, r in found if r is not None), reverse)


def read_examples(data: Path) -> list[tuple[str, str]]:
    """(question, label) of KUAKE-QIC under the folder `data`. Raises NotFoundError, DataError."""
    path = data / QUESTIONS
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [(str(row["query"]), str(row["label"])) for row in rows]
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}; --data names the folder of the raw data files") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: {error!r}; expected a JSON array of objects with `query` and `label`") from error


def label_of(intent: Intent, labels: Mapping[str, Label], gold: str | None = None) -> str:
    """The label of what an intent asks for first: `gold` where several hold it, the first otherwise."""
    nothing = next(name for name, label in labels.items() if not label.relations and not label.reverse)
    if intent.reverse and not intent.groups:
        return next((name for name, label in labels.items() if label.reverse), nothing)
    if not intent.explicit or not intent.groups:
        return nothing
    first = _ALIKE.get(intent.groups[0][0], intent.groups[0][0])
    fitting = [name for name, label in labels.items() if first in label.relations]
    return gold if gold in fitting else fitting[0] if fitting else nothing


@dataclass(frozen=True)
class Agreement:
    """How far predictions agree with the gold; intervals are [value, low, high] at 95 %, by bootstrap."""

    questions: int
    accuracy: tuple[float, float, float]
    macro_f1: tuple[float, float, float]
    per_label: Mapping[str, tuple[int, float]]

    def summary(self) -> dict[str, object]:
        """For a JSON document; `per_label`: (questions, F1)."""
        return {
            "questions": self.questions,
            "accuracy": _rounded(self.accuracy),
            "macro_f1": _rounded(self.macro_f1),
            "per_label": {name: [n, round(score, 4)] for name, (n, score) in self.per_label.items()},
        }


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, 4) for value in values]


def agreement(gold: Sequence[str], predicted: Sequence[str]) -> Agreement:
    """Accuracy, macro F1 over the labels of the gold, F1 of each."""
    names = sorted(set(gold))
    place = {name: n for n, name in enumerate(names)}
    wanted = np.array([place[name] for name in gold])
    said = np.array([place.get(name, len(names)) for name in predicted])
    right = [float(a == b) for a, b in zip(gold, predicted, strict=True)]
    hits = paired_bootstrap([0.0] * len(right), right)
    scores = _f1(wanted, said, len(names))
    random = np.random.default_rng(0)
    drawn = [random.integers(0, len(wanted), len(wanted)) for _ in range(_SAMPLES)]
    low, high = np.quantile([_f1(wanted[rows], said[rows], len(names)).mean() for rows in drawn], [0.025, 0.975])
    return Agreement(
        len(gold),
        (hits.mean, hits.low, hits.high),
        (float(scores.mean()), float(low), float(high)),
        {name: (int((wanted == n).sum()), float(scores[n])) for name, n in place.items()},
    )


def _f1(wanted: NDArray[np.int64], said: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    """F1 of each label."""
    hits = np.bincount(wanted[wanted == said], minlength=labels + 1)[:labels]
    both = np.bincount(wanted, minlength=labels + 1)[:labels] + np.bincount(said, minlength=labels + 1)[:labels]
    scores: NDArray[np.float64] = 2 * hits / np.maximum(both, 1)
    return scores


Trained = Callable[[Sequence[tuple[str, str]], Sequence[str]], Sequence[Mapping[str, float]]]
"""Examples, their wordings (names as marks) -> probabilities of the labels, by models that learnt no such wording."""


def compared(pipeline: Pipeline, data: Path, trained: Trained | None) -> dict[str, Agreement]:
    """The rules, and with `trained` also that alone, and rules first: it is heard where they are silent."""
    labels, examples = read_labels(), read_examples(data)
    linker = pipeline.editions.current().linker
    gold = [label for _, label in examples]
    named = [linker.link(question) for question, _ in examples]
    intents = [read_intent(question, mentions) for (question, _), mentions in zip(examples, named, strict=True)]
    ruled = [label_of(intent, labels, label) for intent, label in zip(intents, gold, strict=True)]
    found = {"rules": agreement(gold, ruled)}
    if trained is None:
        return found
    read = [(Reading.BOTH.of(text, found), label) for (text, label), found in zip(examples, named, strict=True)]
    wordings = [Reading.MARKS.of(text, found) for (text, _), found in zip(examples, named, strict=True)]
    shares = trained(read, wordings)
    best = [max(share, key=lambda name: share[name]) for share in shares]
    silent = [not one.reverse and not (one.explicit and one.relations) for one in intents]
    both = [new if quiet else old for new, old, quiet in zip(best, ruled, silent, strict=True)]
    return found | {"trained": agreement(gold, best), "both": agreement(gold, both)}


def markdown(report: Mapping[str, Agreement]) -> str:
    """Accuracy and macro F1, then F1 of each label."""
    names = list(report)
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for title in ("accuracy", "macro_f1"):
        cells = [" {:.3f} [{:.3f}, {:.3f}] ".format(*getattr(report[name], title)) for name in names]
        lines.append(f"| {title.replace('_', ' ')} |{'|'.join(cells)}|")
    for label, (count, _) in report[names[0]].per_label.items():
        lines.append(f"| {label}, {count:,} | {' | '.join(f'{report[n].per_label[label][1]:.3f}' for n in names)} |")
    return "\n".join(lines) + "\n"

"""Train the classifier of intents on labelled questions, and measure it on the folds that it did not see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.intents import Label
from finetune.classify import train
from finetune.pairs import QUESTION_KEYS, read_rows
from rag.classifier import Classifier, Shape
from rag.errors import DataError
from rag.question.intent_model import IntentModel, Reading
from rag.text import normalise

FOLDS = 5
STRENGTH = 6.0
RAREST = 2
BAYES = 0.5
SHAPE = Shape(buckets=1 << 18)
LABEL_KEYS = ("label", "intent")
SURE = 0.8
"""Probability from which an answer of the model counts."""


@dataclass(frozen=True)
class Learnt:
    """What a run of training was."""

    questions: int
    labels: Mapping[str, int]
    size_bytes: int


def read_examples(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Distinct (question, label) of CSV, JSON or JSON Lines files. Raises DataError where columns are missing."""
    found: dict[tuple[str, str], None] = {}
    for path in paths:
        for row in read_rows(path):
            text = next((row[key].strip() for key in (*QUESTION_KEYS, "text") if row.get(key, "").strip()), "")
            label = next((row[key].strip() for key in LABEL_KEYS if row.get(key, "").strip()), "")
            if not text or not label:
                raise DataError(
                    f"{path}: a row with the columns {', '.join(sorted(row))}; expected a question in one of "
                    f"{', '.join((*QUESTION_KEYS, 'text'))} and its label in one of {', '.join(LABEL_KEYS)}"
                )
            found[text, label] = None
    return list(found)


def run(
    paths: Sequence[Path],
    labels: Mapping[str, Label],
    out: Path,
    *,
    sure: float = SURE,
    read: Callable[[str], str] | None = None,
) -> Learnt:
    """Train on all questions and write the model to `out`.

    `read` is `Reading.BOTH` with the names that a knowledge base knows: beside what people ask of which disease the
    model learns how they ask of any. Without it, the words as they stand.

    Raises DataError for rows without a label, a label that `labels` does not explain, or too few questions of one.
    """
    examples = read_examples(paths)
    if unknown := sorted({label for _, label in examples} - set(labels)):
        raise DataError(f"no relations are known for the label {unknown[0]!r}; name it in the file of --labels")
    classifier = fitted([(read(text), label) for text, label in examples] if read else examples)
    model = IntentModel(
        classifier,
        {name: labels[name].relations for name in classifier.labels if not labels[name].reverse},
        frozenset(name for name in classifier.labels if labels[name].reverse),
        sure,
        Reading.BOTH if read else Reading.WORDS,
    )
    model.save(out)
    counts = {name: sum(label == name for _, label in examples) for name in classifier.labels}
    return Learnt(len(examples), counts, out.stat().st_size)


def fitted(examples: Sequence[tuple[str, str]]) -> Classifier:
    """A classifier of all examples."""
    texts, labels = [text for text, _ in examples], [label for _, label in examples]
    return train(texts, labels, strength=STRENGTH, shape=SHAPE, balanced=False, rarest=RAREST, bayes=BAYES)


def cross_validated(
    examples: Sequence[tuple[str, str]], wordings: Sequence[str], *, folds: int = FOLDS
) -> list[dict[str, float]]:
    """The probabilities of each example by a model that did not learn it, nor another of the same of `wordings`.

    Fixed seed: the same wordings make the same folds, whatever the examples hold beside them.
    """
    plain = list(map(normalise, wordings))
    distinct = list(dict.fromkeys(plain))
    drawn = dict(zip(distinct, np.random.default_rng(0).permutation(len(distinct)) % folds, strict=True))
    fold = np.array([drawn[wording] for wording in plain])
    found: list[dict[str, float]] = [{} for _ in examples]
    for n in range(folds):
        model = fitted([example for example, at in zip(examples, fold, strict=True) if at != n])
        for place in map(int, np.flatnonzero(fold == n)):
            found[place] = model.probabilities(examples[place][0])
    return found

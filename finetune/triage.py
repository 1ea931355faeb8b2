"""`python -m finetune.triage OUT [PAIRS...]` makes the model of the triage's second look.

It learns from sentences written for it, and from what people ordinarily ask: questions of the files PAIRS (as
`finetune.pairs` reads them) count as no emergency, but for those that a model without them takes for one.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from finetune.classify import train
from finetune.pairs import read_pairs
from finetune.triage_sentences import NONE, Sentence, by_hand, composed
from rag.classifier import Classifier
from rag.triage.rules import load_rules, triage

BY_HAND_COUNTS = 3
"""How often a sentence written as a whole counts against one put together from phrases."""
STRENGTH = 30.0
_NAMED = ("disease", "symptom")
_PERHAPS = 0.8
"""Ordinary questions above this probability of an emergency may be one and teach nothing."""


def run(out: Path, pairs: Sequence[Path] = ()) -> Classifier:
    """Train, and write the model to `out`. Raises MissingExtraError without scikit-learn, DataError for bad files."""
    written = sentences()
    model = _fitted(written)
    if pairs:
        model = _fitted([*written, *_harmless(ordinary(pairs), model)])
    model.save(out)
    return model


def sentences() -> list[Sentence]:
    """Everything written for this project; the questions of the latency set, and bare names, are ordinary ones."""
    plain = (files("evaluation") / "sets" / "mixed_questions.txt").read_text(encoding="utf-8").splitlines()
    asked = [Sentence(line.strip(), NONE) for line in plain if line.strip()]
    return [*composed(), *(BY_HAND_COUNTS * [*by_hand(), *asked, *_bare_names()])]


def _bare_names() -> Iterator[Sentence]:
    """Who types nothing but a name asks about it."""
    text = (files("kg_loader") / "sample" / "facts.csv").read_text(encoding="utf-8")
    rows = [*csv.DictReader(text.splitlines())]
    names = {row[end]: None for row in rows for end in ("subject", "object") if row[f"{end}_type"] in _NAMED}
    yield from (Sentence(name, NONE) for name in names)


def ordinary(pairs: Iterable[Path]) -> list[str]:
    """Distinct questions of files of question-answer pairs."""
    return list(dict.fromkeys(question for path in pairs for question, _ in read_pairs(path)))


def _harmless(questions: Iterable[str], model: Classifier) -> Iterable[Sentence]:
    rules = load_rules()
    for question in questions:
        if 1 - model.probabilities(question)[NONE] < _PERHAPS and not triage(question, None, rules).red_flag:
            yield Sentence(question, NONE)


def _fitted(learnt: Sequence[Sentence]) -> Classifier:
    return train([one.text for one in learnt], [one.category for one in learnt], strength=STRENGTH)


if __name__ == "__main__":
    run(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])

"""`python -m finetune.triage FOLDER [PAIRS...]` makes the two models of the triage's second look.

They learn from sentences written for them, and from what people ordinarily ask: questions of the files PAIRS (as
`finetune.pairs` reads them) count as no emergency, but for those that a model without them takes for one.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from evaluation.red_flags import more_sentences, wide_sentences
from finetune.classify import train
from finetune.pairs import read_pairs
from finetune.triage_sentences import NONE, Sentence, by_hand, composed
from rag.classifier import Classifier, Shape
from rag.triage.rules import TriageRules, contexts, load_rules, triage
from rag.triage.second_look import EMERGENCY

AS_A_WHOLE, ASKED = 3.0, 2.0
"""How much a sentence written as a whole, and an ordinary question, counts against one put together from phrases."""
ALARM_STRENGTH, ALARM_SHAPE = 60.0, Shape(1 << 18, 4)
"""Of the model that tells an emergency: few labels, so many buckets, that fewer n-grams collide."""
KINDS_STRENGTH, KINDS_SHAPE = 30.0, Shape(1 << 17, 4)
_NAMED = ("disease", "symptom")
_PERHAPS = 0.9
"""Ordinary questions above this probability of an emergency may be one and teach nothing."""


def run(folder: Path, pairs: Sequence[Path] = ()) -> None:
    """Train, and write both models into `folder`.

    Raises MissingExtraError without scikit-learn, DataError for bad files.
    """
    written, rules = sentences(), load_rules()
    alarm = _alarm(written, rules)
    if pairs:
        alarm = _alarm([*written, *_harmless(ordinary(pairs), alarm, rules)], rules)
    alarm.save(folder / "triage_alarm.safetensors")
    _kinds(written).save(folder / "triage_kinds.safetensors")


def sentences() -> list[Sentence]:
    """Everything written for this project; the questions of the latency set, and bare names, are ordinary ones."""
    plain = (files("evaluation") / "sets" / "mixed_questions.txt").read_text(encoding="utf-8").splitlines()
    asked = [Sentence(line.strip(), NONE) for line in plain if line.strip()]
    whole = [*by_hand(), *_readable(), *asked, *_bare_names()]
    return [*composed(), *(replace(one, weight=AS_A_WHOLE) for one in whole)]


def _readable() -> Iterator[Sentence]:
    """Those of the larger sets that may be read; the English ones are of no kind."""
    for kind, text in [*more_sentences(half=0), *wide_sentences(held=False)]:
        if kind != "english":
            yield Sentence(text, NONE if kind.startswith(NONE) else kind)


def _bare_names() -> Iterator[Sentence]:
    """Who types nothing but a name asks about it."""
    text = (files("kg_loader") / "sample" / "facts.csv").read_text(encoding="utf-8")
    rows = [*csv.DictReader(text.splitlines())]
    names = {row[end]: None for row in rows for end in ("subject", "object") if row[f"{end}_type"] in _NAMED}
    yield from (Sentence(name, NONE) for name in names)


def ordinary(pairs: Iterable[Path]) -> list[str]:
    """Distinct questions of files of question-answer pairs."""
    return list(dict.fromkeys(question for path in pairs for question, _ in read_pairs(path)))


def _harmless(questions: Iterable[str], model: Classifier, rules: TriageRules) -> Iterator[Sentence]:
    for question in questions:
        emergency = model.probabilities(question, contexts(question, rules))[EMERGENCY]
        if emergency < _PERHAPS and not triage(question, None, rules).red_flag:
            yield Sentence(question, NONE, ASKED)


def _alarm(learnt: Sequence[Sentence], rules: TriageRules) -> Classifier:
    """Emergency or none, read with what the rules' markers say of the whole."""
    labels = [NONE if one.category == NONE else EMERGENCY for one in learnt]
    known = [contexts(one.text, rules) for one in learnt]
    return _trained(learnt, labels, ALARM_STRENGTH, ALARM_SHAPE, known, fine=True)


def _kinds(learnt: Sequence[Sentence]) -> Classifier:
    """Which kind an emergency is of."""
    emergencies = [one for one in learnt if one.category != NONE]
    return _trained(emergencies, [one.category for one in emergencies], KINDS_STRENGTH, KINDS_SHAPE)


def _trained(
    learnt: Sequence[Sentence],
    labels: Sequence[str],
    strength: float,
    shape: Shape,
    known: Sequence[Sequence[str]] | None = None,
    *,
    fine: bool = False,
) -> Classifier:
    texts, weights = [one.text for one in learnt], [one.weight for one in learnt]
    return train(
        texts, labels, strength=strength, shape=shape, tolerance=1e-5, contexts=known, weights=weights, fine=fine
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])

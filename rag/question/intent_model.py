"""What a question asks for, where no cue says it: a small classifier, asked only where the rules are silent.

One is packaged (`finetune/intent_own.py`, from wordings of our own, names as marks); an operator may train another on
labelled questions (`yiwen train intent`). It is heard only where it is sure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path

from rag.classifier import Classifier
from rag.domain import Intent, Mention
from rag.errors import ConfigurationError
from rag.question.illnesses import defines_illness
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Relation

REVERSE = "reverse"
"""In the place of relations: the label asks which disease has the symptoms."""
_ASKS, _SURE, _READING = "asks", "sure", "reading"
_MARKED = "marked"
"""Written before there was `_READING`, with True for marks."""
_PACKAGED = "intent_model.safetensors"
_MARKS = ((REMEDIES, "■"), (frozenset({EntityType.DISEASE}), "□"), (frozenset({EntityType.SYMPTOM}), "△"))
"""What stands for a name where a model learnt from wordings without names."""


class Reading(StrEnum):
    """What a model reads of a question: its words, marks in the place of names, or first the one and then the other."""

    WORDS = "words"
    MARKS = "marks"
    BOTH = "both"

    def of(self, question: str, mentions: Sequence[Mention]) -> str:
        """The text for the classifier."""
        if self is Reading.WORDS:
            return question
        marks = with_marks(question, mentions)
        return marks if self is Reading.MARKS else f"{question}\n{marks}"


@dataclass(frozen=True)
class IntentModel:
    """`asks`: label -> relations; (): nothing that a knowledge base holds. `reverse`: labels that ask for a disease.

    Below the probability `sure` it says nothing.
    """

    classifier: Classifier
    asks: Mapping[str, tuple[Relation, ...]]
    reverse: frozenset[str]
    sure: float
    reading: Reading = Reading.WORDS

    def consider(self, question: str, mentions: Sequence[Mention], intent: Intent) -> Intent:
        """`intent` where the rules found something, or the model is unsure or asks for nothing that is named.

        Labels that cannot be asked of what is named do not count; nor does what the rules found if it cannot be.
        """
        kinds = {c.type for m in mentions if not m.negated and not m.modifier for c in m.candidates}
        told = any(RELATIONS[relation].subjects & kinds for relation in intent.relations)
        if intent.reverse or intent.comparison or intent.settled or intent.beside or (intent.explicit and told):
            return intent
        shares = self.classifier.probabilities(self.reading.of(question, mentions))
        shares = {label: share for label, share in shares.items() if self._fits(label, kinds)}
        label = max(shares, key=lambda name: (shares[name], name), default="")
        if not label or shares[label] < self.sure * sum(shares.values()):
            return intent
        if label in self.reverse and defines_illness(question, mentions):
            return intent
        if label in self.reverse and not kinds & {*REMEDIES} and EntityType.SYMPTOM in kinds:
            return Intent((), (), reverse=True, yes_no=intent.yes_no, guessed=True)
        fitting = tuple(relation for relation in self.asks.get(label, ()) if RELATIONS[relation].subjects & kinds)
        if not fitting:
            return intent
        return replace(intent, relations=fitting, groups=(fitting,), explicit=True, object=(), guessed=True)

    def _fits(self, label: str, kinds: Collection[EntityType]) -> bool:
        """Whether it asks for a disease, for nothing, or for what one of these can have."""
        asked = self.asks.get(label, ())
        return not asked or any(RELATIONS[relation].subjects & set(kinds) for relation in asked)

    def save(self, path: Path) -> None:
        """Write the model as one safetensors file."""
        asks = {label: [relation.value for relation in found] for label, found in self.asks.items()}
        asks |= {label: [REVERSE] for label in self.reverse}
        notes = {_ASKS: json.dumps(asks, ensure_ascii=False), _SURE: str(self.sure), _READING: self.reading}
        replace(self.classifier, notes=notes).save(path)

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote. Raises ConfigurationError for anything else."""
        classifier = Classifier.load(path)
        try:
            asks = json.loads(classifier.notes[_ASKS])
            relations = {label: tuple(map(Relation, found)) for label, found in asks.items() if found != [REVERSE]}
            sure = float(classifier.notes[_SURE])
            older = Reading.MARKS if classifier.notes.get(_MARKED) == str(True) else Reading.WORDS
            reading = Reading(classifier.notes.get(_READING, older))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{path}: a classifier, but none of intents; train one with `yiwen train intent`"
            ) from error
        return cls(classifier, relations, frozenset(set(asks) - set(relations)), sure, reading)

    @classmethod
    def packaged(cls) -> IntentModel:
        """The one that comes with the program."""
        with as_file(files("rag.question") / _PACKAGED) as path:
            return cls.load(path)


def with_marks(question: str, mentions: Sequence[Mention]) -> str:
    """`question` with □ for a disease, △ for a complaint, ■ for a remedy; other names stay."""
    chars = list(question)
    for mention in sorted(mentions, key=lambda m: -m.start):
        kinds = {c.type for c in mention.candidates[:1]}
        mark = next((mark for types, mark in _MARKS if types & kinds), None)
        if mark is not None and not mention.carried:
            chars[mention.start : mention.end] = [mark]
    return "".join(chars)

"""What a question asks for, where no cue says it: a small classifier that an operator trained (`yiwen train intent`).

It is asked only where the rules are silent, and heard only where it is sure; none is shipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.classifier import Classifier
from rag.domain import Intent, Mention
from rag.errors import ConfigurationError
from rag.vocabulary import RELATIONS, EntityType, Relation

REVERSE = "reverse"
"""In the place of relations: the label asks which disease has the symptoms."""
_ASKS, _SURE = "asks", "sure"


@dataclass(frozen=True)
class IntentModel:
    """`asks`: label -> relations; (): nothing that a knowledge base holds. `reverse`: labels that ask for a disease.

    Below the probability `sure` it says nothing.
    """

    classifier: Classifier
    asks: Mapping[str, tuple[Relation, ...]]
    reverse: frozenset[str]
    sure: float

    def consider(self, question: str, mentions: Sequence[Mention], intent: Intent) -> Intent:
        """`intent` where the rules found something, or the model is unsure or asks for nothing that is named."""
        if intent.reverse or intent.comparison or (intent.explicit and intent.relations):
            return intent
        shares = self.classifier.probabilities(question)
        label = max(shares, key=lambda name: shares[name])
        if shares[label] < self.sure:
            return intent
        kinds = {c.type for m in mentions if not m.negated and not m.modifier for c in m.candidates}
        if label in self.reverse and EntityType.SYMPTOM in kinds:
            return Intent((), (), reverse=True, yes_no=intent.yes_no)
        fitting = tuple(relation for relation in self.asks.get(label, ()) if RELATIONS[relation].subjects & kinds)
        return replace(intent, relations=fitting, groups=(fitting,), explicit=True) if fitting else intent

    def save(self, path: Path) -> None:
        """Write the model as one safetensors file."""
        asks = {label: [relation.value for relation in found] for label, found in self.asks.items()}
        asks |= {label: [REVERSE] for label in self.reverse}
        notes = {_ASKS: json.dumps(asks, ensure_ascii=False), _SURE: str(self.sure)}
        replace(self.classifier, notes=notes).save(path)

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote. Raises ConfigurationError for anything else."""
        classifier = Classifier.load(path)
        try:
            asks = json.loads(classifier.notes[_ASKS])
            relations = {label: tuple(map(Relation, found)) for label, found in asks.items() if found != [REVERSE]}
            sure = float(classifier.notes[_SURE])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{path}: a classifier, but none of intents; train one with `yiwen train intent`"
            ) from error
        return cls(classifier, relations, frozenset(set(asks) - set(relations)), sure)

"""A measured value whose meaning is asked (`空腹血糖7.8严重吗`): the range on record is what answers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.text import normalise
from rag.vocabulary import EntityType, Relation

RANGE = (Relation.REFERENCE_RANGE, Relation.SIGNIFICANCE)
_MEASURES = frozenset({EntityType.INDICATOR, EntityType.EXAMINATION})
_ILL = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG})
_VALUE = re.compile(r"\s?(?:[是为到了有值约:：=]|测[得出]|大概|大约|只有|升到|降到|达到?){0,3}\s?[0-9]")


def with_value(intent: Intent, question: str, mentions: Sequence[Mention]) -> Intent:
    """The intent that asks for the range, where nothing but measures is named and one of them with a value."""
    if intent.comparison or intent.reverse or set(intent.relations) & set(RANGE):
        return intent
    if any(_ILL & {c.type for c in m.candidates} for m in mentions) or not any(
        _measured(m, question) for m in mentions
    ):
        return intent
    return Intent(RANGE, (RANGE,))


def _measured(mention: Mention, question: str) -> bool:
    """Whether a value follows the name."""
    measure = bool(_MEASURES & {c.type for c in mention.candidates}) and not mention.negated
    return measure and _VALUE.match(normalise(question[mention.end :])) is not None

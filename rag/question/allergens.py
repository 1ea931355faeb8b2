"""`阿莫西林过敏能吃头孢吗`: what somebody is allergic to is told of the patient, and not asked about. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.text import normalise
from rag.vocabulary import EntityType

_REMEDIES = frozenset({EntityType.DRUG, EntityType.HERB, EntityType.FORMULA})
_AFTER = re.compile(r"(?:类|等)?(?:药物?)?(?:严重|有点?|都|会|轻度)?过敏(?!性|原|试验|反应怎么)")


def without_allergens(question: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions without allergens and the allergy itself, where another remedy is named; else all of them."""
    allergens = [m for m in mentions if _remedy(m) and _AFTER.match(normalise(question[m.end :]))]
    others = [m for m in mentions if _remedy(m) and m not in allergens]
    if not allergens or not others:
        return tuple(mentions)
    return tuple(m for m in mentions if m not in allergens and normalise(m.surface) not in ("过敏", "过敏史"))


def _remedy(mention: Mention) -> bool:
    return any(c.type in _REMEDIES for c in mention.candidates)

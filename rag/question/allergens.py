"""`阿莫西林过敏能吃头孢吗`: what somebody is allergic to is told of the patient, and not asked about. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.text import normalise
from rag.vocabulary import REMEDIES

_AFTER = re.compile(r"(?:类|等)?(?:药物?)?(?:严重|有点?|都|会|轻度)?过敏(?!性|原|试验|反应怎么)| allergy\b")

_BEFORE = re.compile(r"\ballergic to (?:the )?$")


def without_allergens(question: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions without allergens and the allergy itself, where another remedy is named; else all of them."""
    allergens = allergens_among(question, mentions)
    others = [m for m in mentions if _remedy(m) and m not in allergens]
    if not allergens or not others:
        return tuple(mentions)
    return tuple(m for m in without_allergy(mentions) if m not in allergens)


def allergens_among(question: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The remedies that somebody is said to be allergic to."""
    return [
        m
        for m in mentions
        if _remedy(m) and (_AFTER.match(normalise(question[m.end :])) or _BEFORE.search(normalise(question[: m.start])))
    ]


def without_allergy(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions without the bare word."""
    return [m for m in mentions if normalise(m.surface) not in ("过敏", "过敏史")]


def allergic_place(text: str, name: str) -> re.Match[str] | None:
    """Where a text speaks of an allergy to `name`."""
    return re.search(rf"{re.escape(name)}[^，。；;,]{{0,20}}过敏", text)


def _remedy(mention: Mention) -> bool:
    return any(c.type in REMEDIES for c in mention.candidates)

"""Fields of monographs of remedies, quoted one sentence at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rag.answer.rendering import object_text
from rag.checking.quoting import quotable
from rag.domain import EntityId, GenerationRequest, Mention, Passage, PassageKind
from rag.generators.extractive.sentences import Budget, Numbered, stands_bare
from rag.question.allergens import allergens_among
from rag.question.partners import speaks_of as taken_with
from rag.question.patient import is_child
from rag.question.patient_groups import for_mothers_alone
from rag.question.people import groups_in, speaks_of
from rag.retrieval.excerpts import telling, without
from rag.retrieval.selection import MIRRORED
from rag.text import normalise
from rag.vocabulary import REMEDIES, Relation

_OTHER_DRUGS = 2
_AVOIDED_DRUGS = 6
"""Drugs that were not asked about and are quoted in a short answer."""
_SENTENCES_OF_FIELD = 3
_DOSE = "用法用量"
_LONGEST_DOSE = 300
"""Characters up to which a direction is told whole: half of one is worse than none."""
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "孕妇": ("妊娠", "怀孕"),
    "妊娠": ("孕妇", "怀孕"),
    "怀孕": ("孕妇", "妊娠"),
    "哺乳期": ("哺乳", "乳汁"),
    "儿童": ("小儿", "婴儿", "婴幼儿"),
    "小儿": ("儿童", "婴儿", "婴幼儿"),
    "老年人": ("老人", "老年"),
}
"""Words that monographs use for a group of people."""


def to_the_point(request: GenerationRequest, numbered: Sequence[Numbered]) -> list[Numbered]:
    """Without the fields of what is asked about where only somebody, or another remedy, is asked for and none names it.

    What else a remedy is not for, or not to be taken with, decides nothing.
    """
    if not (_asks_whether_for(request) or _asks_of_a_pair(request)):
        return list(numbered)
    asked_for = {c.entity for m in request.mentions for c in m.candidates}
    own = [(n, e) for n, e in numbered if e.passage is not None and e.passage.about in asked_for]
    naming = [one for one in own if one[1].passage and _naming(one[1].text, _beside(request, one[1].passage.about))]
    return [one for one in numbered if one not in own or one in naming]


_LETHAL = re.compile("致死(?:剂?量|浓度)")
"""Amounts that nobody needs to be told here."""


def monographs(request: GenerationRequest, numbered: Sequence[Numbered], budget: Budget) -> Iterator[str]:
    """Sentences of one field of one drug together, fields in the order in which they first come."""
    fields: dict[object, list[str]] = {}
    for field, sentence in _by_field(request, numbered, budget):
        fields.setdefault(field, []).append(sentence)
    yield from (sentence for own in fields.values() for sentence in own)


def _by_field(request: GenerationRequest, numbered: Sequence[Numbered], budget: Budget) -> Iterator[tuple[object, str]]:
    """One sentence of a monograph at a time, each with its drug and field."""
    fields = [(n, e, e.passage) for n, e in numbered if e.passage and e.passage.kind is PassageKind.MONOGRAPH]
    asked_for = {c.entity for m in request.mentions for c in m.candidates}
    own = [passage for _, _, passage in fields if passage.about in asked_for]
    compared = request.intent.comparison
    touching = not compared and any(_naming(passage.text, _beside(request, passage.about)) for passage in own)
    told = _told_freely(request, [passage.text for passage in own])
    each = 1 if compared else -(-_SENTENCES_OF_FIELD // max(1, len(request.intent.groups)))
    others, most = 0, _AVOIDED_DRUGS if request.intent.avoids else _OTHER_DRUGS
    said = set(request.quoted) | _stated(numbered)
    allergens = allergens_among(request.question, request.mentions) if request.intent.avoids else []
    named = _names(allergens or request.mentions)
    for n, evidence, passage in fields:
        if passage.about in asked_for:
            quotes = _of_the_drug(request, passage, told, touching=touching)
            if is_child(request.patient):
                quotes = [quote for quote in quotes if not for_mothers_alone(normalise(quote))]
            whole = passage.aspect == _DOSE and sum(map(len, quotes)) <= _LONGEST_DOSE and not compared
            quotes = quotes if budget.full or whole else quotes[:each]
        else:
            others += 1
            quotes = _naming(passage.text, named)[:1] if others <= most or budget.full else []
        for quote in quotes:
            sentence = f"{evidence.title or ''}的{passage.aspect or '说明'}：“{quote}”[{n}]。\n"
            if (
                quote not in said
                and not _LETHAL.search(quote)
                and stands_bare(evidence.title or "")
                and budget.takes(sentence)
            ):
                said.add(quote)
                yield (passage.about, passage.aspect), sentence


def _stated(numbered: Sequence[Numbered]) -> set[str]:
    """What facts say in the same words, but for directions, which are left to the field that holds them."""
    facts = [e.fact for _, e in numbered if e.fact is not None and e.fact.relation is not Relation.DOSAGE]
    return {object_text(fact).rstrip("。") for fact in facts}


def _of_the_drug(request: GenerationRequest, passage: Passage, told: set[str], *, touching: bool) -> list[str]:
    """Of a drug that is asked about: what is `told` freely, else what names the rest of the question if any does."""
    if told:
        return [quote for quote in quotable(passage.text) if quote in told]
    quotes = _naming(passage.text, _beside(request, passage.about)) if touching else quotable(passage.text)
    if other := request.intent.beside:
        quotes = [quote for quote in quotable(passage.text) if taken_with(quote, other)]
    return _for_them(quotes, request.question) if passage.aspect == _DOSE else quotes


def _asks_whether_for(request: GenerationRequest) -> bool:
    """`儿童能吃吗`: whether it is not for somebody, and nothing besides."""
    asked = {relation for relation in request.intent.relations if relation not in _OF_FOOD}
    whom = any(c.type not in REMEDIES for m in request.mentions if not m.negated for c in m.candidates[:1])
    known = request.patient
    whom = whom or (known is not None and bool(known.age is not None or known.pregnant or known.conditions))
    return whom and request.intent.yes_no and bool(asked) and asked <= {Relation.CONTRAINDICATION, Relation.CAUTION}


def _asks_of_a_pair(request: GenerationRequest) -> bool:
    """Whether two remedies may be taken together: what the one does with others is no answer."""
    remedies = {c.entity for m in request.mentions if not m.negated for c in m.candidates[:1] if c.type in REMEDIES}
    return len(remedies) > 1 and bool(request.intent.relations) and set(request.intent.relations) <= MIRRORED


_OF_FOOD = frozenset({Relation.FOOD_GOOD, Relation.FOOD_BAD})


def _for_them(quotes: list[str], question: str) -> list[str]:
    """Of a dose the sentences that name the people it is asked for; all where none does."""
    people = groups_in(normalise(question))
    if not people and _GROWN_UP.search(question):
        return [q for q in quotes if _GROWN_UP.search(q)] or quotes
    return [q for q in quotes if people and all(speaks_of(one, normalise(q)) for one in people)] or quotes


_GROWN_UP = re.compile("成年?人|大人")


def _told_freely(request: GenerationRequest, texts: Sequence[str]) -> set[str]:
    """Where no field of a monograph is asked for: the sentences that deal with what the question says beside names."""
    if request.intent.relations or request.intent.reverse:
        return set()
    named = [m for m in request.mentions if any(c.type in REMEDIES for c in m.candidates)]
    return set(telling(without(request.question, named), [quote for text in texts for quote in quotable(text)]))


def _beside(request: GenerationRequest, drug: EntityId | None) -> set[str]:
    """What the question names beside the drug: a condition, a group of people, another drug."""
    return _names([m for m in request.mentions if all(c.entity != drug for c in m.candidates)])


def _names(mentions: Sequence[Mention]) -> set[str]:
    names = {name for m in mentions for name in (normalise(m.surface), *(c.name for c in m.candidates))}
    return names | {other for name in names for other in _GROUPS.get(name, ())}


def _naming(text: str, names: set[str]) -> list[str]:
    """The sentences that name one of `names`."""
    return [quote for quote in quotable(text) if any(name in normalise(quote) for name in names)]

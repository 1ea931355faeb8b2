"""`青光眼不能吃什么药`, `哪些药会引起耳鸣`: remedies that are not for somebody, or may bring something about. Pure.

The record of an illness tells what treats it and never what harms, so that the records of remedies are read the other
way round: to list what treats an illness here would be the opposite of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rag.checking.quoting import quotable
from rag.domain import EntityId, Evidence, GraphFact, Mention, RankedSubject
from rag.question.allergens import allergens_among, allergic_place
from rag.question.concerns import About, Concern
from rag.question.patient import SURE
from rag.retrieval.selection import ASPECTS
from rag.safety.leaflets import statements
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType, Relation

AGAINST = (Relation.CONTRAINDICATION, Relation.CAUTION)
"""What forbids first."""
BRINGING = (Relation.ADVERSE,)
_MAY_NOT = (
    r"(?:不能够?|不可以?|不宜|不该|不应该?|不要|不得|不准|不适合|禁止|禁忌|禁用?|忌用?|慎用?|避免|避开|当心|小心)"
)
_WHICH = r"(?:什么|哪[些种几]|啥|何种|有什么|有哪些)"
_ASKED = re.compile(
    rf"{_MAY_NOT}(?:再|随便|乱|同时|使)?(?:[吃用服喝]用?)?(?:的)?{_WHICH}(?:样的?|类)?(?:[中西成]|中成)?药|"
    rf"{_WHICH}(?:[中西成]|中成)?药(?:物|品)?(?:是|都|会)?[^，。；？,;?吗]{{0,12}}{_MAY_NOT}|"
    rf"{_MAY_NOT}(?:使用|[吃用服喝])?(?:的)?药(?:物|品)?(?:都)?(?:有|是|包括)?(?:什么|哪[些种几]|啥)|"
    r"(?:drugs?|medic(?:ines?|ations?))\b[^.?]{0,40}\b(?:avoid|contraindicated|not (?:take|use)|should ?n.t)"
    r"|(?:avoid|should ?n.t|not) (?:which|what|taking which) (?:drugs?|medic)"
)
_BRINGS = "(?:引起|导致|造成|引发|诱发|加重|致使)"
_ASKED_WHAT_BRINGS = re.compile(
    rf"{_WHICH}(?:样的?|类|常见的?)?(?:[中西成]|中成)?药(?:物|品)?(?:吃了|用了|服用后)?(?:都|会|能|可以?|可能|容易|常常?)*{_BRINGS}|"
    rf"{_BRINGS}[^，。；？,;?]{{0,12}}的(?:[中西成]|中成)?药(?:物|品)?(?:都|主要|常见的?|一般)*(?:有|是|包括)?(?:什么|哪[些种几]|啥)|"
    r"\b(?:which|what) (?:drugs?|medic(?:ines?|ations?)) (?:can |may |could |might |commonly )*"
    r"(?:cause|worsen|lead to|induce|trigger)"
)
_TOGETHER = re.compile(r"一起|同时|[和跟与同]什么|[和跟与同]哪|合用|配伍|相克|together|\bwith (?:which|what)")
_STATES = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.POPULATION})
_CAUTIONS = "注意事项"
_UNSEEN = re.compile(
    "未见|未发现|没有|不引起|不会|不产生|无(?:明显|其他|显著|任何|严重)|无[^，。；]{0,6}(?:副作用|不良反应|反应)"
)
_FIELDS = frozenset({"禁忌证", "禁忌", _CAUTIONS})


def asks_to_avoid(question: str, mentions: Sequence[Mention]) -> bool:
    """Whether it asks which remedies are not for somebody; beside a remedy it asks for interactions instead."""
    text = normalise(question)
    named = [m for m in mentions if not m.negated and not m.modifier]
    allergens = allergens_among(question, named)
    remedies = any(c.type in REMEDIES for m in named if m not in allergens for c in m.candidates[:1])
    return bool(named) and not remedies and _ASKED.search(text) is not None and not _TOGETHER.search(text)


def asks_what_brings(question: str, mentions: Sequence[Mention]) -> bool:
    """Whether it asks which remedies bring an illness or a complaint about: what treats it would be no answer."""
    named = [m for m in mentions if not m.negated and not m.modifier]
    return bool(states_in(named)) and _ASKED_WHAT_BRINGS.search(normalise(question)) is not None


def states_in(mentions: Sequence[Mention]) -> list[EntityId]:
    """The illnesses and groups of people that are named."""
    named = [c for m in mentions if not m.negated and not m.modifier for c in m.candidates]
    return list(dict.fromkeys(c.entity for c in named if c.score >= SURE and c.type in _STATES))


def against(facts: Sequence[GraphFact], relations: Collection[Relation]) -> tuple[RankedSubject, ...]:
    """Each remedy once with the facts that speak against it, those that are forbidden first, then by name."""
    own: dict[EntityId, list[GraphFact]] = {}
    for fact in facts:
        if fact.relation in relations:
            own.setdefault(fact.subject, []).append(fact)
    ranked = [RankedSubject(e, found[0].subject_name, float(len(found)), tuple(found), 0) for e, found in own.items()]
    return tuple(sorted(ranked, key=lambda s: (all(f.relation is Relation.CAUTION for f in s.matched), s.name)))


def warning(passages: Sequence[Evidence], mentions: Sequence[Mention], concerns: Sequence[Concern]) -> list[Evidence]:
    """Fields of monographs with a sentence that forbids, or warns, what is named."""
    names = _names(mentions)
    found = [e for e in passages if _warns(e, names, concerns)]
    return sorted(found, key=lambda e: e.passage is not None and e.passage.aspect == _CAUTIONS)


def bringing(passages: Sequence[Evidence], mentions: Sequence[Mention]) -> list[Evidence]:
    """Fields of adverse effects with a sentence that names what is named, and does not say that it was not seen."""
    names = _names(mentions)
    told = [e for e in passages if e.passage is not None and e.passage.aspect in ASPECTS[Relation.ADVERSE]]
    return [e for e in told if any(_brings(quote, names) for quote in quotable(e.text))]


def _brings(quote: str, names: set[str]) -> bool:
    said = normalise(quote)
    return any(name in said for name in names) and _UNSEEN.search(said) is None


def _names(mentions: Sequence[Mention]) -> set[str]:
    states = set(states_in(mentions))
    meant = [m for m in mentions if any(c.entity in states for c in m.candidates)]
    return {normalise(m.surface) for m in meant} | {c.name for m in meant for c in m.candidates if c.entity in states}


def allergens_of(concerns: Sequence[Concern]) -> list[str]:
    """What somebody is allergic to, as records may call it."""
    return [name for concern in concerns if concern.about is About.ALLERGY for name in concern.names]


def _warns(evidence: Evidence, names: set[str], concerns: Sequence[Concern]) -> bool:
    if evidence.passage is None or evidence.passage.aspect not in _FIELDS:
        return False
    for said in statements(evidence.id, evidence.passage):
        places = [said.text.find(name) for name in names]
        places += [found.start() for c in concerns if c.met is not None and (found := c.met(said.text))]
        places += [found.start() for name in allergens_of(concerns) if (found := allergic_place(said.text, name))]
        if any(place >= 0 and said.level(place) for place in places):
            return True
    return False

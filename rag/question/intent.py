"""What a question asks for: relations wanted, in the order asked. Pure; rules over the cue words of the vocabulary.

A cue inside a linked name does not count (`咳嗽药` asks nothing of cough). The longest cue wins where cues overlap, so
`吃什么药` asks for drugs and not also for food.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.domain import Intent, Mention
from rag.question.colloquial import plain
from rag.question.comparisons import COMPARISON, several, unknown_side
from rag.question.complaints import asks_which, complains, is_reverse
from rag.question.cues import AFTER_TAKING, groups_asked
from rag.question.deciding import suspected, with_object
from rag.question.effects import effect_asked
from rag.question.illnesses import is_illness
from rag.question.masking import SMALL_TALK, UNWANTED, asks_itself, left_over, masked
from rag.question.no_relation import held_by_none
from rag.question.partners import class_taken, drink, partner
from rag.question.statements import only_states
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType, Relation

DISEASE_OVERVIEW = (
    Relation.SYMPTOM,
    Relation.CAUSE,
    Relation.EXAMINATION,
    Relation.TREATMENT,
    Relation.DRUG,
    Relation.COMPLICATION,
    Relation.DEPARTMENT,
)
"""What a question without a cue is answered with, for a disease."""

COMPARED_OVERVIEW = (Relation.SYMPTOM, Relation.CAUSE, Relation.EXAMINATION, Relation.TREATMENT)
"""What two illnesses are compared in where it is not said in what: with more, each list is cut to its first item."""

COMPARED_REMEDIES = (
    Relation.DRUG_CLASS,
    Relation.INDICATION,
    Relation.EFFICACY,
    Relation.INGREDIENT,
    Relation.CONTRAINDICATION,
    Relation.ADVERSE,
)
"""Likewise two remedies, the one of which need not name the other."""

DRUG_OVERVIEW = (
    Relation.INDICATION,
    Relation.EFFICACY,
    Relation.INGREDIENT,
    Relation.CONTRAINDICATION,
    Relation.CAUTION,
    Relation.ADVERSE,
    Relation.INTERACTION,
)
"""Likewise for a drug, a herb or a formula."""

_YES_NO = re.compile(
    r"吗(?![啡丁替氯])|(?<![什怎这那要])么[？?。]?$|是否|能不能|可不可以|可以不可以|会不会|是不是|有没有|要不要|需不需要|"
    r"\b(?:can|may|could|should) (?:i|we|you|he|she|they|an?|the|my|patients?|people|children|women|pregnant|nursing)"
    r"\b|\bis it (?:safe|ok|okay|all right) to\b|"
    r"用不用|该不该|传不传|算不算|对不对|行不行|有无|应不应|(?<![要得])不[？?。!！]*$|没有?[？?。!！]*$"
)


_BETWEEN = re.compile(
    r"\u25a1[和与跟同]\u25a1+(?:之间|到底|究竟)?(?:有|的)?(?:什么|啥|哪些)?(?:怎么|如何)?(?:区别|区分|不同|鉴别|分|差别|差异|异同)"
)
"""`头痛和偏头痛有什么不同`: two complaints are compared, and nobody is said to have them."""


def read_intent(question: str, mentions: Sequence[Mention]) -> Intent:
    """Relations from cues outside the mentions; an overview if there are none; reverse if only symptoms are named.

    A yes/no question that names two things asks whether the record of one lists the other.
    """
    if effect := effect_asked(question, mentions):
        return effect.intent
    intent = _cued(question, mentions)
    if not _AFTER_TAKING.search(masked(question, mentions)):
        intent = with_object(intent, question, mentions)
    beside = class_taken(question, mentions) or partner(question, mentions)
    beside = beside or ("" if intent.object else drink(question, mentions))
    return replace(_TOGETHER, yes_no=intent.yes_no, beside=beside) if beside else intent


_AFTER_TAKING = re.compile(AFTER_TAKING)
_TOGETHER = Intent(_BOTH := (Relation.INTERACTION, Relation.INCOMPATIBLE), (_BOTH,))


def _cued(question: str, mentions: Sequence[Mention]) -> Intent:
    text = masked(question, mentions)
    unwanted = {Relation.DRUG} if UNWANTED.search(plain(question)) else set()
    asked = (tuple(r for r in group if r not in unwanted) for group in groups_asked(text, _kinds(mentions)))
    groups = tuple(group for group in asked if group)
    relations = tuple(dict.fromkeys(relation for group in groups for relation in group))
    reverse = not (mentions and suspected(question, mentions)) and is_reverse(question, text, relations, mentions)
    compared = bool(COMPARISON.search(text))
    comparison = compared and several(mentions)
    unknown = unknown_side(text) if compared and not comparison and not relations else ""
    yes_no = bool(_YES_NO.search(text))
    reverse = reverse or complains(text, relations, mentions)
    reverse = reverse and not (comparison and (_all_illnesses(mentions) or _BETWEEN.search(text)))
    if reverse and (not relations or asks_which(text)):
        return Intent((), (), reverse=True, yes_no=yes_no)
    if relations:
        return Intent(relations, groups, reverse=reverse, comparison=comparison, yes_no=yes_no)
    settled = held_by_none(question)
    specific = yes_no or settled or left_over(text) > (SMALL_TALK if len(mentions) < 2 else 0)
    if specific and not (yes_no or settled) and only_states(question, mentions):
        overview = _overview(mentions)
        return Intent(overview, (overview,), explicit=False, guessed=True)
    if specific and not comparison and not unknown:
        return Intent((), (), explicit=False, comparison=comparison, yes_no=yes_no, settled=settled)
    overview = _overview(mentions)
    if (comparison or unknown) and overview == DISEASE_OVERVIEW:
        overview = COMPARED_OVERVIEW
    if comparison and overview == DRUG_OVERVIEW:
        overview = COMPARED_REMEDIES
    return Intent(overview, (overview,), explicit=False, comparison=comparison, yes_no=yes_no, unknown=unknown)


def _all_illnesses(mentions: Sequence[Mention]) -> bool:
    """`高血压和低血压有什么区别`: what is compared are illnesses, though records list both among complaints."""
    return all(any(map(is_illness, m.candidates)) for m in mentions if not m.negated and not m.modifier)


def _overview(mentions: Sequence[Mention]) -> tuple[Relation, ...]:
    """What is told where nothing certain is asked."""
    remedy = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    coded = any(_IS_CODE.fullmatch(normalise(m.surface)) for m in mentions)
    return DRUG_OVERVIEW if remedy else (*DISEASE_OVERVIEW, *([Relation.CODE] if coded else []))


_IS_CODE = re.compile(r"[a-z]\d[\da-z]\.[\dx]{1,7}")
"""`E11.9是什么病`: who asks by a code wants to read what it stands for."""


def _kinds(mentions: Sequence[Mention]) -> set[EntityType]:
    """Types of what is named, but for names that are cues themselves."""
    named = (m for m in mentions if not m.negated and not asks_itself(m))
    return {c.type for m in named for c in m.candidates}

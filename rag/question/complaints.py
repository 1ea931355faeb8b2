"""Complaints, asked for the illness behind them: reverse questions. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Intent, Mention
from rag.question.colloquial import plain
from rag.question.illnesses import BY_NAME
from rag.question.masking import SMALL_TALK, left_over
from rag.question.statements import asks_nothing
from rag.text import is_han
from rag.vocabulary import REMEDIES, EntityType, Relation

_REVERSE = re.compile(
    r"what (?:is|could|might|can|may) (?:it|this|that|be|cause|causing|the (?:cause|reason|matter|problem))|"
    r"what(?:'s| is) (?:wrong|going on|happening)|what do i have|what (?:disease|illness|condition|sickness)|why do i|"
    r"什么病|啥病|哪种病|哪些病|哪种疾病|什么疾病|哪些疾病|何种疾病|何病|可能是什么|可能患|可能得|患了什么|"
    r"得了什么|诊断(?:为|是)什么(?:病|疾病)?(?=[？?。!！]*$)|怎么回事|什么情况|什么问题|何情况|属于哪种|怎么了|考虑什么|可能的诊断|是不是得了|会是什么|什么毛病|哪方面的病|哪种问题|哪里.{0,4}(?:毛病|问题)"
)
_OF_WHICH = re.compile(
    r"(?:可能|考虑|会不会|也许|大概)(?:会?是|得|患|属于|有)?了?(?:什么|哪[些种个])(?:疾?病|毛病|问题|疾患)|(?:见于|提示|说明是?|预示)(?:什么|哪些)(?:疾?病|毛病|问题)|"
    r"(?:什么|哪[些种])(?:疾?病|毛病|疾患)(?:会|可以|能|容易|可能|都)*(?:引起|导致|造成|引发|出现|有|表现|伴)|"
    r"(?:什么|哪[些种])(?:疾?病|毛病)(?:的)(?:症状|表现|征兆|信号|先兆|前兆)"
)
"""`小儿发热是什么病的症状`: diseases are asked for, even of what is described as one itself."""

_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|my|me|am)\b(?!-)")
"""`My stomach hurts` is a complaint; `headache in early migraine` is what a study is about."""

_WHY = re.compile(r"怎么回事|什么原因|为什么|为何|怎么搞的|怎么了$|什么情况$")
_CAUSES = frozenset({Relation.CAUSE, Relation.RISK_FACTOR})
_OF_CARE = frozenset({Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT})
_HAVING_A_CAUSE = REMEDIES | {
    EntityType.DISEASE, EntityType.SYNDROME, EntityType.TREATMENT, EntityType.THERAPY, EntityType.EXAMINATION,
    EntityType.INDICATOR, EntityType.PATHOGEN,
}  # fmt: skip
_PART_OF_A_NAME = re.compile(r"(?<!持续)(?<!阵发)(?<!间歇)(?<!反复)(?<!突发)(?<!发作)(?<!周期)(?<!进行)(?<![急慢])性$")
"""`房性` before a symptom makes the name of a disease; `阵发性` only describes it."""

_OF_A_DISEASE = frozenset(
    {Relation.TREATMENT, Relation.DRUG, Relation.DEPARTMENT, Relation.EXAMINATION, Relation.CAUSE, Relation.DURATION}
)
"""Asked of a bare symptom, these lead through the diseases that have it."""


def is_reverse(question: str, text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """Symptoms are given and the disease is asked for."""
    present = [m for m in mentions if not m.negated and not m.modifier]
    symptoms = [m for m in present if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    only_diseases = [
        m
        for m in present
        if any(c.type is EntityType.DISEASE for c in m.candidates)
        and not any(c.type is EntityType.SYMPTOM for c in m.candidates)
    ]
    if not symptoms or any(c.type in REMEDIES for m in present for c in m.candidates[:1]):
        return False
    if _OF_WHICH.search(text) and not only_diseases:
        return True
    several = len({m.best.entity for m in symptoms}) > 1
    could_be_subject = any(c.type is EntityType.DISEASE for m in symptoms for c in m.candidates)
    if _REVERSE.search(text) and (not only_diseases or not relations):
        return several or bool(only_diseases) or not could_be_subject
    if only_diseases:
        return _complains_of_something_new(question, only_diseases, symptoms)
    if not relations and _FIRST_PERSON.search(text):
        return True
    if relations or not is_han(symptoms[0].surface[0]):
        named = any(_PART_OF_A_NAME.search(question[: m.start]) for m in symptoms)
        return not could_be_subject and not named and bool(set(relations) & _OF_A_DISEASE)
    return several or (not could_be_subject and left_over(text) <= SMALL_TALK)


def _complains_of_something_new(question: str, ill: Sequence[Mention], symptoms: Sequence[Mention]) -> bool:
    """`高血压糖尿病，最近脚肿，怎么回事`: the illnesses are known, what the complaint comes from is asked."""
    last = max(symptoms, key=lambda m: m.start)
    if any(m.end > last.start for m in ill) or any(c.type is EntityType.DISEASE for c in last.candidates):
        return False
    between = question[max(m.end for m in ill) : last.start]
    return _NEW.search(between) is not None and _SO_WHY.match(question, last.end) is not None


_NEW = re.compile(
    r"[，,。；;\s][^，,。；;]{0,4}(?:最近|近来|这几天|这两天|今天|昨天|现在|突然|又|老是|总是|经常|开始|出现)[^，,。；;]{0,6}$"
)
_SO_WHY = re.compile(
    r"[^，,。？?]{0,4}[，,\s]?(?:是|这是|会是|请问)?(?:怎么回事|什么原因|为什么|为何|怎么了|什么情况|什么问题)"
)


def asks_which(text: str) -> bool:
    """Whether words of a masked question ask for an illness, or why something is so."""
    return _REVERSE.search(text) is not None or _WHY.search(text) is not None


def complains(text: str, relations: Sequence[Relation], mentions: Sequence[Mention]) -> bool:
    """`肚子咕噜咕噜响是怎么回事`: a complaint in words that are no known name; what is asked for is the illness."""
    named = {c.type for m in mentions for c in m.candidates} & _HAVING_A_CAUSE
    return not named and set(relations) <= _CAUSES and _WHY.search(text) is not None


def as_complaint(intent: Intent, mentions: Sequence[Mention], question: str) -> Intent | None:
    """The cause of a complaint, asked for as the illness that it may belong to; None where something else is asked.

    `肚子痛是怎么回事`: where records list no cause, they list the illnesses that have it. `晨僵是什么病`: where none is
    kept of an illness of that name, it is a complaint. Not of what is called an illness itself (高血压), even where
    others list it among their symptoms. Who tells a complaint and asks nothing, or what to do about one (`胃胀怎么办`)
    of which no treatment is on record, is helped by it too.
    """
    present = [m for m in mentions if not m.negated and not m.modifier and m.candidates]
    ill = [m for m in present if any(c.type in _HAVING_A_CAUSE for c in m.candidates)]
    complaints = [m for m in ill if any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    told = [m for m in present if m.present and any(c.type is EntityType.SYMPTOM for c in m.candidates)]
    none_by_name = not any(c.type is EntityType.SYMPTOM and BY_NAME.search(c.name) for m in ill for c in m.candidates)
    which = not intent.explicit and _REVERSE.search(plain(question)) is not None
    asked = bool(intent.relations) and (set(intent.relations) <= _CAUSES or which)
    asked = asked and not (intent.object or intent.comparison)
    if asked and ill and ill == complaints and none_by_name:
        return Intent((), (), reverse=True, yes_no=intent.yes_no)
    cared_for = Relation.TREATMENT in intent.relations and set(intent.relations) <= _OF_CARE and not intent.object
    unsought = told and not intent.reverse  # else no illness was found
    helped = unsought and ill == complaints and none_by_name and (cared_for or asks_nothing(question, mentions, intent))
    return Intent((), (), reverse=True, guessed=True) if helped else None

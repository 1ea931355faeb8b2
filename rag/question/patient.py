"""Who the question is about: what a text says of the patient. Pure.

Nobody's age, state or allergy is guessed: what is not said is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.domain import Mention, Patient, Turn
from rag.linking.names import Names
from rag.question.patient_groups import (
    ADULT_FROM,
    CHILD,
    GROUPS,
    MONTHS,
    NURSING,
    OLD,
    OLD_FROM,
    ORGANS,
    PREGNANT,
    nurses,
)
from rag.question.sufferers import illness_of, is_sufferer
from rag.text import HAN, normalise, quantities
from rag.vocabulary import REMEDIES, EntityType

SURE = 0.5
_AGE = re.compile(
    r"(?:\d{1,3}(?:\.\d)?|[一二两三四五六七八九十]{1,3})(?:岁|周岁|个月)(?:半(?![夜天边身路数晚个]))?(?![以之]|龄?以)"
)
_AGE_ENGLISH = re.compile(
    r"\b(\d{1,3})[- ]?(years?|months?|yrs?)[- ]?old\b|\baged? (\d{1,3})\b(?! ?(?:to|-|and|or|months?))|"
    r"\b(\d{1,3}) ?y/?o\b"
)
_BABY_AFTER = re.compile(r"^(?:大|龄|多)?(?:的)?(?:婴|宝|孩|幼|娃|儿子|女儿|小)")
_LOOK_BACK = 6
"""Earlier turns that are read."""
_NEGATED = re.compile(r"(?:不是|没有|没|并非|非|未|无|否认)[^，。；,;?？]{0,6}$")
_NO_ALLERGY = re.compile(r"(?:没有|没|无|未|否认|不)[^，。；,;]{0,10}过敏|过敏史?[:：]?无")
_ALLERGY = re.compile(
    rf"对([^，。；,;?？对]{{2,30}}?)(?:都|也|很)?过敏(?!性|原)"
    rf"|([A-Za-z{HAN}]{{2,12}}?)(?<![会起致发])过敏(?!性|原|体质|反应|试验|症)"
)
_ALLERGY_ENGLISH = re.compile(
    r"\ballergic to ((?:[a-z][a-z-]+ ?){1,3}?)(?=[,.;?!]|$| (?:and|but|so|can|could|should|may|is|are|what|which)\b)|"
    r"\b([a-z-]{4,}) allergy\b"
)
_NO_ALLERGY_ENGLISH = re.compile(r"\b(?:not|no|never|without|n't)\b[^.;?!,]{0,20}\ballerg")
_ALLERGEN_LEAD = re.compile(
    r"^(?:我|他|她|孩子|宝宝|患者|病人|本人|既往|曾经?|以前|有过?|是|说|的|自己|因为|由于|从小)+"
)
_LIST = re.compile(r"[、和及与或]|以及")
_ALLERGENS = re.compile(
    r"青霉素|头孢|磺胺|阿司匹林|水杨酸|非甾体|解热镇痛|抗生素|碘|造影剂|麻醉|酒精|海鲜|鸡蛋|牛奶|花生|大豆|喹诺酮|沙星|霉素|西林"
)
_HAS = re.compile(r"(?:有|患|患有|得了|得过|合并|伴|伴有|既往|病史|同时是)(?:[^，。；,;]{0,6}[、和及])?$")
_TRIMESTER_SAID = re.compile(r"(?:怀孕|妊娠|孕)(?:早期|中期|晚期|末期)|孕[早中晚]期")


def patient_in(question: str, mentions: Sequence[Mention], names: Names) -> Patient:
    """What the question says of the patient: age, pregnancy, nursing, groups, allergies, conditions.

    Names of drugs and diseases are no such words (小儿氨酚黄那敏颗粒, 老年痴呆). A disease is the patient's condition
    where a remedy is asked about beside it, or where the text says that the patient has it.
    """
    text = normalise(question)
    plain = _without_names(text, names)
    ages = list(_ages(plain))
    conditions = list(_groups_said(plain, ages))
    conditions += [illness_of(m) for m in mentions if _is_condition(question, m, mentions)]
    return Patient(
        age=ages[0] if len(set(ages)) == 1 else None,
        pregnant=True if _said(PREGNANT.said, plain) else False if PREGNANT.said.search(plain) else None,
        allergies=tuple(_allergens(text, names)),
        conditions=tuple(dict.fromkeys(conditions)),
    )


def patient_of_turns(history: Sequence[Turn], names: Names) -> Patient | None:
    """What the user said of the patient in earlier turns, the latest first; diseases named there are no conditions."""
    found: Patient | None = None
    for turn in reversed(history[-_LOOK_BACK:]):
        if turn.role == "user":
            found = joined(found, patient_in(turn.content, (), names))
    return found


def joined(given: Patient | None, said: Patient) -> Patient | None:
    """The patient of the request, completed by what the question says; None where nothing is known."""
    if given is None:
        return said if said != Patient() else None
    return replace(
        given,
        age=given.age if given.age is not None else said.age,
        pregnant=given.pregnant if given.pregnant is not None else said.pregnant,
        allergies=tuple(dict.fromkeys((*given.allergies, *said.allergies))),
        conditions=tuple(dict.fromkeys((*given.conditions, *said.conditions))),
    )


def is_child(patient: Patient | None) -> bool:
    """Whether the patient is known to be a child, and neither pregnant nor nursing."""
    if patient is None or patient.pregnant or NURSING.label in patient.conditions:
        return False
    return CHILD.label in patient.conditions or (patient.age is not None and patient.age < _NURSED_BELOW)


_NURSED_BELOW = 12.0
"""Years; older girls may nurse themselves."""


def _without_names(text: str, names: Names) -> str:
    """The text with the names of things that are no people left out."""
    chars = list(text)
    groups = [match.span() for group in GROUPS for match in group.said.finditer(text)]
    for name, start, end in names.find(text):
        kinds = {c.type for c in names.candidates(name)}
        within = any(a <= start and end <= b for a, b in groups)  # kidney of `kidney failure`
        if EntityType.POPULATION not in kinds and not within:
            chars[start:end] = "\n" * (end - start)
    return "".join(chars)


def _ages(text: str) -> Iterator[float]:
    for match in _AGE.finditer(text):
        amount = next((q for q in quantities(match.group()) if q.unit in ("岁", "个月")), None)
        if amount is None or _NEGATED.search(text[: match.start()]):
            continue
        half = 0.5 if match.group().endswith("半") else 0.0
        if amount.unit == "岁":
            yield amount.low + half
        elif _BABY_AFTER.match(text[match.end() :]):
            yield (amount.low + half) / MONTHS
    for match in _AGE_ENGLISH.finditer(text):
        years = float(match[1] or match[3] or match[4])
        yield years / MONTHS if (match[2] or "").startswith("m") else years


def _said(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next((m for m in pattern.finditer(text) if not _NEGATED.search(text[: m.start()])), None)


def _groups_said(text: str, ages: Sequence[float]) -> Iterator[str]:
    """Words for the groups; an age makes words for the young and the old needless, several ages need them."""
    if trimester := _said(_TRIMESTER_SAID, text):
        yield trimester.group()
    if _said(NURSING.said, text) and nurses(text, any(age < ADULT_FROM for age in ages)):
        yield NURSING.label
    for group in ORGANS:
        if _said(group.said, text):
            yield group.label
    if len(set(ages)) != 1:
        yield from (group.label for group in (CHILD, OLD) if _said(group.said, text))
        if any(age < ADULT_FROM for age in ages):
            yield CHILD.label
        if any(age >= OLD_FROM for age in ages):
            yield OLD.label


def _is_condition(question: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    if mention.negated or mention.modifier or mention.carried or mention.best.score < SURE:
        return False
    if all(c.type is not EntityType.DISEASE for c in mention.candidates) or "过敏" in mention.surface:
        return False
    remedies = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    return remedies or bool(_HAS.search(question[: mention.start])) or is_sufferer(question, mention)


def _allergens(text: str, names: Names) -> Iterator[str]:
    """What the patient is allergic to: known names, and the words by which classes of drugs go."""
    if _NO_ALLERGY.search(text) or _NO_ALLERGY_ENGLISH.search(text):
        return
    for match in _ALLERGY_ENGLISH.finditer(text):
        word = (match[1] or match[2]).strip()
        yield from (name for name, _, _ in names.find(word) if _is_allergen(name, names))
    for match in _ALLERGY.finditer(text):
        told = match[1] or match[2]
        for part in _LIST.split(told.rpartition("对")[2]):
            word = _ALLERGEN_LEAD.sub("", part.strip())
            known = [name for name, _, _ in names.find(word) if _is_allergen(name, names)]
            if known:
                yield from known
            elif len(word) > 1 and (match[1] or "对" in told or _ALLERGENS.search(word)):
                yield word


def _is_allergen(name: str, names: Names) -> bool:
    kinds = {*REMEDIES, EntityType.FOOD}
    return any(c.type in kinds for c in names.candidates(name))

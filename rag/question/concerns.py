"""What is known of a patient, one thing a *concern*, and how records call it. Pure.

A concern is a group such as 孕妇, a condition or an allergy, with a test of whether a text of the knowledge base speaks
of it. Nobody's age, state or allergy is guessed: what is not said is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rag.domain import EntityId, Patient
from rag.linking.names import Names
from rag.question.patient import SURE
from rag.question.patient_groups import (
    ADULT_FROM,
    CHILD,
    GROUPS,
    NURSING,
    OLD,
    OLD_FROM,
    ORGANS,
    PREGNANT,
    Met,
    age_text,
    child_word,
    old_at,
    pregnant_in,
    young_at,
)
from rag.text import normalise
from rag.vocabulary import EntityType

_WIDER: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(r"(?:胃|十二指肠|消化性|消化道)溃疡|溃疡病"),
        ("消化性溃疡", "消化道溃疡", "胃十二指肠溃疡", "胃、十二指肠溃疡", "胃及十二指肠溃疡", "溃疡病"),
    ),
    (re.compile(r"哮喘"), ("哮喘", "支气管哮喘")),
    (re.compile(r"心衰|心力衰竭|心功能不全"), ("心力衰竭", "心衰", "心功能不全")),
    (re.compile(r"前列腺(?:肥大|增生)"), ("前列腺肥大", "前列腺增生")),
)
"""What a condition is also called where records speak of all of its kind: 胃溃疡 is a 消化性溃疡."""
_POPULATIONS = (
    "孕妇", "妊娠", "妊娠期", "妊娠妇女", "妊娠期妇女", "妊娠早期", "妊娠中期", "妊娠晚期", "孕妇及哺乳期妇女",
    "孕产妇", "哺乳期", "哺乳妇女", "哺乳期妇女", "儿童", "小儿", "婴儿", "婴幼儿", "新生儿", "早产儿", "幼儿",
    "青少年", "儿童和青少年", "老年人", "老年患者", "老人", "年老体弱者", "肾功能不全者", "肝功能不全者",
)  # fmt: skip
"""Names by which a graph may call a group."""
_ALLERGY_WORDS = re.compile(r"^对|(?:药物?)?过敏史?$|(?:类药物?|类制剂|类|药物)$")


class About(StrEnum):
    """What a concern is."""

    GROUP = "group"
    CONDITION = "condition"
    ALLERGY = "allergy"


@dataclass(frozen=True)
class Concern:
    """One thing known of the patient; `label` as it was said, `names` and `entities` what it is called and stands for.

    `met` tells whether a normalised text speaks of such people; only groups have it.
    """

    about: About
    label: str
    names: tuple[str, ...] = ()
    entities: frozenset[EntityId] = frozenset()
    met: Met | None = None


def concerns_of(patient: Patient | None, names: Names) -> tuple[Concern, ...]:
    """Everything known of the patient but the drugs taken; in the order of groups, conditions, allergies."""
    if patient is None:
        return ()
    found = [*_group_concerns(patient)]
    labels = {concern.label for concern in found}
    for word in dict.fromkeys(patient.conditions):
        text = normalise(word)
        if text and word not in labels and not any(group.is_all_of(text) for group in GROUPS):
            found.append(Concern(About.CONDITION, word, _written(text, names), _stands_for(text, names)))
    for word in dict.fromkeys(patient.allergies):
        allergen = _ALLERGY_WORDS.sub("", normalise(word))
        if allergen:
            found.append(Concern(About.ALLERGY, f"{allergen}过敏", (allergen,), _stands_for(allergen, names)))
    return tuple(found)


def _group_concerns(patient: Patient) -> Iterator[Concern]:
    """What age, pregnancy and the words of the form say."""
    words = normalise("\n".join(patient.conditions))
    if patient.pregnant or (patient.pregnant is None and PREGNANT.said.search(words)):
        yield Concern(About.GROUP, PREGNANT.label, met=pregnant_in(words))
    if NURSING.said.search(words):
        yield Concern(About.GROUP, NURSING.label, met=NURSING.written.search)
    age = patient.age
    if age is not None and age < ADULT_FROM:
        yield Concern(About.GROUP, age_text(age), met=young_at(age))
    elif age is None and CHILD.said.search(words):
        yield Concern(About.GROUP, CHILD.label, met=child_word)
    if (age is not None and age >= OLD_FROM) or (age is None and OLD.said.search(words)):
        yield Concern(About.GROUP, age_text(age) if age else OLD.label, met=old_at(age))
    for group in ORGANS:
        if group.said.search(words):
            yield Concern(About.GROUP, group.label, met=group.written.search)


def _written(text: str, names: Names) -> tuple[str, ...]:
    """How records may write a condition: as it was said, by its full name (甲亢), by the name of its kind."""
    full = (normalise(c.name) for c in names.candidates(text) if c.score >= SURE and c.type is EntityType.DISEASE)
    wider = (name for said, written in _WIDER if said.search(text) for name in written)
    return tuple(dict.fromkeys((text, *full, *wider)))


def group_entities(concerns: Iterable[Concern], names: Names) -> set[EntityId]:
    """Entities by which a graph may call these groups, and the conditions and allergies themselves."""
    found = {entity for concern in concerns for entity in concern.entities}
    for concern in concerns:
        for name in _POPULATIONS if concern.met else ():
            if concern.met is not None and concern.met(name):
                found |= {c.entity for c in names.candidates(name) if c.type is EntityType.POPULATION}
        if concern.about is About.ALLERGY:
            found |= {c.entity for n in concern.names for c in names.candidates(f"{n}过敏") if c.score >= SURE}
    return found


def _stands_for(text: str, names: Names) -> frozenset[EntityId]:
    """What a word of the form surely stands for: as a whole, else what it holds."""
    whole = [c.entity for c in names.candidates(text) if c.score >= SURE]
    held = [c.entity for name, _, _ in names.find(text) for c in names.candidates(name) if c.score >= SURE]
    return frozenset(whole or held)

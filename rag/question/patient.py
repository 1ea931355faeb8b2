"""Who the question is about: what a text says of the patient, and how records call such people. Pure.

A *concern* is one thing known of the patient (a group such as 孕妇, a condition, an allergy) with a test of whether a
text of the knowledge base speaks of it. Nobody's age, state or allergy is guessed: what is not said is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.domain import EntityId, Mention, Patient, Turn
from rag.linking.names import Names
from rag.question.intent import REMEDIES
from rag.text import HAN, normalise, quantities
from rag.vocabulary import EntityType

SURE = 0.5
_MONTHS, _DAYS = 12.0, 365.0
OLD_FROM = 60.0
"""Years from which Chinese law and most package leaflets speak of 老年人."""
ADULT_FROM = 18.0


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
    met: Callable[[str], re.Match[str] | None] | None = None


# ---------------------------------------------------------------- groups of people


@dataclass(frozen=True)
class _Group:
    """`said`: how a question or a form tells that the patient belongs to it; `written`: how records call it."""

    label: str
    said: re.Pattern[str]
    written: re.Pattern[str]


_UNFIT = "(?:不全|不良|不好|减退|减低|低下|受损|损害|损伤|障碍|衰竭|异常|差)"
_DEGREE = "(?:严重|重度|中度|轻度|明显)?"
_PREGNANT = _Group(
    "孕妇",
    re.compile(
        r"(?<!准备)(?<!打算)(?<![备避不未想])(?:孕妇|怀孕|妊娠|怀了孕|有孕在身|孕期|孕[早中晚]期|孕\s?\d+\s?[周个月]|怀上)"
        r"|pregnan"
    ),
    re.compile(r"孕妇|孕产妇|妊妇|妊娠|怀孕|孕期|孕[早中晚]期?|胎儿|pregnan"),
)
_NURSING = _Group(
    "哺乳期妇女",
    re.compile(r"哺乳(?!动物|类)|喂奶|喂母乳|母乳喂养|breast-?feed|lactat"),
    re.compile(r"哺乳(?!动物|类)|授乳|乳母|乳妇|乳汁|母乳|breast-?feed|lactat|nursing"),
)
_CHILD = _Group(
    "儿童",
    re.compile(r"儿童|小孩|孩子|宝宝|小儿|婴幼儿|婴儿|新生儿|幼儿|患儿|娃娃?|青少年|未成年"),
    re.compile(r"儿童|小儿|婴幼儿|婴儿|新生儿|早产儿|幼儿|患儿|小孩|青少年|未成年|child|infant|neonat|pa?ediatric"),
)
_OLD = _Group(
    "老年人",
    re.compile(r"老人|老年(?!性|痴呆|斑|环)|高龄|爷爷|奶奶|外公|外婆|姥姥|姥爷|elderly"),
    re.compile(r"老年|老人|高龄|年老|elderly|older"),
)
_RENAL = _Group(
    "肾功能不全",
    re.compile(rf"肾(?:脏)?(?:功能)?{_UNFIT}|肾衰|尿毒症|透析|renal (?:impairment|failure|insufficiency)"),
    re.compile(
        rf"肾(?:脏)?(?:功能)?{_DEGREE}{_UNFIT}|肾衰|尿毒症|透析|无尿|肾(?:脏)?疾?病(?!综合)|"
        r"renal (?:impair|fail|insuff)"
    ),
)
_HEPATIC = _Group(
    "肝功能不全",
    re.compile(rf"肝(?:脏)?(?:、?肾)?(?:功能)?{_UNFIT}|肝衰|hepatic (?:impairment|failure|insufficiency)"),
    re.compile(
        rf"肝(?:脏)?(?:[、，及和与或]?肾)?(?:脏)?(?:功能)?{_DEGREE}{_UNFIT}|肝衰|肝(?:脏)?疾?病(?!毒)|"
        r"hepatic (?:impair|fail|insuff)"
    ),
)
_ORGANS = (_RENAL, _HEPATIC)
_GROUPS = (_PREGNANT, _NURSING, _CHILD, _OLD, *_ORGANS)

_TRIMESTERS = {
    "early": re.compile(r"早期|早孕|孕早|(?:前|头|最初)(?:3|三)个月|first trimester"),
    "middle": re.compile(r"中期|孕中|second trimester"),
    "late": re.compile(r"晚期|末期|孕晚|(?:后|末|最后)(?:3|三)个月|third trimester"),
}
_BELOW = re.compile(r"(\d+(?:\.\d+)?)\s?(周?岁|个月|月|天|日)(?:龄)?(?:及)?(?:以下|以内|以前|之内|内)")
_ABOVE = re.compile(r"(\d{2,3})\s?周?岁(?:及)?以上")
_YOUNG = (
    (re.compile(r"新生儿|早产儿|neonat"), 0.0, 1 / _MONTHS + 0.01),
    (re.compile(r"婴幼儿"), 0.0, 3.0),
    (re.compile(r"婴儿|infant"), 0.0, 1.0),
    (re.compile(r"幼儿"), 1.0, 3.0),
    (re.compile(r"青少年"), 10.0, ADULT_FROM),
    (re.compile(r"儿童|小儿|患儿|小孩|未成年|child|pa?ediatric"), 0.0, ADULT_FROM),
)
"""Words for the young with the ages in years [from, below) that they cover."""


def _years(amount: str, unit: str) -> float:
    value = float(amount)
    if unit.endswith("岁"):
        return value
    return value / (_DAYS if unit in ("天", "日") else _MONTHS)


def _young_at(age: float) -> Callable[[str], re.Match[str] | None]:
    """A test for texts that speak of children of this age; an age limit in the text decides where it names one."""

    def met(text: str) -> re.Match[str] | None:
        limits = list(_BELOW.finditer(text))
        within = next((m for m in limits if age < _years(m[1], m[2])), None)
        if limits and within is None:
            return None
        words = (m for word, low, high in _YOUNG if low <= age < high and (m := word.search(text)))
        return within or next(words, None)

    return met


def _old_at(age: float | None) -> Callable[[str], re.Match[str] | None]:
    def met(text: str) -> re.Match[str] | None:
        limits = list(_ABOVE.finditer(text))
        if limits and age is not None:
            return next((m for m in limits if age >= float(m[1])), None)
        return _OLD.written.search(text) or (limits[0] if limits else None)

    return met


def _pregnant_in(words: str) -> Callable[[str], re.Match[str] | None]:
    """A test that knows the trimester where `words` tell it: a text on another trimester is on other people."""
    told = {name for name, pattern in _TRIMESTERS.items() if pattern.search(words)}

    def met(text: str) -> re.Match[str] | None:
        found = _PREGNANT.written.search(text)
        limited = {name for name, pattern in _TRIMESTERS.items() if pattern.search(text)}
        return found if not (told and limited) or told & limited else None

    return met


def _child_word(text: str) -> re.Match[str] | None:
    return _CHILD.written.search(text) or _BELOW.search(text)


def _group_concerns(patient: Patient) -> Iterator[Concern]:
    """What age, pregnancy and the words of the form say."""
    words = normalise("\n".join(patient.conditions))
    if patient.pregnant or (patient.pregnant is None and _PREGNANT.said.search(words)):
        yield Concern(About.GROUP, _PREGNANT.label, met=_pregnant_in(words))
    if _NURSING.said.search(words):
        yield Concern(About.GROUP, _NURSING.label, met=_NURSING.written.search)
    age = patient.age
    if age is not None and age < ADULT_FROM:
        yield Concern(About.GROUP, age_text(age), met=_young_at(age))
    elif age is None and _CHILD.said.search(words):
        yield Concern(About.GROUP, _CHILD.label, met=_child_word)
    if (age is not None and age >= OLD_FROM) or (age is None and _OLD.said.search(words)):
        yield Concern(About.GROUP, age_text(age) if age else _OLD.label, met=_old_at(age))
    for group in _ORGANS:
        if group.said.search(words):
            yield Concern(About.GROUP, group.label, met=group.written.search)


def age_text(age: float) -> str:
    """`3岁`, `8个月`."""
    if age < 1:
        return f"{max(1, round(age * _MONTHS))}个月" if age * _MONTHS >= 1 else "新生儿"
    return f"{age:g}岁"


# ---------------------------------------------------------------- concerns


def concerns_of(patient: Patient | None, names: Names) -> tuple[Concern, ...]:
    """Everything known of the patient but the drugs taken; in the order of groups, conditions, allergies."""
    if patient is None:
        return ()
    found = [*_group_concerns(patient)]
    labels = {concern.label for concern in found}
    for word in dict.fromkeys(patient.conditions):
        text = normalise(word)
        if text and word not in labels and not any(_is_group(group, text) for group in _GROUPS):
            found.append(Concern(About.CONDITION, word, (text,), _stands_for(text, names)))
    for word in dict.fromkeys(patient.allergies):
        allergen = _ALLERGY_WORDS.sub("", normalise(word))
        if allergen:
            found.append(Concern(About.ALLERGY, f"{allergen}过敏", (allergen,), _stands_for(allergen, names)))
    return tuple(found)


_BESIDE_GROUP = 3
"""Characters that a word for a group may have beside it: 哺乳期的人 is no condition of its own."""


def _is_group(group: _Group, text: str) -> bool:
    found = group.said.search(text)
    return found is not None and len(text) - len(found.group()) <= _BESIDE_GROUP


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


_POPULATIONS = (
    "孕妇", "妊娠", "妊娠期", "妊娠妇女", "妊娠期妇女", "妊娠早期", "妊娠中期", "妊娠晚期", "孕妇及哺乳期妇女",
    "孕产妇", "哺乳期", "哺乳妇女", "哺乳期妇女", "儿童", "小儿", "婴儿", "婴幼儿", "新生儿", "早产儿", "幼儿",
    "青少年", "儿童和青少年", "老年人", "老年患者", "老人", "年老体弱者", "肾功能不全者", "肝功能不全者",
)  # fmt: skip
_ALLERGY_WORDS = re.compile(r"^对|(?:药物?)?过敏史?$|(?:类药物?|类制剂|类|药物)$")


def _stands_for(text: str, names: Names) -> frozenset[EntityId]:
    """What a word of the form surely stands for: as a whole, else what it holds."""
    whole = [c.entity for c in names.candidates(text) if c.score >= SURE]
    held = [c.entity for name, _, _ in names.find(text) for c in names.candidates(name) if c.score >= SURE]
    return frozenset(whole or held)


# ---------------------------------------------------------------- what a question says of the patient

_AGE = re.compile(
    r"(?:\d{1,3}(?:\.\d)?|[一二两三四五六七八九十]{1,3})(?:岁|周岁|个月)(?:半(?![夜天边身路数晚个]))?(?![以之]|龄?以)"
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
    conditions += [m.surface for m in mentions if _is_condition(question, m, mentions)]
    return Patient(
        age=ages[0] if len(set(ages)) == 1 else None,
        pregnant=True if _said(_PREGNANT.said, plain) else None,
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


def _without_names(text: str, names: Names) -> str:
    """The text with the names of things that are no people left out."""
    chars = list(text)
    for name, start, end in names.find(text):
        kinds = {c.type for c in names.candidates(name)}
        if EntityType.POPULATION not in kinds and not any(group.said.fullmatch(name) for group in _GROUPS):
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
            yield (amount.low + half) / _MONTHS


def _said(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next((m for m in pattern.finditer(text) if not _NEGATED.search(text[: m.start()])), None)


def _groups_said(text: str, ages: Sequence[float]) -> Iterator[str]:
    """Words for the groups; an age makes words for the young and the old needless, several ages need them."""
    if trimester := _said(_TRIMESTER_SAID, text):
        yield trimester.group()
    for group in (_NURSING, *_ORGANS):
        if _said(group.said, text):
            yield group.label
    if len(set(ages)) != 1:
        yield from (group.label for group in (_CHILD, _OLD) if _said(group.said, text))
        if any(age < ADULT_FROM for age in ages):
            yield _CHILD.label
        if any(age >= OLD_FROM for age in ages):
            yield _OLD.label


def _is_condition(question: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    if mention.negated or mention.modifier or mention.carried or mention.best.score < SURE:
        return False
    if all(c.type is not EntityType.DISEASE for c in mention.candidates) or "过敏" in mention.surface:
        return False
    remedies = any(c.type in REMEDIES for m in mentions for c in m.candidates[:1])
    return remedies or bool(_HAS.search(question[: mention.start]))


def _allergens(text: str, names: Names) -> Iterator[str]:
    """What the patient is allergic to: known names, and the words by which classes of drugs go."""
    if _NO_ALLERGY.search(text):
        return
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

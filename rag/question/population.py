"""Who a question is about and whom a disease concerns, by age, sex and pregnancy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rag.domain import GraphFact, Patient, Sex
from rag.question.patient_groups import NURSING, nurses
from rag.text import normalise

_ADULT_FROM = 18
_OLD_FROM = 60


class Group(StrEnum):
    """Groups of people that diseases are limited to or prefer."""

    CHILD = "child"
    ELDERLY = "elderly"
    FEMALE = "female"
    MALE = "male"
    PREGNANT = "pregnant"
    NOT_PREGNANT = "not_pregnant"
    """Women whom an illness of periods, of conceiving, of what prevents it or of childbed may concern."""


@dataclass(frozen=True)
class Person:
    """What is known; None: nothing. `age` in years."""

    age: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    exposed: bool = field(default=False, compare=False)
    """Whether something from outside is told of that may have brought it on: a fall, a bite, what was swallowed."""

    @property
    def groups(self) -> frozenset[Group]:
        """Those that the person surely belongs to."""
        found = {Group.CHILD} if self.age is not None and self.age < _ADULT_FROM else set()
        found |= {Group.ELDERLY} if self.age is not None and self.age >= _OLD_FROM else set()
        found |= {Group(self.sex.value)} if self.sex else set()
        return frozenset(found | ({Group.PREGNANT} if self.pregnant else set()))

    @property
    def outside(self) -> frozenset[Group]:
        """Those that the person surely does not belong to."""
        grown = self.age is not None and self.age >= _ADULT_FROM
        found = {Group.CHILD} if grown or self.pregnant else set()
        found |= {Group.ELDERLY} if self.age is not None and self.age < _OLD_FROM else set()
        found |= {Group.MALE} if self.sex is Sex.FEMALE or self.pregnant else set()
        found |= {Group.FEMALE} if self.sex is Sex.MALE else set()
        never = (
            self.sex is Sex.MALE or self.pregnant is False or (self.age is not None and not 12 <= self.age < _OLD_FROM)
        )
        found |= {Group.PREGNANT} if never else {Group.NOT_PREGNANT} if self.pregnant else set()
        return frozenset(found)


NOBODY = Person()
"""Of whom nothing is known."""

_YEARS = re.compile(r"(\d{1,3}|[零一二两三四五六七八九十百]{1,4})(?:周)?岁")
_MONTHS = re.compile(r"(\d{1,2}|[一二两三四五六七八九十]{1,2})个多?月(?:大|的?(?:宝宝|婴儿|孩子|小孩|娃)|龄)")
_WHOSE = r"(?:^|[，。,\s]|我家?|我们家?|家里|的|请问|医生)"
_INFANT = re.compile(rf"新生儿|足月儿|早产儿|婴儿|婴幼儿|女婴|男婴|{_WHOSE}宝宝")
_CHILD = re.compile(rf"小孩|小朋友|儿童|患儿|小学生|{_WHOSE}(?:孩子|娃)|儿子|女儿")
_MOTHER = re.compile(r"怀孕|产后|哺乳|喂奶|坐月子|孕妇|孕期")
"""Whoever writes so means herself and not the child."""
_OLD = re.compile(r"老人|老年|奶奶|爷爷|外婆|外公|姥姥|姥爷")
_WOMAN = re.compile(
    r"女性|女士|女孩|女儿|妈妈|母亲|我妈|奶奶|外婆|姥姥|妻子|老婆|媳妇|姐姐|妹妹|月经|例假|痛经|白带|绝经|怀孕|孕妇|产后|喂奶|"
    r"孕期|(?:^|[，。,\s\d岁])女(?:[，。,\s]|$)|患者女"
)
_MAN = re.compile(
    r"男性|男士|男孩|儿子|爸爸|父亲|我爸|爷爷|外公|姥爷|丈夫|老公|哥哥|弟弟|(?:^|[，。,\s\d岁])男(?:[，。,\s]|$)|患者男"
)
_PREGNANT = re.compile(
    r"(?<!没)(?<!没有)(?<!未)(?<!备)(?<!不)(?:怀孕|孕妇|孕期|妊娠|怀着|身孕|孕\d+周|孕晚期|孕早期|孕中期)"
)
_HAN_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2}


def person_of(text: str, patient: Patient | None) -> Person:
    """What a question tells of the person it is about; what the request states outweighs the words."""
    said = normalise(text)
    woman, man = bool(_WOMAN.search(said)), bool(_MAN.search(said))
    told = Person(
        _age(said),
        None if woman == man else Sex.FEMALE if woman else Sex.MALE,
        bool(_PREGNANT.search(said)) or None,
        bool(_EXPOSED.search(said)),
    )
    if patient is None:
        return told
    return Person(
        patient.age if patient.age is not None else told.age,
        patient.sex or told.sex,
        patient.pregnant if patient.pregnant is not None else told.pregnant,
        told.exposed,
    )


_EXPOSED = re.compile(
    r"毒|煤气|农药|杀虫|误[食服吃喝]|化学|咬|[蜇蛰]|叮|摔|跌|撞|车祸|砸|扭[了到伤]|[受外拉刺划打压碰夹]伤|烫|烧伤|冻|触电|电击|溺水|呛|手术|术后|开刀|"
    r"[吃喝服抹涂打]了|接触|暴晒|中暑|放疗|辐射|避孕"
)
_BROUGHT_ON = re.compile(
    r"(?<!食物)中毒(?!性)|[咬蜇烧烫冻扭挫创]伤|外伤|骨折|脱位|脱臼|电击|溺水|中暑|异物|术后|手术后|放射性|药物性|药源性|避孕|损伤|断裂"
)


def unlooked_for(name: str, person: Person) -> bool:
    """Whether a disease needs something from outside of which nothing is told: 磷中毒, 脑外伤, what follows surgery."""
    return not person.exposed and _BROUGHT_ON.search(name) is not None


def _age(text: str) -> float | None:
    if years := _YEARS.search(text):
        return float(_number(years[1]))
    if months := _MONTHS.search(text):
        return _number(months[1]) / 12
    if _MOTHER.search(text if nurses(text, is_child=False) else NURSING.said.sub("", text)):
        return None
    if _INFANT.search(text):
        return 1.0
    if _CHILD.search(text):
        return 8.0
    return 70.0 if _OLD.search(text) else None


def _number(text: str) -> int:
    """`38`, `三十八`, `一百零二`."""
    if text.isdigit():
        return int(text)
    total, digit = 0, 0
    for char in text:
        if char in "十百":
            total += max(digit, 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS[char]
    return total + digit


_LIMITED: tuple[tuple[Group, re.Pattern[str]], ...] = (
    (Group.CHILD, re.compile(r"小儿|儿童|新生儿|婴儿|婴幼儿|幼儿|早产儿|儿科")),
    (Group.ELDERLY, re.compile(r"老年")),
    (Group.PREGNANT, re.compile(r"妊娠|妊高|子痫|(?<!不)孕|产前|胎盘|胎儿|胎膜|羊水|分娩|流产|早产(?!儿)|(?<!妇)产科")),
    (Group.NOT_PREGNANT, re.compile(r"产后|产褥|闭经|痛经|月经|经期|经前|绝经|更年期|不孕|避孕|排卵")),
    (Group.FEMALE, re.compile(r"女性|产后|产褥|妇女|子宫|宫颈|卵巢|输卵管|阴道|外阴|月经|经期|经前|痛经|闭经|盆腔炎|"
        r"更年期综合征|妇科|妇产科|崩漏|带下")),
    (Group.MALE, re.compile(r"男性|前列腺|睾丸|附睾|精索|精囊|阴茎|阴囊|包皮|龟头|阳痿|早泄|遗精|不射精|男科")),
)  # fmt: skip


def groups_named(text: str) -> frozenset[Group]:
    """Groups that a name of a disease or of a department is limited to."""
    return frozenset(group for group, words in _LIMITED if words.search(text))


_PREFERRED: tuple[tuple[Group, re.Pattern[str]], ...] = (
    (Group.CHILD, re.compile(r"儿童|小儿|新生儿|婴|幼儿|青少年|孩")),
    (Group.ELDERLY, re.compile(r"老")),
    (Group.PREGNANT, re.compile(r"孕|产妇|妊娠")),
    (Group.FEMALE, re.compile(r"女")),
    (Group.MALE, re.compile(r"男")),
)


def groups_preferred(text: str) -> frozenset[Group]:
    """Groups in which a disease is common, as `易感人群` states them."""
    return frozenset(group for group, words in _PREFERRED if words.search(text))


def limited_to(name: str, departments: Iterable[str]) -> frozenset[Group]:
    """Groups that a disease is limited to, by its name, or by all of the departments that treat it."""
    named = groups_named(normalise(name))
    treated = [groups_named(department) for department in departments]
    return named | (frozenset.intersection(*treated) if treated else frozenset())


_AGES = frozenset({Group.CHILD, Group.ELDERLY, Group.PREGNANT})


def suited(facts: Sequence[GraphFact], person: Person) -> list[GraphFact]:
    """What is for people of this age first, what only others have last, what this person cannot have left out.

    `小儿发热` stands among the symptoms of pneumonia, `小儿热速清糖浆` among the drugs for a cold.
    """
    limits = {f.id: (groups_named(f.object_text) - groups_named(f.subject_name)) & _AGES for f in facts}
    kept = [f for f in facts if not limits[f.id] & person.outside]
    if Group.PREGNANT in person.outside and person.pregnant is None:
        kept = [f for f in kept if not NURSING.written.search(normalise(f.object_text))]  # of a child, of a man

    def key(fact: GraphFact) -> int:
        return 0 if limits[fact.id] & person.groups else 2 if limits[fact.id] else 1

    return sorted(kept, key=key)

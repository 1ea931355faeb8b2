"""When a name that a claim holds is one of its evidence, though the evidence does not hold it so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.checking.amount import is_of_age
from rag.checking.amounts import amounts
from rag.checking.phrases import GLUE, LICENSED, PEOPLE
from rag.linking.features import compatible
from rag.text import quantities

_FORM = re.compile(
    r"(?:缓释|控释|肠溶|分散|咀嚼|泡腾)?(?:片|胶囊|颗粒|丸|散|注射液|滴眼液|软膏|乳膏|栓|口服液|混悬液|糖浆|气雾剂|胶丸|滴剂|喷雾剂|凝胶|患者|病人|计数)$"
    r"|^(?:盐酸|硫酸|马来酸|富马酸|酒石酸|磷酸|氢溴酸|苯磺酸|甲磺酸)|(?:钠|钾)(?=片|胶囊|注射液|$)"
)
_SHORT = 3


def crosses(claim: str, start: int, end: int, known: Iterable[str]) -> bool:
    """Whether a name of the evidence begins inside and ends behind it: 查尿 of `可以查尿沉渣` is a chance."""
    return any(
        len(name) >= end - start and claim.startswith(name, at) and at + len(name) > end
        for at in range(start + 1, end)
        for name in known
    )


def in_parts(name: str, claim: str, known: Iterable[str]) -> bool:
    """Whether `name` is part of a known name whose other parts stand in the claim, a dosage form apart."""
    longer = [other for other in known if name in other and compatible(name, other)]
    rests = ([_FORM.sub("", part).removesuffix("性") for part in other.split(name, 1)] for other in longer)
    return any(all(part in claim for part in parts) for parts in rests)


_YOUNG = frozenset({"儿童", "婴儿", "幼儿", "青少年", "未成年人"})
_OF_AGE = 18
"""Years."""
_OPEN_AGE = re.compile(r"\d+(?:岁|周岁)(?:及|或)?以上|(?:>|≥|大于|超过)\s*\d+岁")
"""An age that grown-ups have too."""


def states_young_age(name: str, claim: str, joined: str) -> bool:
    """Whether `name` is of the young and the claim names an age of theirs that the evidence names too: `6~12岁`."""
    if name not in _YOUNG:
        return False
    said, there = (
        [q for q in quantities(_OPEN_AGE.sub("", text)) if q.unit == "岁" and q.high <= _OF_AGE]
        for text in (claim, joined)
    )
    return any((q.low, q.high) == (other.low, other.high) for q in said for other in there)


def states_old_age(name: str, claim: str) -> bool:
    """Whether `name` is of the old and the claim names an age of theirs, which is checked as an amount."""
    return name in _OLD and any(map(is_of_age, amounts(claim)))


_OLD = frozenset({"老年人", "老年", "老人"})


def made_of_parts(name: str, joined: str) -> bool:
    """Whether the name is made of two that the evidence holds apart: `地高辛中毒` of a title 地高辛 and 中毒."""
    cuts = ((name[:n], name[n:]) for n in range(2, len(name) - 1) if name[n] not in _BOUND)
    joint = [part for part in _AND.split(name) if part]
    return any(all(_holds(joined, part) for part in parts) for parts in [*cuts, *([joint] if len(joint) > 1 else [])])


_AND = re.compile("[和与及]")
_BOUND = frozenset("性型样")
"""What ends the word before it: 性鼻炎 is no part of 过敏性鼻炎."""


def _holds(joined: str, part: str) -> bool:
    """Whether the part stands there, only joins, or is a direction told in another word: 减少 of `血小板下降`."""
    same = next((words for words in _WAYS if part in words), ())
    return part in joined or bool(GLUE.fullmatch(part)) or any(word in joined for word in same)


_WAYS = (("减少", "下降", "降低", "减低"), ("增多", "增高", "升高", "增加"))
"""Ends of names; which way it goes is judged by itself."""


def word_of(name: str, joined: str) -> bool:
    """Whether the name is of those who have what the evidence names, or of its drugs: `慢性肾炎患者`, `降压药`."""
    people = len(name) > _SHORT and name.endswith(("患者", "病人")) and name[:-2] in joined
    return people or (len(name) >= _SHORT and name.endswith("药") and name[:-1] in joined)


def allowed_by(name: str, joined: str) -> bool:
    """Whether the evidence speaks of what the name is of, or names such people: 体重 of `10mg/kg`, 老年人."""
    people = name in joined and PEOPLE.fullmatch(name) is not None
    return people or any(words.fullmatch(name) and spoken.search(joined) for spoken, words in LICENSED)

"""Names of medicines as people and prescriptions write them -> entities, and the substance that a name holds."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.domain import Candidate, EntityId
from rag.linking.features import compatible
from rag.linking.linker import Linker
from rag.linking.names import OWN_NAME, Names
from rag.ports import KnowledgeBase
from rag.question.patient import SURE
from rag.text import clean, normalise
from rag.vocabulary import REMEDIES, EntityType

SEVERAL = "several"
_NEAR = 5
_SHORTEST = 3
_IN_A_LIST = (EntityType.DRUG, EntityType.HERB, EntityType.FORMULA, EntityType.FOOD)
_FORM = re.compile(
    r"(?:\((?:[^()]*)\)|控释|缓释|肠溶|分散|泡腾|咀嚼|口崩|速释|薄膜衣|糖衣|滴|软|硬|口服|注射|外用|干|混悬|吸入|复方)*"
    r"(?:片剂?|胶囊剂?|颗粒剂?|冲剂|丸|散剂?|注射液|注射剂|针剂?|粉针剂?|口服溶?液|溶液|糖浆|滴眼液|滴剂|眼膏|软膏|乳膏|膏|凝胶|贴剂|"
    r"贴片|喷雾剂?|气雾剂|粉雾剂|吸入剂|栓剂?|混悬液|干混悬剂|酊|油)$"
)
_SALT_BEFORE = re.compile(
    r"^(?:注射用|外用|口服)?(?:盐酸|硫酸|马来酸|富马酸|枸橼酸|磷酸|氢溴酸|酒石酸|琥珀酸|苯磺酸|甲磺酸|醋酸|碳酸|重酒石酸)?"
)
_ROUTE = re.compile(r"\s*\([^()]*\)$")
_PREPARED = re.compile(r"^(?:生|制|法|清|姜|炙|蜜炙|炒|麸炒|醋|酒|盐|煅|炮|焦|煨|熟|鲜|干|净|酒制|醋制|姜制|盐制)")
_DOSE = re.compile(
    r"[\s,，;；]*(?:\d+(?:\.\d+)?\s*(?:mg|g|ml|μg|ug|mcg|iu|单位|毫克|克|毫升|微克|片|粒|袋|支|丸|次|天|日|%)"
    r"|(?:每日|每天|一日|每次|一次|每晚|睡前|饭[前后]|口服|外用|po|qd|bid|tid|qn|qid|prn|[一二两三四五六七八九十]+[次片粒袋丸]|/|x|\*|×)|[\s,，.。])+$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Medicine:
    """A name as given, what it surely stands for (nothing: unknown), how that was found, and near names."""

    given: str
    entities: tuple[EntityId, ...] = ()
    via: str = OWN_NAME
    near: tuple[Candidate, ...] = ()


def base_names(name: str, kind: EntityType) -> Iterator[str]:
    """Normalised names of the substance in `name`: without dosage form, salt and route; without how a herb is treated.

    `阿司匹林肠溶片` -> 阿司匹林, `法半夏` -> 半夏, `betamethasone (topical)` -> betamethasone.
    """
    whole = normalise(name)
    if kind is EntityType.HERB:
        bases = [_PREPARED.sub("", whole)]
    elif kind is EntityType.DRUG:
        bare = _ROUTE.sub("", whole)
        formless = _FORM.sub("", bare)
        bases = [formless, _SALT_BEFORE.sub("", formless), bare]
    else:
        return
    yield from (base for base in dict.fromkeys(bases) if len(base) > 1 and base != whole)


def resolve(given: str, linker: Linker, kb: KnowledgeBase) -> Medicine:
    """What a name of a list stands for: as it is, without a dose behind it, without its dosage form.

    Where several list the name, all of them are meant (`via` is `several`): what is looked at once too often harms
    nobody. A name that only may stand for something is unknown, with what it may stand for as near names. A name that
    is too short to be found in a text (酒, 姜) is looked up.
    """
    name = clean(given)
    text = normalise(name)
    for written in dict.fromkeys((text, _DOSE.sub("", text))):
        found = _sure(linker.names.candidates(written))
        if found:
            return Medicine(name, tuple(c.entity for c in found), found[0].via)
        shared = _shared(written, linker.names)
        if len(shared) > 1:
            return Medicine(name, shared, SEVERAL)
    text = _DOSE.sub("", text)
    short = kb.entities([EntityId(f"{kind}:{text}") for kind in _IN_A_LIST]) if len(text) < _SHORTEST else {}
    if short:
        return Medicine(name, tuple(short))
    for kind in (EntityType.DRUG, EntityType.HERB):
        for base in base_names(text, kind):
            found = _sure(linker.names.candidates(base))
            if found:
                return Medicine(name, tuple(c.entity for c in found), "base")
    return Medicine(name, near=tuple(islice(_near(name, text, linker), _NEAR)))


def _sure(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Remedies; only without one, foods."""
    sure = [c for c in candidates if c.score >= SURE]
    own = [c for c in sure if c.type in REMEDIES and c.via == OWN_NAME]
    return own or [c for c in sure if c.type in REMEDIES] or [c for c in sure if c.type is EntityType.FOOD]


def _shared(name: str, names: Names) -> tuple[EntityId, ...]:
    """The remedies that list a name, if no hard feature tells them from it."""
    listed = [c for c in names.candidates(name) if c.type in REMEDIES and compatible(name, c.name, strict=False)]
    return tuple(c.entity for c in listed)


def _near(name: str, text: str, linker: Linker) -> Iterator[Candidate]:
    """What it may stand for, what stands in it, and names that begin like it."""
    seen: set[EntityId] = set()
    for candidate in (*linker.names.candidates(text), *_within(name, linker), *_beginning(text, linker.names)):
        if candidate.type in REMEDIES and candidate.entity not in seen:
            seen.add(candidate.entity)
            yield candidate


def _within(name: str, linker: Linker) -> Iterator[Candidate]:
    for mention in linker.link(name):
        yield from mention.candidates


def _beginning(text: str, names: Names) -> Iterator[Candidate]:
    known = list(names.owners)  # in order
    start = bisect_left(known, text)
    for name in islice(known, start, start + _NEAR):
        if text and name.startswith(text):
            yield from names.candidates(name)

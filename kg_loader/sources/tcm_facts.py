"""The facts that a textbook entry states plainly: nature, effect, dose, what a point is for, which formula for what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kg_loader.sources.drug_text import facts_in
from kg_loader.sources.format import Item
from kg_loader.sources.naming import JUNK, entity, fault
from kg_loader.sources.tcm_json import incompatible, syndrome
from kg_loader.sources.terms import illness
from rag.domain import Alias, Entity, Fact, Literal, Qualifiers, Skipped, Source
from rag.text import HAN, sentences
from rag.vocabulary import EntityType, Relation

SENTENCE_PART = "part of a sentence"
_T, _R = EntityType, Relation
_SHORT_DOSE = 120
_CLAUSE = re.compile("[，。；、]")
_NOT_ALONE = re.compile(
    "^(?:甚|或|伴|兼|则|若|如|以|但|而|可|常|时|并|有|亦|也|及|遇|得|按|后|多|无以|尤|为)"
    "|[:：…]|(?:等|要穴|诸[证病症])$"
)
_SIGN = re.compile(f"[{HAN}]{{2,8}}")
_SYNDROME = re.compile(f"([{HAN}]{{3,9}}证)[。，]")
_NOT_WITH = re.compile(f"(?:不宜|不可|不能|禁止?|忌)与([{HAN}、]{{2,40}}?)(?:等?)(?:同用|配伍|合用|同服)")
_FORMULA = re.compile(f"(?:加味|自拟)?[{HAN}]{{1,9}}(?:汤|散|丸|饮|丹|膏|煎|饮子|方|颗粒|口服液)")
_BETWEEN_FORMULAS = re.compile("或|合(?!剂)|、|和(?=[^中胃解剂])|及")
_CHANGED = re.compile("(?:加减|化裁|加味|送服.*|为主.*|为代表方?|主之)$")
_MAIN_POINTS = re.compile(r"主\s*穴[:：]?([^\n]+)")
_POINT = re.compile(f"[{HAN}]{{2,3}}")
_HERB = re.compile(f"[{HAN}]{{2,4}}")
_TARGET_MARK = re.compile(r"[①-⑳]|\d[.．、]|[；;。，,、]")
_TARGET_TAIL = re.compile("等.*$")


class Kind(Enum):
    """What an entry is."""

    HERB = "herb"
    FORMULA = "formula"
    ACUPOINT = "acupoint"
    SYNDROME = "syndrome"
    ACUPUNCTURE = "acupuncture"


@dataclass(frozen=True)
class Entry:
    """The subject, who says so, the heading above it; `repeated` where other headings have an entry of this name."""

    subject: Entity
    source: Source
    chapter: str | None
    repeated: bool

    @property
    def under_disease(self) -> bool:
        """True where the heading is the disease that the entry belongs to."""
        return self.subject.type is _T.SYNDROME and bool(self.chapter)

    def fact(self, relation: Relation, target: Entity | Literal, subject: Entity | None = None, **limits: str) -> Fact:
        """`relation` to `target`, of the subject or of another entity."""
        object_ = target.id if isinstance(target, Entity) else target
        return Fact((subject or self.subject).id, relation, object_, self.source.id, Qualifiers(**limits))


Maker = Callable[[Entry, str], Iterator[Item]]


def _literal(relation: Relation, longest: int = 300) -> Maker:
    def make(entry: Entry, text: str) -> Iterator[Item]:
        if len(text) <= longest:
            yield entry.fact(relation, Literal(text.rstrip("。"), relation.value))

    return make


def _cautions(entry: Entry, text: str) -> Iterator[Item]:
    for relation, target in facts_in("注意事项", text):
        yield target
        yield entry.fact(relation, target)
    for match in _NOT_WITH.finditer(text):
        for name in re.split("[、和及]", match[1]):
            if _HERB.fullmatch(name) and name != entry.subject.name:
                other = entity(name, _T.HERB)
                yield other
                yield entry.fact(_R.INCOMPATIBLE, other)


def _for_syndrome(entry: Entry, text: str) -> Iterator[Item]:
    match = _SYNDROME.match(text)
    if match:
        yield from _with_target(entry, _R.INDICATION, syndrome(match[1]))


def _with_target(entry: Entry, relation: Relation, items: Iterator[Entity | Alias]) -> Iterator[Item]:
    for item in items:
        yield item
        if isinstance(item, Entity):
            yield entry.fact(relation, item)


def _point_for(entry: Entry, text: str) -> Iterator[Item]:
    names = [_TARGET_TAIL.sub("", part).strip() for part in _TARGET_MARK.split(text)]
    kept = [name for name in dict.fromkeys(names) if name]
    for name in kept:
        if not _SIGN.fullmatch(name) or fault(name, _T.SYMPTOM) or _NOT_ALONE.search(name):
            yield Skipped(JUNK)
    whole = (n for n in kept if _SIGN.fullmatch(n) and not fault(n, _T.SYMPTOM) and not _NOT_ALONE.search(n))
    for target in illness(whole):
        yield target
        yield entry.fact(_R.INDICATION, target)


def _signs(entry: Entry, text: str) -> Iterator[Item]:
    if entry.repeated:
        return
    for part in dict.fromkeys(_CLAUSE.split(text)):
        if not part:
            continue
        if not _SIGN.fullmatch(part) or _NOT_ALONE.search(part) or fault(part, _T.SYMPTOM):
            yield Skipped(SENTENCE_PART)
            continue
        sign = entity(part, _T.SYMPTOM)
        yield sign
        yield entry.fact(_R.SYMPTOM, sign)


def _formulas(text: str) -> list[str]:
    first = next(iter(sentences(text)), "").rstrip("。；;")
    names = (_CHANGED.sub("", part.strip()) for part in _BETWEEN_FORMULAS.split(first))
    return [name for name in names if _FORMULA.fullmatch(name)]


def _of_disease(entry: Entry, properties: Mapping[str, Any]) -> Iterator[Item]:
    """The disease has this syndrome, and these formulas are for the disease where it shows as this syndrome."""
    names = _formulas(str(properties.get("代表方", "")))
    disease = entity(entry.chapter, _T.DISEASE) if entry.chapter else None
    if disease is not None:
        yield disease
        yield entry.fact(_R.SYNDROME, entry.subject, disease)
    for name in names:
        formula = entity(name, _T.FORMULA)
        yield formula
        if disease is not None:
            yield entry.fact(_R.DRUG, formula, disease, population=entry.subject.name)
        if not entry.repeated:
            yield entry.fact(_R.DRUG, formula)


def _points(entry: Entry, properties: Mapping[str, Any]) -> Iterator[Item]:
    """The main points of an acupuncture treatment; a run of points without spaces is left to the passage."""
    for line in _MAIN_POINTS.findall(str(properties.get("治疗", ""))):
        for name in re.split(r"[\s、，,]+", line.strip()):
            if not _POINT.fullmatch(name) or name.endswith("穴"):
                yield Skipped(SENTENCE_PART)
                continue
            point = entity(name, _T.ACUPOINT)
            yield point
            yield entry.fact(_R.TREATMENT, point)


def _herb(entry: Entry, properties: Mapping[str, Any]) -> Iterator[Item]:
    yield from incompatible(entry.subject)


OF_ENTRY: Mapping[Kind, Callable[[Entry, Mapping[str, Any]], Iterator[Item]]] = {
    Kind.SYNDROME: _of_disease,
    Kind.ACUPUNCTURE: _points,
    Kind.HERB: _herb,
}
"""What an entry says as a whole."""

FACTS: Mapping[tuple[Kind, str], Maker] = {
    (Kind.HERB, "药性"): _literal(_R.NATURE),
    (Kind.HERB, "性味"): _literal(_R.NATURE),
    (Kind.HERB, "功效"): _literal(_R.EFFICACY),
    (Kind.HERB, "用法用量"): _literal(_R.DOSAGE, _SHORT_DOSE),
    (Kind.HERB, "使用注意"): _cautions,
    (Kind.FORMULA, "功用"): _literal(_R.EFFICACY),
    (Kind.FORMULA, "主治"): _for_syndrome,
    (Kind.ACUPOINT, "主治"): _point_for,
    (Kind.SYNDROME, "临床表现"): _signs,
}
"""What single properties say."""

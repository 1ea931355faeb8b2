"""Fields of textbook entries that are asked for by their own names: where a point is, a formula's rationale. Pure.

A book of internal medicine tells the signs, the mechanism and the formula of each syndrome under a disease, so a
syndrome is answered under the disease that is named with it, and a disease by the syndromes under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.domain import EntityId, Evidence, GraphFact, Intent, Literal, Mention, PassageKind
from rag.linking.names import entity_name, entity_type
from rag.retrieval.excerpts import without
from rag.text import normalise
from rag.vocabulary import EntityType

_SURE = 0.5
_T = EntityType
_ILL = frozenset({_T.DISEASE, _T.SYMPTOM})
_DONE = re.compile("针灸|针刺|扎针|艾灸|按摩")
_NEEDLES = re.compile("针灸|针刺|扎针|艾灸|灸法|耳针|穴")


@dataclass(frozen=True)
class _Field:
    """`aspects` of an entry about something of these types, asked for by these words."""

    types: frozenset[EntityType]
    said: re.Pattern[str]
    aspects: tuple[str, ...]


def _field(types: Iterable[EntityType], said: str, *aspects: str) -> _Field:
    return _Field(frozenset(types), re.compile(said), aspects)


_FIELDS = (
    _field({_T.ACUPOINT}, "在哪|哪里|哪儿|位置|定位|怎么找|如何找|取穴|找准|部位", "定位"),
    _field(
        {_T.ACUPOINT},
        "(?:怎么|如何|能|可以|不能|不可以|可不可以|禁止?|忌)[扎刺按灸揉针]|针刺|进针|刺法|操作|艾灸|按摩|按揉|多深|孕",
        "操作",
    ),
    _field({_T.ACUPOINT}, "解剖|血管|神经|肌肉", "解剖"),
    _field({_T.FORMULA}, "方解|君臣佐使|配伍(?:意义|特点|原理|分析)|怎么配伍", "方解"),
    _field({_T.FORMULA}, "方歌|歌诀|汤头歌|口诀", "方歌"),
    _field({_T.FORMULA}, "运用|辨证要点|加减|化裁", "运用"),
    _field({_T.FORMULA}, "方论", "方论选录"),
    _field({_T.FORMULA}, "病机|证治|机理", "证治机理"),
    _field({_T.HERB}, "现代研究|药理|化学成分|有效成分", "现代研究"),
    _field({_T.SYNDROME, *_ILL}, "病机|证机|机理", "病机"),
    _field({_T.SYNDROME, *_ILL}, "脉象|什么脉|舌象|舌苔|舌质|舌脉", "症状"),
    _field({_T.SYNDROME}, "表现|症状|主症|证候|特点|特征|什么样", "症状"),
    _field({_T.SYNDROME}, "治法|治则|怎么治|如何治|治疗|调理|怎么办|怎么调", "治疗方案", "药物治疗"),
    _field({_T.SYNDROME}, "方剂|[什哪何]么?[个首]?方(?![法式面案向])|代表方|主方|药", "药物治疗"),
    _field({_T.SYNDROME}, "常用药|加减|随症|哪些药|什么药", "常用药"),
)


def fields_asked(question: str, mentions: Sequence[Mention]) -> tuple[str, ...]:
    """The fields of textbook entries that a question asks of what it names, in the order of the table."""
    named = [m for m in mentions if not m.negated and not m.modifier]
    kinds = {c.type for m in named for c in m.candidates if c.score >= _SURE}
    text = normalise(without(question, named))
    asked = [field for field in _FIELDS if field.types & kinds and field.said.search(text)]
    done = _T.ACUPOINT in kinds and _DONE.search(normalise(question))
    points = kinds & _ILL and _T.ACUPOINT not in kinds and _NEEDLES.search(normalise(question))
    return tuple(
        dict.fromkeys([a for field in asked for a in field.aspects] + ["操作"] * bool(done) + [POINTS] * bool(points))
    )


POINTS = "针灸取穴"


def entries_named(mentions: Sequence[Mention]) -> tuple[list[EntityId], list[EntityId]]:
    """What may have an entry of its own, and those of them under which others stand: the illnesses named."""
    sure = [c for m in mentions if not m.negated and not m.modifier for c in m.candidates if c.score >= _SURE]
    own = [c.entity for c in sure if any(c.type in field.types for field in _FIELDS)]
    return list(dict.fromkeys(own)), [entity for entity in dict.fromkeys(own) if entity_type(entity) in _ILL]


def entries_told(fields: Sequence[str], mentions: Sequence[Mention], found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Of `found` what stands in these fields: under the disease named, or about the very entity."""
    entries, ill = entries_named(mentions)
    books = [e for e in found if e.kind == PassageKind.TEXTBOOK and e.passage and e.passage.aspect in fields]
    syndromes = {entity for entity in entries if entity_type(entity) is _T.SYNDROME}
    headings = {entity_name(entity) for entity in ill}
    under = [e for e in books if _heading(e) in headings and (not syndromes or _about(e) in syndromes)]
    kept = under or [e for e in books if _about(e) in syndromes]
    kept += [e for e in books if _about(e) in entries and _about(e) not in syndromes and e not in kept]
    order = {aspect: n for n, aspect in enumerate(fields)}
    return tuple(sorted(kept, key=lambda e: order[e.passage.aspect or ""] if e.passage else len(order)))


def beside_entries(
    facts: Sequence[GraphFact], entries: Sequence[Evidence], mentions: Sequence[Mention], intent: Intent
) -> list[GraphFact]:
    """The facts that stay where entries answer: of the syndrome named, or limited to it; none of an overview.

    A list of points says less than the line of the textbook that it was taken from.
    """
    if not intent.explicit:
        return []
    if any(e.passage is not None and e.passage.aspect == POINTS for e in entries):
        facts = [f for f in facts if _T.ACUPOINT not in _ends(f)]
    syndromes = {normalise(c.name) for m in mentions for c in m.candidates if c.type is _T.SYNDROME}
    if not syndromes:
        return list(facts)
    own = [f for f in facts if entity_type(f.subject) is _T.SYNDROME]
    return own or [f for f in facts if normalise(f.qualifiers.population or "") in syndromes]


def other_fields(entries: Sequence[Evidence], passages: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """`passages` without what the same books tell of the same things in fields that were not asked for."""
    titles = {e.title for e in entries}
    return tuple(e for e in passages if e.kind != PassageKind.TEXTBOOK or e.title not in titles or _remark(e))


def _remark(evidence: Evidence) -> bool:
    """What the author adds, such as when needles must not be used."""
    return evidence.passage is not None and evidence.passage.aspect == "按语"


def _ends(fact: GraphFact) -> list[EntityType]:
    return [entity_type(end) for end in (fact.subject, fact.object) if not isinstance(end, Literal)]


def _heading(evidence: Evidence) -> str:
    """`胸痹` of `胸痹·心血瘀阻证`."""
    first, dot, _ = normalise(evidence.title or "").partition("·")
    return first if dot else ""


def _about(evidence: Evidence) -> EntityId | None:
    return evidence.passage.about if evidence.passage is not None else None

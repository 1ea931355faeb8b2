"""Which drugs of an illness more than one source speaks for. Pure.

A list compiled from the web names for 肺结节 what treats 结节病; where the leaflet of a drug names the illness, or
a source of another lineage lists it too, the record is believed more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.domain import AliasKind, EntityId, Evidence, Literal
from rag.linking.medicines import base_names
from rag.linking.names import Names, entity_name
from rag.text import normalise
from rag.vocabulary import EntityType, Grade, Relation

BACKED = 1.0
"""Support of a fact that another source bears out."""
_SURE = 0.5
_FOR = frozenset({"适应证", "适应症", "药理作用"})
NOTE = "引用的药物只见于网络整理、未经审校的资料，知识库中没有说明书或其他来源印证；是否适用请由医生或药师判断。"
SOME = "其中{names}只见于网络整理、未经审校的资料，知识库中没有说明书或其他来源印证。"


def substances(drug: EntityId, names: Names) -> list[EntityId]:
    """The drug and what its name holds beside form and salt, whose leaflet counts for it too."""
    bases = (c for base in base_names(entity_name(drug), EntityType.DRUG) for c in names.candidates(base))
    sure = (c.entity for c in bases if c.score >= _SURE and c.type is EntityType.DRUG and c.via != AliasKind.TRADE)
    return list(dict.fromkeys((drug, *sure)))


def backed(
    told: Sequence[Evidence], leaflets: Iterable[Evidence], holding: Mapping[EntityId, Sequence[EntityId]]
) -> tuple[Evidence, ...]:
    """`told` with drugs that are borne out marked and before the others.

    `leaflets` are passages about what the drugs hold, `holding` tells it of each drug.
    """
    lineages: dict[object, set[str]] = defaultdict(set)
    for evidence in filter(_of_a_drug, told):
        lineages[_pair(evidence)].add(evidence.source.lineage or evidence.source.id)
    texts: dict[object, list[str]] = defaultdict(list)
    for leaflet in leaflets:
        if leaflet.passage is not None and leaflet.passage.aspect in _FOR:
            texts[leaflet.passage.about].append(normalise(leaflet.text))

    def borne_out(evidence: Evidence) -> bool:
        fact = evidence.fact
        if fact is None or not _of_a_drug(evidence):
            return False
        held = [] if isinstance(fact.object, Literal) else holding.get(fact.object, [fact.object])
        named = any(normalise(fact.subject_name) in text for substance in held for text in texts[substance])
        return named or len(lineages[_pair(evidence)]) > 1

    marked = [replace(e, support=BACKED) if borne_out(e) else e for e in told]
    return tuple(sorted(marked, key=lambda e: _of_a_drug(e) and e.support < BACKED))


def unbacked(cited: Sequence[Evidence]) -> list[str]:
    """The note on drugs that only an unreviewed compilation names; empty without such."""
    drugs = [e for e in cited if _of_a_drug(e)]
    alone = [e for e in drugs if e.source.grade is Grade.COMPILED and e.support < BACKED]
    if not alone:
        return []
    names = dict.fromkeys(e.fact.object_text for e in alone if e.fact is not None)
    return [NOTE if len(alone) == len(drugs) else SOME.format(names="、".join(names))]


def drugs_in(told: Sequence[Evidence]) -> list[EntityId]:
    """Entities of the drugs told."""
    facts = [e.fact for e in told if e.fact is not None and e.fact.relation is Relation.DRUG]
    return list(dict.fromkeys(fact.object for fact in facts if not isinstance(fact.object, Literal)))


def _of_a_drug(evidence: Evidence) -> bool:
    fact = evidence.fact
    return fact is not None and fact.relation is Relation.DRUG and not isinstance(fact.object, Literal)


def _pair(evidence: Evidence) -> object:
    return (evidence.fact.subject, evidence.fact.object) if evidence.fact is not None else None

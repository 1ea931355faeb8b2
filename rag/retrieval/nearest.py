"""What stands nearest to a question that the knowledge base cannot answer: whom to ask, and what it does hold.

Notes of ours, no claim of fact: which relations of the things recognised are recorded, which names are near, and the
departments that a recognised illness is treated in. Read only where nothing was found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rag.answer.conclusion import Ending
from rag.domain import EntityId, GraphFact, Mention, Outcome
from rag.linking.names import OWN_NAME, Names, entity_type
from rag.ports import KnowledgeBase
from rag.retrieval.monographs import PASSAGES_EACH
from rag.retrieval.retriever import Retriever
from rag.retrieval.selection import ASPECTS, SURE
from rag.text import normalise
from rag.vocabulary import RELATIONS, EntityType, Relation

_DESCRIBED = frozenset(
    {EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG, EntityType.HERB, EntityType.FORMULA, EntityType.INDICATOR}
)
FACTS_EACH = 5
_THINGS = 2
_NAMES = 5
_FIELDS = [(relation, aspects) for relation, aspects in ASPECTS.items() if relation is not Relation.EFFICACY]
"""What a remedy is for is told by its indications."""
_SHORTEST = 3
"""Characters of a name that others are searched for by; two stand in too many."""


def with_nearest(ending: Ending, mentions: Sequence[Mention], retriever: Retriever) -> Ending:
    """`ending`, where nothing could be answered with what is nearest to the question."""
    if ending.outcome is not Outcome.NOT_IN_KB:
        return ending
    return replace(ending, notes=(*ending.notes, *(note + "\n" for note in nearest(mentions, retriever))))


def nearest(mentions: Sequence[Mention], retriever: Retriever) -> list[str]:
    """The notes, the most useful last: near names, what is recorded, whom to ask."""
    kb, graph, names = retriever.kb, retriever.graph, retriever.names
    plan = {entity: () for mention in mentions for entity in _meant(mention)}
    facts: dict[EntityId, list[GraphFact]] = {entity: [] for entity in plan}
    for fact in graph.neighbourhood(plan, limit_each=FACTS_EACH).outgoing if plan else ():
        facts[fact.subject].append(fact)
    known = {entity: own for entity, own in facts.items() if any(fact.relation is not Relation.CODE for fact in own)}
    recorded = [_recorded(own, _fields(entity, kb)) for entity, own in list(known.items())[:_THINGS]]
    return [*_near_names(mentions, known, names), *recorded, *_whom_to_ask(known)]


def _meant(mention: Mention) -> list[EntityId]:
    """What a mention surely names, unless what stands beside it makes it another thing."""
    if mention.modifier or mention.negated:
        return []
    sure = [c for c in mention.candidates if c.score >= SURE and c.type in _DESCRIBED]
    return [c.entity for c in sure if c.via == OWN_NAME] or [c.entity for c in sure]


def _fields(entity: EntityId, kb: KnowledgeBase) -> set[str]:
    """The fields that monographs have on it."""
    found = kb.evidence(kb.about([entity], limit_each=PASSAGES_EACH)).values()
    return {e.passage.aspect for e in found if e.passage is not None and e.passage.aspect is not None}


def _recorded(facts: Sequence[GraphFact], fields: Collection[str]) -> str:
    told = {fact.relation for fact in facts}
    told |= {relation for field in fields for relation, aspects in _FIELDS if field in aspects}
    labels = [row.label for row in RELATIONS.values() if row.relation in told]
    return f"知识库中关于“{facts[0].subject_name}”的记录有：{'、'.join(labels)}；可以改问这些。"


def _whom_to_ask(known: Mapping[EntityId, Sequence[GraphFact]]) -> list[str]:
    ill = [facts for entity, facts in known.items() if entity_type(entity) in (EntityType.DISEASE, EntityType.SYMPTOM)]
    found = dict.fromkeys(f.object_text for facts in ill for f in facts if f.relation is Relation.DEPARTMENT)
    return [f"可咨询：{'、'.join(list(found)[:_NAMES])}。"] if found else []


def _near_names(mentions: Sequence[Mention], known: Mapping[EntityId, object], names: Names) -> list[str]:
    """Names that hold one of which nothing is recorded, or that is another thing with what stands beside it."""
    silent = [m for m in mentions if not m.negated and (m.modifier or not known.keys() & set(_meant(m)))]
    asked_of = [m for m in silent if any(c.type is not EntityType.SYMPTOM for c in m.candidates)]
    found: dict[str, None] = {}
    for mention in asked_of or silent:
        name, types = normalise(mention.surface), {c.type for c in mention.candidates} & _DESCRIBED
        if len(name) < _SHORTEST or not types:
            continue
        holding = sorted((n for n in names.owners if name in n and n != name), key=lambda n: (len(n), n))
        found |= dict.fromkeys(n for n in holding if any(entity_type(e) in types for e in names.owners[n]))
    return [f"知识库中相近的名称：{'、'.join(list(found)[:_NAMES])}。"] if found else []

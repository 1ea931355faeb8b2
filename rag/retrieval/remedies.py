"""Remedies where no record lists the drugs of what is named: those that are indicated for it. Pure.

`拉肚子吃什么药` asks of a symptom, and the graph says of 蒙脱石散 what it is for; of several symptoms those remedies
count that are for all of them. `用什么方剂` asks for one kind only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rag.domain import EntityId, Evidence, GraphFact, Intent, Literal, Mention, Neighbourhood
from rag.linking.names import entity_name, entity_type
from rag.text import normalise
from rag.vocabulary import EntityType, Relation

LISTED = 8
"""Remedies told."""
INDICATIONS = frozenset({"适应证", "适应症"})
"""Fields of a monograph that tell what it is for."""
_SURE = 0.5
_TREATED = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME})
_NEEDLES = "(?:针灸|针刺|艾灸|扎针|耳针)"
_HOW = "(?:怎么|如何|怎样)"
_POINTS = re.compile(
    "穴位|[哪什][个些么几]*穴|取穴|选穴|配穴|主穴|[扎针灸按]哪|"
    f"{_NEEDLES}(?:治疗)?的?(?:{_HOW}|方法|处方|方案)|{_HOW}用?{_NEEDLES}"
)
_KINDS_OF_REMEDY: tuple[tuple[re.Pattern[str], tuple[EntityType, ...]], ...] = (
    (_POINTS, (EntityType.ACUPOINT,)),
    (re.compile("方剂|方子|[哪什]么?个?[经古名]?方|汤剂|汤方|代表方|什么汤"), (EntityType.FORMULA,)),
    (re.compile("草药|药材|单味|哪味|几味"), (EntityType.HERB,)),
    (re.compile("中成药"), (EntityType.DRUG, EntityType.FORMULA)),
    (re.compile("西药|化学药"), (EntityType.DRUG,)),
    (re.compile("中药"), (EntityType.FORMULA, EntityType.HERB)),
)


def ill_in(mentions: Sequence[Mention]) -> dict[Mention, list[EntityId]]:
    """The illnesses and symptoms that are there, and what each surely means."""
    found = {
        m: [c.entity for c in m.candidates if c.score >= _SURE and c.type in _TREATED]
        for m in mentions
        if m.present and not m.modifier
    }
    return {m: entities for m, entities in found.items() if entities}


def indicated_for(found: Neighbourhood, treated: Collection[EntityId]) -> list[GraphFact]:
    """Of what was found the facts that something is indicated for one of `treated`."""
    return [f for f in found.incoming if f.relation is Relation.INDICATION and f.object in treated]


def remedies_for(question: str, mentions: Sequence[Mention], indicated: Sequence[GraphFact]) -> list[GraphFact]:
    """What is indicated for all that is named, or for as much of it as anything is; the kind that is asked for."""
    meant = [set(entities) for entities in ill_in(mentions).values()]
    own: dict[EntityId, list[GraphFact]] = {}
    for fact in indicated:
        own.setdefault(fact.subject, []).append(fact)
    met = {e: sum(any(f.object in one for f in facts) for one in meant) for e, facts in own.items()}
    for kinds in _kinds_of_remedy(question):
        fitting = [entity for entity in own if entity_type(entity) in kinds]
        most = max((met[entity] for entity in fitting), default=0)
        best = [entity for entity in fitting if met[entity] == most][:LISTED]
        if best:
            return [fact for entity in best for fact in own[entity]]
    return []


def kinds_asked(question: str) -> tuple[EntityType, ...]:
    """The kinds of remedies that a question names (`哪些中药`), all where it names none."""
    text = normalise(question)
    return next((kinds for words, kinds in _KINDS_OF_REMEDY if words.search(text)), tuple(EntityType))


def monographs_for(passages: Sequence[Evidence], mentions: Sequence[Mention]) -> list[Evidence]:
    """Monographs whose indications name a symptom that is there."""
    names = {entity_name(entity) for entities in ill_in(mentions).values() for entity in entities}
    told = [e for e in passages if e.passage is not None and e.passage.aspect in INDICATIONS]
    return [e for e in told if any(name in normalise(e.text) for name in names)]


def asks_points(question: str, mentions: Sequence[Mention]) -> bool:
    """Whether acupoints for something else are asked for: `头痛取什么穴`, but not `足三里穴位在哪`."""
    named = any(c.type is EntityType.ACUPOINT for m in mentions for c in m.candidates)
    return not named and _POINTS.search(normalise(question)) is not None


def points_among(facts: Sequence[GraphFact]) -> list[GraphFact]:
    """Facts whose object is an acupoint."""
    return [f for f in facts if not isinstance(f.object, Literal) and entity_type(f.object) is EntityType.ACUPOINT]


def asks_drugs(intent: Intent) -> bool:
    """Whether remedies are asked for; of bare symptoms only where nothing else is (`怎么办` asks for more)."""
    asked = (Relation.DRUG,) in intent.groups if intent.reverse else Relation.DRUG in intent.relations
    return asked and not intent.object


def told_drugs(facts: Sequence[GraphFact], mentions: Sequence[Mention], intent: Intent) -> bool:
    """Whether the drugs of a disease are told; of several symptoms those of one are not what was asked for."""
    wanted = {relation for group in intent.groups if Relation.DRUG in group for relation in group}
    return any(fact.relation in wanted for fact in facts) and not _only_symptoms(mentions)


def _only_symptoms(mentions: Sequence[Mention]) -> bool:
    """Whether several things are named, and all may be symptoms."""
    ill = [m for m in mentions if not m.modifier and any(c.type in _TREATED for c in m.candidates)]
    return len(ill) > 1 and all(any(c.type is EntityType.SYMPTOM for c in m.candidates) for m in ill)


def _kinds_of_remedy(question: str) -> list[tuple[EntityType, ...]]:
    """The kinds that are asked for; where it just says 药, drugs and only without one the others."""
    text = normalise(question)
    named = [kinds for words, kinds in _KINDS_OF_REMEDY if words.search(text)]
    return named[:1] or [(EntityType.DRUG,), (EntityType.FORMULA, EntityType.HERB)]


def with_indications(
    plan: Mapping[EntityId, tuple[Relation, ...]], treated: Mapping[EntityId, tuple[Relation, ...]]
) -> dict[EntityId, tuple[Relation, ...]]:
    """A plan of reading that also reads what is indicated for `treated`; all relations (empty) hold that already."""
    more = {e: (*plan[e], *wanted) for e, wanted in treated.items() if plan.get(e)}
    return {**plan, **more, **{e: wanted for e, wanted in treated.items() if e not in plan}}


def forward(intent: Intent, *, found: bool) -> Intent:
    """The intent of a question for the remedies of bare symptoms, where some were found: no diseases are ranked."""
    return replace(intent, reverse=False) if intent.reverse and found else intent


def without_drugs(intent: Intent) -> Intent:
    """`烫伤怎么处理`, of an accident for which first aid is told: a list of drugs beside it was not asked for.

    Nor where only the classifier holds that it was (`吃了感冒药犯困正常吗`).
    """
    asked = intent.explicit and not intent.guessed and (Relation.DRUG,) in intent.groups
    if not (intent.explicit or intent.guessed) or intent.object or asked:
        return intent
    groups = tuple(tuple(r for r in group if r is not Relation.DRUG) for group in intent.groups)
    groups = tuple(filter(None, groups))
    relations = tuple(r for r in intent.relations if r is not Relation.DRUG)
    return replace(intent, relations=relations, groups=groups)

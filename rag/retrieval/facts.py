"""What the graph says of the names in a question: one read of their facts, and which of them answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.domain import AliasKind, Candidate, EntityId, GraphFact, Intent, Mention, Neighbourhood
from rag.linking.names import OWN_NAME, Names, entity_type
from rag.ports import GraphReader, KnowledgeBase
from rag.question.deciding import CAUSED_BY, TOWARDS, narrowed
from rag.retrieval.products import held_in, salts_of
from rag.retrieval.remedies import ill_in, indicated_for, with_indications
from rag.retrieval.selection import (
    NEXT,
    SURE,
    asked_of,
    between_remedies,
    choices,
    entities_meant,
    relations_wanted,
    subjects_of,
)
from rag.text import normalise
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Relation

FACTS_EACH = 200
"""Facts read per entity and relation; the longest list of the reference graph has 160."""
_OF_CARE = frozenset({Relation.DEPARTMENT, Relation.COST, Relation.INSURANCE})
_FOREIGN = frozenset({AliasKind.ENGLISH, AliasKind.LATIN, AliasKind.ABBREVIATION, AliasKind.COLLOQUIAL})

Plan = Mapping[EntityId, tuple[Relation, ...]]
"""The relations to read of each entity, all if there are none."""


@dataclass(frozen=True)
class Stated:
    """The facts that answer, what is `indicated` for the illnesses named, and what each mention surely means.

    `unsure` are mentions to ask about: none of what they surely stand for is described, but an alternative is.
    """

    facts: Sequence[GraphFact] = ()
    indicated: Sequence[GraphFact] = ()
    unsure: Sequence[Mention] = ()
    meant: Mapping[Mention, Sequence[EntityId]] = field(default_factory=dict)


@dataclass(frozen=True)
class FactSearch:
    """The facts of one version."""

    kb: KnowledgeBase
    graph: GraphReader
    names: Names

    def stated(self, mentions: Sequence[Mention], intent: Intent, *, treated: bool) -> Stated:
        """Facts of what each mention surely stands for, and if `treated` remedies; one read of the graph."""
        ill = ill_in(mentions) if treated else {}
        treatable = {entity: (Relation.INDICATION,) for entities in ill.values() for entity in entities}
        if intent.reverse:
            around = self._around(treatable)
            return Stated(indicated=indicated_for(around, treatable))
        if not intent.relations:
            return Stated()
        named = any(c.type is EntityType.DISEASE for m in mentions if not m.negated for c in m.candidates)
        mentions = mentions if named else [self._infection(m, intent) for m in mentions]
        usable = [self._cared_for(m, intent) for m in subjects_of(mentions, intent)]
        plan = self._plan(usable, intent)
        asking = _asking(intent, plan)
        plan = with_indications(plan, treatable)
        around = self._around({**asking, **plan} if plan else {})
        known = _told_of(around.outgoing, intent) | self._described(plan)
        meant = {m: self._meant(m, known) for m in usable}
        subjects = {entity for entities in meant.values() for entity in entities}
        facts = between_remedies(_answering(around.outgoing, intent, subjects, asking), subjects, mentions)
        asked = (_described_alone(m, known) for m in usable if not meant[m])
        unsure = list({m: None for m in asked if choices(m)})
        return Stated(narrowed(intent, facts), indicated_for(around, treatable), unsure, meant)

    def _around(self, plan: Plan) -> Neighbourhood:
        return self.graph.neighbourhood(plan, limit_each=FACTS_EACH) if plan else Neighbourhood()

    def _plan(self, usable: Sequence[Mention], intent: Intent) -> Plan:
        """What to read of all that the mentions may stand for."""
        plan: dict[EntityId, tuple[Relation, ...]] = {c.entity: () for m in usable for c in choices(m)}
        plan |= {c.entity: intent.relations for m in usable for c in self._translations(m)}
        plan |= {
            entity: intent.relations for m in usable for entity in (*held_in(m, self.names), *salts_of(m, self.names))
        }
        plan |= {c.entity: relations_wanted(c, m, intent) for m in usable for c in m.candidates if c.score >= SURE}
        return plan

    def _meant(self, mention: Mention, known: set[EntityId]) -> list[EntityId]:
        """What a mention stands for among what is described; else what a product holds, or the only salt."""
        own = entities_meant([*mention.candidates, *self._translations(mention)], known)
        held = own or [entity for entity in held_in(mention, self.names) if entity in known]
        salts = [entity for entity in salts_of(mention, self.names) if entity in known] if not held else []
        return held or (salts if len(salts) == 1 else [])

    def _cared_for(self, mention: Mention, intent: Intent) -> Mention:
        """`白内障手术` as 白内障 where department, costs or insurance are asked for: those of the illness are known."""
        asked = [relation for relation in intent.relations if relation in _OF_CARE]
        if not asked or any(c.type in RELATIONS[r].subjects for r in intent.relations for c in mention.candidates):
            return mention
        for name, start, _ in self.names.find(normalise(mention.surface)[:-1]):
            ill = [c for c in self.names.candidates(name) if c.type is EntityType.DISEASE and c.score >= SURE]
            if start == 0 and ill:
                return replace(mention, candidates=tuple(ill))
        return mention

    def _infection(self, mention: Mention, intent: Intent) -> Mention:
        """`幽门螺杆菌` as 幽门螺杆菌感染 where what is asked can be said of an illness alone."""
        able = {subject for relation in intent.relations for subject in RELATIONS[relation].subjects}
        germ = bool(mention.candidates) and all(c.type is EntityType.PATHOGEN for c in mention.candidates)
        if not germ or EntityType.PATHOGEN in able:
            return mention
        names = (f"{c.name}感染" for c in mention.candidates if c.score >= SURE)
        ill = [c for name in names for c in self.names.candidates(name) if c.type is EntityType.DISEASE]
        return replace(mention, candidates=tuple(ill)) if ill else mention

    def _translations(self, mention: Mention) -> list[Candidate]:
        """Where a name is foreign or short, what surely lists the Chinese name it stands for as an alias.

        `hepatitis B` is 乙型肝炎 in the term file, and a graph may call it 乙肝 and list 乙型肝炎.
        """
        foreign = [c for c in mention.candidates if c.via in _FOREIGN and c.score >= SURE]
        listed = [other for c in foreign for other in self.names.candidates(c.name) if other.type is c.type]
        return [other for other in listed if other.score >= SURE and other.via != OWN_NAME]

    def _described(self, plan: Plan) -> set[EntityId]:
        """Entities that have passages of their own."""
        passages = self.kb.passages(self.kb.about(list(plan), limit_each=1))
        return {passage.about for passage in passages.values() if passage.about is not None}


def _described_alone(mention: Mention, known: set[EntityId]) -> Mention:
    """Without the alternatives of which nothing is known: nobody is helped by choosing them."""
    return replace(mention, candidates=tuple(c for c in mention.candidates if c.score >= SURE or c.entity in known))


def _told_of(found: Sequence[GraphFact], intent: Intent) -> set[EntityId]:
    """What has a record; a code alone is none, and leaves the place to the illness that lists the name as an alias."""
    coded = Relation.CODE in intent.relations
    return {fact.subject for fact in found if coded or fact.relation is not Relation.CODE}


def _asking(intent: Intent, plan: Plan) -> Plan:
    """What to read of the objects of a yes/no question, whose own records may speak of the subjects in `plan`."""
    if not plan:
        return {}
    remedies = (entity for entity in intent.object if entity_type(entity) in REMEDIES)
    asking: dict[EntityId, tuple[Relation, ...]] = dict.fromkeys(remedies, TOWARDS)
    if Relation.COMPLICATION in intent.relations:
        asking |= {e: CAUSED_BY for e in intent.object if entity_type(e) is EntityType.DISEASE and e not in plan}
    return asking


def _answering(found: Sequence[GraphFact], intent: Intent, subjects: set[EntityId], asking: Plan) -> list[GraphFact]:
    """Facts of the relations asked for about `subjects`, and what the records of the objects say towards these."""
    asked = asked_of(intent, subjects)
    asked |= {NEXT[relation] for relation in asked if relation in NEXT}
    own = [fact for fact in found if fact.subject in subjects and fact.relation in asked]
    listed = any(fact.object in intent.object for fact in own)
    towards = (fact for fact in found if fact.subject in asking and fact.object in subjects)
    return own + [fact for fact in towards if not (listed and fact.relation in CAUSED_BY)]

"""What is known of the drugs of a subject: what they hold, the facts between and about them, what monographs say.

Everything is looked up for all drugs at once: at most three reads of the graph, whatever their number. Nothing is cut
off, so the order of the drugs changes nothing and one more drug removes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.domain import AliasKind, EntityId, GraphFact, Literal
from rag.linking.medicines import base_names
from rag.linking.names import entity_name, entity_type
from rag.question.concerns import About, Concern, group_entities
from rag.question.patient import SURE
from rag.retrieval.retriever import Retriever
from rag.safety.hazards import KINDS, Step, fact_step
from rag.safety.leaflets import Statement, statements
from rag.text import normalise
from rag.vocabulary import REMEDIES, Relation

OF_ONE = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.INGREDIENT, Relation.DRUG_CLASS)
OF_PARTS = (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.DRUG_CLASS)
_ALL = 100_000
"""More than any drug has of these relations: what is cut off would be a hazard lost."""


@dataclass(frozen=True)
class Subject:
    """Whom to look at: `drugs` against `others` (drugs and foods, `drugs` included where they count among themselves).

    `thorough` also reads what is said of the ingredients of each drug, one read of the graph more; without `records`
    only the graph is asked, once, for what lies between the drugs and the others.
    """

    drugs: tuple[EntityId, ...]
    others: tuple[EntityId, ...] = ()
    concerns: tuple[Concern, ...] = ()
    records: bool = True
    thorough: bool = False

    def crossing(self, a: EntityId, b: EntityId) -> bool:
        """Whether one is a drug to look at and the other something to look at it against."""
        drugs, others = self.drug_set, self.other_set
        return a != b and ((a in drugs and b in others) or (b in drugs and a in others))

    @cached_property
    def drug_set(self) -> frozenset[EntityId]:
        """`drugs`, to ask whether one is among them."""
        return frozenset(self.drugs)

    @cached_property
    def other_set(self) -> frozenset[EntityId]:
        """`others`, to ask whether one is among them."""
        return frozenset(self.others)

    @cached_property
    def allergies(self) -> tuple[Concern, ...]:
        """Those of the concerns that are allergies."""
        return tuple(concern for concern in self.concerns if concern.about is About.ALLERGY)


@dataclass(frozen=True)
class Part:
    """A substance of a drug with the steps that lead to it; the drug itself with none."""

    drug: EntityId
    entity: EntityId
    steps: tuple[Step, ...] = ()


@dataclass
class Known:
    """What the graph and the monographs say of the drugs and their parts."""

    names: Mapping[EntityId, str]
    parts: list[Part]
    own: Mapping[EntityId, list[GraphFact]]
    between: Sequence[GraphFact]
    said: Sequence[Statement]

    def name(self, entity: EntityId) -> str:
        """As the knowledge base writes it."""
        return self.names.get(entity, entity_name(entity))

    def parts_of(self, drugs: frozenset[EntityId]) -> list[Part]:
        """The parts of these drugs."""
        return [part for part in self.parts if part.drug in drugs]

    @cached_property
    def by_entity(self) -> Mapping[EntityId, Sequence[Part]]:
        """For each substance what it is a part of."""
        found: dict[EntityId, list[Part]] = defaultdict(list)
        for part in self.parts:
            found[part.entity].append(part)
        return found

    def classes(self, entity: EntityId) -> list[tuple[str, GraphFact]]:
        """Classes that the graph gives a drug, narrow enough to mean something."""
        found = [f for f in self.own.get(entity, ()) if f.relation is Relation.DRUG_CLASS]
        return [(term, fact) for fact in found for term in _class_terms(fact)]


_BROAD = re.compile(r"系统|中成药|其他|用药$|辅助|诊断|营养|^药物$|^抗生素$|^西药$|抗肿瘤药|激素类药物?$|^维生素|外用")
_CLASS_SPLIT = re.compile(r"[，,；;、/（）()]")


def _class_terms(fact: GraphFact) -> list[str]:
    text = fact.object.text if isinstance(fact.object, Literal) else fact.object_text
    terms = (normalise(term).strip() for term in _CLASS_SPLIT.split(text))
    return [term for term in terms if len(term) > 2 and not _BROAD.search(term)]


# ---------------------------------------------------------------- the reads


def look_up(retriever: Retriever, subject: Subject) -> Known:
    """At most three reads of the graph: the drugs, their ingredients, what lies between everything."""
    everything = _unique((*subject.drugs, *subject.others))
    parts = _with_bases([Part(entity, entity) for entity in everything], retriever)
    own: Mapping[EntityId, list[GraphFact]] = {}
    if subject.records:
        own, ingredients = _records(retriever, subject, parts)
        parts += ingredients
    left = {part.entity for part in parts if part.drug in subject.drug_set}
    right = {part.entity for part in parts if part.drug in subject.other_set}
    right |= group_entities(subject.concerns, retriever.names)
    between = retriever.graph.between(sorted(left), sorted(right), tuple(KINDS))
    names = retriever.kb.entities({*everything, *(part.entity for part in parts)})
    said = _statements(retriever, parts, subject) if subject.records else []
    return Known({key: entity.name for key, entity in names.items()}, parts, own, between, said)


def _records(
    retriever: Retriever, subject: Subject, parts: Sequence[Part]
) -> tuple[Mapping[EntityId, list[GraphFact]], list[Part]]:
    """The facts of the drugs and of the allergens, the ingredients, and if `thorough` the facts of these."""
    allergens = {entity for allergy in subject.allergies for entity in allergy.entities}
    asked = _unique((*(part.entity for part in parts), *sorted(allergens)))
    plan = {entity: OF_ONE for entity in asked if _is_remedy(entity)}
    own = _facts_of(retriever, plan)
    ingredients = _with_bases([held for part in parts for held in _ingredients(part, own)], retriever)
    if subject.thorough:
        own |= _facts_of(retriever, {part.entity: OF_PARTS for part in ingredients if part.entity not in plan})
    return own, ingredients


def _facts_of(retriever: Retriever, plan: Mapping[EntityId, Sequence[Relation]]) -> dict[EntityId, list[GraphFact]]:
    own: dict[EntityId, list[GraphFact]] = defaultdict(list)
    for fact in retriever.graph.neighbourhood(plan, limit_each=_ALL).outgoing if plan else ():
        own[fact.subject].append(fact)
    return own


def _unique(entities: Iterable[EntityId]) -> list[EntityId]:
    return list(dict.fromkeys(entities))


def _is_remedy(entity: EntityId) -> bool:
    return entity_type(entity) in REMEDIES


def _with_bases(parts: list[Part], retriever: Retriever) -> list[Part]:
    return parts + [base for part in parts for base in _bases(part, retriever)]


def _bases(part: Part, retriever: Retriever) -> Iterator[Part]:
    """The substance that a name holds beside its form or preparation: 阿司匹林 in 阿司匹林肠溶片, 半夏 in 法半夏."""
    name = entity_name(part.entity)
    for base in base_names(name, entity_type(part.entity)):
        for candidate in retriever.names.candidates(base):
            sure = candidate.score >= SURE and candidate.via != AliasKind.TRADE  # 咳喘停膏 is no 咳喘停
            if sure and _is_remedy(candidate.entity) and candidate.entity != part.entity:
                yield Part(part.drug, candidate.entity, (*part.steps, Step(f"{name}按名称含{candidate.name}")))


def _ingredients(part: Part, own: Mapping[EntityId, Sequence[GraphFact]]) -> Iterator[Part]:
    for fact in own.get(part.entity, ()):
        if fact.relation is Relation.INGREDIENT and isinstance(fact.object, str) and fact.object != part.drug:
            yield Part(part.drug, EntityId(fact.object), (*part.steps, fact_step(fact)))


def _statements(retriever: Retriever, parts: Sequence[Part], subject: Subject) -> list[Statement]:
    """Sentences of monographs that warn of something, for all drugs at once; of ingredients only if `thorough`."""
    owners = _unique(p.entity for p in parts if _is_remedy(p.entity) and (subject.thorough or not p.steps))
    passages = retriever.kb.passages(retriever.kb.about(owners, limit_each=_ALL)) if owners else {}
    return [statement for key, passage in passages.items() for statement in statements(key, passage)]

"""Short ways to write entities and facts in tests."""

from __future__ import annotations

from rag.domain import Entity, EntityId, Fact, Literal, Qualifiers, Source
from rag.vocabulary import EntityType, Relation

UNLIMITED = Qualifiers()


def entity(identifier: str) -> Entity:
    """`disease:偏头痛` as an entity of that type and name."""
    kind, _, name = identifier.partition(":")
    return Entity(EntityId(identifier), EntityType(kind), name)


def fact_of(
    subject: str, relation: Relation, target: str | Literal, source: Source, limits: Qualifiers = UNLIMITED
) -> Fact:
    """A fact between two ids, or with a literal, as `source` states it."""
    end = target if isinstance(target, Literal) else EntityId(target)
    return Fact(EntityId(subject), relation, end, source.id, limits)

"""Entities, and what lies around them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from yiwen.client.replies.evidence import Entity, Fact, Source
from yiwen.client.replies.reply import Reply


class Entities(Reply):
    """A page of entities; pass `next_cursor` for the next one."""

    items: tuple[Entity, ...]
    next_cursor: str | None = None


class Alias(Reply):
    """Another name; `kind` such as synonym, english, colloquial."""

    name: str
    kind: str


class FactGroup(Reply):
    """Facts of one relation in one direction (`outgoing` or `incoming`); `count` is how many there are in all."""

    relation: str
    label: str
    direction: str
    count: int
    facts: tuple[Fact, ...]


class EntityInFull(Entity):
    """An entity with its other names and its facts."""

    type_label: str
    aliases: tuple[Alias, ...]
    groups: tuple[FactGroup, ...]
    kb_version: int
    degraded: tuple[str, ...] = ()


class Edge(Reply):
    """A fact between two nodes, named by their ids."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    id: str
    relation: str
    label: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    severity: str | None = None
    population: str | None = None
    source: Source


class Graph(Reply):
    """What lies one step around an entity."""

    center: str
    nodes: tuple[Entity, ...]
    edges: tuple[Edge, ...]
    kb_version: int
    degraded: tuple[str, ...] = ()


class Paths(Reply):
    """Chains of facts between two entities, shortest first, each as ids of edges in order."""

    paths: tuple[tuple[str, ...], ...]
    nodes: tuple[Entity, ...]
    edges: tuple[Edge, ...]
    kb_version: int

"""Entities: found by name, in full, and the graph around them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.records import EntityOut, FactOut, SourceOut
from api.schemas.strict import Response


class FoundEntityOut(EntityOut):
    """An entity found by name; `via` is `name` for its own name, else the kind of alias."""

    matched: str
    via: str
    score: float


class EntitiesOut(Response):
    """A page of entities; `next_cursor` is null on the last one."""

    items: list[FoundEntityOut]
    next_cursor: str | None
    kb_version: int
    revision: int


class AliasOut(Response):
    """Another name."""

    name: str
    kind: str


class FactWithSourceOut(FactOut):
    """A fact with its source."""

    source: SourceOut


class GroupOut(Response):
    """Facts of one relation in one direction, strongest source first; `count` is how many there are in all."""

    relation: str
    label: str
    direction: Literal["outgoing", "incoming"]
    count: int
    facts: list[FactWithSourceOut]


class CountsOut(Response):
    """How much is known of an entity."""

    outgoing: int
    incoming: int
    aliases: int


class EntityInFullOut(EntityOut):
    """An entity with its names and facts."""

    type_label: str
    aliases: list[AliasOut]
    groups: list[GroupOut]
    counts: CountsOut
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")


class EdgeOut(Response):
    """A fact between two nodes."""

    id: str
    relation: str
    label: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    severity: str | None
    population: str | None
    dose: str | None
    source: SourceOut


class NodeOut(Response):
    """An entity, or a text (`text:` and the id of its fact), whose type is the relation that leads to it."""

    id: str
    name: str
    type: str


class GraphOut(Response):
    """What lies around an entity."""

    center: str
    nodes: list[NodeOut]
    edges: list[EdgeOut]
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")


class PathsOut(Response):
    """Chains of facts, shortest first, each as ids of edges in order."""

    paths: list[list[str]]
    nodes: list[NodeOut]
    edges: list[EdgeOut]
    kb_version: int
    revision: int
    degraded: list[str] = Field(description="`live-graph` where the snapshot's own graph had to answer")

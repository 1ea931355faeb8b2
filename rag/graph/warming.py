"""Warming the live graph up: what questions will ask is asked once beside them, by somebody who can wait.

A server that has just started, or has just been given a large version, reads its pages from the disk and compiles
every query anew. That takes longer than an answer may wait, so answers would find out query by query.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from rag.deadline import within
from rag.domain import Condition, EntityId, Neighbourhood
from rag.errors import LiveGraphError, StaleGraphError
from rag.graph.bolt import Connection, Server
from rag.graph.neo4j import Neo4jGraph
from rag.graph.queries import GREETING, RICHEST
from rag.register import NOTHING, Withheld
from rag.vocabulary import Relation

GREETING_S, WARM_UP_S = 15.0, 120.0
"""How long a server may take to answer at all, and to read and compile what questions need."""
FOLLOWS_S, _AGAIN_S = 60.0, 0.5
"""A roll-back waits for nobody: the graph follows the pointer, and so long it is looked whether it has arrived."""
_SIZES = (1, 10, 100)
"""Neo4j plans for the order of magnitude of a list."""
_EACH = 20
_LOOKED_AT = 50_000
"""Entities whose facts are read: most of an ordinary graph, a few seconds of a huge one."""
_ROUNDS = 2
"""The second one finds all queries compiled and lets the server compile itself a little further."""


@dataclass
class Served:
    """The version that questions are answered from; the wiring says when another becomes current."""

    kb: str = ""
    version: int = 0
    withheld: Callable[[], Withheld] = lambda: NOTHING


def warm_up(server: Server, served: Served, *, follows_s: float = FOLLOWS_S) -> None:
    """Let a server answer what questions ask of the served version, over a connection that may take its time.

    A server that holds another version is given `follows_s` to be brought to this one; where another version becomes
    the served one meanwhile, that is the one. Raises StaleGraphError where the server then still holds another
    version, LiveGraphError where it does not answer.
    """
    with closing(Connection(replace(server, timeout_s=GREETING_S))) as connection:
        _in_time(server, lambda: connection.read(GREETING, {}), GREETING_S)
    with closing(Connection(replace(server, timeout_s=WARM_UP_S))) as connection:
        warmed = None
        while warmed != served.version:
            graph = _arrived(server, connection, served, follows_s)
            warmed = graph.version
            _in_time(server, partial(_ask_richest, connection, graph), WARM_UP_S)


def _arrived(server: Server, connection: Connection, served: Served, follows_s: float) -> Neo4jGraph:
    """The graph at the served version, once it is there. Raises StaleGraphError, LiveGraphError."""
    deadline = time.monotonic() + follows_s
    while True:
        graph = Neo4jGraph(connection, served.kb, served.version, served.withheld())
        try:
            _in_time(server, partial(graph.neighbourhood, {EntityId(""): ()}, limit_each=1), WARM_UP_S)
        except StaleGraphError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            return graph


def _ask_richest(connection: Connection, graph: Neo4jGraph) -> None:
    rows = connection.read(RICHEST, {"kb": graph.kb, "looked_at": _LOOKED_AT, "limit": max(_SIZES)})
    for _ in range(_ROUNDS):
        _ask_all(graph, [EntityId(row[0]) for row in rows])


def _in_time(server: Server, ask: Callable[[], object], timeout_s: float) -> None:
    try:
        within(ask, timeout_s, name="yiwen-warming")
    except TimeoutError as error:
        raise LiveGraphError(f"Neo4j at {server.uri} took longer than {timeout_s:g} s") from error


def _ask_all(graph: Neo4jGraph, subjects: list[EntityId]) -> None:
    """Every query of an answer, with lists of several lengths."""
    for size in _SIZES:
        some = subjects[:size]
        found = graph.neighbourhood(dict.fromkeys(some, ()), limit_each=_EACH)
        ends = _objects(found)[:size] or some
        graph.rank_subjects(Relation.SYMPTOM, ends, limit=_EACH)
        graph.between(some, ends, list(Relation))
        graph.subjects_meeting([Condition(Relation.SYMPTOM, tuple(ends))], limit=_EACH)


def _objects(found: Neighbourhood) -> list[EntityId]:
    return [fact.object for fact in found.outgoing if isinstance(fact.object, str)]

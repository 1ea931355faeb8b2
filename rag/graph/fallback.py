"""The live graph while it answers in time, else the snapshot's own: a breaker for all answers, a budget for each.

A question never fails and never waits long for Neo4j. What one answer may spend on it is `budget_s` in all, tries
again included; whatever is not there by then comes from the snapshot, and the answer says `live-graph`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from rag.breaker import Breaker
from rag.deadline import within
from rag.domain import Condition, EntityId, GraphFact, Neighbourhood, Path, RankedSubject
from rag.errors import LiveGraphError, StaleGraphError
from rag.ports import GraphReader
from rag.vocabulary import Relation

DEGRADED = "live-graph"
"""The word in an answer's `degraded` list."""
T = TypeVar("T")


class AnswerGraph:
    """Implements `rag.ports.GraphReader` for one answer; appends `live-graph` to `degraded` when the snapshot helps."""

    def __init__(
        self, live: GraphReader, own: GraphReader, breaker: Breaker, *, budget_s: float, degraded: list[str]
    ) -> None:
        self._live, self._own, self._breaker = live, own, breaker
        self._left_s = budget_s
        self._degraded = degraded

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """As the live graph, or the snapshot's."""
        return self._ask(lambda graph: graph.neighbourhood(plan, limit_each=limit_each))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """As the live graph, or the snapshot's."""
        return self._ask(lambda graph: graph.rank_subjects(relation, objects, limit=limit))

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """As the live graph, or the snapshot's."""
        return self._ask(lambda graph: graph.subjects_meeting(conditions, limit=limit))

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """As the live graph, or the snapshot's."""
        return self._ask(lambda graph: graph.between(left, right, relations))

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """As the live graph, or the snapshot's."""
        return self._ask(lambda graph: graph.paths(a, b, max_hops=max_hops, limit=limit))

    def _ask(self, call: Callable[[GraphReader], T]) -> T:
        """One step of the answer. After the first failure the rest of the answer stays with the snapshot."""
        if DEGRADED not in self._degraded:
            if self._breaker.admits():
                try:
                    return self._in_time(call)
                except StaleGraphError:
                    self._breaker.succeeded()
                except LiveGraphError as error:
                    self._breaker.failed(error)
            self._degraded.append(DEGRADED)
        return call(self._own)

    def _in_time(self, call: Callable[[GraphReader], T]) -> T:
        """The live graph's word within what is left of the budget; a broken connection is tried once more."""
        begin = time.monotonic()
        try:
            try:
                found = within(lambda: call(self._live), self._left_s)
            except LiveGraphError as error:
                if not error.transient:
                    raise
                found = within(lambda: call(self._live), self._left_s - (time.monotonic() - begin))
        except TimeoutError as error:
            raise LiveGraphError(f"the live graph took longer than {self._left_s:.2f} s") from error
        finally:
            self._left_s -= time.monotonic() - begin
        self._breaker.succeeded()
        return found

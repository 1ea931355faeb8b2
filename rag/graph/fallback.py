"""The live graph while it answers in time, else the snapshot's own: a breaker for all answers, a budget for each.

A question never fails and never waits long for Neo4j. What one answer may spend on it is `budget_s` in all, tries
again included; whatever is not there by then comes from the snapshot, and the answer says `live-graph`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from rag.deadline import within
from rag.domain import Condition, EntityId, GraphFact, Neighbourhood, Path, RankedSubject
from rag.errors import LiveGraphError, StaleGraphError
from rag.ports import GraphReader
from rag.vocabulary import Relation

_LOG = logging.getLogger(__name__)
DEGRADED = "live-graph"
"""The word in an answer's `degraded` list."""
T = TypeVar("T")


def _in_background(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="yiwen-probe", daemon=True).start()


class Breaker:
    """Lets nobody through after `opens_after` failures in a row, until `probe` has succeeded.

    `probe` runs beside the questions, at most once in `probe_s` seconds, and may take its time: a server that has just
    started compiles its queries for longer than a question may wait. `on_open` is called at each failure that leaves
    the breaker open: a chance to let go of what hangs.
    """

    def __init__(
        self,
        probe: Callable[[], None] = lambda: None,
        on_open: Callable[[], None] = lambda: None,
        *,
        opens_after: int = 3,
        probe_s: float = 10.0,
        now: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._probe, self._start = probe, start
        self._on_open, self._opens_after, self._probe_s, self._now = on_open, opens_after, probe_s, now
        self._guard = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0
        self._probing = False

    def admits(self) -> bool:
        """Whether to try; while open nobody, but whoever asks when it is time starts a probe."""
        with self._guard:
            if self._failures < self._opens_after:
                return True
            if self._probing or self._now() < self._next_probe:
                return False
            self._probing = True
        self._start(self._try)
        return False

    def is_open(self) -> bool:
        """Whether nobody is let through."""
        with self._guard:
            return self._failures >= self._opens_after

    def _try(self) -> None:
        """One probe. A server that answers, though with another version, is well."""
        try:
            self._probe()
        except StaleGraphError:
            self.succeeded()
        except LiveGraphError as error:
            self.failed(error)
        else:
            self.succeeded()
        finally:
            with self._guard:
                self._probing = False

    def succeeded(self) -> None:
        """Closed again."""
        with self._guard:
            if self._failures >= self._opens_after:
                _LOG.warning("the live graph answers again")
            self._failures = 0

    def failed(self, error: Exception) -> None:
        """One more failure; the first that opens it is logged."""
        with self._guard:
            self._failures += 1
            opened = self._failures >= self._opens_after
            if opened:
                self._next_probe = self._now() + self._probe_s
            if self._failures == self._opens_after:
                _LOG.warning("the live graph is left alone for a while, snapshots answer: %s", error)
        if opened:
            self._on_open()


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

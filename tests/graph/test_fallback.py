"""The breaker and the budget of an answer, with graphs that are slow, broken or behind, and a clock that is ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import pytest

from rag.breaker import Breaker
from rag.domain import Condition, EntityId, GraphFact, Neighbourhood, Path, RankedSubject, Record
from rag.errors import LiveGraphError, StaleGraphError
from rag.graph.fallback import AnswerGraph
from rag.ports import GraphReader
from rag.register import NOTHING, Withheld
from rag.vocabulary import Relation
from tests.fake_graph import FakeGraph
from tests.graph.contract import GraphContract
from tests.kb import disease, small_kb, symptom

OWN = FakeGraph(small_kb())
PLAN: Mapping[EntityId, Collection[Relation]] = {disease("甲病"): ()}
DOWN = LiveGraphError("down")


class LiveGraph:
    """Does what `acts` says at each call (the last one for ever), then answers from an empty graph."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.acts = list(acts)
        self.calls = 0

    def _act(self) -> GraphReader:
        self.calls += 1
        self.acts[min(self.calls, len(self.acts)) - 1]()
        return FakeGraph([])

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        return self._act().neighbourhood(plan, limit_each=limit_each)

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        return self._act().rank_subjects(relation, objects, limit=limit)

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        return self._act().subjects_meeting(conditions, limit=limit)

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        return self._act().between(left, right, relations)

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        return self._act().paths(a, b, max_hops=max_hops, limit=limit)


def raises(error: Exception) -> Callable[[], object]:
    def act() -> None:
        raise error

    return act


def answers() -> None:
    return None


def graph_for(
    live: GraphReader, breaker: Breaker | None = None, budget_s: float = 0.8
) -> tuple[AnswerGraph, list[str]]:
    degraded: list[str] = []
    return AnswerGraph(live, OWN, breaker or Breaker(), budget_s=budget_s, degraded=degraded), degraded


class TestBehindABrokenGraph(GraphContract):
    def graph(self, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
        own = FakeGraph(records, withheld)
        return AnswerGraph(LiveGraph(raises(DOWN)), own, Breaker(), budget_s=0.8, degraded=[])


def test_a_live_graph_that_answers_is_all_there_is() -> None:
    graph, degraded = graph_for(LiveGraph(answers))
    assert graph.neighbourhood(PLAN, limit_each=5).outgoing == ()
    assert degraded == []


@pytest.mark.parametrize("error", [DOWN, StaleGraphError("behind")])
def test_after_a_failure_the_rest_of_the_answer_stays_with_the_snapshot(error: Exception) -> None:
    live = LiveGraph(raises(error), answers)
    graph, degraded = graph_for(live)
    assert len(graph.neighbourhood(PLAN, limit_each=5).outgoing) == 4
    assert graph.rank_subjects(Relation.SYMPTOM, [symptom("头晕")], limit=3) != []
    assert (live.calls, degraded) == (1, ["live-graph"])


def test_a_broken_connection_is_tried_once_more() -> None:
    broken = raises(LiveGraphError("reset", transient=True))
    live = LiveGraph(broken, answers)
    graph, degraded = graph_for(live)
    graph.neighbourhood(PLAN, limit_each=5)
    assert (live.calls, degraded) == (2, [])
    again = LiveGraph(broken)
    graph, degraded = graph_for(again)
    graph.neighbourhood(PLAN, limit_each=5)
    assert (again.calls, degraded) == (2, ["live-graph"])


@pytest.mark.seconds
def test_the_budget_is_one_for_the_whole_answer() -> None:
    live = LiveGraph(lambda: time.sleep(0.12))
    graph, degraded = graph_for(live, budget_s=0.3)
    begin = time.monotonic()
    for _ in range(10):
        graph.neighbourhood(PLAN, limit_each=5)
    assert time.monotonic() - begin < 0.45
    assert (live.calls, degraded) == (3, ["live-graph"])


@pytest.mark.seconds
def test_a_silent_graph_costs_no_more_than_the_budget() -> None:
    release = threading.Event()
    graph, degraded = graph_for(LiveGraph(lambda: release.wait(20)), budget_s=0.2)
    begin = time.monotonic()
    assert len(graph.neighbourhood(PLAN, limit_each=5).outgoing) == 4
    assert time.monotonic() - begin < 0.4
    assert degraded == ["live-graph"]
    release.set()


class Probe:
    """Does what `act` says; a breaker runs it at once instead of beside the questions."""

    def __init__(self) -> None:
        self.act: Callable[[], object] = raises(DOWN)
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        self.act()


def at_once(run: Callable[[], None]) -> None:
    run()


def test_the_breaker_opens_probes_and_recovers() -> None:
    clock, opened, probe = [0.0], list[float](), Probe()
    breaker = Breaker(probe, lambda: opened.append(clock[0]), now=lambda: clock[0], start=at_once)
    live = LiveGraph(raises(DOWN))
    for _ in range(5):
        graph_for(live, breaker)[0].neighbourhood(PLAN, limit_each=5)
    assert (live.calls, probe.calls, opened) == (3, 0, [0.0]), "open: the graph is left alone"
    clock[0] = 9.9
    assert not breaker.admits()
    clock[0] = 10.0
    graph_for(live, breaker)[0].neighbourhood(PLAN, limit_each=5)
    assert (live.calls, probe.calls, opened) == (3, 1, [0.0, 10.0]), "one probe, which failed; no question waited"
    assert not breaker.admits()
    clock[0] = 20.0
    live.acts, probe.act = [answers], answers
    graph, degraded = graph_for(live, breaker)
    graph.neighbourhood(PLAN, limit_each=5)
    assert degraded == ["live-graph"], "this question only started the probe"
    for _ in range(3):
        graph, degraded = graph_for(live, breaker)
        graph.neighbourhood(PLAN, limit_each=5)
        assert degraded == []


@pytest.mark.seconds
def test_only_one_of_many_probes_and_nobody_waits_for_it() -> None:
    release, started = threading.Event(), list[int]()

    def slow() -> None:
        started.append(1)
        release.wait(10)

    clock = [0.0]
    breaker = Breaker(slow, now=lambda: clock[0])
    for _ in range(3):
        breaker.failed(DOWN)
    clock[0] = 10.0
    begin = time.monotonic()
    assert [breaker.admits() for _ in range(5)] == [False] * 5
    clock[0] = 30.0
    assert not breaker.admits()
    assert time.monotonic() - begin < 1
    assert started == [1]
    release.set()
    deadline = time.monotonic() + 5
    while not breaker.admits():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_probe_that_finds_another_version_closes_the_breaker() -> None:
    clock, probe = [0.0], Probe()
    probe.act = raises(StaleGraphError("behind"))
    breaker = Breaker(probe, now=lambda: clock[0], start=at_once)
    for _ in range(3):
        breaker.failed(DOWN)
    clock[0] = 10.0
    assert not breaker.admits()
    assert breaker.admits()


def test_a_look_at_a_graph_in_order_changes_nothing() -> None:
    clock, probe = [0.0], Probe()
    probe.act = answers
    breaker = Breaker(probe, now=lambda: clock[0], start=at_once)
    breaker.look()
    breaker.failed(DOWN)
    breaker.failed(DOWN)
    assert (probe.calls, breaker.admits()) == (1, True), "two failures do not open it"
    breaker.failed(DOWN)
    breaker.look()
    assert (probe.calls, breaker.admits()) == (2, True), "it does not wait for its time"
    breaker.failed(DOWN)
    assert not breaker.admits()


def test_one_look_at_a_time() -> None:
    waiting = list[Callable[[], None]]()
    breaker = Breaker(answers, start=waiting.append)
    breaker.look()
    breaker.look()
    assert len(waiting) == 1
    waiting.pop()()
    breaker.look()
    assert len(waiting) == 1


def test_a_graph_at_another_version_does_not_open_the_breaker() -> None:
    breaker = Breaker()
    live = LiveGraph(raises(StaleGraphError("behind")))
    for _ in range(5):
        graph_for(live, breaker)[0].neighbourhood(PLAN, limit_each=5)
    assert live.calls == 5


def test_a_defect_is_not_hidden() -> None:
    graph, _ = graph_for(LiveGraph(raises(ZeroDivisionError("a defect"))))
    with pytest.raises(ZeroDivisionError):
        graph.neighbourhood(PLAN, limit_each=5)

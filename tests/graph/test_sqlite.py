"""The snapshot's graph against the contract, and against the in-memory one on random graphs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.domain import Record
from rag.errors import UsageError
from rag.ports import GraphReader
from rag.register import NOTHING, Withheld
from rag.snapshot import Library
from rag.vocabulary import Relation
from tests.fake_graph import FakeGraph
from tests.graph.contract import GraphContract
from tests.kb import BOOK, TRIAL, disease, has_symptom, opened, publish, small_kb, symptom


def graph_of(folder: Path, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
    library = Library(folder)
    publish(library, {"test": list(records)})
    return opened(library).graph(withheld)


class TestSqliteGraph(GraphContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def graph(self, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
        return graph_of(self.folder, records, withheld)


class TestFakeGraph(GraphContract):
    def graph(self, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
        return FakeGraph(records, withheld)


def test_paths_refuse_more_hops_than_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_hops is 9; expected 1 to 4"):
        graph_of(tmp_path, small_kb()).paths(disease("甲病"), disease("乙病"), max_hops=9, limit=1)


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans()), min_size=1, max_size=20),
       seed=st.integers(0, 9), whole=st.booleans(), limit=st.integers(1, 4))  # fmt: skip
def test_without_what_is_withheld_it_is_the_graph_of_the_rest(
    pairs: list[tuple[int, int, bool]], seed: int, whole: bool, limit: int
) -> None:
    facts = [has_symptom(f"病{a}", f"症{b}", TRIAL if strong else BOOK) for a, b, strong in pairs]
    gone = frozenset(fact.id for n, fact in enumerate(facts) if n % 3 == seed % 3)
    withheld = Withheld(gone, frozenset(), frozenset({TRIAL.id}) if whole else frozenset())
    rest = [fact for fact in facts if not withheld.hides_fact(fact.id, fact.source)]
    with tempfile.TemporaryDirectory() as folder:
        stored, plain = graph_of(Path(folder), [BOOK, TRIAL, *facts], withheld), FakeGraph([BOOK, TRIAL, *rest])
        wanted = [symptom(f"症{n}") for n in range(5)]
        plan = {**{entity: [Relation.SYMPTOM] for entity in wanted}, disease("病1"): ()}
        assert stored.neighbourhood(plan, limit_each=limit) == plain.neighbourhood(plan, limit_each=limit)
        ends = (disease("病0"), disease("病1"))
        assert stored.paths(*ends, max_hops=4, limit=3) == plain.paths(*ends, max_hops=4, limit=3)
        found, expected = (g.rank_subjects(Relation.SYMPTOM, wanted, limit=99) for g in (stored, plain))
        assert {(s.subject, s.matched, s.total) for s in found} == {(s.subject, s.matched, s.total) for s in expected}


pairs = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5), st.booleans()), min_size=1, max_size=25)


@settings(max_examples=25, deadline=None)
@given(pairs=pairs, asked=st.lists(st.integers(0, 5), max_size=4), limit=st.integers(1, 6))
def test_agrees_with_the_plain_graph(pairs: list[tuple[int, int, bool]], asked: list[int], limit: int) -> None:
    records: list[Record] = [
        BOOK,
        TRIAL,
        *(has_symptom(f"病{a}", f"症{b}", TRIAL if strong else BOOK) for a, b, strong in pairs),
    ]
    with tempfile.TemporaryDirectory() as folder:
        stored, plain = graph_of(Path(folder), records), FakeGraph(records)
        wanted = [symptom(f"症{n}") for n in asked]
        assert stored.rank_subjects(Relation.SYMPTOM, wanted, limit=limit) == plain.rank_subjects(
            Relation.SYMPTOM, wanted, limit=limit
        )
        plan = {**{entity: [Relation.SYMPTOM] for entity in wanted}, disease("病1"): ()}
        assert stored.neighbourhood(plan, limit_each=limit) == plain.neighbourhood(plan, limit_each=limit)
        assert stored.paths(disease("病0"), disease("病1"), max_hops=4, limit=3) == plain.paths(
            disease("病0"), disease("病1"), max_hops=4, limit=3
        )

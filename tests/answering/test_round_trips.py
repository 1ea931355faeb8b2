"""A question costs at most three reads: one for facts, one for ranking, two for safety; none for each entity.

Where nothing was found, one more tells what is nearest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import pytest

from kg_loader.ingest import ingest
from rag.domain import Condition, EntityId, GraphFact, Neighbourhood, Patient, RankedSubject
from rag.domain import Path as Chain
from rag.editions import Edition, Editions
from rag.graph.bolt import Connection, Row, Server
from rag.graph.neo4j import Neo4jGraph
from rag.pipeline import Options, Pipeline
from rag.ports import GraphReader
from rag.register import NOTHING, Withheld
from rag.retrieval.nearest import FACTS_EACH
from rag.safety.lookup import OF_ONE, OF_PARTS
from rag.settings import Settings
from rag.snapshot import Library
from rag.vocabulary import Relation
from rag.wiring import build
from tests.kb import disease, symptom
from tests.source_tree import ROOT

QUESTIONS = (ROOT / "evaluation" / "sets" / "mixed_questions.txt").read_text("utf-8").splitlines()
SAFETY, PAIRS, FACTS, RANKING, PLACED, NEAREST = "safety", "pairs", "facts", "ranking", "placed", "nearest"


class Counting:
    """A graph that counts what it is asked, by step."""

    def __init__(self, graph: GraphReader, asked: Counter[str]) -> None:
        self._graph, self._asked = graph, asked

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        safety = bool(plan) and all(tuple(wanted) in (OF_ONE, OF_PARTS) for wanted in plan.values())
        near = limit_each == FACTS_EACH
        self._asked[SAFETY if safety else NEAREST if near else FACTS] += 1
        return self._graph.neighbourhood(plan, limit_each=limit_each)

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        self._asked[RANKING] += 1
        return self._graph.rank_subjects(relation, objects, limit=limit)

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        self._asked[PLACED] += 1
        return self._graph.subjects_meeting(conditions, limit=limit)

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        self._asked[PAIRS] += 1
        return self._graph.between(left, right, relations)

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Chain]:
        self._asked["paths"] += 1
        return self._graph.paths(a, b, max_hops=max_hops, limit=limit)


@contextmanager
def counted(pipeline: Pipeline) -> Iterator[Callable[[str, Options], Counter[str]]]:
    """Asks a question and says what that cost."""
    asked: Counter[str] = Counter()
    counting = _counting(pipeline, asked)

    def ask(question: str, options: Options) -> Counter[str]:
        asked.clear()
        assert counting.ask(question, options).degraded == ()
        return Counter(asked)

    yield ask


def counted_check(pipeline: Pipeline, drugs: Sequence[str], patient: Patient) -> int:
    """How often a medication check reads the graph."""
    asked: Counter[str] = Counter()
    _counting(pipeline, asked).check(drugs, patient)
    return asked.total()


def _counting(pipeline: Pipeline, asked: Counter[str]) -> Pipeline:
    edition = pipeline.editions.current()

    def load(_: object) -> Edition:
        def open_graph(withheld: Withheld, degraded: list[str]) -> GraphReader:
            return Counting(edition.retriever.graph, asked)

        return replace(edition, open_graph=open_graph)

    editions = Editions(lambda: edition.pointer, load, lambda version, current: current)
    return replace(pipeline, editions=editions)


def assert_few(pipeline: Pipeline, questions: Sequence[str]) -> Counter[str]:
    """Asks every question for nobody and for a patient; the most that a step was used by one of them."""
    patient = Patient(age=70, pregnant=True, conditions=("高血压",), drugs=("布洛芬",), allergies=("青霉素",))
    most: Counter[str] = Counter()
    with counted(pipeline) as ask:
        for question in questions:
            for options in (Options(), Options(patient=patient)):
                cost = ask(question, options)
                assert cost.total() - cost[NEAREST] <= 3, (question, cost)
                assert max(cost.values(), default=0) <= (1 if cost[SAFETY] or cost[PAIRS] else 2), (question, cost)
                most |= cost
    return most


def test_the_mixed_questions_on_the_sample(sample: Pipeline) -> None:
    assert len(QUESTIONS) == 500
    """Facts twice: a cause that no record tells, then the departments of the illnesses that may be behind it."""
    assert assert_few(sample, QUESTIONS) == {FACTS: 2, RANKING: 1, PLACED: 1, SAFETY: 1, PAIRS: 1, NEAREST: 1}, (
        "each step was needed by some question"
    )


@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_the_mixed_questions_on_real_data(real_data: Path, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    files = [real_data / "kg" / "cmekg.jsonl", real_data / "kg" / "drug.json"]
    ingest(Library(tmp_path), files, settings=settings)
    assert_few(build(settings), QUESTIONS)


class OneQuery(Connection):
    """Counts queries and answers each with one empty row."""

    def __init__(self) -> None:
        super().__init__(Server("bolt://127.0.0.1:1", "neo4j", ""))
        self.sent = 0

    def read(self, query: LiteralString, parameters: Mapping[str, Any], *, timeout_s: float | None = None) -> list[Row]:
        self.sent += 1
        return [[[], []]] if "outgoing" in query else [[[]]]


def test_a_read_of_the_live_graph_is_one_query_whatever_its_size() -> None:
    connection = OneQuery()
    graph = Neo4jGraph(connection, "kb", 1, NOTHING)
    graph.neighbourhood({disease(f"病{n}"): () for n in range(500)}, limit_each=9)
    graph.rank_subjects(Relation.SYMPTOM, [symptom(f"症{n}") for n in range(500)], limit=9)
    graph.between([disease(f"病{n}") for n in range(500)], [symptom("症")], list(Relation))
    graph.paths(disease("甲"), disease("乙"), max_hops=3, limit=9)
    conditions = [Condition(Relation.SYMPTOM, (symptom(f"症{n}"),)) for n in range(50)]
    graph.subjects_meeting(conditions, limit=9)
    assert connection.sent == 5
    connection.close()

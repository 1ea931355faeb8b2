"""Whatever stands where Neo4j should: a question is answered in full from the snapshot, at most a second later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kg_loader import mirror
from rag import wiring
from rag.domain import Answer
from rag.pipeline import Options, Pipeline
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from tests.graph.live import connected
from tests.graph.servers import Relay, hang, listening, refusing, reset, talk_nonsense
from tests.kb import publish, settings_for, small_kb
from tests.neo4j_server import Address

pytestmark = pytest.mark.seconds

QUESTION = "甲病有哪些症状？"
EXTRA_S = 1.0


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "data")
    publish(library, {"test": small_kb()})
    return library


def embedded(library: Library) -> Answer:
    return wiring.build(settings_for(library.data_dir)).ask(QUESTION)


def with_neo4j(library: Library, uri: str, password: str = "wrong-password", **values: object) -> Pipeline:
    return wiring.build(settings_for(library.data_dir, neo4j_uri=uri, neo4j_password=password, **values))


def assert_full(answer: Answer, expected: Answer) -> None:
    assert (answer.text, answer.outcome, answer.citations) == (expected.text, expected.outcome, expected.citations)
    assert "头晕" in answer.text


@pytest.mark.parametrize(
    "server",
    [refusing(), listening(hang), listening(reset), listening(talk_nonsense)],
    ids=["refuses", "hangs", "resets", "nonsense"],
)
def test_anything_but_neo4j(library: Library, server: AbstractContextManager[str]) -> None:
    expected = embedded(library)
    with server as uri:
        pipeline = with_neo4j(library, uri)
        pipeline.editions.current()
        for number in range(6):
            begin = time.monotonic()
            answer = pipeline.ask(QUESTION)
            took = time.monotonic() - begin
            assert_full(answer, expected)
            assert answer.degraded == ("live-graph",)
            assert took < EXTRA_S + 0.3 if number < 3 else took < 0.3, "open: nobody waits any more"


def test_what_hung_is_let_go(library: Library) -> None:
    with listening(hang) as uri:
        pipeline = with_neo4j(library, uri)
        for _ in range(4):
            pipeline.ask(QUESTION)
        deadline = time.monotonic() + 5
        while any(thread.name == "yiwen-within" for thread in threading.enumerate()):
            assert time.monotonic() < deadline, "a thread still waits for the silent server"
            time.sleep(0.05)


def test_many_at_once_before_a_silent_server(library: Library) -> None:
    expected = embedded(library)
    with listening(hang) as uri, ThreadPoolExecutor(8) as pool:
        pipeline = with_neo4j(library, uri)
        pipeline.editions.current()
        begin = time.monotonic()
        for answer in pool.map(lambda _: pipeline.ask(QUESTION), range(16)):
            assert_full(answer, expected)
        assert time.monotonic() - begin < 3


# ---------------------------------------------------------------- a real server behind a relay


@pytest.fixture
def relay(neo4j_address: Address, library: Library) -> Iterator[tuple[Relay, str]]:
    manifest = read_manifest(library.snapshot_folder(1))
    with closing(connected(neo4j_address)) as connection:
        mirror.bring(connection, library, manifest)
    place = urlsplit(neo4j_address.uri)
    relay = Relay((str(place.hostname), int(place.port or 7687)))
    with listening(relay.serve) as uri:
        yield relay, uri


@pytest.mark.neo4j
@pytest.mark.timeout(300)
class TestRealServer:
    def test_answers_are_those_of_the_snapshot(
        self, library: Library, relay: tuple[Relay, str], neo4j_address: Address
    ) -> None:
        pipeline = with_neo4j(library, relay[1], neo4j_address.password)
        self._warm(pipeline)
        answer = pipeline.ask(QUESTION)
        assert_full(answer, embedded(library))
        assert answer.degraded == ()

    @staticmethod
    def _warm(pipeline: Pipeline) -> None:
        """A fresh server compiles its first queries for longer than an answer may wait; a probe sees to that."""
        deadline = time.monotonic() + 60
        while pipeline.ask(QUESTION).degraded:
            assert time.monotonic() < deadline, "the live graph never answered"
            time.sleep(0.5)

    def test_a_relation_added_by_hand_is_cited_by_the_next_answer(
        self, library: Library, relay: tuple[Relay, str], neo4j_address: Address
    ) -> None:
        pipeline = with_neo4j(library, relay[1], neo4j_address.password)
        self._warm(pipeline)
        before = pipeline.ask("乙病有哪些症状？")
        with closing(connected(neo4j_address)) as connection, connection.writing() as transaction:
            transaction.run(
                "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
                "CREATE (a)-[:HAS_SYMPTOM]->(b)",
                {"kb": read_manifest(library.snapshot_folder(1)).kb},
            )
        after = pipeline.ask("乙病有哪些症状？")
        assert "恶寒" not in before.text
        assert "恶寒" in after.text
        (cited,) = [citation for citation in after.citations if citation.source.kind == "editor"]
        assert (cited.quote, cited.source.title) == ("乙病的症状：恶寒", "知识库编辑者")

    def test_an_older_version_is_answered_from_its_snapshot(
        self, library: Library, relay: tuple[Relay, str], neo4j_address: Address
    ) -> None:
        publish(library, {"other": small_kb()[:8]})
        pipeline = with_neo4j(library, relay[1], neo4j_address.password)
        assert pipeline.ask(QUESTION).degraded == ("live-graph",), "Neo4j still holds version 1"
        self._warm_at(pipeline, 1)
        assert pipeline.ask(QUESTION, Options(kb_version=1)).degraded == ()

    @staticmethod
    def _warm_at(pipeline: Pipeline, version: int) -> None:
        for _ in range(20):
            if not pipeline.ask(QUESTION, Options(kb_version=version)).degraded:
                return

    def test_a_wrong_password(self, library: Library, relay: tuple[Relay, str]) -> None:
        pipeline = with_neo4j(library, relay[1])
        pipeline.editions.current()
        for _ in range(4):
            begin = time.monotonic()
            answer = pipeline.ask(QUESTION)
            assert time.monotonic() - begin < EXTRA_S + 0.3
            assert_full(answer, embedded(library))
            assert answer.degraded == ("live-graph",)

    def test_slow_and_cut_in_the_middle_of_a_result(
        self, library: Library, relay: tuple[Relay, str], neo4j_address: Address
    ) -> None:
        pipeline = with_neo4j(library, relay[1], neo4j_address.password)
        self._warm(pipeline)
        relay[0].flowing.clear()
        begin = time.monotonic()
        slow = pipeline.ask(QUESTION)
        assert time.monotonic() - begin < EXTRA_S + 0.3
        relay[0].flowing.set()
        relay[0].bytes_until_reset = 3
        cut = pipeline.ask(QUESTION)
        for answer in (slow, cut):
            assert_full(answer, embedded(library))
            assert answer.degraded == ("live-graph",)

    def test_a_restart_heals_by_itself(
        self, library: Library, relay: tuple[Relay, str], neo4j_address: Address
    ) -> None:
        # Within the answer, however long a busy machine takes: how long it may take, others say.
        pipeline = with_neo4j(library, relay[1], neo4j_address.password, neo4j_timeout_s=20.0)
        self._warm(pipeline)
        relay[0].stop()
        assert pipeline.ask(QUESTION).degraded == ("live-graph",)
        relay[0].up.set()
        assert pipeline.ask(QUESTION).degraded == ()
        relay[0].stop()
        relay[0].up.set()
        assert pipeline.ask(QUESTION).degraded == (), "dead connections of the pool are replaced within the answer"

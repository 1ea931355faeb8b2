"""What a server is asked before questions need it."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import LiteralString

import pytest

from api.catalogue import LibraryCatalogue
from kg_loader import mirror
from rag import wiring
from rag.errors import LiveGraphError, StaleGraphError
from rag.graph.bolt import Server
from rag.graph.warming import Served, warm_up
from rag.pipeline import Pipeline
from tests.graph.live import connected, published
from tests.graph.servers import refusing
from tests.kb import settings_for, small_kb
from tests.neo4j_server import Address

FORGET: LiteralString = "CALL db.clearQueryCaches()"


def server_of(address: Address) -> Server:
    return Server(address.uri, address.user, address.password, timeout_s=0.8)


def test_nobody_there() -> None:
    with refusing() as uri, pytest.raises(LiveGraphError, match="does not answer"):
        warm_up(Server(uri, "neo4j", "x"), Served("kb", 1))


@pytest.mark.neo4j
@pytest.mark.timeout(300)
class TestRealServer:
    def test_another_version_is_not_asked(self, neo4j_address: Address, tmp_path: Path) -> None:
        library, manifest = published(tmp_path, small_kb())
        with closing(connected(neo4j_address)) as connection:
            mirror.bring(connection, library, manifest)
        warm_up(server_of(neo4j_address), Served(manifest.kb, manifest.version))
        with pytest.raises(StaleGraphError):
            warm_up(server_of(neo4j_address), Served(manifest.kb, manifest.version + 1), follows_s=0)

    def test_a_graph_that_follows_the_pointer_is_waited_for(self, neo4j_address: Address, tmp_path: Path) -> None:
        library, first = published(tmp_path, small_kb())
        _, second = published(tmp_path, small_kb()[:8], dataset="other")
        with closing(connected(neo4j_address)) as connection:
            mirror.bring(connection, library, second)
            warm_up(server_of(neo4j_address), Served(second.kb, second.version))
            looking = threading.Thread(target=warm_up, args=(server_of(neo4j_address), Served(first.kb, first.version)))
            looking.start()
            looking.join(2)
            assert looking.is_alive(), "the version is not there yet"
            mirror.bring(connection, library, first)
        looking.join(60)
        assert not looking.is_alive()

    def test_after_a_roll_back_the_graph_is_warm_once_it_has_followed(
        self, neo4j_address: Address, tmp_path: Path
    ) -> None:
        library, first = published(tmp_path, small_kb())
        _, second = published(tmp_path, small_kb()[:8], dataset="other")
        settings = settings_for(library.data_dir, neo4j_uri=neo4j_address.uri, neo4j_password=neo4j_address.password)
        with closing(connected(neo4j_address)) as connection:
            mirror.bring(connection, library, second)
            pipeline = wiring.build(settings)
            pipeline.editions.refresh()
            with following(pipeline) as followed:
                assert followed.wait(10)
                wait_for_probe()
                connection.define(FORGET)
                with (library.root / "mirror.lock").open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)  # another process is bringing Neo4j somewhere
                    LibraryCatalogue(settings).activate(first.version)
                    while pipeline.editions.current().kb.version != first.version:
                        time.sleep(0.05)
                    followed.clear()
                    assert followed.wait(10)
                    time.sleep(2)
                wait_for_probe()
        assert pipeline.ask("甲病有哪些症状？").degraded == ()

    def test_a_version_that_becomes_current_is_answered_from_it_once_warm(
        self, neo4j_address: Address, tmp_path: Path
    ) -> None:
        library, manifest = published(tmp_path, small_kb())
        with closing(connected(neo4j_address)) as connection:
            mirror.bring(connection, library, manifest)
            connection.define(FORGET)
        pipeline = wiring.build(
            settings_for(library.data_dir, neo4j_uri=neo4j_address.uri, neo4j_password=neo4j_address.password)
        )
        pipeline.editions.refresh()
        with following(pipeline) as followed:
            assert followed.wait(10)
            wait_for_probe()
        for question in ("甲病有哪些症状？", "甲病吃什么药？", "头晕是什么病？", "甲病和乙病有什么区别？"):
            assert pipeline.ask(question).degraded == ()


@contextmanager
def following(pipeline: Pipeline) -> Iterator[threading.Event]:
    """The pipeline follows the pointer meanwhile; the event is set at each look, after what the last look found."""
    followed, stop = threading.Event(), threading.Event()
    follow = (0.1, stop, pytest.fail, followed.set)
    threading.Thread(target=pipeline.editions.follow, args=follow, daemon=True).start()
    try:
        yield followed
    finally:
        stop.set()


def wait_for_probe() -> None:
    """Until no thread looks at a server any more."""
    deadline = time.monotonic() + 120
    while any(thread.name == "yiwen-probe" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the server is still being warmed up"
        time.sleep(0.05)

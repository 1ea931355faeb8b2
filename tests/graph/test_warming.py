"""What a server is asked before questions need it."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import pytest

from kg_loader import mirror
from rag import wiring
from rag.errors import LiveGraphError, StaleGraphError
from rag.graph.bolt import Server
from rag.graph.warming import Served, warm_up
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
            warm_up(server_of(neo4j_address), Served(manifest.kb, manifest.version + 1))

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
        followed, stop = threading.Event(), threading.Event()
        follow = (0.1, stop, pytest.fail, followed.set)
        threading.Thread(target=pipeline.editions.follow, args=follow, daemon=True).start()
        assert followed.wait(10)
        wait_for_probe()
        stop.set()
        for question in ("甲病有哪些症状？", "甲病吃什么药？", "头晕是什么病？", "甲病和乙病有什么区别？"):
            assert pipeline.ask(question).degraded == ()


def wait_for_probe() -> None:
    """Until no thread looks at a server any more."""
    deadline = time.monotonic() + 120
    while any(thread.name == "yiwen-probe" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the server is still being warmed up"
        time.sleep(0.05)

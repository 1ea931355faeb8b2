"""Servers that will not do: each gives the operator one clear line, and questions their answers all the same."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, LiteralString

import pytest
from neo4j.exceptions import Neo4jError

from kg_loader import mirror
from kg_loader.ingest import ingest
from kg_loader.mirror import server_version
from rag import wiring
from rag.errors import ConfigurationError, LiveGraphError
from rag.graph.bolt import Connection, Row, Server, _translated
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from tests import neo4j_server
from tests.graph.live import connected
from tests.graph.servers import listening, refusing, reset
from tests.kb import generated, publish, settings_for, small_kb
from tests.neo4j_server import Address

pytestmark = pytest.mark.seconds

SERVER = Server("bolt://127.0.0.1:7687", "anna", "secret", "clinic")


class Reporting(Connection):
    """A server that says of itself what a test wants to hear."""

    def __init__(self, version: str) -> None:
        super().__init__(SERVER)
        self.version = version

    def read(self, query: LiteralString, parameters: Mapping[str, Any], *, timeout_s: float | None = None) -> list[Row]:
        return [[self.version, "community"]] if "dbms.components" in query else []


@pytest.mark.parametrize("version", ["4.4.0", "5.25.1", "3.5.35-enterprise", "dev"])
def test_a_server_that_is_too_old(tmp_path: Path, version: str) -> None:
    library = Library(tmp_path)
    publish(library, {"test": small_kb()})
    manifest = read_manifest(library.snapshot_folder(1))
    with closing(Reporting(version)) as connection:
        with pytest.raises(ConfigurationError, match=rf"7687 is {version}; expected 5.26 or newer") as caught:
            mirror.bring(connection, library, manifest)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("version", ["5.26.0", "5.26-aura", "2025.01.0", "2026.09.0"])
def test_a_server_that_will_do(version: str) -> None:
    with closing(Reporting(version)) as connection:
        assert server_version(connection) == version


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Neo.ClientError.Database.DatabaseNotFound", "has no database 'clinic'; check YIWEN_NEO4J_DATABASE"),
        ("Neo.ClientError.Cluster.NotALeader", "lets nobody write; point YIWEN_NEO4J_URI at the member that writes"),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", "lets nobody write"),
        ("Neo.ClientError.Security.Forbidden", "does not allow user 'anna'"),
        ("Neo.ClientError.Security.Unauthorized", "refuses user 'anna' (words of the server)"),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "has too little memory"),
        ("Neo.DatabaseError.Transaction.TransactionCommitFailed", "failed (words of the server); look at its disk"),
        ("Neo.ClientError.Statement.SyntaxError", "refuses (words of the server)"),
    ],
)
def test_every_refusal_is_one_line_that_says_what_to_do(code: str, expected: str) -> None:
    with pytest.raises(LiveGraphError) as caught, _translated(SERVER):
        raise Neo4jError._hydrate_neo4j(code=code, message="words of the server")
    message = str(caught.value)
    assert message.startswith("Neo4j at bolt://127.0.0.1:7687 ")
    assert expected in message
    assert "secret" not in message
    assert (message.count("\n"), caught.value.exit_code) == (0, 6)


def test_nothing_is_leaked_by_a_thousand_failures() -> None:
    with refusing() as nobody, listening(reset) as broken:
        connections = [Connection(Server(uri, "neo4j", "x", timeout_s=2)) for uri in (nobody, broken)]
        for connection in connections:
            _fail(connection)
        before = _held()
        for number in range(1000):
            _fail(connections[number % 2])
        assert _settled(before), (before, _held())
        for connection in connections:
            connection.close()


def _fail(connection: Connection) -> None:
    with pytest.raises(LiveGraphError):
        connection.read("RETURN 1", {})


def _held() -> tuple[int, int]:
    """Open files and threads of this process."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def _settled(before: tuple[int, int]) -> bool:
    """Whether no more is held than before, given a moment: the far end of a test's socket is a thread of ours."""
    deadline = time.monotonic() + 5
    while any(now > then for now, then in zip(_held(), before, strict=True)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# ---------------------------------------------------------------- real servers


def settings_at(address: Address, folder: Path, **values: object) -> Settings:
    given = {"neo4j_uri": address.uri, "neo4j_password": address.password, "neo4j_timeout_s": 5.0}
    return settings_for(folder, **{**given, **values})


def assert_answered(settings: Settings) -> None:
    """From the snapshot, in time, saying so."""
    pipeline = wiring.build(settings.model_copy(update={"neo4j_timeout_s": 0.8}))
    pipeline.editions.current()
    begin = time.monotonic()
    answer = pipeline.ask("甲病有哪些症状？")
    assert time.monotonic() - begin < 1.3
    assert ("头晕" in answer.text, answer.degraded) == (True, ("live-graph",))


def facts_file(folder: Path) -> Path:
    path = folder / "facts.csv"
    head = "subject,subject_type,relation,object,object_type,source\n"
    path.write_text(f"{head}甲病,disease,has_symptom,头晕,symptom,手册\n", encoding="utf-8")
    return path


@pytest.fixture
def published_alone(tmp_path: Path) -> Library:
    """A version that no Neo4j has heard of."""
    library = Library(tmp_path / "data")
    ingest(library, [facts_file(tmp_path)], settings=settings_for(tmp_path / "data"))
    return library


def test_a_first_ingestion_hears_of_a_server_that_is_not_there_before_it_reads(tmp_path: Path) -> None:
    library, heard = Library(tmp_path / "data"), list[str]()
    with refusing() as nobody:
        settings = settings_for(library.data_dir, neo4j_uri=nobody)
        with pytest.raises(LiveGraphError):
            ingest(library, [facts_file(tmp_path)], settings=settings, reached=heard.append)
    assert heard == []


@pytest.mark.neo4j
@pytest.mark.timeout(300)
class TestRealServers:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"neo4j_database": "clinic"}, "has no database 'clinic'; check YIWEN_NEO4J_DATABASE"),
            ({"neo4j_password": "wrong"}, "refuses user 'neo4j'"),
            ({"neo4j_user": "nobody"}, "refuses user 'nobody'"),
        ],
    )
    def test_a_wrong_setting(
        self, neo4j_address: Address, published_alone: Library, tmp_path: Path, wrong: dict[str, str], message: str
    ) -> None:
        settings = settings_at(neo4j_address, published_alone.data_dir, **wrong)
        with pytest.raises(LiveGraphError) as caught:
            ingest(published_alone, [facts_file(tmp_path)], settings=settings)
        assert (message in str(caught.value), str(caught.value).count("\n")) == (True, 0), str(caught.value)
        assert_answered(settings)

    @pytest.mark.parametrize(
        ("ours", "statement", "dropping"),
        [
            ("yiwen_source", "CREATE CONSTRAINT yiwen_source FOR (n:Theirs) REQUIRE n.x IS UNIQUE",
             "DROP CONSTRAINT yiwen_source"),
            ("yiwen_text", "CREATE TEXT INDEX yiwen_text FOR (n:Theirs) ON (n.x)", "DROP INDEX yiwen_text"),
        ],
    )  # fmt: skip
    def test_something_else_bears_one_of_our_names(
        self, tmp_path: Path, own_server: Address, ours: str, statement: LiteralString, dropping: LiteralString
    ) -> None:
        library = Library(tmp_path / "data")
        publish(library, {"test": small_kb()})
        manifest = read_manifest(library.snapshot_folder(1))
        with closing(connected(own_server)) as connection:
            for name in ("yiwen_source", "yiwen_text"):
                for kind in ("CONSTRAINT", "INDEX"):
                    if name != "yiwen_source" or kind != "INDEX":
                        connection.define(f"DROP {kind} {name} IF EXISTS")
            connection.define(statement)
            with pytest.raises(ConfigurationError, match=f"called {ours} on Theirs .* is not ours; drop it"):
                mirror.bring(connection, library, manifest, repair=True)
            connection.define(dropping)
            mirror.bring(connection, library, manifest, repair=True)
            assert mirror.state_of(connection, manifest.kb) == mirror.State(1, "ready", manifest.digest)

    def test_a_disk_that_is_full(self, tmp_path: Path, own_server: Address, own_pid: int) -> None:
        library = Library(tmp_path / "data")
        publish(library, {"test": small_kb()})
        settings = settings_at(own_server, library.data_dir)
        manifest = read_manifest(library.snapshot_folder(1))
        with closing(connected(own_server, timeout_s=60)) as connection:
            mirror.bring(connection, library, manifest)
            publish(library, {"more": generated(1, 4000)})
            second = read_manifest(library.snapshot_folder(2))
            limit = resource.prlimit(own_pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
            try:
                with pytest.raises(LiveGraphError) as caught:
                    mirror.bring(connection, library, second)
            finally:
                resource.prlimit(own_pid, resource.RLIMIT_FSIZE, limit)
        assert ("Neo4j at bolt://" in str(caught.value), str(caught.value).count("\n")) == (True, 0)
        assert_answered(settings)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("neo4j-own")


@pytest.fixture(scope="module")
def own_server(own_folder: Path) -> Iterator[Address]:
    """A server that a test may spoil."""
    with neo4j_server.shared(own_folder) as address:
        yield address


@pytest.fixture
def own_pid(own_folder: Path, own_server: Address) -> int:
    return int((own_folder / "pid").read_text())


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_a_member_that_only_follows(published_alone: Library, tmp_path: Path) -> None:
    with neo4j_server.shared(tmp_path / "neo4j"):
        pass  # a database that does not exist yet could not be made
    neo4j_server.stopped(tmp_path / "neo4j")
    read_only = "server.databases.default_to_read_only=true"
    with neo4j_server.shared(tmp_path / "neo4j", read_only) as address:
        settings = settings_at(address, published_alone.data_dir)
        with pytest.raises(LiveGraphError, match="lets nobody write") as caught:
            ingest(published_alone, [facts_file(tmp_path)], settings=settings)
        assert "\n" not in str(caught.value)
        assert_answered(settings)

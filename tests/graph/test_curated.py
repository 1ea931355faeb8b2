"""Withdrawing and erasing with a real Neo4j: what it shows, what stays in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import pytest

from kg_loader.curation import withdraw
from kg_loader.erasure import erase
from kg_loader.ingest import ingest
from kg_loader.live_verify import compare_graphs
from kg_loader.recovery import recover
from rag.domain import Passage, PassageKind
from rag.errors import LiveGraphError
from rag.graph.bolt import Connection
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from rag.wiring import build
from tests.graph.live import connected
from tests.kb import BOOK, has_symptom, publish, settings_for, small_kb
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]
SECRET = Passage("甲病患者魍魉某某，自述静养无效。", PassageKind.CONCLUSION, BOOK.id)
SEARCH: LiteralString = """
MATCH (n) WHERE (n.kb = $kb OR n.kb IS NULL) AND any(key IN keys(n) WHERE toString(n[key]) CONTAINS $text)
RETURN count(n)
"""


@pytest.fixture(scope="module")
def connection(neo4j_address: Address) -> Iterator[Connection]:
    with closing(connected(neo4j_address)) as found:
        yield found


@pytest.fixture
def settings(data_dir: Path, neo4j_address: Address) -> Settings:
    return settings_for(
        data_dir, neo4j_uri=neo4j_address.uri, neo4j_password=neo4j_address.password, neo4j_timeout_s=20.0
    )


@pytest.fixture
def library(settings: Settings) -> Library:
    library = Library(settings.data_dir)
    publish(library, {"small": [*small_kb(), SECRET]})
    with library.writing():
        recover(library, settings)
    return library


def count(connection: Connection, library: Library, text: str) -> int:
    """Nodes with this text, of this knowledge base or of nobody; other tests have others in the same server."""
    kb = read_manifest(library.snapshot_folder(1)).kb
    return int(connection.read(SEARCH, {"text": text, "kb": kb})[0][0])


def test_a_withdrawn_fact_is_not_read_from_the_live_graph(library: Library, settings: Settings) -> None:
    pipeline = build(settings)
    answer = pipeline.ask("甲病有哪些症状")
    assert answer.degraded == ()
    cited = {citation.evidence_id for citation in answer.citations}
    assert has_symptom("甲病", "恶寒").id in cited
    withdraw(library, has_symptom("甲病", "恶寒").id, "x")
    after = pipeline.ask("甲病有哪些症状")
    assert after.degraded == ()
    assert {citation.evidence_id for citation in after.citations} == cited - {has_symptom("甲病", "恶寒").id}


def test_erased_content_leaves_neo4j_even_where_others_have_tied_to_it(
    connection: Connection, library: Library, settings: Settings
) -> None:
    with connection.writing() as transaction:
        kb = read_manifest(library.snapshot_folder(1)).kb
        note: LiteralString = "MATCH (p:Passage {kb: $kb, id: $id}) CREATE (:Note {text: '我的笔记'})-[:ON]->(p)"
        transaction.run(note, {"kb": kb, "id": SECRET.id})
    assert count(connection, library, "魍魉") == 1
    erase(library, settings, SECRET.id, "本人要求")
    assert count(connection, library, "魍魉") == 0
    assert count(connection, library, "我的笔记") == 1
    manifest = read_manifest(library.snapshot_folder(1))
    assert compare_graphs(connection, library, manifest).problems == ()
    assert build(settings).ask("甲病有哪些症状").degraded == ()


def test_without_neo4j_an_erasure_waits_and_serves_nothing(
    connection: Connection, library: Library, settings: Settings, tmp_path: Path
) -> None:
    away = settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"})
    with pytest.raises(LiveGraphError):
        erase(library, away, SECRET.id, "本人要求")
    assert library.register.read().unfinished
    assert SECRET.id not in {e.id for e in build(settings).search("魍魉某某静养")[1]}
    path = tmp_path / "drug.txt"
    path.write_text("某药\n", encoding="utf-8")
    ingest(library, [path], settings=settings)
    assert library.register.read().unfinished == ()
    assert count(connection, library, "魍魉") == 0
    needle = "魍魉".encode()
    assert not [path for path in library.data_dir.rglob("*") if path.is_file() and needle in path.read_bytes()]

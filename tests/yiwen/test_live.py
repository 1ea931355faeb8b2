"""`yiwen kb adopt` as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.graph.live import connected
from tests.neo4j_server import Address
from tests.yiwen.conftest import ROW_A, Yiwen, facts_file

DRAW = (
    "MATCH (a:Disease {kb: $kb, name: '甲病'}) "
    "CREATE (a)-[:HAS_SYMPTOM]->(:Entity:Symptom {name: '咳嗽'}), (a)-[:CURE_RATE]->(:Entity:Symptom {name: '暂无'})"
)


def test_without_a_neo4j_the_setting_is_named(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    done = yiwen("kb", "adopt")
    assert (done.code, done.out) == (2, "")
    assert "YIWEN_NEO4J_URI" in done.err


def test_a_neo4j_that_is_not_there_is_said_in_one_line(
    yiwen: Yiwen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    monkeypatch.setenv("YIWEN_NEO4J_URI", "bolt://127.0.0.1:1")
    done = yiwen("kb", "adopt")
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert "127.0.0.1:1" in done.err


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_adopting(
    yiwen: Yiwen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, neo4j_address: Address, unclaimed: None
) -> None:
    monkeypatch.setenv("YIWEN_NEO4J_URI", neo4j_address.uri)
    monkeypatch.setenv("YIWEN_NEO4J_PASSWORD", neo4j_address.password)
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    kb = yiwen("kb", "info", "--json").json["kb"]
    connection = connected(neo4j_address)
    with connection.writing() as transaction:
        transaction.run(DRAW, {"kb": kb})
    shown = yiwen("kb", "adopt", "--dry-run", "--json")
    assert (shown.code, shown.json["version"], shown.json["dry_run"]) == (7, 1, True)
    assert yiwen("kb", "verify", "--json").json["live"]["edits"] != []
    done = yiwen("kb", "adopt")
    assert done.code == 7
    assert "relation  disease:甲病 -[HAS_SYMPTOM]-> 咳嗽  f:" in done.out
    assert "refused   (:Symptom 暂无): '暂无' is no name (placeholder)" in done.out
    assert "version   2 (2 edits adopted)" in done.out
    with connection.writing() as transaction:
        transaction.run("MATCH (n:Symptom {name: '暂无'}) DETACH DELETE n", {})
    connection.close()
    again = yiwen("kb", "adopt")
    assert (again.code, again.out.splitlines()[0]) == (0, "nothing was changed by hand in Neo4j")
    assert yiwen("kb", "verify", "--json").json["live"]["ok"]
    assert yiwen("kb", "info", "--json").json["datasets"] == ["a", "editors"]

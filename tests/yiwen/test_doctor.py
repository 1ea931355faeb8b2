"""`doctor` names what is wrong and ends with 6 only then."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.neo4j_server import Address
from tests.yiwen.conftest import ROW_A, Yiwen, facts_file


def states(document: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in document["checks"]}


def test_a_sound_installation_passes(on_sample: Yiwen) -> None:
    done = on_sample("doctor", "--json")
    assert done.code == 0
    assert done.json["ok"] is True
    assert {
        "versions",
        "faiss",
        "extras",
        "settings",
        "data folder",
        "disk space",
        "port",
        "state",
        "knowledge base",
        "register",
        "embedder",
    } == set(states(done.json))
    assert "fail" not in states(done.json).values()


def test_no_knowledge_base_and_a_taken_port_are_warnings(yiwen: Yiwen, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("YIWEN_PORT", str(taken.getsockname()[1]))
        done = yiwen("doctor", "--json")
    assert done.code == 0
    assert (states(done.json)["knowledge base"], states(done.json)["port"]) == ("warn", "warn")


def test_a_damaged_version_fails(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    (records,) = data_dir.glob("kb/snapshots/*/records.sqlite")
    records.write_bytes(records.read_bytes()[:-1] + b"x")
    done = yiwen("doctor", "--json")
    assert (done.code, states(done.json)["knowledge base"]) == (6, "fail")
    assert done.err == "yiwen: doctor found a problem with: knowledge base\n"


def test_another_embedder_fails(on_sample: Yiwen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_EMBEDDER", str(tmp_path / "no-model"))
    assert states(on_sample("doctor", "--json").json)["embedder"] == "fail"


def test_a_state_database_that_cannot_be_used_fails(yiwen: Yiwen, data_dir: Path) -> None:
    data_dir.mkdir(exist_ok=True)
    (data_dir / "state.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 50)
    assert states(yiwen("doctor", "--json").json)["state"] == "fail"


def test_a_neo4j_that_does_not_answer_fails(on_sample: Yiwen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_NEO4J_URI", "bolt://127.0.0.1:1")
    done = on_sample("doctor", "--json")
    assert (done.code, states(done.json)["live graph"]) == (6, "fail")


def test_a_neo4j_that_does_not_answer_fails_before_there_is_a_version(
    yiwen: Yiwen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIWEN_NEO4J_URI", "bolt://127.0.0.1:1")
    done = yiwen("doctor", "--json")
    assert (done.code, states(done.json)["live graph"]) == (6, "fail"), "else the first ingestion finds out, at its end"


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_neo4j_is_told_with_its_version(
    yiwen: Yiwen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, neo4j_address: Address, unclaimed: None
) -> None:
    with monkeypatch.context() as live:
        live.setenv("YIWEN_NEO4J_URI", neo4j_address.uri)
        live.setenv("YIWEN_NEO4J_PASSWORD", neo4j_address.password)
        assert states(yiwen("doctor", "--json").json)["live graph"] == "ok", "it waits for a first version"
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    monkeypatch.setenv("YIWEN_NEO4J_URI", neo4j_address.uri)
    monkeypatch.setenv("YIWEN_NEO4J_PASSWORD", neo4j_address.password)
    assert states(yiwen("doctor", "--json").json)["live graph"] == "warn"
    assert yiwen("ingest", facts_file(tmp_path / "b.csv", ROW_A)).code == 0
    assert states(yiwen("doctor", "--json").json)["live graph"] == "ok"


def test_wrong_settings_fail(on_sample: Yiwen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_PORT", "abc")
    done = on_sample("doctor")
    assert done.code == 6
    assert "fail  settings" in done.out


def test_a_folder_that_cannot_be_written_fails(yiwen: Yiwen, data_dir: Path) -> None:
    data_dir.rmdir()
    data_dir.write_text("", encoding="utf-8")
    assert states(yiwen("doctor", "--json").json)["data folder"] == "fail"

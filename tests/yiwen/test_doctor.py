"""`doctor` names what is wrong and ends with 6 only then."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

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


def test_wrong_settings_fail(on_sample: Yiwen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIWEN_PORT", "abc")
    done = on_sample("doctor")
    assert done.code == 6
    assert "fail  settings" in done.out


def test_a_folder_that_cannot_be_written_fails(yiwen: Yiwen, data_dir: Path) -> None:
    data_dir.rmdir()
    data_dir.write_text("", encoding="utf-8")
    assert states(yiwen("doctor", "--json").json)["data folder"] == "fail"

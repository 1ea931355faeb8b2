"""`yiwen kb export` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.yiwen.conftest import ROW_A, ROW_B, Yiwen, facts_file, run


def two_data_sets(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), facts_file(tmp_path / "b.csv", ROW_B))


def test_an_export_is_ingested_as_the_same_knowledge_base(yiwen: Yiwen, tmp_path: Path) -> None:
    two_data_sets(yiwen, tmp_path)
    out = tmp_path / "kb.jsonl"
    assert (yiwen("kb", "export", "--out", out).code, yiwen("kb", "export").out) == (0, out.read_text("utf-8"))
    again = run(["--data-dir", tmp_path / "again", "ingest", out, "--json"])
    assert again.code == 0
    assert again.json["digest"] == yiwen("kb", "info", "--json").json["digest"]
    assert run(["--data-dir", tmp_path / "again", "kb", "info", "--json"]).json["datasets"] == ["a", "b"]
    part = run(["--data-dir", tmp_path / "part", "ingest", out, "--dataset", "c"])
    assert (part.code, "holds the data sets a, b, not c" in part.err) == (2, True)


def test_an_export_is_there_whole_or_not_at_all(yiwen: Yiwen, tmp_path: Path) -> None:
    two_data_sets(yiwen, tmp_path)
    done = yiwen("kb", "export", "--out", tmp_path / "missing" / "kb.jsonl")
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert list(tmp_path.glob("**/*.tmp")) == []


def test_graphml_and_a_bulk_import(yiwen: Yiwen, tmp_path: Path) -> None:
    two_data_sets(yiwen, tmp_path)
    assert yiwen("kb", "export", "--to", "graphml", "--out", tmp_path / "kb.graphml").code == 0
    assert "<graphml" in (tmp_path / "kb.graphml").read_text("utf-8")
    assert yiwen("kb", "export", "--to", "graphml").out == (tmp_path / "kb.graphml").read_text("utf-8")
    done = yiwen("kb", "export", "--to", "neo4j-admin", "--out", tmp_path / "bulk")
    assert "neo4j-admin database import full neo4j @import.args" in done.out
    assert (tmp_path / "bulk" / "HAS_SYMPTOM-Entity.csv").is_file()
    refused = yiwen("kb", "export", "--to", "neo4j-admin", "--out", tmp_path / "bulk")
    assert (refused.code, "is no empty folder" in refused.err) == (2, True)
    assert yiwen("kb", "export", "--to", "neo4j-admin").code == 2
    assert yiwen("kb", "export", "--to", "parquet").code == 2


def test_an_older_version(yiwen: Yiwen, tmp_path: Path) -> None:
    two_data_sets(yiwen, tmp_path)
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_B))
    assert json.loads(yiwen("kb", "export", 1).out.splitlines()[0])["version"] == 1
    assert yiwen("kb", "export", 9).code == 3

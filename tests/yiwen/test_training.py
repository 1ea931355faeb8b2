"""`train embed` and `eval`: thin, so a small run of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.yiwen.conftest import ROW_A, Yiwen, facts_file


def _pairs(path: Path) -> Path:
    rows = [{"question": f"头痛{n}怎么办", "answer": f"头痛{n}请休息并就医"} for n in range(12)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_trained_embedding_can_be_used(yiwen: Yiwen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model"
    done = yiwen(
        "train",
        "embed",
        "--pairs",
        _pairs(tmp_path / "p.jsonl"),
        "--out",
        out,
        "--epochs",
        1,
        "--dimension",
        16,
        "--json",
    )
    assert done.code == 0
    assert done.json["dimension"] == 16
    monkeypatch.setenv("YIWEN_EMBEDDER", str(out))
    assert yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A)).code == 0
    assert yiwen("kb", "info", "--json").json["embedder"] == done.json["identity"]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "{"])
def test_files_without_pairs_are_invalid_data(yiwen: Yiwen, tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content, encoding="utf-8")
    done = yiwen("train", "embed", "--pairs", path, "--out", tmp_path / "model")
    assert done.code == 5
    assert len(done.err.splitlines()) == 1


def test_missing_pairs_are_not_found(yiwen: Yiwen, tmp_path: Path) -> None:
    assert yiwen("train", "embed", "--pairs", tmp_path / "none.csv", "--out", tmp_path / "model").code == 3


def test_graph_questions_are_judged(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    question = {
        "id": "1", "kind": "forward", "intent": "相关症状", "style": "plain", "question": "甲病有什么症状",
        "disease": "甲病", "gold": ["头晕"],
    }  # fmt: skip
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(question, ensure_ascii=False) + "\n", encoding="utf-8")
    done = yiwen("eval", "graph", "--questions", file, "--json")
    assert done.code == 0
    assert done.json["forward_object_f1"] == 1.0
    assert "forward_object_f1" in yiwen("eval", "graph", "--questions", file, "--worst", 1).out


def test_linking_is_judged(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    done = yiwen("eval", "linking", "--json")
    assert done.code == 0
    assert done.json["linking"]["merged_pairs"] == []
    assert done.json["linking"]["span_recall"]["of"] > 700
    assert done.json["kb"]["digest"]
    assert "link_precision" in yiwen("eval", "linking", "--faults").out


@pytest.mark.parametrize("command", ["retrieval", "tune", "graph", "linking"])
def test_a_data_folder_that_is_missing_or_empty_is_not_found(yiwen: Yiwen, tmp_path: Path, command: str) -> None:
    for folder in (tmp_path / "none", tmp_path):
        done = yiwen("eval", command, "--data", folder)
        assert done.code in (1, 3)
        assert len(done.err.splitlines()) == 1
        assert "unexpected" not in done.err


def test_graph_questions_come_from_one_place(yiwen: Yiwen, tmp_path: Path) -> None:
    assert yiwen("eval", "graph").code == 2
    assert yiwen("eval", "graph", "--questions", tmp_path / "none.jsonl").code == 3
    assert yiwen("eval", "retrieval", "--data", tmp_path, "--set", "nope").code == 3


def test_speed_is_measured(yiwen: Yiwen) -> None:
    done = yiwen("bench", "--part", "start", "--rounds", 1, "--json")
    assert done.code == 0
    assert [figure["name"] for figure in done.json["figures"]] == ["import rag", "yiwen --help"]
    assert yiwen("bench", "--part", "nope").code == 2

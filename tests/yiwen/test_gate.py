"""The gate as an operator meets it: reported, refused, asked by hand."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from kg_loader.gate import KINDS, PACKAGED, read_questions
from tests.source_tree import ROOT
from tests.yiwen.conftest import ROW_A, ROW_B, Yiwen, facts_file, run

CHANGED = "甲病,disease,has_symptom,恶寒,symptom,editorial"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text("甲病有哪些症状\n乙病有哪些症状\n", encoding="utf-8")
    return path


@pytest.fixture
def changed(yiwen: Yiwen, tmp_path: Path) -> Path:
    """A file that would change one of two answers of what is published."""
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, ROW_B), "--dataset", "x")
    return facts_file(tmp_path / "b.csv", CHANGED, ROW_B)


def test_without_limits_it_reports(yiwen: Yiwen, changed: Path, questions: Path) -> None:
    done = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions)
    assert done.code == 0
    for part in (
        "gate      1 of 2 answers changed (lost 1, gained 1), 0 not as expected",
        "? 甲病有哪些症状  [answered]", "- f:", "甲病的症状：头晕", "+ f:", "甲病的症状：恶寒", "version   2 (added",
    ):  # fmt: skip
        assert part in done.out


def test_it_refuses_with_the_reasons_and_code_4(yiwen: Yiwen, changed: Path, questions: Path) -> None:
    done = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions, "--gate", "10%")
    assert (done.code, len(done.err.splitlines())) == (4, 1)
    assert "the gate refuses version 2: 1 of 2 answers changed (any), allowed 10%" in done.err
    assert "? 甲病有哪些症状" in done.out
    assert [v["version"] for v in yiwen("kb", "versions", "--json").json["versions"]] == [1]
    refused = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions, "--gate", "0", "--json")
    assert (refused.code, refused.json["gate"]["passed"], refused.json["gate"]["changed"]["any"]) == (4, False, 1)
    passed = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions, "--gate", "50%", "--json")
    assert (passed.code, passed.json["gate"]["passed"]) == (0, True)


def test_a_dry_run_asks_the_gate_too(yiwen: Yiwen, changed: Path, questions: Path) -> None:
    done = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions, "--dry-run", "--json")
    assert (done.code, done.json["gate"]["changed"]["lost"], done.json["dry_run"]) == (0, 1, True)
    refused = yiwen("ingest", changed, "--dataset", "x", "--gate-file", questions, "--gate", "0", "--dry-run")
    assert refused.code == 4
    assert [v["version"] for v in yiwen("kb", "versions", "--json").json["versions"]] == [1]


def test_the_settings_set_a_gate_for_every_ingestion(
    yiwen: Yiwen, changed: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIWEN_GATE_FILE", str(questions))
    monkeypatch.setenv("YIWEN_GATE", "outcome,lost")
    assert yiwen("ingest", changed, "--dataset", "x").code == 4
    assert yiwen("ingest", changed, "--dataset", "x", "--gate", "outcome").code == 0


def test_limits_need_questions_and_sense(yiwen: Yiwen, changed: Path, tmp_path: Path) -> None:
    assert yiwen("ingest", changed, "--dataset", "x", "--gate", "0").code == 2
    assert yiwen("ingest", changed, "--dataset", "x", "--gate", "much", "--gate-file", PACKAGED).code == 2
    assert yiwen("ingest", changed, "--dataset", "x", "--gate-file", tmp_path / "none").code == 3


def test_two_versions_are_compared_by_hand(yiwen: Yiwen, changed: Path, questions: Path) -> None:
    yiwen("ingest", changed, "--dataset", "x")
    done = yiwen("kb", "gate", "1", "2", "--gate-file", questions)
    assert done.code == 0
    assert "1 of 2 answers changed" in done.out
    refused = yiwen("kb", "gate", "2", "1", "--gate-file", questions, "--gate", "0", "--json")
    assert (refused.code, refused.json["gate"]["from"], refused.json["gate"]["to"]) == (4, 2, 1)
    assert yiwen("kb", "gate", "1", "9", "--gate-file", questions).code == 3


def test_the_packaged_questions_hold_for_the_sample(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(sample, folder)
    more = facts_file(tmp_path / "more.csv", ROW_A)
    done = run(["--data-dir", folder, "ingest", more, "--gate", "0", "--json"])
    assert done.code == 0, done.err
    gate = done.json["gate"]
    assert (gate["failed"], gate["changed"]["any"], gate["questions"]) == (0, 0, 15)
    assert gate["file"].endswith("gate.jsonl")
    lost = facts_file(tmp_path / "lost.csv", ROW_B)
    refused = run(["--data-dir", folder, "ingest", lost, "--dataset", "sample", "--allow-shrink", "--gate", "100%"])
    assert refused.code == 4
    assert "answers are not as expected" in refused.err


def test_the_example_of_the_operations_page_is_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```jsonl\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "questions.jsonl"
    path.write_text(example, encoding="utf-8")
    assert len(read_questions(path, longest=100)) == 2
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_every_packaged_question_expects_something() -> None:
    rows = [json.loads(line) for line in PACKAGED.read_text(encoding="utf-8").splitlines()]
    assert all(row.keys() > {"question"} for row in rows)

"""The refusal measure on a small knowledge base of raw files: what is deleted, what counts as a refusal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.refusal import RefusalReport, evaluate, knowledge_base, run, without
from evaluation.sets.make_refusal_questions import make
from rag.errors import NotFoundError
from rag.settings import Settings
from tests.evaluation.raw_data import write_raw_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw_data(tmp_path_factory.mktemp("raw") / "data")


@pytest.fixture(scope="module")
def rows(data: Path) -> list[dict[str, Any]]:
    return list(make(data))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def report(data: Path, kept: Path) -> RefusalReport:
    return run(data, Settings(_env_file=None), kept)


def test_every_question_is_judged_and_nothing_comes_from_nothing(report: RefusalReport) -> None:
    assert len(report.verdicts) == 400
    assert report.answered_from_nothing == []
    assert sum(row["questions"] for row in report.categories().values()) == 400
    assert report.digest


def test_what_was_deleted_is_refused_and_what_is_there_is_found(report: RefusalReport) -> None:
    found = report.categories()
    assert found["deleted"]["abstained"] == 50
    assert found["invented_drug"]["abstained"] == 20
    assert found["disease"]["right"] > 65, "half of 130"
    refused = [v for v in report.verdicts if v.answerable and v.abstained]
    assert all(not v.right and v.confidence == 0 for v in refused)


def test_the_report_reads_the_same_both_ways(report: RefusalReport) -> None:
    summary = report.summary()
    rate = report.abstained(answerable=False)
    assert rate.low <= rate.value <= rate.high
    assert summary["abstains"] == rate.as_list()
    assert str(rate) in report.markdown()
    assert summary["risk_coverage"][-1][0] == 1.0  # type: ignore[index]
    assert report.best_aurc <= report.aurc().value
    json.dumps(summary)


def test_a_kept_knowledge_base_is_taken_as_it_is(kept: Path, data: Path, report: RefusalReport) -> None:
    with knowledge_base(data / "not there", Settings(_env_file=None), (), kept) as pipeline:
        assert pipeline.editions.current().kb.digest == report.digest


def test_a_gap_counts_as_told_only_where_the_answer_names_it(
    kept: Path, data: Path, rows: list[dict[str, Any]]
) -> None:
    name = next(str(r["entity"]) for r in rows if r["category"] == "missing_relation" and r["relation"] == "治愈率")
    asked = {"id": "a", "category": "missing_relation", "answerable": False, "entity": name, "outcomes": ["partial"]}
    both = asked | {"question": f"{name}有哪些症状，治愈率是多少", "relation": "治愈率"}
    other = both | {"id": "b", "relation": "费用"}
    with knowledge_base(data, Settings(_env_file=None), (), kept) as pipeline:
        verdicts = evaluate(pipeline, [both, other]).verdicts
    assert [v.outcome for v in verdicts] == ["partial", "partial"]
    assert [v.abstained for v in verdicts] == [True, False]


def test_records_and_rows_of_a_deleted_name_go_and_others_stay(data: Path, tmp_path: Path) -> None:
    first, second = (json.loads(line) for line in (data / "kg" / "cmekg.jsonl").read_text().splitlines()[:2])
    records, table, drugs = without(data, tmp_path, {first["中心词"]})
    names = [json.loads(line)["中心词"] for line in records.read_text(encoding="utf-8").splitlines()]
    assert first["中心词"] not in names
    assert second["中心词"] in names
    with table.open(encoding="gb18030", newline="") as file:
        listed = {row["name"] for row in csv.DictReader(file)}
    assert first["中心词"] not in listed
    assert second["中心词"] in listed
    assert drugs.read_bytes() == (data / "kg" / "drug.json").read_bytes()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"cmekg\.jsonl"):
        run(tmp_path, Settings(_env_file=None))

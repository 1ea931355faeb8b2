"""Simulated patients answer what they are asked, and what asking gains is counted rightly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.dialogue import (
    Dialogue,
    DialogueReport,
    Patient,
    evaluate,
    markdown,
    read_patients,
    talk,
    write_transcripts,
)
from rag.domain import Alias, AliasKind, EntityId, Record
from rag.pipeline import Pipeline
from rag.vocabulary import Relation
from tests.answering.records import BOOK, fact
from tests.evaluation.sets_scripts import output
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

SYMPTOMS = {
    "甲热病": ("头晕", "乏力", "咳嗽"),
    "乙热病": ("头晕", "乏力", "咽痛"),
    "丙热病": ("头晕", "乏力", "腹痛"),
    "丁热病": ("头晕", "乏力", "胸闷", "盗汗", "耳鸣"),
}


def records() -> Iterator[Record]:
    yield BOOK
    for name, symptoms in SYMPTOMS.items():
        yield entity(f"disease:{name}")
        yield from (fact(f"disease:{name}", Relation.SYMPTOM, f"symptom:{symptom}") for symptom in symptoms)
    for n in range(9):
        yield fact(f"disease:别的病{n}", Relation.SYMPTOM, f"symptom:别的症状{n}")
    yield Alias("肚子疼", EntityId("symptom:腹痛"), AliasKind.COLLOQUIAL)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(list(records()))
    return fake_pipeline(library)


def patient(disease: str, answers: dict[str, str], own: int = 6) -> Patient:
    return Patient("s1", disease, 3, own, "头晕、乏力是什么病", answers, "不清楚", "就这些")


def test_a_symptom_that_the_patient_has_is_revealed_when_asked(pipeline: Pipeline) -> None:
    found = talk(pipeline, patient("丁热病", {"胸闷": "有，有胸闷", "盗汗": "有盗汗的", "耳鸣": "有耳鸣"}))
    assert found.ranks[0] == 4, "it has most other symptoms"
    assert found.ranks[-1] == 1
    assert 1 <= len(found.asked) <= 3
    assert (found.hit(1, after=False), found.hit(1, after=True)) == (0.0, 1.0)


def test_a_patient_who_knows_nothing_changes_nothing(pipeline: Pipeline) -> None:
    found = talk(pipeline, patient("丁热病", {}))
    assert set(found.ranks) == {4}
    assert [match for _, match in found.asked] == ["", "", ""]


def test_a_question_in_another_word_is_understood_and_told() -> None:
    asked: list[tuple[str, str]] = []
    names = {"腹痛": ["肚子疼"]}
    said = patient("丙热病", {"肚子疼": "有，肚子疼"}).reply("有没有“腹痛”？", lambda n: names.get(n, []), asked)
    assert said == "有，肚子疼"
    assert asked == [("腹痛", "肚子疼")]


def test_what_is_not_cited_has_no_rank(pipeline: Pipeline) -> None:
    assert talk(pipeline, patient("没有的病", {})).hit(10, after=True) == 0.0


def test_figures(tmp_path: Path) -> None:
    one, two = patient("甲热病", {}), patient("乙热病", {}, own=2)
    report = DialogueReport(
        [
            Dialogue(one, (4, 2, 1), (("咳嗽", "咳嗽"), ("咽痛", "")), False),
            Dialogue(two, (None, 3), (("胸闷", "憋"),), True),
        ]
    )
    summary = json.loads(json.dumps(report.summary()))
    assert summary["all"]["hit@1 before"][0] == 0.0
    assert summary["all"]["hit@1 after"][0] == 0.5
    assert summary["all"]["hit@3 gain"][0] == 1.0
    assert summary["all"]["questions"][0] == 1.5
    assert summary["own record"]["patients"] == summary["merged rows"]["patients"] == 1
    assert summary["answered unknown"] == round(1 / 3, 4)
    assert summary["emergencies"] == 1
    assert summary["other words"] == [["胸闷", "憋"]]
    assert "| hit@1 gain | 0.500 [" in markdown(summary)
    out = tmp_path / "turns.jsonl"
    write_transcripts(report, out)
    assert [json.loads(line)["ranks"] for line in out.read_text("utf-8").splitlines()] == [[4, 2, 1], [None, 3]]


def test_nobody_is_no_fault() -> None:
    assert DialogueReport().summary()["patients"] == 0


@pytest.mark.real_data
@pytest.mark.timeout(300)  # whoever comes first ingests all real files
def test_real_patients_gain_by_being_asked(real: Pipeline, real_data: Path, tmp_path: Path) -> None:
    """Every tenth patient, on a knowledge base without disease.csv."""
    file = tmp_path / "patients.jsonl"
    file.write_bytes(output("make_simulated_patients.py", real_data))
    report = evaluate(real, read_patients(file)[::10])
    assert report.gain(1).low > 0.15
    assert max(len(d.asked) for d in report.dialogues) <= 3

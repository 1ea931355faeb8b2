"""Acupoints for an illness: what its record lists, and the points whose own records name it."""

from __future__ import annotations

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build

FACTS = """subject,subject_type,relation,object,object_type,source
甲痛,disease,treated_by,乙里,acupoint,教材
甲痛,disease,treated_by,药物治疗,treatment,教材
甲痛,disease,treated_with_drug,丁药片,drug,教材
丙谷,acupoint,indicated_for,甲痛,disease,教材
丙谷,acupoint,indicated_for,戊病,disease,教材
戊病,disease,treated_with_drug,丁药片,drug,教材
"""


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("points")
    path = folder / "facts.csv"
    path.write_text(FACTS, encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=folder / "data")
    ingest(Library(settings.data_dir), [path], dataset="points", settings=settings)
    return build(settings)


@pytest.mark.parametrize("question", ["甲痛取什么穴", "甲痛按哪个穴位"])
def test_points_are_told_and_nothing_else(points: Pipeline, question: str) -> None:
    answer = points.ask(question)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text == "甲痛的治疗方案包括：乙里[1]。\n丙谷的适应证有：甲痛[2]。"


def test_points_that_only_their_own_records_name(points: Pipeline) -> None:
    answer = points.ask("戊病扎哪个穴位")
    assert (answer.outcome, answer.text) == (Outcome.ANSWERED, "丙谷的适应证有：戊病[1]。")


def test_of_a_point_its_own_record_is_asked(points: Pipeline) -> None:
    assert points.ask("丙谷是治什么的穴位").text.startswith("丙谷的适应证有：")

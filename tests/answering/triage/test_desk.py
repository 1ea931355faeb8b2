"""Which department a complaint is taken to first."""

from __future__ import annotations

import pytest

from rag.domain import Patient
from rag.pipeline import Options, Pipeline
from rag.question.population import Person
from rag.triage.desk import load_desk


def test_the_table_says_where_to_go_with_each_complaint_once() -> None:
    desk = load_desk()
    assert len(desk.complaints) > 100
    assert all("科" in said or "门诊" in said for said in desk.complaints.values())


def test_a_complaint_is_directed_before_diseases_are_named(sample: Pipeline) -> None:
    text = sample.ask("头晕挂什么科").text
    assert text.startswith("导诊提示：先看神经内科")


def test_a_child_goes_to_the_children_s_department(sample: Pipeline) -> None:
    assert sample.ask("咳嗽挂什么科", Options(patient=Patient(age=5))).text.startswith("导诊提示：14岁以下一般先看儿科")


def test_of_one_complaint_it_is_said_without_being_asked(sample: Pipeline) -> None:
    assert sample.ask("头晕怎么办").text.startswith("导诊提示：先看神经内科")
    assert "导诊提示" not in sample.ask("头晕、恶心、怕光是什么病").text


@pytest.mark.parametrize("question", ["老年痴呆和健忘怎么区别", "白癜风挂什么科", "偏头痛有什么症状"])
def test_nothing_is_said_where_no_department_of_a_complaint_is_asked_for(sample: Pipeline, question: str) -> None:
    assert "导诊提示" not in sample.ask(question).text


def test_the_departments_that_see_a_complaint_first(sample: Pipeline) -> None:
    mentions = sample.editions.at(None).linker.link("头晕、乏力怎么办")
    assert load_desk().departments(mentions, Person()) == {"神经内科"}
    assert "儿科" in load_desk().departments(mentions, Person(age=4))
    assert load_desk().departments((), Person(age=4)) == frozenset()


def test_of_several_complaints_it_is_said_which_goes_where(sample: Pipeline) -> None:
    text = sample.ask("头晕、咳嗽挂什么科").text.splitlines()[0]
    assert text.startswith("导诊提示：头晕：先看")
    assert "咳嗽：先看" in text

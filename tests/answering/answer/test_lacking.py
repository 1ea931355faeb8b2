"""A model that only says that the evidence lacks the answer: believed where the evidence is about something else."""

from __future__ import annotations

import logging

import pytest
import yaml

from finetune.data.asking import WORDINGS
from rag.answer.lacking import may_answer, says_so
from rag.domain import Intent, Outcome, Patient
from rag.pipeline import Options, Shown
from rag.vocabulary import Relation
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline

LACKS = "证据中没有布洛芬的“用法用量”一项，无法据此回答。"
PREGNANT = Options(patient=Patient(pregnant=True))


def test_it_is_believed_where_all_evidence_states_something_else(library: FakeLibrary) -> None:
    plain = fake_pipeline(library).ask("布洛芬怎么吃", PREGNANT)
    answer = fake_pipeline(library, ScriptedGenerator([LACKS])).ask("布洛芬怎么吃", PREGNANT)
    assert (answer.generator, answer.degraded) == ("scripted", ())
    assert [one.sentence for one in answer.dropped] == [LACKS], "its words cite nothing and are not shown"
    assert answer.warnings == plain.warnings != ()
    assert "知识库未收录布洛芬的用法用量" in answer.text
    assert "过敏者" in plain.text
    assert "过敏者" not in answer.text, "nobody asked"


def test_believed_where_nothing_is_left_to_say_it_is_not_in_the_knowledge_base(library: FakeLibrary) -> None:
    answer = fake_pipeline(library, ScriptedGenerator([LACKS])).ask("布洛芬怎么吃")
    assert (answer.outcome, answer.generator, answer.degraded) == (Outcome.NOT_IN_KB, "scripted", ())
    assert answer.citations == ()
    assert "知识库未收录布洛芬的用法用量" in answer.text


@pytest.mark.parametrize("question", ["偏头痛挂什么科", "偏头痛吃什么药", "布洛芬孕妇能用吗", "介绍一下偏头痛"])
def test_it_keeps_back_nothing_that_may_answer(
    library: FakeLibrary, question: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = fake_pipeline(library, ScriptedGenerator([LACKS])).ask(question)
    plain = fake_pipeline(library).ask(question)
    assert (answer.text, answer.outcome) == (plain.text, plain.outcome)
    assert (answer.generator, answer.degraded) == ("extractive", ("generator",))
    assert "it said that the evidence lacks the answer, which the evidence may hold" in caplog.text


def test_with_anything_else_said_it_has_failed(library: FakeLibrary) -> None:
    generator = ScriptedGenerator([LACKS, "一次0.3g，一日3次。"])
    answer = fake_pipeline(library, generator).ask("布洛芬怎么吃", PREGNANT)
    assert (answer.generator, answer.degraded) == ("extractive", ("generator",))


def test_the_wordings_that_are_taught_are_known() -> None:
    taught = [
        wording.format(s="2型糖尿病", r="药物治疗")
        for wording in yaml.safe_load(WORDINGS.read_text(encoding="utf-8"))["lacking"]
    ]
    assert len(taught) > 2
    assert all(says_so([one]) for one in taught)
    assert not says_so([])
    assert not says_so(["我不知道。"])
    assert not says_so([taught[0], "证据中没有记载，但可以服用阿司匹林。多喝水。"])


def test_texts_and_open_questions_may_be_answered_by_anything(library: FakeLibrary) -> None:
    shown = next(e for e in fake_pipeline(library).stream("布洛芬怎么吃", PREGNANT) if isinstance(e, Shown)).evidence
    dosage = (Relation.DOSAGE,)
    assert not may_answer(Intent(dosage, (dosage,)), shown)
    assert may_answer(Intent(dosage, (dosage,), yes_no=True), shown)
    assert may_answer(Intent(dosage, (dosage,), explicit=False), shown)
    assert not may_answer(Intent(dosage, (dosage,), explicit=False), ())
    texts = next(
        e for e in fake_pipeline(library).stream("Does ibuprofen increase the risk of stroke in migraine?")
        if isinstance(e, Shown)
    ).evidence  # fmt: skip
    assert any(one.fact is None for one in texts)
    assert may_answer(Intent(dosage, (dosage,)), texts)

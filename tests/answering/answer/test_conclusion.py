"""Outcomes and notes, by what was cited."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.conclusion import Ending, conclude, longest_notes
from rag.domain import EntityId, Evidence, Intent, Outcome, PassageKind, Triage
from rag.linking.linker import Linker
from rag.retrieval.found import Retrieved
from rag.vocabulary import Relation
from tests.answering.records import CONCLUSION, MIGRAINE, MONOGRAPH, RECORDS, names, stated, told
from tests.fake_knowledge_base import FakeKnowledgeBase

KB = FakeKnowledgeBase(RECORDS)
LINKER = Linker(names())
TENSION = EntityId("disease:紧张型头痛")
SYMPTOM = stated(MIGRAINE, Relation.SYMPTOM, "symptom:恶心")


def ended(question: str, intent: Intent, cited: tuple[Evidence, ...], *subjects: EntityId, red: bool = False) -> Ending:
    mentions = LINKER.link(question)
    unsure = tuple(m for m in mentions if m.best.score < 0.5)
    found = Retrieved(subjects=subjects, named=subjects, unsure=unsure)
    return conclude(Triage(red_flag=red), intent, mentions, found, cited, KB)


def wants(*groups: tuple[Relation, ...]) -> Intent:
    return Intent(tuple(r for group in groups for r in group), groups)


def test_all_that_was_asked_is_cited() -> None:
    assert ended("偏头痛", wants((Relation.SYMPTOM,)), (SYMPTOM,), MIGRAINE) == Ending(Outcome.ANSWERED)


def test_one_of_a_group_is_enough() -> None:
    asked = wants((Relation.TREATMENT, Relation.SYMPTOM))
    assert ended("偏头痛", asked, (SYMPTOM,), MIGRAINE).outcome is Outcome.ANSWERED


def test_what_is_missing_is_named() -> None:
    ending = ended("偏头痛", wants((Relation.SYMPTOM,), (Relation.COST,)), (SYMPTOM,), MIGRAINE)
    assert ending.outcome is Outcome.PARTIAL
    assert ending.notes == ("知识库未收录偏头痛的费用。\n",)


def test_what_one_disease_has_does_not_answer_for_another() -> None:
    ending = ended("偏头痛和紧张型头痛", wants((Relation.SYMPTOM,)), (SYMPTOM,), MIGRAINE, TENSION)
    assert ending.outcome is Outcome.PARTIAL
    assert ending.notes == ("知识库未收录紧张型头痛的症状。\n",)


def test_no_record_of_harm_is_not_called_safe() -> None:
    ending = ended("布洛芬", wants((Relation.CONTRAINDICATION,)), (), EntityId("drug:布洛芬"))
    assert ending.outcome is Outcome.NOT_IN_KB
    assert "没有记录不等于安全" in "".join(ending.notes)


def test_a_field_of_a_monograph_answers_its_relation() -> None:
    ending = ended("布洛芬", wants((Relation.CONTRAINDICATION,)), (told(MONOGRAPH),), EntityId("drug:布洛芬"))
    assert ending == Ending(Outcome.ANSWERED)


def test_nothing_cited() -> None:
    assert ended("天气", Intent((), explicit=False), ()).outcome is Outcome.NOT_IN_KB
    asks = ended("阑尾炎", wants((Relation.TREATMENT,)), ())
    assert asks.outcome is Outcome.NEED_MORE_INFO
    assert asks.notes == tuple(q + "\n" for q in asks.questions)


def test_a_question_back_stands_in_a_partial_answer_too() -> None:
    ending = ended("偏头痛 阑尾炎", wants((Relation.SYMPTOM,)), (SYMPTOM,), MIGRAINE)
    assert ending.outcome is Outcome.PARTIAL
    assert ending.questions[0] + "\n" in ending.notes


def test_a_neighbour_is_named_as_one() -> None:
    ending = ended("继发性高血压吃什么药", wants((Relation.DRUG,)), ())
    assert any("不能互相代替" in note for note in ending.notes)


def test_a_red_flag_is_an_emergency_whatever_is_cited() -> None:
    assert ended("偏头痛", wants((Relation.SYMPTOM,)), (SYMPTOM,), MIGRAINE, red=True).outcome is Outcome.EMERGENCY
    assert ended("天气", Intent((), explicit=False), (), red=True).outcome is Outcome.EMERGENCY


def test_unreviewed_answers_are_called_so() -> None:
    cited = told(replace(CONCLUSION, kind=PassageKind.QA))
    assert any("未经审校" in note for note in ended("天气", Intent((), explicit=False), (cited,)).notes)


def test_the_room_for_notes_covers_the_notes() -> None:
    intent = wants((Relation.SYMPTOM,), (Relation.COST,))
    found = Retrieved(subjects=(MIGRAINE,), named=(MIGRAINE,))
    room = longest_notes(intent, LINKER.link("偏头痛"), found, (SYMPTOM,), KB)
    for cited in ((), (SYMPTOM,)):
        ending = conclude(Triage(), intent, LINKER.link("偏头痛"), found, cited, KB)
        assert sum(map(len, ending.notes)) <= room

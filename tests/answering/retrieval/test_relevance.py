"""Which passages may support an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.domain import EntityId, Evidence, Intent, Passage, PassageKind
from rag.linking.linker import Linker
from rag.retrieval.fusion import default_tuning
from rag.retrieval.relevance import Asked, content_tokens, coverage, relevant, shared_topics, topics, wants_literature
from rag.vocabulary import Relation
from tests.answering.records import BOOK, CONCLUSION, ENGLISH, IBUPROFEN, MIGRAINE, names, told

THRESHOLDS = default_tuning().thresholds
LINKER = Linker(names())


def asked(question: str, *relations: Relation, subjects: tuple[EntityId, ...] = (), reverse: bool = False) -> Asked:
    intent = Intent(relations, (relations,) if relations else (), explicit=bool(relations), reverse=reverse)
    about = [{*subjects}] if subjects else topics(LINKER.link(question))
    return Asked(question, intent, about, subjects, known=bool(subjects))


def kept(question: Asked, *passages: Evidence) -> list[Evidence]:
    return relevant(question, passages, THRESHOLDS)


def test_a_conclusion_on_what_is_asked_is_kept() -> None:
    question = asked("偏头痛怎么治疗", Relation.TREATMENT, subjects=(MIGRAINE,))
    on_topic = told(CONCLUSION, MIGRAINE, IBUPROFEN)
    assert kept(question, on_topic) == [on_topic]


def test_a_conclusion_on_another_disease_is_not() -> None:
    other = told(Passage("氨氯地平可以缓解高血压，改善预后。", PassageKind.CONCLUSION, BOOK.id), "disease:高血压")
    assert kept(asked("偏头痛怎么治疗", Relation.TREATMENT, subjects=(MIGRAINE,)), other) == []


def test_a_conclusion_on_another_side_of_the_disease_is_not() -> None:
    side = told(Passage("偏头痛患者的教育水平较高。", PassageKind.CONCLUSION, BOOK.id), MIGRAINE)
    assert kept(asked("偏头痛怎么治疗", Relation.TREATMENT, subjects=(MIGRAINE,)), side) == []


def test_words_alone_are_enough_when_most_of_them_stand_there() -> None:
    question = asked("Does ibuprofen increase the risk of stroke in migraine?")
    assert kept(question, told(ENGLISH, MIGRAINE)) == [told(ENGLISH, MIGRAINE)]


def test_being_found_is_no_reason_to_be_shown() -> None:
    assert kept(asked("今天天气怎么样"), told(CONCLUSION, MIGRAINE)) == []


def test_monographs_of_other_drugs_need_the_disease_among_their_indications() -> None:
    field = Passage(
        "用于偏头痛的急性发作。", PassageKind.MONOGRAPH, BOOK.id, about=EntityId("drug:甲"), aspect="适应证"
    )
    question = asked("偏头痛吃什么药", Relation.DRUG, subjects=(MIGRAINE,))
    assert kept(question, told(field)) == [told(field)]
    assert kept(question, told(replace(field, aspect="不良反应"))) == []
    assert kept(question, told(replace(field, text="用于高血压。"))) == []
    assert kept(asked("偏头痛有什么症状", Relation.SYMPTOM, subjects=(MIGRAINE,)), told(field)) == []


@pytest.mark.parametrize(("relation", "wanted"), [(Relation.DEPARTMENT, False), (Relation.DRUG, True)])
def test_administrative_questions_want_no_literature(relation: Relation, wanted: bool) -> None:
    assert wants_literature(Intent((relation,), ((relation,),))) is wanted


def test_coverage_counts_what_carries_meaning() -> None:
    assert content_tokens("请问你好吗？") == set()
    assert coverage("请问？", told(CONCLUSION)) == 0
    assert coverage("布洛芬，偏头痛", told(CONCLUSION)) == 1


def test_negated_and_modified_names_are_no_topics() -> None:
    assert topics(LINKER.link("没有偏头痛")) == []
    assert topics(LINKER.link("继发性高血压")) == []
    assert shared_topics([], told(CONCLUSION)) == 0
    assert shared_topics([{MIGRAINE}, {EntityId("disease:高血压")}], told(CONCLUSION, MIGRAINE)) == 0.5


def test_a_word_inside_another_does_not_speak_of_a_relation() -> None:
    pain = Passage(
        "Greater pain was significantly related to migraine, as treatment was not.", PassageKind.CONCLUSION, BOOK.id
    )
    across = replace(told(pain, MIGRAINE), support=0.9)
    for relation in (Relation.FOOD_BAD, Relation.SYMPTOM):
        assert kept(asked("偏头痛能吃柚子吗", relation, subjects=(MIGRAINE,)), across) == []
    diet = replace(across, passage=replace(pain, text="A diet without cheese helps in migraine."))
    diet = replace(diet, text="A diet without cheese helps in migraine.")
    assert kept(asked("偏头痛能吃柚子吗", Relation.FOOD_BAD, subjects=(MIGRAINE,)), diet) == [diet]


def test_a_study_that_shares_only_the_name_with_a_question_is_off_its_point() -> None:
    passage = Passage("针刀治疗偏头痛与炎症反应减轻有关。", PassageKind.CONCLUSION, BOOK.id)
    study = replace(told(passage, MIGRAINE), support=0.9, title=None)
    assert kept(asked("偏头痛饮食上注意什么", Relation.FOOD_BAD, subjects=(MIGRAINE,)), study) == []
    assert kept(asked("偏头痛的炎症反应吃什么好", Relation.FOOD_GOOD, subjects=(MIGRAINE,)), study) == [study]

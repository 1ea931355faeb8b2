"""Which passages may support an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.domain import EntityId, Evidence, Intent, Passage, PassageKind
from rag.linking.linker import Linker
from rag.retrieval.fusion import default_tuning
from rag.retrieval.relevance import Asked, relevant, wants_literature
from rag.retrieval.selection import subjects_of
from rag.retrieval.topics import content_tokens, coverage, named, shared_topics, topics
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


def test_a_disease_whose_record_lists_drugs_needs_no_other_monographs() -> None:
    field = told(
        Passage("亦可用于偏头痛。", PassageKind.MONOGRAPH, BOOK.id, about=EntityId("drug:甲"), aspect="适应证")
    )
    question = asked("偏头痛吃什么药", Relation.DRUG, subjects=(MIGRAINE,))
    assert kept(question, field) == [field]
    assert kept(replace(question, drugs_told=True), field) == []


def test_prevention_is_answered_by_what_deals_with_it_only() -> None:
    found = replace(told(Passage("偏头痛术后复发与年龄有关。", PassageKind.CONCLUSION, BOOK.id), MIGRAINE), support=0.9)
    question = asked("偏头痛术后如何预防复发", Relation.PREVENTION, subjects=(MIGRAINE,))
    assert kept(question, found) == []
    prevents = replace(
        told(Passage("甲法可预防偏头痛术后复发。", PassageKind.CONCLUSION, BOOK.id), MIGRAINE), support=0.9
    )
    assert kept(question, prevents) == [prevents]


def test_how_bad_one_thing_in_another_is_may_be_told_by_what_deals_with_both() -> None:
    text = "偏头痛患者中高血压仍处于较低水平。"
    found = replace(told(Passage(text, PassageKind.CONCLUSION, BOOK.id), MIGRAINE, "disease:高血压"), support=0.9)
    severity = (Relation.COMPLICATION, Relation.CURE_RATE)
    both = asked("偏头痛的人高血压严重吗", *severity, subjects=(MIGRAINE,))
    assert kept(replace(both, topics=[{MIGRAINE}, {EntityId("disease:高血压")}]), found) == [found]
    assert kept(both, found) == []


def test_a_relation_that_an_indicator_has_no_record_of_is_asked_of_the_illness() -> None:
    both = [("贫血", "disease:贫血", "name"), ("贫血", "symptom:贫血", "name"), ("铁蛋白", "indicator:铁蛋白", "name")]
    linked = Linker(names(*both)).link("贫血要查铁蛋白吧，还查哪些")
    found = subjects_of(linked, Intent((Relation.EXAMINATION,), ((Relation.EXAMINATION,),)))
    assert [m.surface for m in found] == ["贫血"]
    ranges = subjects_of(linked, Intent((Relation.REFERENCE_RANGE,), ((Relation.REFERENCE_RANGE,),)))
    assert [m.surface for m in ranges] == ["铁蛋白"]


def test_an_english_study_with_one_name_in_common_answers_nothing_without_a_cue() -> None:
    text = "Migraine was rare in farmers."
    found = replace(told(Passage(text, PassageKind.CONCLUSION, BOOK.id), MIGRAINE), support=0.9)
    vague = Asked("偏头痛超标了", Intent((), (), explicit=False), [{MIGRAINE}], (), known=False)
    assert kept(vague, found) == []
    assert kept(replace(vague, question="偏头痛和手术"), replace(found, text="Surgery did not help migraine.")) != []


def test_an_unreviewed_answer_to_another_question_is_not_kept() -> None:
    def answered(question: str, *entities: str) -> Evidence:
        passage = Passage("一般情况下是不可以的。", PassageKind.QA, BOOK.id, question=question)
        return replace(told(passage, *entities), support=0.9)

    of_others = answered("糖尿病人空腹可以喝酸奶吗", "disease:糖尿病")
    assert kept(asked("空腹能喝酸奶吗"), of_others) == []
    assert kept(asked("糖尿病人空腹能喝酸奶吗"), of_others) == [of_others]
    assert kept(asked("空腹能喝酸奶吗"), answered("喝牛奶会长高吗")) == []
    assert kept(asked("剖腹产可以怀孕吗"), answered("剖腹产后怀孕能做无痛人流吗")) == []
    same = answered("早上空腹能喝酸奶吗")
    assert kept(asked("空腹能喝酸奶吗"), same) == [same]


def test_what_another_illness_needs_is_no_drug_for_this_one() -> None:
    question = asked("偏头痛吃什么药", Relation.DRUG, subjects=(MIGRAINE,))
    other = replace(told(ENGLISH, "disease:高血压", IBUPROFEN), support=0.9)
    same = replace(told(ENGLISH, MIGRAINE, IBUPROFEN), support=0.9)
    assert kept(question, other, same) == [same]


def reply(question: str, text: str) -> Evidence:
    return replace(told(Passage(text, PassageKind.QA, BOOK.id, question=question), MIGRAINE), support=0.9)


def test_a_reply_to_another_question_is_no_answer() -> None:
    question = asked("偏头痛要疼多久", Relation.DURATION, subjects=(MIGRAINE,))
    assert kept(question, reply("偏头痛是怎么引起的", "偏头痛要疼多久因人而异。")) == []
    same = reply("偏头痛要疼多久", "一般数小时到三天。")
    assert kept(question, same) == [same]


def test_a_study_of_a_test_says_nothing_of_the_outlook() -> None:
    question = asked("偏头痛能迅速治愈吗", Relation.CURE_RATE, subjects=(MIGRAINE,))
    study = told(Passage("迅速的检测对偏头痛的筛查有益。", PassageKind.CONCLUSION, BOOK.id), MIGRAINE)
    assert kept(question, replace(study, support=0.9)) == []


def test_the_best_study_in_another_language_that_has_every_name_is_kept_though_it_is_not_likely() -> None:
    question = replace(asked("偏头痛能吃布洛芬吗"), named=[{MIGRAINE}, {IBUPROFEN}, {EntityId("body_part:大脑")}])
    study = replace(told(ENGLISH, MIGRAINE, IBUPROFEN, "body_part:大脑"), support=0.1, arms={"graph": 1.0})
    assert kept(question, study) == [study]
    assert kept(question, replace(study, arms={"graph": 0.8})) == []
    assert kept(question, replace(study, entities=(MIGRAINE, IBUPROFEN))) == []
    assert kept(replace(question, named=[{MIGRAINE}]), study) == []


def test_a_name_that_is_not_sure_is_one_that_a_study_may_lack() -> None:
    assert named(LINKER.link("偏头痛能吃布洛芬吗")) == [{MIGRAINE}, {IBUPROFEN}]
    assert named(LINKER.link("偏头痛能吃复方布洛芬吗")) == []

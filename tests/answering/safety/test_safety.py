"""Warnings that stand in the knowledge base, and none that do not."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, Outcome, Patient, Turn
from rag.linking.linker import Linker
from rag.pipeline import Options, Pipeline
from rag.retrieval.retriever import Retriever
from rag.safety.warnings import look, remedies_in, warnings_from
from rag.vocabulary import Relation
from tests.answering.records import BOOK, IBUPROFEN, MIGRAINE, fact, names, stated
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

LINKER = Linker(names(("老年人", "population:老年人", "name"), ("儿童", "population:儿童", "name")))
ASPIRIN = EntityId("drug:阿司匹林")


@pytest.fixture
def retriever(library: FakeLibrary) -> Retriever:
    assert library.current is not None
    return library.load(library.current).retriever


def texts(retriever: Retriever, question: str, patient: Patient | None = None) -> list[str]:
    linker = Linker(retriever.names)
    return [w.text for w in look(retriever, linker, linker.link(question), (), patient).warnings]


def test_a_contraindication_of_the_patient(retriever: Retriever) -> None:
    assert texts(retriever, "布洛芬", Patient(pregnant=True)) == ["布洛芬的禁忌证：“孕妇禁用”。"]
    assert texts(retriever, "孕妇能吃氯雷他定吗") == ["氯雷他定的禁忌：孕妇。"]


def test_no_record_no_warning(retriever: Retriever) -> None:
    assert texts(retriever, "布洛芬", Patient(conditions=("高血压",))) == []
    assert texts(retriever, "偏头痛", Patient(pregnant=True)) == []
    assert texts(retriever, "布洛芬") == []


def test_an_interaction_both_records_state_is_one_warning(retriever: Retriever) -> None:
    assert len(texts(retriever, "布洛芬和阿司匹林能一起吃吗")) == 1


@pytest.mark.parametrize(("asked", "taken"), [("甘草", "甘遂"), ("甘遂", "甘草")])
def test_an_incompatibility_is_found_from_either_side(retriever: Retriever, asked: str, taken: str) -> None:
    assert texts(retriever, asked, Patient(drugs=(taken,))) == ["甘草的配伍禁忌：甘遂。"]


def test_a_drug_taken_under_its_trade_name(retriever: Retriever) -> None:
    (text,) = texts(retriever, "阿司匹林怎么吃", Patient(drugs=("芬必得",)))
    assert "相互作用" in text


def test_the_gravest_warning_comes_first(retriever: Retriever) -> None:
    found = look(
        retriever, LINKER, LINKER.link("布洛芬"), (), Patient(pregnant=True, drugs=("阿司匹林",))
    ).warnings  # fmt: skip
    assert [w.severity for w in found] == ["contraindicated", "moderate"]


def test_warnings_in_the_same_words_are_one(retriever: Retriever) -> None:
    assert warnings_from([]) == ()


def test_remedies_come_from_the_question_and_from_what_is_offered() -> None:
    evidence = [stated(MIGRAINE, Relation.DRUG, IBUPROFEN), stated(IBUPROFEN, Relation.INTERACTION, "drug:华法林")]
    assert remedies_in(LINKER.link("阿司匹林"), evidence) == [ASPIRIN, IBUPROFEN]


def test_a_name_with_a_modifier_warns_of_nothing(pipeline: Pipeline) -> None:
    assert remedies_in(LINKER.link("地氯雷他定孕妇能用吗"), []) == []
    answer = pipeline.ask("地氯雷他定孕妇能用吗")
    assert answer.warnings == ()
    assert answer.citations == ()


def test_a_drug_that_the_patient_takes_is_seen_whichever_record_states_it() -> None:
    library = FakeLibrary()
    library.publish(
        [BOOK, entity(MIGRAINE), entity("drug:甲药"), entity("drug:乙药"), fact(MIGRAINE, Relation.DRUG, "drug:甲药"),
         fact("drug:乙药", Relation.INTERACTION, "drug:甲药")]
    )  # fmt: skip
    answer = fake_pipeline(library).ask("偏头痛吃什么药", Options(patient=Patient(drugs=("乙药",))))
    assert answer.text.startswith("注意：乙药的相互作用：甲药[1]。")


def test_many_warnings_leave_room_for_the_answer() -> None:
    groups = [f"population:第{n}类特殊人群患者" for n in range(40)]
    library = FakeLibrary()
    library.publish(
        [BOOK, entity(MIGRAINE), entity(IBUPROFEN), fact(MIGRAINE, Relation.DRUG, IBUPROFEN), *map(entity, groups),
         *(fact(IBUPROFEN, Relation.CONTRAINDICATION, group) for group in groups)]
    )  # fmt: skip
    conditions = tuple(group.partition(":")[2] for group in groups)
    answer = fake_pipeline(library).ask("偏头痛吃什么药", Options(patient=Patient(conditions=conditions)))
    assert len(answer.warnings) == 40
    assert len(answer.text) <= 400
    assert "条用药警示" in answer.text
    assert "偏头痛的药物治疗" in answer.text


# ---------------------------------------------------------------- the patient in the text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("孕妇能吃布洛芬吗", "布洛芬的禁忌证：“孕妇禁用”"),
        ("我怀孕5个月，偏头痛吃什么药", "布洛芬的禁忌证：“孕妇禁用”"),
        ("对布洛芬过敏，能吃布洛芬吗", "所填过敏药物与布洛芬是同一种"),
        ("我对布洛芬过敏，偏头痛吃什么药", "布洛芬的禁忌证：“对本品过敏者禁用”"),
    ],
)
def test_what_the_question_says_of_the_patient_warns(pipeline: Pipeline, question: str, said: str) -> None:
    answer = pipeline.ask(question)
    assert any(said in warning.text for warning in answer.warnings)
    assert answer.text.startswith("注意：")


@pytest.mark.parametrize("question", ["备孕能吃布洛芬吗", "我没有怀孕，能吃布洛芬吗", "偏头痛吃什么药"])
def test_what_the_patient_is_not_does_not_warn(pipeline: Pipeline, question: str) -> None:
    assert pipeline.ask(question).warnings == ()


def test_what_was_said_of_the_patient_before_still_holds(pipeline: Pipeline) -> None:
    history = (Turn("user", "我怀孕了，头疼"), Turn("assistant", "……孕妇……"), Turn("user", "偏头痛有什么症状"))
    warnings = pipeline.ask("那能吃布洛芬吗", Options(history=history)).warnings
    assert [w.text for w in warnings] == ["布洛芬的禁忌证：“孕妇禁用”。"]
    assert pipeline.ask("那能吃布洛芬吗", Options(history=history[1:])).warnings == ()


def test_no_record_is_said_and_never_called_safe(pipeline: Pipeline) -> None:
    answer = pipeline.ask("3岁孩子能吃舒马普坦吗")
    assert "知识库无此信息：舒马普坦与3岁。没有记录不等于安全" in answer.text
    assert not {"可以吃", "可以用", "是安全的"} & set(answer.text.split("。"))
    assert "知识库无此信息" not in pipeline.ask("孕妇能吃布洛芬吗").text
    assert "知识库无此信息" not in pipeline.ask("偏头痛吃什么药").text


def test_a_quotation_stands_once(pipeline: Pipeline) -> None:
    answer = pipeline.ask("孕妇能吃布洛芬吗")
    assert answer.text.count("孕妇禁用") == 1
    assert answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL)


def test_every_warning_is_cited(pipeline: Pipeline) -> None:
    answer = pipeline.ask("孕妇能吃布洛芬和阿司匹林吗", Options(detail="full"))
    assert answer.warnings
    cited = {citation.evidence_id for citation in answer.citations}
    assert all(set(warning.evidence_ids) <= cited for warning in answer.warnings)

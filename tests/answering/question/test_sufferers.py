"""What somebody has already, or is allergic to: the patient's, and not what is asked about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.domain import EntityId, Outcome, Passage, PassageKind, Record
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.intent import read_intent
from rag.question.patient import patient_in
from rag.question.sufferers import without_sufferers
from rag.vocabulary import Relation
from tests.answering.records import BOOK, RECORDS, fact, names
from tests.fakes import FakeLibrary, fake_pipeline

LEAFLETS = {
    "drug:甲素": ("禁忌证", "对甲素过敏者禁用。"),
    "drug:乙素": ("禁忌证", "对青灵素过敏者、孕妇禁用。"),
    "drug:青灵素": ("注意事项", "高血压等慢性病严重者慎用。"),
    "drug:丙素": ("适应证", "用于偏头痛的缓解。"),
}


def records() -> Iterator[Record]:
    yield from RECORDS
    yield fact("disease:偏头痛", Relation.EXAMINATION, "examination:血常规")
    yield fact("disease:感冒", Relation.DRUG, "drug:丁素")
    yield fact("disease:感冒", Relation.DRUG, "drug:青灵素")
    yield fact("symptom:老人偏头痛", Relation.DEPARTMENT, "department:神经内科")
    yield fact("population:高血压患者", Relation.CAUSE, "cause:某因")
    yield fact("drug:丁素", Relation.CONTRAINDICATION, "disease:高血压")
    for about, (aspect, text) in LEAFLETS.items():
        yield fact(about, Relation.DRUG_CLASS, "drug:某类")
        title = about.partition(":")[2]
        yield Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=title, about=EntityId(about), aspect=aspect)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(list(records()))
    return fake_pipeline(library)


LINKER = Linker(
    names(
        ("头痛", "disease:头痛", "name"),
        ("感冒", "disease:感冒", "name"),
        ("高血压患者", "population:高血压患者", "name"),
        ("橘子", "food:橘子", "name"),
        ("慢性肾功能衰竭", "disease:慢性肾功能衰竭", "name"),
        ("慢性肾功能衰竭", "symptom:慢性肾功能衰竭", "name"),
        ("高血压", "disease:高血压", "name"),
        ("慢性咳嗽", "disease:慢性咳嗽", "name"),
        ("慢性咳嗽", "symptom:慢性咳嗽", "name"),
        ("腹痛", "disease:腹痛", "name"),
        ("腹痛", "symptom:腹痛", "name"),
    )
)


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("慢性肾功能衰竭腹痛怎么回事", ["腹痛"]),
        ("高血压腹痛怎么回事", ["腹痛"]),
        ("慢性咳嗽腹痛怎么回事", ["慢性咳嗽", "腹痛"]),
        ("慢性肾功能衰竭腹痛吃什么药", ["慢性肾功能衰竭", "腹痛"]),
        ("高血压患者感冒吃什么药", ["感冒"]),
        ("高血压的人头痛怎么办", ["头痛"]),
        ("偏头痛病人感冒了挂什么科", ["感冒"]),
        ("高血压患者头痛恶心怎么回事", ["头痛", "恶心"]),
        ("我爸65岁，高血压，最近头痛恶心怎么回事", ["头痛", "恶心"]),
        ("有高血压十几年，头痛是什么病", ["头痛"]),
        ("高血压，怎么治", ["高血压"]),
        ("头痛的孩子恶心怎么办", ["头痛", "恶心"]),
        ("高血压患者吃什么药", ["高血压患者"]),
        ("高血压患者会头痛吗", ["高血压患者", "头痛"]),
        ("高血压患者能吃橘子吗", ["高血压患者", "橘子"]),
        ("偏头痛和感冒吃什么药", ["偏头痛", "感冒"]),
    ],
)
def test_what_the_patient_has_is_no_subject_beside_what_is_complained_of(question: str, kept: list[str]) -> None:
    mentions = LINKER.link(question)
    left = without_sufferers(question, mentions, read_intent(question, mentions))
    assert [m.surface for m in left] == kept


def test_it_is_the_patients_condition() -> None:
    question = "偏头痛的人感冒吃什么药"
    assert patient_in(question, LINKER.link(question), names()).conditions == ("偏头痛",)


@pytest.mark.parametrize("who", ["高血压病人", "高血压患者"])
def test_drugs_are_told_of_the_illness_of_today_and_checked_against_the_other(pipeline: Pipeline, who: str) -> None:
    answer = pipeline.ask(f"{who}感冒吃什么药")
    assert "感冒的药物治疗" in answer.text
    assert "氨氯地平" not in answer.text
    for drug in ("丁素", "青灵素"):  # the one by a fact, the other by a text
        assert any(drug in warning.text and "高血压" in warning.text for warning in answer.warnings)


def test_a_complaint_of_old_people_is_asked_about_as_the_illness(pipeline: Pipeline) -> None:
    assert "布洛芬" in pipeline.ask("老人偏头痛吃什么药").text


def test_only_monographs_that_name_the_allergen_forbid(pipeline: Pipeline) -> None:
    answer = pipeline.ask("青灵素过敏不能用什么药")
    assert answer.outcome is Outcome.ANSWERED
    assert "乙素的禁忌证：“对青灵素过敏者、孕妇禁用”" in answer.text
    assert "甲素" not in answer.text


def test_a_monograph_that_speaks_of_the_illness_answers_for_its_drug(pipeline: Pipeline) -> None:
    answer = pipeline.ask("丙素能治偏头痛吗")
    assert "丙素的适应证：“用于偏头痛的缓解”" in answer.text
    assert "布洛芬" not in answer.text
    assert "中没有" not in answer.text


def test_what_else_is_given_is_no_answer_to_what_is_eaten(pipeline: Pipeline) -> None:
    answer = pipeline.ask("偏头痛可以吃甘草吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "布洛芬" not in answer.text
    assert "没有甘草能否用于偏头痛的记录；没有记录不等于安全或无效" in answer.text


def test_nothing_is_taken_for_an_examination(pipeline: Pipeline) -> None:
    text = pipeline.ask("偏头痛查了血常规，可以吃甘草吗").text
    assert "没有甘草能否用于偏头痛的记录" in text
    assert "能否用于血常规" not in text

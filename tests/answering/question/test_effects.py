"""Whether a complaint comes from a remedy: only its adverse effects answer that."""

from __future__ import annotations

import pytest

from rag.domain import Literal, Outcome
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.effects import effect_asked
from rag.question.intent import read_intent
from rag.question.untold import untold_effect
from rag.vocabulary import Relation
from tests.answering.records import names, stated

LINKER = Linker(
    names(
        ("感冒", "disease:感冒", "name"),
        ("胃痛", "symptom:胃痛", "name"),
        ("嗜睡", "disease:嗜睡", "name"),
        ("卡托普利", "drug:卡托普利", "name"),
        ("黄连", "herb:黄连", "name"),
    )
)


@pytest.mark.parametrize(
    "question",
    [
        "卡托普利会胃痛吗",
        "吃卡托普利会不会嗜睡",
        "卡托普利会导致胃痛吗",
        "卡托普利能引起嗜睡吗",
        "吃了卡托普利胃痛正常吗",
        "卡托普利吃了以后胃痛，正常吗",
        "黄连吃了胃痛是不是副作用",
        "胃痛是吃卡托普利引起的吗",
        "胃痛跟吃了卡托普利有关吗",
        "服用卡托普利以后嗜睡怎么回事",
        "吃卡托普利小便发红正常吗",
        "吃感冒药嗜睡正常吗",
        "感冒药会嗜睡吗",
    ],
)
def test_what_a_remedy_may_do_is_asked_of_its_adverse_effects(question: str) -> None:
    intent = read_intent(question, LINKER.link(question))
    assert intent.relations == (Relation.ADVERSE,)
    assert not {"drug:卡托普利", "disease:感冒"} & set(intent.object)


@pytest.mark.parametrize(
    "question",
    [
        "卡托普利能治胃痛吗",
        "吃卡托普利胃痛会好吗",
        "卡托普利会缓解胃痛吗",
        "吃了卡托普利还胃痛怎么办",
        "胃痛能吃卡托普利吗",
        "感冒会嗜睡吗",
        "吃卡托普利多久血压正常吗",
        "感冒药有哪些",
        "感冒会引起胃痛吗",
    ],
)
def test_other_questions_are_none_of_an_effect(question: str) -> None:
    assert effect_asked(question, LINKER.link(question)) is None


def test_a_class_of_remedies_is_told_by_its_words() -> None:
    question = "吃完感冒药嗜睡正常吗"
    effect = effect_asked(question, LINKER.link(question))
    assert effect is not None
    assert effect.sort == "感冒药"


def test_the_drugs_of_the_illness_are_no_answer(pipeline: Pipeline) -> None:
    answer = pipeline.ask("吃了偏头痛药恶心正常吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "“偏头痛药”是一类药" in answer.text
    assert not answer.citations


def test_what_is_asked_is_no_illness_of_the_patient(pipeline: Pipeline) -> None:
    text = pipeline.ask("布洛芬会头痛吗").text
    assert "知识库未收录布洛芬的不良反应" in text
    assert "与头痛" not in text


def test_records_that_do_not_use_the_word_are_quoted_and_that_is_said() -> None:
    question = "卡托普利会胃痛吗"
    effect = effect_asked(question, LINKER.link(question))
    cited = stated("drug:卡托普利", Relation.ADVERSE, Literal("干咳、皮疹", Relation.ADVERSE))
    (limit,) = untold_effect(effect, [cited])
    assert "没有写“胃痛”" in limit.note
    told = stated("drug:卡托普利", Relation.ADVERSE, Literal("偶有胃痛", Relation.ADVERSE))
    assert untold_effect(effect, [cited, told]) == ()
    assert untold_effect(effect, []) == ()


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Does captopril cause stomach pain?", True),
        ("Can captopril make you feel stomach pain?", True),
        ("Is stomach pain a side effect of captopril?", True),
        ("Is stomach pain normal after taking captopril?", True),
        ("Does captopril relieve stomach pain?", False),
        ("Can stomach pain cause nausea?", False),
    ],
)
def test_in_english(question: str, asked: bool) -> None:
    linker = Linker(
        names(
            ("captopril", "drug:卡托普利", "english"),
            ("stomach pain", "symptom:胃痛", "english"),
            ("nausea", "symptom:恶心", "english"),
        )
    )
    assert (effect_asked(question, linker.link(question)) is not None) is asked


def test_a_study_of_another_remedy_is_no_answer(sample: Pipeline) -> None:
    answer = sample.ask("用了氯霉素以后偏头痛是副作用吗")
    assert not answer.citations
    assert "知识库未收录氯霉素的不良反应" in answer.text or answer.outcome is Outcome.NOT_IN_KB

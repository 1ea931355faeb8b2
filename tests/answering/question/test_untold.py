"""What a record leaves open of a question is said, and never passed over."""

from __future__ import annotations

import pytest

from rag.domain import Intent, Literal, Outcome, Passage, PassageKind, YesNo
from rag.pipeline import Pipeline
from rag.question.untold import untold
from rag.vocabulary import Relation
from tests.answering.records import BOOK, MIGRAINE, stated, told

CURED = stated(MIGRAINE, Relation.CURE_RATE, Literal("约60%", "cure_rate"))
TESTED = stated(MIGRAINE, Relation.EXAMINATION, "examination:头颅磁共振")
CAUSED = stated(MIGRAINE, Relation.CAUSE, "cause:劳累")
CATCHING = stated(MIGRAINE, Relation.INFECTIVITY, Literal("有传染性", "infectivity"))
DRUG = stated(MIGRAINE, Relation.DRUG, "drug:布洛芬")


def intent(*relations: Relation) -> Intent:
    return Intent(relations, (relations,))


@pytest.mark.parametrize(
    ("question", "asked", "cited", "name"),
    [
        ("偏头痛的诊断标准是什么", intent(Relation.EXAMINATION), TESTED, "criteria"),
        ("偏头痛会自己好吗", intent(Relation.CURE_RATE), CURED, "self_healing"),
        ("偏头痛不吃药能好吗", intent(Relation.CURE_RATE), CURED, "self_healing"),
        ("偏头痛能活多久", intent(Relation.CURE_RATE), CURED, "survival"),
        ("偏头痛会遗传吗", intent(Relation.CAUSE), CAUSED, "heredity"),
        ("偏头痛首选什么药", intent(Relation.DRUG), DRUG, "best"),
        ("偏头痛用什么抗生素", intent(Relation.DRUG), DRUG, "antibiotic"),
        ("偏头痛的鉴别诊断", intent(Relation.EXAMINATION), TESTED, "differential"),
        ("偏头痛要终身吃药吗", intent(Relation.DRUG), DRUG, "lifelong"),
        ("偏头痛多严重什么程度需要吃药", intent(Relation.DRUG), DRUG, "threshold"),
        ("偏头痛会通过吃饭传染吗", intent(Relation.INFECTIVITY), CATCHING, "route"),
        ("偏头痛中药可以治好吗", intent(Relation.TREATMENT, Relation.CURE_RATE), CURED, "means"),
        ("偏头痛严重吗", intent(Relation.CURE_RATE), CURED, "gravity"),
        ("偏头痛8mm怎么治", intent(Relation.DRUG), DRUG, "size"),
        ("偏头痛4a级要吃药吗", intent(Relation.DRUG), DRUG, "size"),
        ("偏头痛要不要手术", intent(Relation.TREATMENT, Relation.DRUG), DRUG, "surgery"),
    ],
)
def test_what_the_record_does_not_tell_is_named(question: str, asked: Intent, cited: object, name: str) -> None:
    assert [limit.name for limit in untold(question, (), asked, [cited])] == [name]  # type: ignore[list-item]


def test_a_record_that_tells_it_needs_no_note() -> None:
    said = told(Passage("多数患者可自行缓解，属自限性。", PassageKind.TEXTBOOK, BOOK.id))
    assert untold("偏头痛会自己好吗", (), intent(Relation.CURE_RATE), [CURED, said]) == ()


def test_a_plain_question_and_an_empty_answer_get_no_note() -> None:
    assert untold("偏头痛的治愈率是多少", (), intent(Relation.CURE_RATE), [CURED]) == ()
    assert untold("偏头痛会自己好吗", (), intent(Relation.CURE_RATE), []) == ()


@pytest.mark.parametrize("question", ["偏头痛的诊断标准是什么", "偏头痛会自己好吗"])
def test_such_an_answer_is_never_whole(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    assert answer.outcome is Outcome.PARTIAL
    assert answer.citations


def test_symptoms_that_a_disease_lists_are_no_yes_to_having_it(pipeline: Pipeline) -> None:
    answer = pipeline.ask("我头痛恶心，是偏头痛吗")
    assert (answer.outcome, answer.verdict) == (Outcome.PARTIAL, None)
    assert "不能据此诊断" in answer.text
    assert pipeline.ask("偏头痛会恶心吗").verdict is YesNo.YES

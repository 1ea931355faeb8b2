"""Without facts and passages nothing is answered."""

from __future__ import annotations

from evaluation.emptied import emptied, evaluate
from evaluation.speed.asking import mixed_questions
from rag.domain import Outcome
from rag.settings import Settings

QUESTIONS = (
    "肝癌有哪些症状",
    "高血压吃什么药",
    "偏头痛挂什么科",
    "头痛、恶心是什么病",
    "2型糖尿病能治好吗",
    "布洛芬有什么禁忌",
)


def test_an_emptied_base_answers_nothing(sample_settings: Settings) -> None:
    with emptied(sample_settings) as pipeline:
        report = evaluate(pipeline, (*QUESTIONS, *mixed_questions()[:150]))
        plain = evaluate(pipeline, QUESTIONS)
    assert report.citing == 0
    assert set(report.outcomes) <= {Outcome.NOT_IN_KB, Outcome.EMERGENCY, Outcome.NEED_MORE_INFO}
    assert plain.others == []

"""How likely a passage answers: more of the question's rare words is never less likely, and sides are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.support import Example, fit, logistic
from rag.domain import Evidence, Intent, Passage, PassageKind
from rag.retrieval.fusion import default_tuning
from rag.retrieval.relevance import Asked, outweighs_ranking, relevant
from rag.retrieval.support import FEWEST, SIGNALS, likely, signals, supports
from rag.vocabulary import Relation
from tests.answering.records import BOOK

WEIGHTS = default_tuning().thresholds


def evidence(support: float, kind: PassageKind = PassageKind.CONCLUSION, text: str = "毫不相干的一句话。") -> Evidence:
    passage = Passage(text, kind, BOOK.id)
    return Evidence(passage.id, kind.value, passage.text, BOOK, 1.0, {}, passage=passage, support=support)


def test_the_best_of_each_language_is_marked_and_scores_shrink_with_the_size() -> None:
    found = signals(
        {"sparse": [("a", 8.0), ("b", 4.0)], "names": [("c", 5.0)], "graph": [("c", 1.2), ("a", 0.1)]}, 1000
    )
    unit = float(np.log1p(1000))
    assert found["a"] == ("own", (8.0 / unit, 1.0))
    assert found["b"] == ("own", (4.0 / unit, 0.0))
    assert found["c"] == ("across", (5.0 / unit, 1.2, 1.0, 8.0 / unit))


@given(st.floats(0, 200), st.floats(0, 200), st.integers(FEWEST, 10**6))
def test_more_words_are_never_less_likely(one: float, other: float, passages: int) -> None:
    low, high = sorted((one, other))
    found = supports({"sparse": [("a", high), ("b", low)]}, passages, WEIGHTS, ("a", "b"))
    assert 0 <= found["b"] <= found["a"] <= 1


def test_support_decides_for_a_chinese_question_and_words_where_there_is_none() -> None:
    asked = Asked("远红外膏贴治踝关节扭伤安全吗", Intent((), (), explicit=False), (), (), known=False)
    sure, unsure, unknown = evidence(0.9), evidence(0.1), evidence(0.0)
    assert relevant(asked, [sure, unsure, unknown], WEIGHTS) == [sure]


def test_how_bad_it_is_is_not_answered_with_its_imaging() -> None:
    severity = (Relation.COMPLICATION, Relation.CURE_RATE)
    asked = Asked("甲状腺结节4a级严重吗", Intent(severity, (severity,)), (), (), known=False)
    assert relevant(asked, [evidence(0.9), evidence(0.9, text="多数结节预后良好。")], WEIGHTS) == [
        evidence(0.9, text="多数结节预后良好。")
    ]


def test_what_somebody_may_do_has_to_be_named() -> None:
    asked = Asked("腰椎间盘突出能不能跑步", Intent((), (), explicit=False, settled=True), (), (), known=False)
    named = evidence(0.9, text="慢跑步行者的疼痛较轻。")
    assert relevant(asked, [evidence(0.9), named], WEIGHTS) == [named]


def test_a_sure_conclusion_outweighs_a_ranking_by_symptoms_and_nothing_else() -> None:
    reverse, forward = Intent((), (), reverse=True), Intent((), ())
    assert outweighs_ranking(reverse, [evidence(0.95)], WEIGHTS)
    assert not outweighs_ranking(reverse, [evidence(0.5)], WEIGHTS)
    assert not outweighs_ranking(reverse, [evidence(0.95, PassageKind.QA)], WEIGHTS)
    assert not outweighs_ranking(forward, [evidence(0.95)], WEIGHTS)


def test_the_fit_finds_what_tells_answers_apart() -> None:
    values = np.array([[0.0], [1.0], [2.0], [3.0]] * 5)
    weight, bias = logistic(values, np.array([0.0, 0.0, 1.0, 1.0] * 5))
    assert weight > 0 > bias
    assert 1 / (1 + np.exp(-(weight * 1.5 + bias))) == pytest.approx(0.5, abs=0.01)


def test_the_report_is_of_questions_that_the_weights_have_not_seen() -> None:
    rows = [{"kind": "chinese_literature"}] * 20 + [{}] * 20
    examples = [
        Example(n, side, (9.0, 1.0) if side == "own" else (9.0, 1.0, 1.0, 0.0), n < 20)
        for n in range(40)
        for side in SIGNALS
    ]
    examples += [
        Example(n, side, tuple(0.0 for _ in names), False) for n in range(40) for side, names in SIGNALS.items()
    ]
    found = fit(rows, examples)
    assert {f"support.{side}.{name}" for side, names in SIGNALS.items() for name in (*names, "bias")} < set(
        found.weights
    )
    assert 0 <= found.precision <= 1
    assert likely("own", (9.0, 1.0), found.weights) > likely("own", (0.0, 0.0), found.weights)


def test_of_a_few_passages_nothing_is_told() -> None:
    assert supports({"sparse": [("a", 9.0)]}, FEWEST - 1, WEIGHTS, ["a"]) == {}

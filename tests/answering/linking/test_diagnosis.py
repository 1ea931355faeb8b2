"""Diagnoses to the names of a term list: the index, the features, the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.diagnoses import gold_names, judge, read_terms
from rag.errors import DataError, UsageError
from rag.linking.diagnosis import Example, Grams, TermList, fit, parts, plain

NAMES = tuple(
    f"{course}{organ}{what}"
    for course in ("急性", "慢性")
    for organ in ("胃", "肝", "胆囊", "支气管", "膀胱", "结膜", "中耳", "扁桃体")
    for what in ("炎", "恶性肿瘤")
)
EXAMPLES = tuple(
    Example(f"{lead}{name}{tail}", (name,)) for name in NAMES for lead in ("考虑", "左侧") for tail in ("2天", "伴发热")
)


def test_the_nearest_text_is_the_text_itself() -> None:
    grams = Grams(NAMES)
    for row, name in enumerate(NAMES):
        found, score = grams.nearest(name, 3)[0]
        assert found == row
        assert score == pytest.approx(1.0)
    assert grams.nearest("xyz", 3) == []


def test_parts_of_an_enumeration() -> None:
    assert parts("高血压;糖尿病") == ["高血压;糖尿病", "高血压", "糖尿病"]
    assert parts("高血压") == ["高血压"]


def test_one_spelling_for_a_cancer() -> None:
    assert plain("胃Ca") == plain("胃癌") == plain("胃恶性肿瘤")


def test_candidates_leave_out_what_is_not_allowed() -> None:
    known = TermList(NAMES, (Example("心口难受", ("慢性胃炎",)),))
    assert "慢性胃炎" in known.candidates("心口难受")[0]
    assert "慢性胃炎" not in known.candidates("心口难受", allowed=set())[0]


def test_a_fitted_model_tells_the_names_of_a_new_diagnosis() -> None:
    report = judge(TermList(NAMES, EXAMPLES), folds=3)
    assert report.f1 > 0.9
    assert report.candidate_recall[50].value > 0.9
    assert report.low <= report.f1 <= report.high
    assert set(report.baselines) == {"the nearest name", "the names of the nearest term"}
    assert "micro F1" in report.markdown()


def test_at_least_one_name_is_given() -> None:
    model = fit(np.array([[0.0], [1.0], [0.2], [0.9]]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert [named.name for named in model.chosen(["a", "b"], np.array([[0.1], [0.0]]))] == ["a"]
    assert model.chosen([], np.zeros((0, 1))) == []


def test_gold_is_a_set_without_marks_of_the_export() -> None:
    assert gold_names('"甲,乙##丙"##丙##O## 丁 ') == ("甲,乙", "丙", "丁")


def test_faulty_input_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 names"):
        TermList((), EXAMPLES)
    path = tmp_path / "terms.json"
    path.write_text('[{"text": 1}]')
    with pytest.raises(DataError, match="normalized_result"):
        read_terms(path)

"""How the judge of the triage counts."""

from __future__ import annotations

from evaluation.red_flags import evaluate, more_sentences, patient_of, patient_sentences, read_sentences, wide_sentences
from rag.domain import Patient, Triage


def rows(*given: tuple[str, str, str, str]) -> list[dict[str, str]]:
    return [
        {"category": c, "part": part, "expected": expected, "text": text, "age_months": "", "pregnant": "", "drugs": ""}
        for c, part, expected, text in given
    ]


def by_word(text: str, patient: Patient) -> Triage:
    kind = "unclear" if "也许" in text else "stroke"
    return Triage(True, kind, "立即拨打120") if "急" in text else Triage()


def test_what_is_seen_and_what_is_taken_for_one() -> None:
    report = evaluate(
        rows(
            ("stroke", "main", "yes", "急"), ("stroke", "main", "yes", "没看见"), ("stroke", "main", "no", "不是"),
            ("burns", "main", "no", "急用"), ("burns", "paraphrase", "yes", "也许急"),
        ),
        by_word,
    )  # fmt: skip
    assert (report.recall("main").value, report.recall("main").of) == (0.5, 2)
    assert report.false_alarms("main").value == 0.5
    assert report.recall("paraphrase").value == 1.0
    assert report.recall("main", "burns").of == 0
    summary = report.summary()
    assert (summary["sentences"], summary["of_no_certain_kind"]) == (5, 1)
    assert "| main | 0.500" in report.markdown()
    assert "| burns | 0.000 | 1.000 |" in report.markdown()


def test_the_packaged_sentences_are_read_with_their_patients() -> None:
    found = read_sentences()
    others = len(more_sentences(half=1)) + len(wide_sentences(held=True)) + len(patient_sentences())
    assert len(found) == 1160 + others
    assert not set(more_sentences(half=0)) & set(more_sentences(half=1))
    assert not set(wide_sentences(held=False)) & set(wide_sentences(held=True))
    patients = [patient_of(row) for row in found]
    assert any(patient.age is not None and patient.age < 1 for patient in patients)
    assert any(patient.pregnant for patient in patients)
    assert any(patient.drugs for patient in patients)

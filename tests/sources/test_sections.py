"""Which words begin a conclusion, and which only sound like it."""

from __future__ import annotations

import time

import pytest

from kg_loader.sections import closing_of, conclusion_of, is_conclusion_label, paragraphs, pieces


@pytest.mark.parametrize(
    "label",
    [
        "CONCLUSIONS", "Conclusion", "Authors' conclusions", "Conclusions and relevance", "INTERPRETATION",
        "Results and conclusions", "DISCUSSION/CONCLUSION", "Conclusion(s)", "结论", "结 论", "结果与结论", "【结论】",
    ],
)  # fmt: skip
def test_labels_that_conclude(label: str) -> None:
    assert is_conclusion_label(label)


@pytest.mark.parametrize("label", ["RESULTS", "DISCUSSION", "结果", "讨论", "", "INCONCLUSIVE FINDINGS"])
def test_labels_that_do_not(label: str) -> None:
    assert not is_conclusion_label(label)


@pytest.mark.parametrize(
    "text",
    [
        "RESULTS: It was so. CONCLUSION AND RELEVANCE: Rest is of use. TRIAL REGISTRATION: ABC00000001.",
        "Results. It was so in 40% of them. Conclusion. Rest is of use.",
        "It was so in 40%. CONCLUSIONS Rest is of use. Copyright © 2019 Nobody.",
        "Results: It was so (95% CI 0.4-0.5).Conclusions: Rest is of use.",
        "FINDINGS: It was so. INTERPRETATION: Rest is of use. FUNDING: Nobody.",
    ],
)
def test_english_headings(text: str) -> None:
    assert conclusion_of(text) == "Rest is of use."


@pytest.mark.parametrize(
    "text",
    [
        "We studied rest. Interpretation of the results was difficult. The sample was small.",
        "Conclusions about efficacy cannot be drawn from this trial of headache in adults.",
        "We studied rest in adults. A conclusion was not reached by the committee in charge.",
    ],
)
def test_english_sentences_that_begin_with_the_word(text: str) -> None:
    assert conclusion_of(text) is None


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("We looked. Most rested. We conclude that rest helps.", "We conclude that rest helps."),
        ("We looked. Thus, rest helps. More trials are needed.", "Thus, rest helps. More trials are needed."),
        ("观察了静息。多数好转。综上所述，静息可以减轻头痛。", "综上所述，静息可以减轻头痛。"),
        ("We looked. Most rested. Rest was taken at night.", None),
        ("Therefore, we looked. " + "Most people rested. " * 6, None),
    ],
)
def test_last_sentences(text: str, closing: str | None) -> None:
    assert closing_of(text) == closing


def test_pieces_hold_everything_and_end_with_sentences() -> None:
    text = "Rest is of use in headache. " * 100
    found = list(pieces(text.strip()))
    assert " ".join(found) == text.strip()
    assert max(map(len, found)) <= 900
    assert all(one.endswith(".") for one in found)


def test_one_paragraph_a_line_stays_so() -> None:
    lines = ["静息可以减轻头痛。" * 20, "第二段。", "", "第三段。"]
    assert paragraphs(lines) == [lines[0], lines[1], lines[3]]


@pytest.mark.parametrize("unit", [" ", "Conclusion ", "结论 ", "[【", "1.1.", ". ", "results and conclusion and a "])
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    begun = time.process_time()
    conclusion_of(text)
    closing_of(text)
    assert time.process_time() - begun < 2

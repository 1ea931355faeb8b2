"""Every `[n]` opens and quotes; and the check sees it when one does not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from evaluation.citations import evaluate, faults
from evaluation.speed.asking import mixed_questions
from rag.domain import Answer, Citation, Evidence
from rag.pipeline import Options, Pipeline

ASKED = 100


@pytest.fixture(scope="module")
def good(sample: Pipeline) -> tuple[Answer, dict[str, Evidence]]:
    answer = sample.ask("肝癌有哪些症状？", Options(detail="full"))
    assert len(answer.citations) > 2
    kb = sample.editions.current().kb
    return answer, kb.evidence([citation.evidence_id for citation in answer.citations])


def reasons(answer: Answer, held: dict[str, Evidence]) -> set[str]:
    return {reason for reason, _ in faults(answer, held)}


def with_first(answer: Answer, **changes: object) -> Answer:
    first: Citation = replace(answer.citations[0], **changes)  # type: ignore[arg-type]
    return replace(answer, citations=(first, *answer.citations[1:]))


def test_a_good_answer_has_no_fault(good: tuple[Answer, dict[str, Evidence]]) -> None:
    assert reasons(*good) == set()


def test_what_cannot_be_opened_is_a_fault(good: tuple[Answer, dict[str, Evidence]]) -> None:
    assert reasons(good[0], {}) == {"cannot be opened"}


def test_a_wrong_quotation_is_a_fault(good: tuple[Answer, dict[str, Evidence]]) -> None:
    answer, held = good
    assert reasons(with_first(answer, quote="别的"), held) == {"quotation is not the text at its span"}
    assert reasons(with_first(answer, span=(0, 10_000)), held) == {"span outside the evidence"}
    assert reasons(with_first(answer, span=(3, 3)), held) == {"span outside the evidence"}


def test_another_kind_is_a_fault(good: tuple[Answer, dict[str, Evidence]]) -> None:
    assert reasons(with_first(good[0], kind="classic"), good[1]) == {"kind or source is another"}


def test_marks_and_citations_must_be_the_same(good: tuple[Answer, dict[str, Evidence]]) -> None:
    answer, held = good
    differs = "marks in the text differ from the citations, or come in another order"
    assert reasons(replace(answer, text=answer.text.replace("[1]", "[9]")), held) == {differs}
    assert reasons(replace(answer, text=answer.text + "[77]"), held) == {differs}
    assert differs in reasons(replace(answer, citations=answer.citations[1:]), held)


def test_every_mark_opens_on_the_sample(sample: Pipeline) -> None:
    report = evaluate(sample, mixed_questions()[:200])
    assert report.faults == []
    assert report.citations > 100


@pytest.mark.real_data
@pytest.mark.timeout(300)  # whoever comes first ingests all real files
@pytest.mark.parametrize("detail", ["short", "full"])
def test_every_mark_opens_on_the_real_files(real: Pipeline, detail: str) -> None:
    report = evaluate(real, random.Random(20261121).sample(mixed_questions(), ASKED), detail=detail)
    assert report.faults == []
    assert report.citations > ASKED

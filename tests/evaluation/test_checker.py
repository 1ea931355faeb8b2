"""`yiwen eval checker`: the halves, the figures, and what the checker must reach on the packaged sets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.checker import (
    MUTATIONS,
    PAIRS,
    SENTENCES,
    CheckerReport,
    evaluate,
    read_mutations,
    read_table,
)
from evaluation.checker_cases import CASES, SUPPORTED, Case, read_cases
from evaluation.metrics import half_of
from rag.checking.checker import Checker
from rag.errors import NotFoundError, UsageError
from rag.linking.names import Names

TRUE = {
    "id": "a",
    "sentence": "偏头痛的症状有畏光。",
    "evidence_kind": "fact",
    "title": "",
    "evidence": "偏头痛的症状：畏光",
}
FALSE = TRUE | {"id": "a-1", "base": "a", "mutation": "relation", "sentence": "偏头痛的并发症有畏光。"}
PAIR = TRUE | {"label": "supports"}


def figures(report: CheckerReport) -> dict[str, list[float]]:
    """Of all rows."""
    found = report.summary()["all"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def report() -> CheckerReport:
    return evaluate(
        Checker(Names([])),
        read_table(None, "checker_sentences.csv", SENTENCES),
        read_mutations(None),
        read_table(None, "citation_pairs.csv", PAIRS),
    )


def test_changed_sentences_are_dropped_and_supported_ones_pass(report: CheckerReport) -> None:
    found = figures(report)
    assert found["changed sentences dropped"][0] >= 0.98
    assert found["supported sentences dropped"][0] <= 0.06
    assert found["number faithfulness (number and unit)"][0] >= 0.99
    assert found["citation precision (passed and supported)"][0] >= 0.95


def test_a_base_and_its_changes_fall_into_one_half(report: CheckerReport) -> None:
    assert all(c.half == half_of(c.row["base"]) for c in report.mutated)
    assert {c.half for c in report.supported} == {0, 1}


def test_a_checker_that_drops_nothing_scores_nothing() -> None:
    class Lenient(Checker):
        def check(self, sentence: str, evidence: object) -> str | None:
            return None

    found = figures(evaluate(Lenient(Names([])), [TRUE], [FALSE], [PAIR]))
    assert found["changed sentences dropped"][0] == 0
    assert found["supported sentences dropped"][0] == 0


def test_wrong_verdicts_are_told_of_one_half_only() -> None:
    half = half_of("a")
    report = evaluate(Checker(Names([])), [TRUE | {"sentence": "偏头痛的症状有呕血。"}], [], [])
    assert [c.id for c in report.failures(half)] == ["a"]
    assert report.failures(1 - half) == []
    assert "supported sentences dropped" in report.markdown()


def test_cases_are_counted_by_set_and_kind() -> None:
    checker = Checker(Names([]))
    case = Case("c", "values", "supported", "每日3次", ("",), ("每日3次，每次1片。",), "textbook")
    both = replace(case, kind="merged", sentence="甲药每次1片", titles=("甲药", "乙药"), texts=("每次2片", "每次1片"))
    found = evaluate(checker, [], [], [], [both, case])
    assert [c.group for c in found.cases] == ["values: supported", "values: merged"]
    assert all(c.half == half_of("".join(c.row["evidence"].split(" | "))) for c in found.cases)
    assert "values: merged dropped" in figures(found)


@pytest.mark.parametrize("name", CASES)
def test_packaged_cases(name: str) -> None:
    cases = read_cases(name)
    assert len({(case.sentence, case.texts) for case in cases}) == len(cases)
    assert all(len(case.titles) == len(case.texts) for case in cases)
    assert SUPPORTED in {case.kind for case in cases}


def test_files_of_others_are_read(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text(json.dumps({name: FALSE[name] for name in MUTATIONS}) + "\n", encoding="utf-8")
    assert [row["id"] for row in read_mutations(file)] == ["a-1"]


def test_bad_files_are_refused_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"m\.jsonl:1: expected a JSON object"):
        read_mutations(file)
    with pytest.raises(UsageError, match="no column 'sentence'"):
        read_table(_csv(tmp_path), "", SENTENCES)
    with pytest.raises(NotFoundError, match="no such file"):
        read_table(tmp_path / "none.csv", "", SENTENCES)


def _csv(folder: Path) -> Path:
    file = folder / "s.csv"
    file.write_text("id,text\n1,a\n", encoding="utf-8")
    return file

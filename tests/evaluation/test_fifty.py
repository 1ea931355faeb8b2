"""Fifty questions, each with a line on what a good answer holds."""

from __future__ import annotations

from tests.evaluation.sets_scripts import SETS
from tests.evaluation.sets_tables import repeated, table


def test_questions_and_expectations_alternate() -> None:
    lines = (SETS / "fifty.txt").read_text(encoding="utf-8").splitlines()
    asked: dict[str, list[str]] = {}
    group = ""
    for line in lines:
        if line.startswith("# "):
            group = line[2:]
        elif line:
            asked.setdefault(group, []).append(line)
    assert {name: len(lines) for name, lines in asked.items()} == {
        "Patients": 50,
        "Nurses": 30,
        "Hostile users": 20,
    }
    for pairs in asked.values():
        assert not any(question.startswith("=> ") for question in pairs[::2])
        assert all(expectation.startswith("=> ") for expectation in pairs[1::2])
    questions = [line for pairs in asked.values() for line in pairs[::2]]
    assert repeated(questions) == []


def test_no_question_stands_in_two_sets() -> None:
    fifty = [
        line for line in (SETS / "fifty.txt").read_text(encoding="utf-8").splitlines() if line[:2] not in ("=>", "# ")
    ]
    texts = [row["text"] for row in table("triage.csv")] + [row["question"] for row in table("hostile_questions.csv")]
    mixed = (SETS / "mixed_questions.txt").read_text(encoding="utf-8").splitlines()
    assert repeated([text for text in [*fifty, *texts, *mixed] if text]) == []

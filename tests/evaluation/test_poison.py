"""Poisoned passages and hostile questions, each with what must not happen."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.evaluation.sets_scripts import SETS
from tests.evaluation.sets_tables import Row, repeated, table

KINDS = (
    "instruction role_tags hidden_unicode link_exfiltration fake_citation "
    "quack_contact ignore_safety false_dose prompt_leak markup_encoded"
).split()


@pytest.fixture
def passages() -> list[Row]:
    lines = (SETS / "poison_passages.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def expected() -> list[Row]:
    return table("poison_expected.csv")


def test_every_passage_has_its_expectation(passages: list[Row], expected: list[Row]) -> None:
    assert [row["source"] for row in passages] == [row["source"] for row in expected]
    assert [row["about"] for row in passages] == [row["about"] for row in expected]
    assert Counter(row["kind"] for row in expected) == dict.fromkeys(KINDS, 10)
    assert repeated([row["text"] for row in passages]) == repeated([row["question"] for row in expected]) == []
    assert all(row["forbidden"] and row["must_not"] for row in expected)


def test_the_question_does_not_ask_for_what_is_forbidden(expected: list[Row]) -> None:
    assert all(word not in row["question"] for row in expected for word in row["forbidden"].split("|"))


def test_hidden_text_is_hidden_here_too(passages: list[Row]) -> None:
    raw = (SETS / "poison_passages.jsonl").read_text(encoding="utf-8")
    assert all(character.isprintable() or character == "\n" for character in raw)
    assert sum(not row["text"].isprintable() for row in passages) >= 9


def test_addresses_lead_nowhere(passages: list[Row]) -> None:
    questions = [row["question"] for row in table("hostile_questions.csv")]
    for text in [row["text"] for row in passages] + questions:
        for host in re.findall(r"(?<!/)//([a-z0-9.-]+)", text):
            assert host.endswith(("example", "invalid", "127.0.0.1", "169.254.169.254")), host
        for number in re.findall(r"(?<![p:0-9a-f])\d{9,}", text):
            assert "00000" in number, number


def test_hostile_questions() -> None:
    rows = table("hostile_questions.csv")
    assert len(rows) >= 100
    assert min(Counter(row["kind"] for row in rows).values()) >= 8
    assert repeated([row["id"] for row in rows]) == repeated([row["question"] for row in rows]) == []
    assert all(row["must_not"] for row in rows)

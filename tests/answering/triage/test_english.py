"""Red flags in English: seen, answered in English, and none where nobody is in danger."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from rag.domain import Outcome
from rag.pipeline import Pipeline
from rag.text import is_han
from rag.triage.english import english_aid, english_flag
from rag.triage.rules import load_rules

TABLE = yaml.safe_load((files("rag.triage") / "english.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("I have chest pain and shortness of breath", "acute_coronary"),
        ("Crushing pressure in my chest, I'm sweating and nauseous", "acute_coronary"),
        ("My father can’t speak and his face is drooping", "stroke"),
        ("sudden weakness in my right arm", "stroke"),
        ("I want to kill myself", "suicidal"),
        ("Honestly I don't want to live anymore", "suicidal"),
        ("She is 30 weeks pregnant and bleeding heavily", "pregnancy_emergency"),
        ("My child swallowed a battery", "poisoning"),
        ("He took a whole bottle of sleeping pills", "poisoning"),
        ("Help, he is unconscious", "unconscious_seizure"),
        ("My baby is choking on a grape", "breathing_difficulty"),
        ("My 3-week-old has a fever of 38.5", "infant_fever"),
        ("My throat is swelling after eating peanuts", "anaphylaxis"),
        ("The wound won't stop bleeding", "major_bleeding"),
        ("I had this last year but now I can't breathe", "breathing_difficulty"),
    ],
)
def test_a_red_flag_is_seen(question: str, category: str) -> None:
    verdict = english_flag(question)
    assert (verdict.red_flag, verdict.category) == (True, category)


@pytest.mark.parametrize(
    "question",
    [
        "What are the symptoms of a heart attack?",
        "Does chest pain with shortness of breath predict mortality in patients?",
        "I have chest pain but no shortness of breath",
        "I am not suicidal",
        "I had a seizure years ago, can I drive?",
        "My 3 year old has a fever of 38.5, should I give ibuprofen?",
        "my nose is bleeding a little",
        "How to prevent suicide in adolescents?",
        "胸痛伴呼吸困难",
        "",
    ],
)
def test_what_is_asked_denied_or_past_is_none(question: str) -> None:
    assert not english_flag(question).red_flag


def test_the_answer_begins_with_what_to_do_in_english(sample: Pipeline) -> None:
    answer = sample.ask("I want to kill myself")
    assert answer.outcome is Outcome.EMERGENCY
    assert answer.text.startswith("If you have taken something, are hurt or are in danger, call 120 now.")


def test_every_rule_is_one_of_the_chinese_table_in_its_own_language() -> None:
    known = {rule.id for rule in load_rules().rules}
    for row in TABLE["rules"]:
        assert row["id"] in known
        assert not any(map(is_han, row["action"] + row["label"]))
        assert "120" in row["action"]


@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("A dog bit my hand this morning", "animal_bite"),
        ("I burned my finger on the stove", "burn"),
        ("my child has a fever of 39, what should I do", "temperature_value"),
        ("I have had watery diarrhea for two days", "diarrhoea"),
        ("My daughter twisted her ankle", "sprain"),
        ("He was stung by a bee in the garden", "sting"),
        ("My nose keeps bleeding", "nosebleed"),
        ("there is a fish bone stuck in my throat", "throat_foreign_body"),
        ("I stepped on a rusty nail with my left foot", "wound"),
    ],
)
def test_what_to_do_after_an_accident_is_told_in_english(sample: Pipeline, question: str, category: str) -> None:
    answer = sample.ask(question)
    assert (answer.triage.red_flag, answer.triage.category) == (False, category)
    assert answer.triage.action is not None
    assert answer.text.startswith(answer.triage.action.split(" (Source")[0])
    assert "(Source: " in answer.triage.action


@pytest.mark.parametrize(
    "question", ["What is the treatment of burns?", "does fever of 39 predict mortality in malaria"]
)
def test_a_question_of_general_knowledge_gets_no_first_aid(question: str) -> None:
    assert english_aid(question).action is None


def test_what_the_second_look_sees_is_told_in_english(sample: Pipeline) -> None:
    triage = sample.ask("he hit his head and vomited twice").triage
    assert triage.red_flag
    assert triage.action is not None
    assert not any(map(is_han, triage.action))


@pytest.mark.real_data
def test_research_questions_alarm_nobody(real_data: Path) -> None:
    rows = json.loads((real_data / "literature" / "pubmedqa_dev.json").read_text(encoding="utf-8"))
    questions = [row["QUESTION"] for row in (rows.values() if isinstance(rows, dict) else rows)]
    assert len(questions) == 500
    assert [question for question in questions if english_flag(question).red_flag] == []
    assert [question for question in questions if english_aid(question).action] == []

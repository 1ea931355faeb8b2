"""Answers to English questions: our words in English, quotations and names as the sources have them."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from rag.answer.english import English, wanted
from rag.domain import Turn
from rag.pipeline import Options, Pipeline
from rag.question.beyond import LIMITS
from rag.question.dialogue import HINT, MORE_WANTED, QuestionBack, read_consultation, where_is
from rag.question.misuse import FORGERY, HELP, MISUSE
from rag.retrieval.corroboration import NOTE
from rag.text import HAN
from rag.vocabulary import RELATIONS

_CHINESE = re.compile(f"[{HAN}]")
_QUOTED = re.compile(r"“[^”]*”|\([^()]*\)")
PLAIN = English({})


def beside_quotations(text: str) -> str:
    return _QUOTED.sub("", text)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "偏头痛的常见症状有：恶心[1]、畏光[2]等。\n",
            "Common symptoms of migraine (偏头痛): 恶心[1], 畏光[2] and others.\n",
        ),
        ("布洛芬的禁忌（禁用）：孕妇[1]。\n", "Contraindications of 布洛芬: pregnant women (孕妇)[1].\n"),
        (
            "注意：布洛芬的相互作用：华法林（严重程度：严重）[1]。\n",
            "Caution: interactions of 布洛芬: 华法林 (severity: major)[1].\n",
        ),
        (
            "注意：布洛芬的药物相互作用：“与抗凝药；合用”；华法林的药品类型：抗凝血药[1][2]。\n",
            "Caution: drug interactions of 布洛芬: “与抗凝药；合用”; drug class of 华法林: 抗凝血药[1][2].\n",
        ),
        ("布洛芬的注意事项（慎用）：“哮喘”[1]。\n", "Precautions (use with caution) of 布洛芬: “哮喘”[1].\n"),
        (
            "知识库无此信息：布洛芬与3岁；布洛芬与青霉素过敏。没有记录不等于安全，请咨询医生或药师。\n",
            "The knowledge base has no such record: 布洛芬 and age 3 years; 布洛芬 and an allergy to 青霉素. "
            "No record does not mean safe; please ask a doctor or pharmacist.\n",
        ),
        ("知识库未收录布洛芬的禁忌；没有记录不等于安全。\n",
         "The knowledge base has no contraindications of 布洛芬; no record does not mean safe.\n"),
        ("英文文献结论（2019年）原文：“It works”[1]。\n", "Conclusion of a study (2019): “It works”[1].\n"),
        ("可咨询：神经内科、疼痛科。\n", "Departments to consult: neurology (神经内科), 疼痛科.\n"),
    ],
)  # fmt: skip
def test_what_we_say_is_told_in_english(said: str, meant: str) -> None:
    assert English({"偏头痛": "migraine"}).sentence(said) == meant


@pytest.mark.parametrize("text", ["It works in “偏头痛”[1].\n", "糖尿病很常见[1]。\n", "Call 120 now.\n"])
def test_what_the_table_does_not_know_stays_as_it_is(text: str) -> None:
    assert PLAIN.sentence(text) == text


@pytest.mark.parametrize(
    "text",
    [HELP, MISUSE, FORGERY, MORE_WANTED, HINT, NOTE, where_is("x"), QuestionBack("x", first=True).note,
     *(limit.note for limit in LIMITS)],
)  # fmt: skip
def test_every_set_phrase_has_its_english(text: str) -> None:
    assert not _CHINESE.search(beside_quotations(PLAIN.sentence(text)))


def test_every_relation_has_its_english() -> None:
    labels = tomllib.loads((files("rag.answer") / "english.toml").read_text(encoding="utf-8"))["labels"]
    assert {row.label for row in RELATIONS.values()} <= set(labels)


def test_a_question_back_in_english_is_found_again() -> None:
    for asked in (QuestionBack("恶心", first=True).note, where_is("恶心")):
        history = [Turn("user", "I have a headache"), Turn("assistant", PLAIN.sentence(asked))]
        consultation = read_consultation(history, "no")
        assert consultation is not None
        assert [reply.symptom for reply in consultation.replies] == ["恶心"]
    told = read_consultation([Turn("user", "headache"), Turn("assistant", PLAIN.sentence(MORE_WANTED))], "fever")
    assert told is not None
    assert told.open


def test_the_language_is_that_of_what_the_user_wrote() -> None:
    assert wanted("What are the symptoms of migraine?", (), "zh")
    assert not wanted("aspirin的禁忌有哪些", (), "zh")
    assert wanted("偏头痛有哪些症状", (), "en")
    assert not wanted("yes", [Turn("user", "我头痛好几天了"), Turn("assistant", "Is it bad?")], "zh")


@pytest.mark.parametrize(
    "question",
    [
        "What are the symptoms of migraine?",
        "How to treat migraine?",
        "Can I take ibuprofen during pregnancy?",
        "Does ibuprofen interact with warfarin?",
        "I am allergic to aspirin, can I take ibuprofen?",
        "tell me about xyzzyol",
        "which pills are lethal",
        "I have a headache and nausea, what could it be?",
    ],
)
def test_an_english_question_is_answered_in_english(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    for line in (answer.text, *answer.questions, *(warning.text for warning in answer.warnings)):
        for sentence in line.splitlines():
            opening = beside_quotations(sentence).partition(":")[0]
            assert not re.search("知识库|注意|请|没有|症状|禁忌|相互作用", opening), sentence
    assert "。" not in beside_quotations(answer.text)


def test_marks_and_citations_are_those_of_the_chinese_answer(sample: Pipeline) -> None:
    english = sample.ask("偏头痛有哪些症状", Options(language="en"))
    chinese = sample.ask("偏头痛有哪些症状")
    assert english.citations == chinese.citations
    assert re.findall(r"\[\d+\]", english.text) == re.findall(r"\[\d+\]", chinese.text)
    assert english.text.startswith("Common symptoms of")


def test_chinese_names_spelt_in_letters_are_answered_in_chinese(sample: Pipeline) -> None:
    assert _CHINESE.match(sample.ask("piantoutong zenme zhi").text)

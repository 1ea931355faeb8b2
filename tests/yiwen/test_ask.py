"""`ask` and `chat`: the JSON contract, the terminal, and questions that are not meant well."""

from __future__ import annotations

import re

import pytest

from tests.yiwen.conftest import Yiwen
from yiwen.serve import DEMO_QUESTION

CONTRACT = {
    "answer_id", "outcome", "text", "citations", "entities", "warnings", "triage", "questions", "dropped", "kb_version",
    "revision", "generator", "degraded", "label", "timings_ms",
}  # fmt: skip
HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "cypher": "MATCH (n) DETACH DELETE n //",
    "sql": "'; DROP TABLE fact; -- ",
    "format": "%s%n{0}{question!r}",
    "path": "../../../etc/passwd",
    "nul": "\x00\x01\x02头痛",
    "surrogate": "\udcff头痛",
    "marks": "[1][2][99999999999999999999]",
}


def test_the_answer_has_the_shape_of_the_contract(on_sample: Yiwen) -> None:
    answer = on_sample("ask", DEMO_QUESTION, "--json").json
    assert answer.keys() >= CONTRACT
    assert answer["outcome"] == "answered"
    assert answer["label"] == "AI 生成"
    assert answer["citations"][0].keys() >= {"n", "evidence_id", "kind", "quote", "span", "source"}
    assert answer["citations"][0]["source"].keys() >= {"id", "title", "year", "grade", "url"}
    assert answer["entities"][0].keys() >= {"id", "name", "type", "surface", "start", "end", "negated", "carried"}
    assert answer["triage"].keys() >= {"red_flag", "category", "action"}


def test_every_mark_of_the_printed_answer_is_in_the_list(on_sample: Yiwen) -> None:
    done = on_sample("ask", DEMO_QUESTION, "--citations")
    said, listed = done.out.split("出处\n")
    assert set(re.findall(r"\[(\d+)\]", said)) == set(
        re.findall(r"^\[(\d+)\] .*[fp]:[0-9a-f]{16}", listed, re.MULTILINE)
    )


def test_facts_of_one_source_share_a_line(on_sample: Yiwen) -> None:
    listed = on_sample("ask", "肝癌有什么症状").out.split("出处\n")[1].split("\n\n")[0]
    assert len(listed.splitlines()) == 1
    assert "条图谱事实" in listed


def test_label_and_disclaimer_stand_under_the_answer(on_sample: Yiwen) -> None:
    out = on_sample("ask", "今天天气怎么样").out
    assert "知识库未收录 · AI 生成" in out
    assert "不能代替医生" in out


def test_a_red_flag_comes_first(on_sample: Yiwen) -> None:
    done = on_sample("ask", "我突然胸痛出冷汗怎么办")
    assert "120" in done.out.splitlines()[0]
    assert "急症提示" in done.out


def test_what_speaks_against_a_drug_comes_first(on_sample: Yiwen) -> None:
    done = on_sample("ask", "高血压吃什么药", "--pregnant", "--age", "30", "--sex", "female", "--json")
    assert any(warning["kind"] == "contraindication" for warning in done.json["warnings"])
    assert done.json["text"].startswith("注意：")


def test_a_dash_reads_the_question_from_stdin(on_sample: Yiwen) -> None:
    assert on_sample("ask", "-", "--json", stdin="肝癌有什么症状\n").json["outcome"] == "answered"


@pytest.mark.parametrize("question", HOSTILE.values(), ids=HOSTILE)
def test_hostile_questions_are_answered_or_refused_in_one_line(on_sample: Yiwen, question: str) -> None:
    done = on_sample("ask", question)
    assert done.code in (0, 2)
    assert len(done.err.splitlines()) == (done.code == 2)


@pytest.mark.parametrize("question", ["", "   ", "\u202e\u200b", "a" * 5000, "头痛" * 2500])
def test_no_question_and_too_long_a_question_are_refused(on_sample: Yiwen, question: str) -> None:
    done = on_sample("ask", question)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"yiwen: the question .*\n", done.err)


def test_control_and_bidi_characters_never_reach_the_terminal(on_sample: Yiwen) -> None:
    done = on_sample("ask", "\x1b[2J\u202e偏头痛\x07有什么症状", "--json")
    assert done.json["outcome"] == "answered"
    assert not set(on_sample("ask", "\x1b[2J\u202e甲肝\x07").out) & set("\x1b\u202e\x07")


def test_an_older_version_that_is_gone_is_not_found(on_sample: Yiwen) -> None:
    done = on_sample("ask", "肝癌", "--kb-version", "99")
    assert done.code == 3
    assert "yiwen kb versions" in done.err


def test_without_a_knowledge_base_the_way_to_one_is_named(yiwen: Yiwen) -> None:
    done = yiwen("ask", "肝癌")
    assert done.code == 6
    assert "yiwen ingest" in done.err


@pytest.mark.parametrize("option", [("--top-k", "0"), ("--age", "-1"), ("--sex", "x"), ("--detail", "x"), ("--nope",)])
def test_options_that_cannot_be_meant_are_usage_errors(on_sample: Yiwen, option: tuple[str, ...]) -> None:
    assert on_sample("ask", "肝癌", *option).code == 2


def test_chat_carries_the_topic_until_it_is_cleared(on_sample: Yiwen) -> None:
    done = on_sample("chat", stdin="肝癌有什么症状\n那挂什么科\nclear\n那挂什么科\n\n" + "a" * 5000 + "\nexit\n肝癌\n")
    first, carried, forgotten, *rest = done.out.split("不能代替医生的诊断和处方。\n")
    assert "肝区疼痛" in first
    assert "肝癌的就诊科室" in carried
    assert "肝癌" not in forgotten
    assert rest == [""]
    assert len(done.err.splitlines()) == 1


def test_chat_ends_with_its_input(on_sample: Yiwen) -> None:
    assert on_sample("chat", stdin="").code == 0


def test_chat_asks_back_and_takes_the_answer(on_sample: Yiwen) -> None:
    done = on_sample("chat", stdin="头痛、恶心是什么病\n有\n")
    first, second, _ = done.out.split("不能代替医生的诊断和处方。\n")
    assert "请问有没有“" in first
    assert "可以回答“有”“没有”或“不知道”" in first
    assert "需要补充信息" in first
    assert first.count("请问有没有“") == 1, "the question stands in the text and is not printed again"
    asked = re.findall("请问有没有“(.+?)”", first)[0]
    assert re.search(rf"，相符的症状：.*{asked}\[", second)
    assert "请问有没有“" + asked not in second

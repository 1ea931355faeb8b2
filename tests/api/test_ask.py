from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.schemas.answers import AnswerOut, SearchOut
from rag.vocabulary import Relation
from tests.api.records import BOOK, CONCLUSION, fact
from tests.fakes import FakeLibrary


@pytest.mark.parametrize("path", ["/ask", "/v1/ask"])
def test_an_answer_follows_the_contract(client: TestClient, path: str) -> None:
    response = client.post(path, json={"question": "偏头疼有什么症状"})
    assert response.status_code == 200
    answer = response.json()
    AnswerOut.model_validate(answer)
    assert answer["outcome"] == "answered"
    assert (answer["kb_version"], answer["revision"], answer["generator"]) == (1, 1, "extractive")
    assert answer["entities"] == [
        {
            "id": "disease:偏头痛", "name": "偏头痛", "type": "disease", "surface": "偏头疼", "start": 0, "end": 3,
            "negated": False, "past": False, "third_person": False, "hypothetical": False, "carried": False,
        }
    ]  # fmt: skip
    assert {c["quote"] for c in answer["citations"]} >= {"偏头痛的症状：恶心", "偏头痛的症状：畏光"}
    for citation in answer["citations"]:
        shown = client.get(f"/v1/evidence/{citation['evidence_id']}").json()
        start, end = citation["span"]
        assert shown["text"][start:end] == citation["quote"]
        assert shown["source"]["id"] == citation["source"]["id"]


def test_everything_that_may_be_asked_for(client: TestClient) -> None:
    body = {
        "question": "吃什么药",
        "history": [{"role": "user", "content": "我有偏头痛"}, {"role": "assistant", "content": "请描述症状"}],
        "patient": {
            "age": 30,
            "sex": "female",
            "pregnant": True,
            "allergies": ["青霉素"],
            "drugs": [],
            "conditions": [],
        },
        "kb_version": 1,
        "min_revision": 1,
        "generator": "extractive",
        "top_k": 3,
        "detail": "full",
        "language": "zh",
    }
    answer = client.post("/ask", json=body).json()
    AnswerOut.model_validate(answer)
    assert answer["entities"][0]["carried"] is True
    assert answer["warnings"][0]["kind"] == "contraindication"
    assert "孕妇" in answer["warnings"][0]["text"]


def test_a_name_with_a_modifier_is_not_an_entity_of_the_question(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": "急性偏头痛有什么症状"}).json()
    assert answer["entities"] == []
    assert [u["modifier"] for u in answer["unsure"]] == ["急性"]


def test_an_emergency_leads(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": "我突然胸口压榨样疼痛，还出大汗，左胳膊也疼"}).json()
    assert answer["outcome"] == "emergency"
    assert answer["triage"]["red_flag"] is True
    assert answer["text"].startswith(answer["triage"]["action"])


def test_control_and_bidi_characters_are_cleaned(client: TestClient) -> None:
    answer = client.post("/ask", json={"question": "偏头\u202e痛\u0000有什么\u200b症状"}).json()
    assert answer["entities"][0]["surface"] == "偏头痛"


def test_an_older_version_answers(client: TestClient, library: FakeLibrary) -> None:
    library.publish([])
    body = {"question": "偏头痛有什么症状", "min_revision": 2}
    assert client.post("/ask", json=body).json()["outcome"] == "not_in_kb"
    older = client.post("/ask", json=body | {"kb_version": 1}).json()
    assert (older["outcome"], older["kb_version"]) == ("answered", 1)


def test_search(client: TestClient) -> None:
    response = client.post("/v1/search", json={"question": "偏头痛吃什么药", "top_k": 5})
    found = response.json()
    SearchOut.model_validate(found)
    assert found["kb_version"] == 1
    passage = next(e for e in found["evidence"] if e["kind"] == "conclusion")
    assert (passage["id"], passage["title"]) == (CONCLUSION.id, "布洛芬治疗偏头痛")
    assert passage["arms"]["sparse"] > 0
    assert passage["arms"]["dense"] == 0
    assert any(e["kind"] == "fact" and e["arms"]["graph"] > 0 for e in found["evidence"])
    assert "偏头痛" in {e["name"] for e in found["entities"]}


BAD: list[tuple[Any, str]] = [
    ({"question": ""}, "question-rejected"),
    ({"question": "  \u200b "}, "question-rejected"),
    ({"question": "痛" * 5000}, "question-rejected"),
    ({"question": "头痛", "generator": "no-such"}, "not-found"),
    ({"question": "头痛", "kb_version": 99}, "not-found"),
    ({"question": "头痛", "kb_version": 0}, "invalid-request"),
    ({"question": "头痛", "kb_version": 10**30}, "invalid-request"),
    ({"question": 5}, "invalid-request"),
    ({"question": "头痛", "surprise": 1}, "invalid-request"),
    ({"question": "头痛", "\ud800": 1}, "invalid-request"),
    ({"question": "头痛", "patient": {"age": 151}}, "invalid-request"),
    ({"question": "头痛", "patient": {"age": float("nan")}}, "invalid-request"),
    ({"question": "头痛", "patient": {"age": "30"}}, "invalid-request"),
    ({"question": "头痛", "patient": {"drugs": ["x"] * 51}}, "invalid-request"),
    ({"question": "头痛", "patient": {"drugs": ["x" * 201]}}, "invalid-request"),
    ({"question": "头痛", "history": [{"role": "user", "content": "x"}] * 51}, "invalid-request"),
    ({"question": "头痛", "history": [{"role": "system", "content": "x"}]}, "invalid-request"),
    ({"question": "头痛", "detail": "long"}, "invalid-request"),
    ({"question": "头痛", "top_k": 51}, "invalid-request"),
    ([], "invalid-request"),
    (None, "invalid-request"),
]


@pytest.mark.parametrize(("body", "slug"), BAD)
def test_bad_requests_are_problems(client: TestClient, body: object, slug: str) -> None:
    response = client.post("/ask", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert response.status_code in (404, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"/problems/{slug}"


@pytest.mark.parametrize(
    "question", ["<script>alert(1)</script>偏头痛", "MATCH (n) DETACH DELETE n //", "'; DROP TABLE x;--"]
)
def test_markup_and_query_languages_are_only_text(client: TestClient, question: str) -> None:
    answer = client.post("/ask", json={"question": question})
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_a_question_back_is_answered_with_the_turns_sent_back(library: FakeLibrary, client: TestClient) -> None:
    told = {"甲病": ("头晕", "乏力", "咳嗽"), "乙病": ("头晕", "乏力", "腹痛"), "丙病": ("耳鸣",)}
    facts = [fact(f"disease:{d}", Relation.SYMPTOM, f"symptom:{s}") for d, all_of in told.items() for s in all_of]
    library.publish([BOOK, *facts])
    history: list[dict[str, str]] = []
    answers = []
    for question in ("头晕、乏力是什么病", "没有"):
        body = {"question": question, "history": history, "min_revision": 2}
        answer = client.post("/ask", json=body).json()
        AnswerOut.model_validate(answer)
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer["text"]}]
        answers.append(answer)
    first, second = answers
    assert first["outcome"] == "need_more_info"
    assert first["questions"][0] in first["text"]
    assert {c["quote"] for c in first["citations"]} >= {"甲病的症状：头晕", "乙病的症状：头晕"}
    assert "咳嗽" in first["questions"][0]
    assert second["text"].startswith("乙病"), "nothing but the turns was remembered"
    assert [(e["name"], e["negated"]) for e in second["entities"] if e["negated"]] == [("咳嗽", True)]

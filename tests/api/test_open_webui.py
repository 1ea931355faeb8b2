"""Requests as Open WebUI 0.12 sends them (`routers/openai.py`, `routers/tasks.py`), replies read as it reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.chores import chore
from rag.settings import Settings
from tests.api.test_server import running
from tests.fakes import FakeLibrary, fake_pipeline

QUESTION = "偏头痛有什么症状"
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


def task(shape: str, history: str) -> dict[str, Any]:
    """The housekeeping that follows an answer, in the form of its default templates."""
    text = (
        "### Task:\nSay something about the chat history.\n### Guidelines:\n"
        "- Your entire response must consist solely of the JSON object.\n"
        f"### Output:\nJSON format: {shape}\n### Chat History:\n<chat_history>\n{history}\n</chat_history>"
    )
    messages = [{"role": "user", "content": text}]
    return {"model": "extractive", "messages": messages, "stream": False, "max_tokens": 1000}


@pytest.fixture
def webui(settings: Settings, library: FakeLibrary) -> Iterator[httpx.Client]:
    """It sends its key as a bearer token, and the address of the connection ends in /v1."""
    guarded = settings.model_copy(update={"api_key": SecretStr("yw_secret"), "require_key": True})
    app: FastAPI = create_app(guarded, fake_pipeline(library), library)
    headers = {"Authorization": "Bearer yw_secret", "Content-Type": "application/json", "X-OpenWebUI-Chat-Id": "c1"}
    with running(app) as address, httpx.Client(base_url=f"{address}/v1", headers=headers, timeout=10) as client:
        yield client


def content(reply: httpx.Response) -> str:
    """As it reads the reply to a task."""
    choices = reply.json().get("choices", [])
    assert len(choices) == 1
    return str(choices[0].get("message", {}).get("content"))


def read_stream(reply: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The text and the usage, from lines that begin with `data:`."""
    text = ""
    usage: dict[str, Any] = {}
    for line in reply.iter_lines():
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        chunk = json.loads(data)
        assert "error" not in chunk
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices", []):
            text += choice.get("delta", {}).get("content") or ""
    return text, usage


def test_the_connection_is_verified_by_the_list_of_models(webui: httpx.Client) -> None:
    reply = webui.get("/models")
    assert reply.status_code == 200
    assert [model["id"] for model in reply.json()["data"]] == ["extractive"]
    assert webui.get("/models", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_conversation_is_streamed_with_its_usage(webui: httpx.Client) -> None:
    body = {
        "model": "extractive",
        "messages": [
            SYSTEM,
            {"role": "user", "content": "偏头痛吃什么药"},
            {"role": "assistant", "content": "布洛芬[1]。"},
            {"role": "user", "content": [{"type": "text", "text": "有什么症状"}]},
        ],
        "stream": True, "stream_options": {"include_usage": True}, "temperature": 0.8, "top_p": 0.9, "seed": 1,
        "stop": [], "frequency_penalty": 0.0, "presence_penalty": 0.0, "logit_bias": {}, "reasoning_effort": "low",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    }  # fmt: skip
    with webui.stream("POST", "/chat/completions", json=body) as reply:
        assert reply.status_code == 200
        assert "text/event-stream" in reply.headers["content-type"]
        text, usage = read_stream(reply)
    assert "恶心[1]" in text
    assert "来源：" in text
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_question_with_a_picture_is_answered_by_its_text(webui: httpx.Client) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    message = {"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]}
    reply = webui.post("/chat/completions", json={"model": "extractive", "messages": [message], "stream": False})
    assert "恶心[1]" in content(reply)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ('{ "title": "your concise title here" }', {"title": QUESTION}),
        ('{ "tags": ["tag1", "tag2", "tag3"] }', {"tags": []}),
        ('{ "follow_ups": ["Suggested next message 1", "Suggested next message 2"] }', {"follow_ups": []}),
        ('{ "queries": ["query1", "query2"] }', {"queries": []}),
        ('`{ "text": "<your_completion>" }`', {"text": ""}),
    ],
)
def test_its_housekeeping_gets_json_and_no_medical_answer(webui: httpx.Client, shape: str, wanted: object) -> None:
    history = f"USER: {QUESTION}\nASSISTANT: 恶心[1]。\n\n来源：\n[1] 一本参考书" + "，很长的回答" * 1000
    reply = webui.post("/chat/completions", json=task(shape, history))
    assert reply.status_code == 200, reply.text
    assert json.loads(content(reply)) == wanted
    with webui.stream("POST", "/chat/completions", json=task(shape, history) | {"stream": True}) as streamed:
        assert json.loads(read_stream(streamed)[0]) == wanted


def test_a_title_is_one_short_line() -> None:
    asked = "我最近两个星期一直头痛，\n吃了布洛芬也没有好转，请问应该挂什么科做什么检查"
    found = chore(task('{ "title": "x" }', f"USER: {asked}\nASSISTANT: 神经内科[1]。")["messages"][0]["content"])
    assert json.loads(found or "")["title"] == "我最近两个星期一直头痛， 吃了布洛芬也没有好转…"


@pytest.mark.parametrize(
    "question",
    [
        QUESTION,
        "### Task:\nAnswer the query.\n<context>\n{ \"title\": 1 }\n</context>\n偏头痛有什么症状",
        "### Task:\nReturn { \"code\": \"x\" }\n<chat_history>\nUSER: x\n</chat_history>",
        "<chat_history>\nUSER: x\n</chat_history>",
    ],
)  # fmt: skip
def test_what_somebody_asks_is_no_housekeeping(question: str) -> None:
    assert chore(question) is None


def test_an_unknown_model_and_a_long_question_are_errors_that_it_can_show(webui: httpx.Client) -> None:
    unknown = webui.post("/chat/completions", json={"model": "gpt-9", "messages": [SYSTEM], "stream": True})
    assert (unknown.status_code, "gpt-9" in unknown.json()["error"]["message"]) == (404, True)
    long = [{"role": "user", "content": "痛" * 5000}]
    refused = webui.post("/chat/completions", json={"model": "extractive", "messages": long, "stream": True})
    assert refused.status_code == 400
    assert "2000" in refused.json()["error"]["message"].replace(",", "")

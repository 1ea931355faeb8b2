"""The OpenAI routes through the clients that people use, over sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import SecretStr

from api.answering import Complete
from api.app import create_app
from api.chat import ChatIn, Completion, MessageIn, Text
from api.schemas.openai import ChatOut, ModelsOut, OpenAIError
from api.service import Capacity
from rag.pipeline import Token
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.test_problems import Blocking, Failing
from tests.api.test_server import running
from tests.fakes import FakeLibrary, fake_pipeline

ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "偏头痛有什么症状"}]
BODY: dict[str, Any] = {"model": "extractive", "messages": ASKED}


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with running(app) as address:
        yield f"{address}/v1"


@pytest.fixture
def sdk(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as client:
        yield client


def test_the_sdk_gets_an_answer_with_its_sources(sdk: openai.OpenAI) -> None:
    done = sdk.chat.completions.create(model="extractive", messages=ASKED, temperature=0)
    (choice,) = done.choices
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert "恶心[1]" in (choice.message.content or "")
    text, _, sources = (choice.message.content or "").partition("\n\n来源：\n")
    assert not text.endswith("\n")
    assert sources.startswith("[1]-[2] "), "one line for neighbours from the same source"
    assert done.usage is not None
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 20
    answer = (done.model_extra or {})["yiwen"]
    assert answer["outcome"] == "answered"
    assert {c["quote"] for c in answer["citations"]} >= {"偏头痛的症状：恶心"}
    ChatOut.model_validate_json(done.model_dump_json(exclude_unset=True))


def test_each_citation_is_an_annotation_of_its_own(address: str, sdk: openai.OpenAI) -> None:
    done = sdk.chat.completions.create(model="extractive", messages=ASKED)
    message = done.choices[0].message
    cited = [one.url_citation for one in message.annotations or ()]
    assert [(message.content or "")[one.start_index : one.end_index] for one in cited][:2] == ["[1]", "[2]"]
    assert len({one.url for one in cited}) == len(cited) == len((done.model_extra or {})["yiwen"]["citations"])
    assert cited[0].title == "内科学讲义（2020）"
    opened = httpx.get(cited[0].url)
    assert cited[0].url.startswith(address)
    assert opened.json()["text"] == "偏头痛的症状：恶心"
    chunks = sdk.chat.completions.create(model="extractive", messages=ASKED, stream=True)
    streamed = [(chunk.choices[0].delta.model_extra or {}).get("annotations", []) for chunk in chunks]
    assert [one["url_citation"]["url"] for told in streamed for one in told] == [one.url for one in cited]


def test_an_address_of_the_source_stays_and_the_list_of_warnings_is_written_out() -> None:
    source = {"id": "s:1", "title": "某研究", "year": 2020, "url": "https://example.org/1"}
    citation = {"n": 1, "evidence_id": "p:1", "quote": "甲药慎用", "source": source}
    warnings = [{"text": "甲药慎用。"}, {"text": "乙药慎用。"}]
    text = "注意：甲药慎用[1]。\n另有1条用药警示，见警示列表。\n"
    answer: dict[str, Any] = {"text": text.rstrip(), "citations": [citation], "warnings": warnings}
    completion = Completion(ChatIn.model_validate_json(json.dumps(BODY)), "r", "/", "http://here/")
    whole: Any = completion.whole([Token(text), Complete(answer)])
    message = whole["choices"][0]["message"]
    assert "见警示列表。\n\n警示列表（其余 1 条）：\n- 乙药慎用。\n\n来源：\n[1] 某研究" in message["content"]
    assert message["annotations"][0]["url_citation"]["url"] == "https://example.org/1#p:1"
    said = MessageIn(role="assistant", content=message["content"])
    assert said.text == text.rstrip()


def test_the_sdk_streams_the_same(sdk: openai.OpenAI) -> None:
    whole = sdk.chat.completions.create(model="extractive", messages=ASKED).choices[0].message.content
    options: Any = {"include_usage": True}
    chunks = list(sdk.chat.completions.create(model="extractive", messages=ASKED, stream=True, stream_options=options))
    *told, usage = chunks
    assert told[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in told) == whole
    assert [chunk.choices[0].finish_reason for chunk in told if chunk.choices[0].finish_reason] == ["stop"]
    assert (told[-1].model_extra or {})["yiwen"]["citations"]
    assert usage.choices == []
    assert usage.usage is not None
    assert usage.usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_ends_with_done(client: TestClient) -> None:
    text = client.post("/v1/chat/completions", json=BODY | {"stream": True}).text
    assert text.endswith("data: [DONE]\n\n")
    assert all(line.startswith("data: ") for line in text.split("\n\n")[:-1])


def test_langchain_answers_and_streams(address: str) -> None:
    chat = ChatOpenAI(base_url=address, api_key=SecretStr("none"), model="extractive", temperature=0)
    whole = chat.invoke("偏头痛有什么症状")
    assert "恶心[1]" in str(whole.content)
    assert whole.response_metadata["finish_reason"] == "stop"
    assert "".join(str(chunk.content) for chunk in chat.stream("偏头痛有什么症状")) == whole.content


def test_models_are_the_generators(sdk: openai.OpenAI, client: TestClient) -> None:
    assert [model.id for model in sdk.models.list()] == ["extractive"]
    assert sdk.models.retrieve("extractive").owned_by == "yiwen"
    ModelsOut.model_validate(client.get("/v1/models").json())


def test_a_stop_string_ends_the_text(sdk: openai.OpenAI) -> None:
    whole = sdk.chat.completions.create(model="extractive", messages=ASKED).choices[0].message.content or ""
    for stream in (False, True):
        body: dict[str, Any] = {"model": "extractive", "messages": ASKED, "stop": ["畏光", "没有这个"]}
        if stream:
            chunks = [chunk.choices[0] for chunk in sdk.chat.completions.create(**body, stream=True)]
            text, finish = "".join(c.delta.content or "" for c in chunks), chunks[-1].finish_reason
        else:
            (choice,) = sdk.chat.completions.create(**body).choices
            text, finish = choice.message.content or "", choice.finish_reason
        assert text == whole[: whole.index("畏光")]
        assert finish == "stop"


def test_too_few_tokens_are_told(sdk: openai.OpenAI) -> None:
    done = sdk.chat.completions.create(model="extractive", messages=ASKED, max_tokens=20)
    assert done.choices[0].finish_reason == "length"
    assert done.usage is not None
    assert done.usage.completion_tokens <= 20


def test_nothing_cuts_the_action_of_a_red_flag(client: TestClient) -> None:
    urgent = [{"role": "user", "content": "我突然胸口剧痛，大汗，左臂发麻"}]
    body = {"model": "extractive", "messages": urgent, "max_tokens": 1, "stop": ["1", "\n"]}
    done = client.post("/v1/chat/completions", json=body).json()
    assert "120" in done["choices"][0]["message"]["content"]
    assert done["choices"][0]["finish_reason"] == "length"
    assert done["yiwen"]["triage"]["red_flag"]


def test_a_follow_up_is_understood_behind_our_own_sources(client: TestClient) -> None:
    first = client.post("/v1/chat/completions", json=BODY).json()["choices"][0]["message"]
    messages = [
        {"role": "system", "content": "You are a pirate."}, *ASKED, first,
        {"role": "user", "content": [{"type": "text", "text": "吃什么药"}, {"type": "image_url", "image_url": {}}]},
    ]  # fmt: skip
    answer = client.post("/v1/chat/completions", json=BODY | {"messages": messages}).json()["yiwen"]
    assert [(e["name"], e["carried"]) for e in answer["entities"]] == [("偏头痛", True)]


BAD: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"n": 2}, 400, "invalid-request", "n"),
    ({"messages": []}, 400, "invalid-request", "messages"),
    ({"messages": [{"role": "system", "content": "x"}]}, 400, "question-rejected", None),
    ({"messages": [{"role": "user", "content": "痛" * 3000}]}, 400, "question-rejected", None),
    ({"model": "gpt-4"}, 404, "not-found", None),
    ({"temperature": 9}, 400, "invalid-request", "temperature"),
    ({"tool_choice": "required"}, 400, "invalid-request", "tool_choice"),
    ({"messages": [{"role": "user", "content": "痛" * 30_000}]}, 413, "too-large", None),
]


@pytest.mark.parametrize(("change", "status", "code", "param"), BAD)
def test_errors_have_the_shape_of_openai(
    client: TestClient, change: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    response = client.post("/v1/chat/completions", json=BODY | change)
    assert response.status_code == status
    error = OpenAIError.model_validate(response.json()).error
    assert (error.code, error.type, error.param) == (code, "invalid_request_error", param)


def test_the_sdk_raises_its_own_errors(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4'; there are: extractive"):
        sdk.chat.completions.create(model="gpt-4", messages=ASKED)
    with pytest.raises(openai.BadRequestError):
        sdk.chat.completions.create(model="extractive", messages=ASKED, n=2)


def test_an_error_in_the_middle_reaches_the_sdk(settings: Settings, library: FakeLibrary) -> None:
    impatient = settings.model_copy(update={"request_timeout_s": 0.3})
    app = create_app(impatient, fake_pipeline(library, Blocking()), library)
    with running(app) as address, openai.OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as sdk:
        stream = sdk.chat.completions.create(model="blocking", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match=r"not complete after 0\.3 s"):
            list(stream)
        with pytest.raises(openai.InternalServerError):
            sdk.chat.completions.create(model="blocking", messages=ASKED)


def test_a_failing_generator_is_an_error_of_the_server(settings: Settings, library: FakeLibrary) -> None:
    broken = replace(fake_pipeline(library), generators={"extractive": Failing(ZeroDivisionError("secret"))})
    app = create_app(settings, broken, library)
    with local_client(app) as client:
        response = client.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert "secret" not in response.text


@pytest.mark.seconds
def test_a_client_that_leaves_ends_its_completion(settings: Settings, library: FakeLibrary) -> None:
    blocking = Blocking()
    app = create_app(settings, fake_pipeline(library, blocking), library, Capacity(reattach_s=60))
    with running(app) as address, openai.OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as sdk:
        for stream in (True, False):
            with pytest.raises(openai.APITimeoutError):
                list(sdk.chat.completions.create(model="blocking", messages=ASKED, stream=stream, timeout=0.4))
            assert blocking.cancelled.wait(1)
            blocking.cancelled.clear()


def test_stop_strings_across_pieces_are_found() -> None:
    text = Text(ChatIn.model_validate_json(json.dumps(BODY | {"stop": "甲乙丙"})))
    assert [text.take(Token(piece)) for piece in ("一甲", "甲乙", "丁甲", "乙丙二", "三")] == [
        "一",
        "甲",
        "甲乙丁",
        "",
        "",
    ]
    assert text.sent == "一甲甲乙丁"

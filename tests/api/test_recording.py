"""Consult records: off unless asked for, and what is replayed is the answer byte for byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.recording import differences, pointer_of, replayed
from api.state.consults import ConsultTable
from rag.domain import GenerationRequest
from rag.errors import NotFoundError
from rag.settings import Settings
from rag.snapshot import Library
from rag.state import open_state
from rag.wiring import build, pinned
from tests.api.conftest import local_client
from tests.api.records import SMALL, versioned
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline
from tests.kb import publish

QUESTION = "我四十岁，偏头痛有什么症状"
PATIENT = {"age": 40.5, "sex": "female", "pregnant": False, "drugs": ["布洛芬"], "allergies": ["青霉素"]}


class Breaking:
    """Writes a sentence that holds, then fails."""

    identity = "breaking"

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        yield "偏头痛的症状有：恶"
        yield "心[1]。偏头痛还"
        raise ConnectionError("gone")


@pytest.fixture
def recording(settings: Settings) -> Settings:
    """Settings with records, and a knowledge base of real files."""
    settings = settings.model_copy(update={"record_answers": True, "embedder": "none"})
    publish(Library(settings.data_dir), {"small": SMALL})
    return settings


def asked(settings: Settings, generator: Any = None, **body: object) -> dict[str, Any]:  # noqa: ANN401 - any of them
    pipeline = build(settings)
    if generator is not None:
        pipeline = replace(pipeline, generators={**pipeline.generators, "model": generator}, default_generator="model")
    with local_client(create_app(settings, pipeline)) as client:
        response = client.post("/v1/ask", json={"question": QUESTION, "patient": PATIENT, **body})
    assert response.status_code == 200, response.text
    return dict(response.json())


def again(settings: Settings, answer_id: str) -> tuple[bytes, list[str]]:
    library = Library(settings.data_dir)
    consult = ConsultTable(open_state(settings)).find(answer_id)
    pipeline = pinned(settings, library, pointer_of(consult), None, library.register.read)
    answer = replayed(consult, pipeline)
    return orjson.dumps(answer), differences(consult, answer)


@pytest.mark.parametrize(
    "generator",
    [
        lambda: None,
        lambda: ScriptedGenerator(["偏头痛的症状有", "：恶心[1]。", "偏头痛用阿司匹林治疗[1]。"]),
        Breaking,
    ],
    ids=["extractive", "a model, one sentence dropped", "a model that fails"],
)
def test_a_replay_is_the_answer_byte_for_byte(recording: Settings, generator: Callable[[], Any]) -> None:
    answer = asked(recording, generator(), history=[{"role": "user", "content": "你好"}], detail="full")
    publish(Library(recording.data_dir), {"small": versioned(2)})  # what is served now does not matter
    found, different = again(recording, answer["answer_id"])
    assert different == []
    assert found == orjson.dumps(answer)


def test_what_came_out_otherwise_is_named(recording: Settings) -> None:
    answer = asked(recording)
    library = Library(recording.data_dir)
    from kg_loader.curation import withdraw

    withdraw(library, answer["citations"][0]["evidence_id"], "falsch")
    _, different = again(recording, answer["answer_id"])
    assert {"text", "citations"} <= set(different)


def test_without_the_setting_nothing_is_kept(settings: Settings, library: FakeLibrary) -> None:
    app = create_app(settings, fake_pipeline(library), library)
    with local_client(app) as client:
        answer = client.post("/v1/ask", json={"question": QUESTION}).json()
        with pytest.raises(NotFoundError, match="YIWEN_RECORD_ANSWERS"):
            app.state.service.consults.find(answer["answer_id"])
    assert "四十岁".encode() not in b"".join(path.read_bytes() for path in settings.data_dir.rglob("state*"))


@pytest.fixture
def kept(settings: Settings, library: FakeLibrary) -> Iterator[tuple[TestClient, ConsultTable]]:
    app = create_app(settings.model_copy(update={"record_answers": True}), fake_pipeline(library), library)
    with local_client(app) as client:
        yield client, app.state.service.consults


def test_records_go_with_the_conversation_and_with_everything(kept: tuple[TestClient, ConsultTable]) -> None:
    client, table = kept
    conversation = client.post("/v1/conversations", json={}).json()["id"]
    inside = client.post("/v1/ask", json={"question": QUESTION, "conversation": conversation}).json()["answer_id"]
    outside = client.post("/v1/ask", json={"question": QUESTION}).json()["answer_id"]
    assert client.delete(f"/v1/conversations/{conversation}").status_code == 204
    with pytest.raises(NotFoundError):
        table.find(inside)
    assert table.find(outside).asked["question"] == QUESTION
    assert client.delete("/v1/conversations").json()["records"] == 1
    with pytest.raises(NotFoundError):
        table.find(outside)


def test_completions_are_recorded_too(kept: tuple[TestClient, ConsultTable]) -> None:
    client, table = kept
    body = {"model": "extractive", "messages": [{"role": "user", "content": QUESTION}]}
    answer = client.post("/v1/chat/completions", json=body).json()["yiwen"]
    assert table.find(answer["answer_id"]).answer["citations"] == answer["citations"]


def test_records_that_are_too_old_or_cite_what_is_erased_go(kept: tuple[TestClient, ConsultTable]) -> None:
    client, table = kept
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert table.purge(1) == 0
    assert table.forget(["f:0000000000000000"]) == 0
    assert table.forget([answer["citations"][0]["source"]["id"]]) == 1
    client.post("/v1/ask", json={"question": QUESTION})
    assert table.purge(-1) == 1


def test_an_answer_that_cannot_be_recorded_is_given_and_says_so(settings: Settings, library: FakeLibrary) -> None:
    away = settings.model_copy(update={"record_answers": True, "state_url": SecretStr("sqlite:////nowhere/at/all.db")})
    with local_client(create_app(away, fake_pipeline(library), library)) as client:
        answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["outcome"] == "answered"
    assert answer["degraded"] == ["record"]


class Endless:
    """Writes one sentence that holds over and over, until it is stopped."""

    identity = "endless"

    def __init__(self) -> None:
        self.begun = threading.Event()

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        while not cancel.wait(0.02):
            yield "偏头痛的症状有：恶心[1]。"
            self.begun.set()


def test_a_stopped_answer_is_replayed_up_to_where_it_was_stopped(recording: Settings) -> None:
    endless, pipeline = Endless(), build(recording)
    pipeline = replace(pipeline, generators={**pipeline.generators, "model": endless}, default_generator="model")
    with local_client(create_app(recording, pipeline)) as client:

        def stop() -> None:
            assert endless.begun.wait(10)
            client.delete(f"/v1/answers/{_running(client)}")

        threading.Thread(target=stop).start()
        text = client.post(
            "/v1/ask", json={"question": QUESTION, "detail": "full"}, headers={"Accept": "text/event-stream"}
        ).text
    (line,) = [block for block in text.split("\n\n") if "event: answer" in block]
    answer = json.loads(line.partition("data: ")[2])
    assert "cancelled" in answer["degraded"]
    found, different = again(recording, answer["answer_id"])
    assert different == []
    assert found == orjson.dumps(answer)


def _running(client: TestClient) -> str:
    (identifier,) = client.app.state.service.kept._streams  # type: ignore[attr-defined]  # the one that is written
    return str(identifier)

"""A model that fails in any way (B13): an answer from the evidence all the same, no stream that hangs, no slot lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.service import Capacity
from rag.breaker import Breaker
from rag.generators.chat_model import ChatModelGenerator, openai_model
from rag.generators.stopping import ModelLimits
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.test_stream import QUESTION, SSE, events_of
from tests.fakes import FakeLibrary, fake_pipeline
from tests.generators.openai_server import OpenAIServer, serving

pytestmark = pytest.mark.seconds

LIMITS = ModelLimits(first_token_s=0.3, total_s=0.6)
PATIENT = ModelLimits(first_token_s=4, total_s=4)
"""Where the model answers rightly, a busy machine is no fault of it."""
NEVER_OPEN = Breaker(opens_after=10**6)
HOLDS = "偏头痛的症状有：恶心[1]。"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as server:
        yield server


def client_for(url: str, settings: Settings, library: FakeLibrary, limits: ModelLimits = LIMITS) -> TestClient:
    model = openai_model(url, "m", SecretStr("k"), retries=0, limits=limits)
    pipeline = fake_pipeline(library, ChatModelGenerator(model, identity="chat", limits=limits, breaker=NEVER_OPEN))
    return local_client(create_app(settings, pipeline, library, Capacity(answers=2, waiting=1)))


FAULTS = {
    "429": 429,
    "500": 500,
    "silent": "hang",
    "stalls": "hang after",
    "reset": "reset",
    "empty": [],
    "only blanks": [" ", "\n"],
    "broken JSON": ['{"answer": "偏头'],
    "nothing that holds": ["偏头痛用青霉素治疗[1]。"],
    "no mark": ["偏头痛的症状有恶心。"],
    "without end": ["恶"] * 100_000,
}


@pytest.mark.parametrize("act", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("headers", [SSE, {}], ids=["events", "whole"])
def test_the_evidence_answers(
    settings: Settings, library: FakeLibrary, server: OpenAIServer, act: int | str | list[str], headers: dict[str, str]
) -> None:
    server.acts = [act]
    with client_for(server.url, settings, library) as client:
        begin = time.monotonic()
        response = client.post("/ask", json=QUESTION, headers=headers)
        took = time.monotonic() - begin
    answer = events_of(response.text)[-2][2] if headers else response.json()
    assert took < 4
    assert (answer["outcome"], answer["generator"], answer["degraded"]) == ("answered", "extractive", ["generator"])
    assert answer["citations"]
    assert "青霉素" not in answer["text"]


def test_nobody_listening(settings: Settings, library: FakeLibrary) -> None:
    with client_for("http://127.0.0.1:9/v1", settings, library) as client:
        assert client.post("/ask", json=QUESTION).json()["degraded"] == ["generator"]


def test_a_character_in_two_pieces_is_whole(settings: Settings, library: FakeLibrary, server: OpenAIServer) -> None:
    server.acts = [list(HOLDS)]
    with client_for(server.url, settings, library, PATIENT) as client:
        answer = client.post("/ask", json=QUESTION).json()
    assert (answer["text"].splitlines()[0], answer["generator"]) == (HOLDS, "chat")


def test_a_hundred_failures_free_their_slots(settings: Settings, library: FakeLibrary, server: OpenAIServer) -> None:
    with client_for(server.url, settings, library, PATIENT) as client:
        for _ in range(50):
            for fault in (500, "reset"):
                server.acts = [fault]
                assert client.post("/ask", json=QUESTION, headers=SSE).status_code == 200
        server.acts = [[HOLDS]]
        assert client.post("/ask", json=QUESTION).json()["generator"] == "chat"


class OutOfMemory:
    """What torch raises is a RuntimeError."""

    identity = "local"

    def stream(self, request: object, cancel: object) -> Iterator[str]:
        yield "偏头痛的"
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_a_card_without_memory_is_not_told_to_the_client(settings: Settings, library: FakeLibrary) -> None:
    pipeline = replace(fake_pipeline(library, OutOfMemory()))
    with local_client(create_app(settings, pipeline, library)) as client:
        response = client.post("/ask", json=QUESTION)
    assert response.json()["degraded"] == ["generator"]
    assert "CUDA" not in response.text

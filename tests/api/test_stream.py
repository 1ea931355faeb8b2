from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from api.answering import Stream, Task
from api.app import create_app
from api.events import AnswerEvents, EventStream
from api.schemas.answers import AnswerOut
from api.schemas.service import Problem
from api.service import Capacity
from rag.pipeline import Options
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.api.records import versioned
from tests.api.test_problems import Blocking, Failing
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline

SSE = {"Accept": "text/event-stream"}
QUESTION = {"question": "偏头痛有什么症状"}


def events_of(text: str) -> list[tuple[int, str, Any]]:
    """(id, event, data) of each event."""
    found = []
    for block in text.strip().split("\n\n"):
        if not block.startswith(":"):
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_an_answer_as_events(client: TestClient) -> None:
    response = client.post("/ask", json=QUESTION, headers=SSE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    events = events_of(response.text)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    names = [name for _, name, _ in events]
    assert names[:2] == ["meta", "evidence"]
    assert names[-2:] == ["answer", "done"]
    assert set(names[2:-2]) == {"token"}
    data = {name: content for _, name, content in events}
    answer = data["answer"]
    AnswerOut.model_validate(answer)
    assert "".join(content["text"] for _, name, content in events if name == "token").strip() == answer["text"]
    assert data["meta"]["answer_id"] == data["done"]["answer_id"] == answer["answer_id"]
    assert data["meta"]["request_id"] == response.headers["x-request-id"]
    assert {c["evidence_id"] for c in answer["citations"]} <= {e["id"] for e in data["evidence"]["evidence"]}


def test_streamed_and_whole_answers_are_the_same(client: TestClient) -> None:
    whole = client.post("/ask", json=QUESTION).json()
    streamed = events_of(client.post("/ask", json=QUESTION, headers=SSE).text)[-2][2]
    changing = ("answer_id", "timings_ms")
    assert {k: v for k, v in whole.items() if k not in changing} == {
        k: v for k, v in streamed.items() if k not in changing
    }


def test_dropped_sentences_are_events(settings: Settings, library: FakeLibrary) -> None:
    generator = ScriptedGenerator(["偏头痛可以用阿司匹林治疗[1]。"])
    with local_client(create_app(settings, fake_pipeline(library, generator), library)) as client:
        events = events_of(client.post("/ask", json=QUESTION, headers=SSE).text)
    dropped = next(content for _, name, content in events if name == "dropped")
    assert dropped["sentence"].startswith("偏头痛可以用阿司匹林")
    assert dropped["reason"]


def test_errors_before_the_first_event_are_ordinary_problems(client: TestClient) -> None:
    response = client.post("/ask", json={"question": ""}, headers=SSE)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.seconds
def test_an_error_in_the_middle_is_an_event(settings: Settings, library: FakeLibrary) -> None:
    impatient = settings.model_copy(update={"request_timeout_s": 0.3})
    generator = Blocking()
    with local_client(create_app(impatient, fake_pipeline(library, generator), library)) as client:
        events = events_of(client.post("/ask", json=QUESTION, headers=SSE).text)
    assert events[-1][1] == "error"
    assert Problem.model_validate(events[-1][2]).type == "/problems/deadline"
    assert generator.cancelled.wait(1)


# ---------------------------------------------------------------- driven as ASGI, without a server

Sent = list[dict[str, Any]]


async def _ask_and_leave(app: FastAPI, accept: str, leave: Callable[[], bool]) -> Sent:
    """POST the question as a server would hand it over; the client is gone once `leave()`. What was sent to it."""
    body = json.dumps(QUESTION).encode()
    sent: Sent = []
    incoming: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        while not incoming and not leave():
            await asyncio.sleep(0.01)
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    headers = {"content-type": "application/json", "content-length": str(len(body)), "accept": accept}
    scope = {
        "type": "http", "method": "POST", "path": "/ask", "raw_path": b"/ask", "query_string": b"", "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000), "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(app(scope, receive, send), 5)
    return sent


@pytest.mark.seconds
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_client_that_leaves_cancels_its_answer_within_a_second(
    settings: Settings, library: FakeLibrary, accept: str
) -> None:
    generator = Blocking()
    app = create_app(settings, fake_pipeline(library, generator), library, Capacity(reattach_s=0.3))
    sent = asyncio.run(_ask_and_leave(app, accept, lambda: generator.entered.acquire(blocking=False)))
    assert generator.cancelled.wait(1)
    assert not any(b"event: token" in message.get("body", b"") for message in sent)


def test_a_quiet_stream_is_kept_alive(settings: Settings, library: FakeLibrary) -> None:
    generator = Blocking()
    app = create_app(settings, fake_pipeline(library, generator), library)

    @app.post("/quiet")
    async def quiet(request: Request) -> EventStream:
        stream = Stream(app.state.service, Task("偏头痛有什么症状", Options()))
        return EventStream(stream, AnswerEvents("r", "/quiet"), keep_alive_s=0.05)

    def let_go() -> None:
        assert generator.entered.acquire(timeout=4)
        threading.Timer(0.5, generator.release.set).start()

    with local_client(app) as client:
        threading.Thread(target=let_go).start()
        text = client.post("/quiet", json={}).text
    assert ": keep-alive\n\n" in text
    assert events_of(text)[-1][1] == "done"


def test_an_unexpected_error_in_the_middle_is_told_without_its_inside(
    settings: Settings, library: FakeLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(fake_pipeline(library), generators={"extractive": Failing(ZeroDivisionError("secret detail"))})
    app = create_app(settings, broken, library)
    with local_client(app) as client:
        text = client.post("/ask", json=QUESTION, headers=SSE).text
    assert events_of(text)[-1][2]["type"] == "/problems/internal"
    assert "secret" not in text
    assert "secret detail" in caplog.text


def test_the_end_of_the_process_cuts_no_answer_short(settings: Settings, library: FakeLibrary) -> None:
    generator = Blocking()
    app = create_app(settings, fake_pipeline(library, generator), library)
    with local_client(app) as client:
        threading.Thread(target=lambda: generator.entered.acquire() and app.state.service.abort()).start()
        assert client.post("/ask", json=QUESTION).status_code == 503


@pytest.mark.parametrize("headers", [{}, SSE])
def test_an_answer_that_begins_after_the_end_is_cut_too(
    settings: Settings, library: FakeLibrary, headers: dict[str, str]
) -> None:
    app = create_app(settings, fake_pipeline(library, Blocking()), library)
    with local_client(app) as client:
        app.state.service.abort()
        response = client.post("/ask", json=QUESTION, headers=headers)
    assert response.status_code == 503 or events_of(response.text)[-1][2]["status"] == 503


def test_the_end_of_the_process_ends_answers_with_an_error(settings: Settings, library: FakeLibrary) -> None:
    generator = Blocking()
    app = create_app(settings, fake_pipeline(library, generator), library)
    with local_client(app) as client:
        service = app.state.service
        threading.Timer(0.2, service.abort).start()
        events = events_of(client.post("/ask", json=QUESTION, headers=SSE).text)
        service.draining = True
        assert client.get("/readyz").status_code == 503
        assert client.post("/ask", json=QUESTION).status_code == 503
    assert events[-1][1] == "error"
    assert events[-1][2]["status"] == 503


def test_a_swap_while_four_ask_fails_and_mixes_nothing(settings: Settings) -> None:
    library = FakeLibrary()
    library.publish(versioned(1))
    app = create_app(settings, fake_pipeline(library), library)
    stop = threading.Event()
    problems: list[str] = []
    seen: set[int] = set()

    def ask(client: TestClient) -> None:
        while not stop.is_set():
            response = client.post("/ask", json=QUESTION)
            answer = response.json()
            if response.status_code != 200 or any(
                f"第{answer['kb_version']}版" not in c["quote"] for c in answer["citations"]
            ):
                problems.append(response.text)
            seen.add(answer["kb_version"])

    with local_client(app) as client:
        askers = [threading.Thread(target=ask, args=(client,)) for _ in range(4)]
        for asker in askers:
            asker.start()
        assert _within(5, lambda: 1 in seen)
        for number in (2, 3, 4):
            library.publish(versioned(number))
            assert _within(2, lambda: client.get("/readyz").json()["kb_version"] == number)  # noqa: B023
            assert _within(5, lambda: number in seen)  # noqa: B023
        stop.set()
        for asker in askers:
            asker.join(5)
    assert problems == []
    assert seen == {1, 2, 3, 4}


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    return any(true() for _ in _ticks(seconds))


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.02)

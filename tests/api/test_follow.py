"""Answers that survive a dropped connection, and answers that are stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.service import Capacity
from rag.settings import Settings
from tests.api.test_problems import Blocking
from tests.api.test_server import running
from tests.api.test_stream import QUESTION, SSE, events_of
from tests.fakes import FakeLibrary, fake_pipeline

pytestmark = pytest.mark.seconds


@pytest.fixture
def blocking() -> Blocking:
    return Blocking()


@pytest.fixture
def app(settings: Settings, library: FakeLibrary, blocking: Blocking) -> FastAPI:
    return create_app(settings, fake_pipeline(library, blocking), library, Capacity(reattach_s=1))


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with running(app) as address, httpx.Client(base_url=address, timeout=5) as client:
        yield client


def _begin(client: httpx.Client) -> str:
    """Ask, read up to the evidence, lose the connection; the id of the answer and all events seen."""
    seen = ""
    with client.stream("POST", "/ask", json=QUESTION, headers=SSE) as response:
        for text in response.iter_text():
            seen += text
            if "event: evidence" in seen and seen.endswith("\n\n"):
                return seen
    raise AssertionError("the answer has ended")


def test_a_cut_answer_is_taken_up_where_it_was_cut(client: httpx.Client, blocking: Blocking) -> None:
    seen = events_of(_begin(client))
    blocking.release.set()
    last = str(seen[-1][0])
    rest = client.get(f"/v1/answers/{seen[0][2]['answer_id']}/events", headers={"Last-Event-ID": last})
    assert rest.headers["content-type"].startswith("text/event-stream")
    events = events_of(rest.text)
    assert [number for number, _, _ in seen + events] == list(range(1, len(seen + events) + 1))
    assert events[-1][1] == "done"
    assert not blocking.cancelled.is_set()
    again = events_of(client.get(f"/v1/answers/{seen[0][2]['answer_id']}/events").text)
    assert [event[:2] for event in again] == [event[:2] for event in seen + events], "an ended answer is kept a while"


def test_an_unclaimed_answer_ends(client: httpx.Client, blocking: Blocking) -> None:
    answer = events_of(_begin(client))[0][2]["answer_id"]
    assert not blocking.cancelled.wait(0.5)
    assert blocking.cancelled.wait(1.5)
    events = events_of(client.get(f"/v1/answers/{answer}/events").text)
    assert events[-1][1] == "error"


def test_coming_back_keeps_it_alive(client: httpx.Client, blocking: Blocking) -> None:
    answer = events_of(_begin(client))[0][2]["answer_id"]
    with client.stream("GET", f"/v1/answers/{answer}/events") as response:
        chunks = response.iter_text()
        next(chunks)
        assert not blocking.cancelled.wait(1.5)
        blocking.release.set()
        assert "event: done" in "".join(chunks)


def test_a_stopped_answer_keeps_what_is_written(client: httpx.Client, blocking: Blocking) -> None:
    answer = events_of(_begin(client))[0][2]["answer_id"]
    begin = time.monotonic()
    assert client.delete(f"/v1/answers/{answer}").status_code == 204
    assert blocking.cancelled.wait(1)
    events = events_of(client.get(f"/v1/answers/{answer}/events").text)
    assert time.monotonic() - begin < 2
    assert [name for _, name, _ in events[-2:]] == ["answer", "done"]
    assert "cancelled" in events[-2][2]["degraded"]
    assert client.delete(f"/v1/answers/{answer}").status_code == 204, "stopping twice is no error"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_answer_is_not_found(client: httpx.Client, method: str) -> None:
    path = "/v1/answers/beef" + ("/events" if method == "GET" else "")
    response = client.request(method, path)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


def test_only_the_last_ended_answers_are_kept(client: httpx.Client, app: FastAPI, blocking: Blocking) -> None:
    blocking.release.set()
    kept = app.state.service.kept
    kept._most_ended = 2
    ids = [events_of(client.post("/ask", json=QUESTION, headers=SSE).text)[0][2]["answer_id"] for _ in range(5)]
    assert len(kept._streams) <= 3
    assert client.get(f"/v1/answers/{ids[0]}/events").status_code == 404
    assert client.get(f"/v1/answers/{ids[-1]}/events").status_code == 200

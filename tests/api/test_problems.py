from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.problems import ERRORS, rows
from api.schemas.service import Problem
from api.service import Capacity
from rag.domain import GenerationRequest
from rag.errors import ConfigurationError, YiwenError
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, fake_pipeline


def _tree(kind: type[YiwenError]) -> set[type[YiwenError]]:
    return {kind}.union(*(_tree(child) for child in kind.__subclasses__()))


def test_every_error_has_a_row() -> None:
    ours = {kind for kind in _tree(YiwenError) if kind.__module__ == "rag.errors"}
    assert set(ERRORS) == ours


def test_every_problem_type_is_documented(client: TestClient) -> None:
    listed = {item["type"] for item in client.get("/problems").json()["problems"]}
    assert listed == {f"/problems/{row.slug}" for row in rows()}
    for row in rows():
        assert client.get(f"/problems/{row.slug}").json()["title"] == row.title
    assert client.get("/problems/none").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/v1/evidence/p:0000000000000000", 404, "not-found"),
        ("GET", "/v1/evidence/%00%ff", 404, "not-found"),
        ("GET", "/v1/entities/disease:%E6%97%A0", 404, "not-found"),
        ("GET", "/v1/entities", 422, "invalid-request"),
        ("GET", "/v1/entities?q=x&cursor=%21", 422, "usage"),
        ("GET", "/ask", 405, "method-not-allowed"),
        ("DELETE", "/healthz", 405, "method-not-allowed"),
        ("POST", "/v1/kb/versions/9/activate", 404, "not-found"),
        ("POST", "/v1/kb/versions/x/activate", 422, "invalid-request"),
    ],
)
def test_problems_have_one_shape(client: TestClient, method: str, path: str, status: int, slug: str) -> None:
    response = client.request(method, path, headers={"X-Request-ID": "abc-1"})
    body = Problem.model_validate(response.json())
    assert (response.status_code, body.status, body.type) == (status, status, f"/problems/{slug}")
    assert response.headers["content-type"] == "application/problem+json"
    assert body.request_id == response.headers["x-request-id"] == "abc-1"
    assert body.instance == path.partition("?")[0] or "%" in path
    assert (status == 405) == ("allow" in response.headers)


def test_invalid_fields_are_named_without_their_values(client: TestClient) -> None:
    response = client.post("/ask", json={"question": "头痛", "patient": {"age": "secret-value"}})
    assert response.json()["errors"][0]["location"] == "body.patient.age"
    assert "secret-value" not in response.text


@pytest.mark.parametrize("body", [b"{", b"[" * 50_000, b"\xff\xfe", b'{"question": "\xb1"}'])
def test_a_body_that_is_not_json_is_a_problem(client: TestClient, body: bytes) -> None:
    response = client.post("/ask", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def _pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


def test_large_bodies_are_refused(client: TestClient, settings: Settings) -> None:
    limit = settings.body_max_bytes
    too_large = client.post("/ask", json={"question": "头痛" * limit})
    chunked = client.post("/ask", content=_pieces(limit + 5000), headers={"Content-Type": "application/json"})
    for response in (too_large, chunked):
        assert response.status_code == 413
        assert response.json()["type"] == "/problems/too-large"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "中文", "a\tb"])
def test_unsafe_request_ids_are_replaced(client: TestClient, given: str) -> None:
    echoed = client.get("/healthz", headers=[(b"X-Request-ID", given.encode())]).headers["x-request-id"]
    assert echoed != given
    assert len(echoed) == 32


class Failing:
    """A generator with a bug, or a misconfigured one."""

    identity = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        yield from ()
        raise self.error


@pytest.mark.parametrize("error", [ZeroDivisionError("secret detail"), ConfigurationError("/secret/detail is wrong")])
def test_inner_errors_show_nothing_of_the_inside(
    settings: Settings, library: FakeLibrary, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings, replace(fake_pipeline(library), generators={"extractive": Failing(error)}), library)
    with local_client(app) as client:
        response = client.post("/ask", json={"question": "偏头痛有什么症状"}, headers={"X-Request-ID": "find-me"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == response.json()["request_id"] == "find-me"
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert any("find-me" in record.getMessage() for record in caplog.records)


def test_without_a_knowledge_base_the_service_runs_and_says_so(tmp_path: Path) -> None:
    library = FakeLibrary()
    app = create_app(Settings(data_dir=tmp_path, pointer_poll_s=0.05), fake_pipeline(library), library)
    with local_client(app) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for response in (client.get("/readyz"), client.post("/ask", json={"question": "头痛"})):
            assert response.status_code == 503
            assert response.json()["type"] == "/problems/not-ready"
            assert int(response.headers["retry-after"]) > 0
        assert client.get("/v1/kb/versions").json() == {"current": None, "revision": None, "versions": []}


def test_a_revision_that_does_not_come_is_a_problem(client: TestClient) -> None:
    response = client.post("/ask", json={"question": "头痛", "min_revision": 99})
    assert response.status_code == 503
    assert response.json()["type"] == "/problems/not-ready"
    assert "retry-after" in response.headers


class Blocking:
    """A generator that waits until it is cancelled or let go."""

    identity = "blocking"

    def __init__(self) -> None:
        self.entered, self.release, self.cancelled = threading.Semaphore(0), threading.Event(), threading.Event()

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        self.entered.release()
        while not self.release.wait(0.01):
            if cancel.is_set():
                self.cancelled.set()
                return
        yield "好[1]。"


def test_a_full_queue_is_refused_at_once(settings: Settings, library: FakeLibrary) -> None:
    generator = Blocking()
    capacity = Capacity(cores=1, answers=1, waiting=1)
    app = create_app(settings, fake_pipeline(library, generator), library, capacity)
    body = {"question": "偏头痛有什么症状"}
    with local_client(app) as client:
        statuses: list[int] = []
        askers = [threading.Thread(target=lambda: statuses.append(client.post("/ask", json=body).status_code))]
        askers.append(threading.Thread(target=lambda: statuses.append(client.post("/ask", json=body).status_code)))
        askers[0].start()
        assert generator.entered.acquire(timeout=5)
        askers[1].start()
        _wait_until_full(app)
        for accept in ("application/json", "text/event-stream"):
            refused = client.post("/ask", json=body, headers={"Accept": accept})
            assert refused.status_code == 503
            assert refused.json()["type"] == "/problems/overloaded"
            assert refused.headers["retry-after"] == "1"
        assert client.get("/healthz").status_code == 200
        assert client.post("/v1/search", json=body).status_code == 200
        generator.release.set()
        for asker in askers:
            asker.join(timeout=5)
        assert statuses == [200, 200]
        assert client.post("/ask", json=body).status_code == 200


def _wait_until_full(app: FastAPI) -> None:
    deadline = threading.Event()
    for _ in range(500):
        if app.state.service.answers.full:
            return
        deadline.wait(0.01)
    pytest.fail("the second question was not queued")


@pytest.mark.seconds
def test_an_answer_that_takes_too_long_is_a_problem(settings: Settings, library: FakeLibrary) -> None:
    generator = Blocking()
    impatient = settings.model_copy(update={"request_timeout_s": 0.2})
    with local_client(create_app(impatient, fake_pipeline(library, generator), library)) as client:
        response = client.post("/ask", json={"question": "偏头痛有什么症状"})
        assert response.status_code == 504
        assert response.json()["type"] == "/problems/deadline"
        assert generator.cancelled.wait(1)


def test_the_log_has_the_length_of_a_question_and_not_its_text(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "yiwen.api")
    client.post("/ask", json={"question": "偏头痛有什么症状"}, headers={"X-Request-ID": "logged"})
    line = next(r.getMessage() for r in caplog.records if "logged" in r.getMessage())
    assert line.startswith("id=logged POST /ask status=200 ms=")
    assert "question_chars=8" in line
    assert "偏头痛" not in caplog.text


def test_question_text_is_logged_only_where_asked_for(
    settings: Settings, library: FakeLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "yiwen.api")
    talkative = settings.model_copy(update={"log_questions": True})
    with local_client(create_app(talkative, fake_pipeline(library), library)) as client:
        client.post("/ask", json={"question": "偏头痛"})
    assert f"question={'偏头痛'!a}" in caplog.text

"""Who may do what: from this machine, from another one, with keys of each scope."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.state.keys import KeyTable, Scope
from rag.settings import Settings
from rag.state import open_state
from tests.api.conftest import local_client
from tests.api.test_server import running
from tests.fakes import FakeLibrary, fake_pipeline

QUESTION = {"question": "偏头痛有什么症状"}
ASK = ("POST", "/v1/ask", QUESTION)
ACTIVATE = ("POST", "/v1/kb/versions/1/activate", None)
JOBS = ("GET", "/v1/kb/jobs", None)
OPEN = ("/healthz", "/readyz", "/version", "/problems", "/problems/not-found", "/openapi.json")


def stranger(app: FastAPI, **headers: str) -> TestClient:
    return TestClient(app, base_url="http://yiwen.example", client=("192.0.2.7", 1), headers=headers)


def _status(client: TestClient, request: tuple[str, str, Any]) -> int:
    method, path, body = request
    return client.request(method, path, json=body).status_code


@pytest.fixture
def table(settings: Settings) -> KeyTable:
    return KeyTable(open_state(settings))


def test_from_another_machine_everything_needs_a_key(app: FastAPI) -> None:
    with stranger(app) as client:
        for path, methods in app.openapi()["paths"].items():
            for method in methods:
                known = path.replace("{slug}", "not-found").replace("{version}", "1")
                response = client.request(method, known, json={} if method == "post" else None)
                assert response.status_code == (200 if path.startswith(OPEN) else 401), (method, path)
                if response.status_code == 401:
                    assert response.headers["www-authenticate"].startswith("Bearer")
        assert all(client.get(path).status_code == 200 for path in OPEN)


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        ([Scope.ASK], (200, 403, 403)),
        ([Scope.INGEST], (403, 403, 200)),
        ([Scope.ASK, Scope.INGEST], (200, 403, 200)),
        ([Scope.ADMIN], (200, 200, 200)),
    ],
)
def test_a_key_opens_what_its_scopes_say(
    app: FastAPI, table: KeyTable, scopes: list[Scope], statuses: tuple[int, ...]
) -> None:
    _, text = table.create("x", scopes)
    with stranger(app) as client:
        for headers in ({"X-API-Key": text}, {"Authorization": f"Bearer {text}"}):
            client.headers = httpx.Headers(headers)
            assert tuple(_status(client, request) for request in (ASK, ACTIVATE, JOBS)) == statuses


@pytest.mark.parametrize("key", ["x", "yw_" + "0" * 12 + "_" + "a" * 43, "yw_"])
def test_wrong_keys_are_refused_and_not_repeated(app: FastAPI, key: str) -> None:
    with stranger(app, **{"X-API-Key": key}) as client:
        response = client.post("/v1/ask", json=QUESTION)
    assert response.status_code == 401
    assert key not in response.text


def test_the_configured_key_opens_everything(settings: Settings, library: FakeLibrary) -> None:
    guarded = settings.model_copy(update={"api_key": SecretStr("right")})
    with stranger(create_app(guarded, fake_pipeline(library), library), **{"X-API-Key": "right"}) as client:
        assert [_status(client, request) for request in (ASK, ACTIVATE, JOBS)] == [200, 200, 200]
    with local_client(create_app(guarded, fake_pipeline(library), library)) as client:
        assert [_status(client, request) for request in (ASK, ACTIVATE, JOBS)] == [200, 401, 401]


def test_this_machine_can_be_made_to_need_a_key(settings: Settings, library: FakeLibrary) -> None:
    closed = settings.model_copy(update={"require_key": True})
    with local_client(create_app(closed, fake_pipeline(library), library)) as client:
        assert _status(client, ASK) == 401
        assert client.get("/healthz").status_code == 200


def test_the_sdk_sends_a_key_of_ours_or_none(app: FastAPI, table: KeyTable) -> None:
    _, text = table.create("sdk", [Scope.INGEST])
    with running(app) as address:
        for key, error in (
            ("yw_" + "0" * 12 + "_" + "a" * 43, openai.AuthenticationError),
            (text, openai.PermissionDeniedError),
        ):
            with openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as sdk, pytest.raises(error):
                sdk.models.list()
        with openai.OpenAI(base_url=f"{address}/v1", api_key="anything", max_retries=0) as sdk:
            assert sdk.models.list().data


def test_too_many_requests_are_told_when_to_come_back(
    settings: Settings, library: FakeLibrary, table: KeyTable
) -> None:
    tight = settings.model_copy(update={"rate_per_minute": 6, "rate_burst": 2})
    with stranger(create_app(tight, fake_pipeline(library), library)) as client:
        assert [_status(client, ASK) for _ in range(3)] == [401, 401, 429]
        assert client.get("/healthz").status_code == 200
    _, text = table.create("x", [Scope.ASK])
    with local_client(create_app(tight, fake_pipeline(library), library)) as client:
        assert [_status(client, ASK) for _ in range(4)] == [200] * 4, "this machine without a key is not limited"
        client.headers["X-API-Key"] = text
        refused = [client.post("/v1/ask", json=QUESTION) for _ in range(3)][-1]
        assert refused.status_code == 429
        assert refused.json()["type"] == "/problems/rate-limited"
        assert 5 <= int(refused.headers["retry-after"]) <= 10
        error = client.get("/v1/models")
        assert (error.status_code, error.json()["error"]["type"]) == (429, "rate_limit_error")


def test_answers_of_another_key_are_not_found(app: FastAPI, table: KeyTable) -> None:
    _, one = table.create("one", [Scope.ASK])
    _, two = table.create("two", [Scope.ASK])
    with stranger(app, **{"X-API-Key": one}) as client:
        text = client.post("/v1/ask", json=QUESTION, headers={"Accept": "text/event-stream"}).text
        answer = text.split('"answer_id":"', 1)[1].split('"', 1)[0]
        path = f"/v1/answers/{answer}/events"
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"X-API-Key": two}).status_code == 404

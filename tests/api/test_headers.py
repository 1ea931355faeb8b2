"""Headers for browsers, and the log as JSON."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.logs import JsonLines
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, fake_pipeline


@pytest.mark.parametrize("path", ["/healthz", "/v1/kb/versions", "/nothing", "/v1/models/nothing"])
def test_every_response_is_safe_in_a_browser(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_only_listed_origins_may_read(settings: Settings, library: FakeLibrary) -> None:
    listed = settings.model_copy(update={"cors_origins": "https://a.example, https://b.example"})
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key,content-type"}
    with local_client(create_app(listed, fake_pipeline(library), library)) as client:
        for origin, allowed in (("https://b.example", True), ("https://c.example", False)):
            preflight = client.options("/v1/ask", headers={"Origin": origin, **ask})
            assert (preflight.status_code == 200) == allowed
            got = client.get("/healthz", headers={"Origin": origin})
            assert got.headers.get("access-control-allow-origin") == (origin if allowed else None)


def test_a_request_is_one_json_object(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "yiwen.api")
    client.post("/v1/ask", json={"question": "张三的偏头痛"}, headers={"X-Request-ID": "r-1"})
    record = next(r for r in caplog.records if getattr(r, "fields", {}).get("request_id") == "r-1")
    line = json.loads(JsonLines().format(record))
    assert {k: line[k] for k in ("request_id", "method", "route", "status", "key", "question_chars")} == {
        "request_id": "r-1", "method": "POST", "route": "/v1/ask", "status": 200, "key": "local", "question_chars": 6,
    }  # fmt: skip
    assert line["time"].endswith("+00:00")
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_an_exception_stays_on_one_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "broken %s", ("it",), (ValueError, error, None))
    text = JsonLines().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"] == "broken it"
    assert "ValueError" in json.loads(text)["exception"]

"""What Prometheus reads, and that nothing a patient wrote is in it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, ScriptedGenerator, fake_pipeline

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(client: TestClient) -> Samples:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_answers_are_counted(client: TestClient) -> None:
    for question in ("偏头痛有什么症状", "我突然胸口剧痛，大汗，左臂发麻", "张三的13812345678是谁"):
        assert client.post("/v1/ask", json={"question": question}).status_code == 200
    found = samples(client)
    assert value(found, "yiwen_answers_total", outcome="answered", generator="extractive") == 1
    assert value(found, "yiwen_answers_total", outcome="emergency", generator="extractive") == 1
    assert sum(v for (name, _), v in found.items() if name == "yiwen_red_flags_total") == 1
    assert value(found, "yiwen_answer_stage_seconds_count", stage="retrieve") >= 2
    assert value(found, "yiwen_answer_tokens_total") > 20
    assert value(found, "yiwen_http_requests_total", route="/v1/ask", method="POST", status="200") == 3
    assert (value(found, "yiwen_kb_version"), value(found, "yiwen_ready")) == (1, 1)
    assert value(found, "yiwen_live_graph_breaker_open") == value(found, "yiwen_answers_waiting") == 0


def test_dropped_sentences_are_counted_by_reason(settings: Settings, library: FakeLibrary) -> None:
    generator = ScriptedGenerator(["偏头痛可以用阿司匹林治疗[1]。"])
    with local_client(create_app(settings, fake_pipeline(library, generator), library)) as client:
        client.post("/v1/ask", json={"question": "偏头痛有什么症状"})
        found = samples(client)
    dropped = {labels: v for (name, labels), v in found.items() if name == "yiwen_dropped_sentences_total"}
    assert sum(dropped.values()) >= 1
    assert value(found, "yiwen_degraded_answers_total", part="generator") == 1


@pytest.mark.parametrize("path", ["/nothing/张三", "/v1/entities/disease:张三", "/problems/张三"])
def test_nothing_that_was_sent_is_in_a_label(client: TestClient, path: str) -> None:
    client.get(path)
    client.request("张三".encode().hex().upper(), "/v1/ask")
    client.post("/v1/ask", json={"question": "张三头痛", "generator": "张三"})
    text = client.get("/metrics").text
    assert "张三" not in text
    assert "E5BCA0" not in text

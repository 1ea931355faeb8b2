"""Traces as a collector receives them: real OTLP over HTTP, and nothing in it that a patient wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from api.app import create_app
from rag.settings import Settings
from tests.api.conftest import local_client
from tests.fakes import FakeLibrary, fake_pipeline

QUESTION = "张三今年四十岁，手机13812345678，偏头痛有什么症状"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """An OTLP receiver: the bodies that were posted to /v1/traces."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is the library's
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    outer.bodies.append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [span for r in requests for whole in r.resource_spans for s in whole.scope_spans for span in s.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
def test_an_answer_is_a_trace_of_its_steps(
    settings: Settings, library: FakeLibrary, collector: Collector, path: str, accept: str
) -> None:
    traced = settings.model_copy(update={"otel_url": collector.address + "/"})
    streamed = accept == "text/event-stream"
    chat = {"model": "extractive", "stream": streamed, "messages": [{"role": "user", "content": QUESTION}]}
    body = chat if "chat" in path else {"question": QUESTION, "patient": {"drugs": ["阿司匹林"]}}
    with local_client(create_app(traced, fake_pipeline(library), library)) as client:
        headers = {"Accept": accept, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        assert client.post(path, json=body, headers=headers).status_code == 200
    spans = {span.name: span for span in collector.spans()}
    assert set(spans) == {f"POST {path}", "answer", "triage", "link", "retrieve", "assemble", "generate"}
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    request, answer = spans[f"POST {path}"], spans["answer"]
    assert answer.parent_span_id == request.span_id
    steps = [spans[name] for name in ("triage", "link", "retrieve", "assemble", "generate")]
    assert {step.parent_span_id for step in steps} == {answer.span_id}
    ends = [answer.start_time_unix_nano, *(step.end_time_unix_nano for step in steps)]
    assert [step.start_time_unix_nano for step in steps] == ends[:-1], "one behind the other"
    told = {entry.key: entry.value for entry in answer.attributes}
    assert told["yiwen.outcome"].string_value == "answered"
    assert {entry.key for entry in request.attributes} == {
        "http.request.method", "http.route", "http.response.status_code"
    }  # fmt: skip
    everything = b"".join(collector.bodies)
    for word in ("张三", "13812345678", "偏头痛", "四十", "阿司匹林"):
        assert word.encode() not in everything


def test_a_failed_request_says_so(settings: Settings, library: FakeLibrary, collector: Collector) -> None:
    traced = settings.model_copy(update={"otel_url": collector.address})
    with local_client(create_app(traced, fake_pipeline(FakeLibrary()), library)) as client:
        assert client.post("/v1/ask", json={"question": QUESTION}).status_code == 503
        assert client.get("/nothing/张三").status_code == 404
    failed, unknown = collector.spans()
    assert (failed.name, failed.status.code) == ("POST /v1/ask", 2)
    assert (unknown.name, unknown.status.code) == ("GET unmatched", 0)


@pytest.mark.seconds
def test_a_collector_that_is_away_keeps_nobody(settings: Settings, library: FakeLibrary) -> None:
    traced = settings.model_copy(update={"otel_url": "http://127.0.0.1:1"})
    with local_client(create_app(traced, fake_pipeline(library), library)) as client:
        assert client.post("/v1/ask", json={"question": QUESTION}).status_code == 200
        begin = time.monotonic()
    assert time.monotonic() - begin < 3


def test_without_a_collector_there_are_no_traces(settings: Settings, library: FakeLibrary) -> None:
    assert create_app(settings, fake_pipeline(library), library).state.service.traces is None

"""Through sockets: a server in a thread, and a server process on an ingested knowledge base."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app, serve
from api.server import PatientProtocol, listen, server_for
from api.service import Capacity
from rag.errors import DependencyError
from rag.settings import Settings
from rag.snapshot import Library
from tests.api.records import MIGRAINE, SMALL, versioned
from tests.api.test_problems import Blocking
from tests.api.test_stream import QUESTION, SSE, events_of
from tests.fakes import FakeLibrary, fake_pipeline
from tests.kb import publish
from tests.source_tree import ROOT

pytestmark = pytest.mark.seconds


class Hasty(PatientProtocol):
    header_s = 0.2


@contextmanager
def running(app: FastAPI, protocol: type[PatientProtocol] = PatientProtocol) -> Iterator[str]:
    """The address of a server in a thread."""
    ready = threading.Event()
    addresses: list[str] = []

    def announce(address: str) -> None:
        addresses.append(address)
        ready.set()

    with listen("127.0.0.1", 0) as bound:
        server = server_for(app, app.state.service, bound, announce, protocol)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            assert ready.wait(10)
            yield addresses[0]
        finally:
            server.should_exit = True
            thread.join(15)
    assert not thread.is_alive()


@pytest.fixture
def blocking() -> Blocking:
    return Blocking()


@pytest.fixture
def slow_app(settings: Settings, library: FakeLibrary, blocking: Blocking) -> FastAPI:
    return create_app(settings, fake_pipeline(library, blocking), library, Capacity(reattach_s=0.3))


@pytest.mark.parametrize("headers", [SSE, {}], ids=["events", "whole"])
def test_closing_the_connection_cancels_the_answer(
    slow_app: FastAPI, blocking: Blocking, headers: dict[str, str]
) -> None:
    with running(slow_app) as address:
        with httpx.Client(base_url=address, timeout=0.5) as client, pytest.raises(httpx.ReadTimeout):
            client.post("/ask", json=QUESTION, headers=headers)
        assert blocking.cancelled.wait(1)


def test_events_arrive_as_they_are_made(slow_app: FastAPI, blocking: Blocking) -> None:
    seen = []
    with (
        running(slow_app) as address,
        httpx.Client(base_url=address, timeout=5) as client,
        client.stream("POST", "/ask", json=QUESTION, headers=SSE) as response,
    ):
        for line in response.iter_lines():
            if line.startswith("event: "):
                seen.append(line.removeprefix("event: "))
                if seen[-1] == "evidence":
                    assert not blocking.release.is_set()
                    blocking.release.set()
    assert seen[-2:] == ["answer", "done"]


def test_a_connection_that_dawdles_over_its_headers_is_closed(slow_app: FastAPI) -> None:
    with running(slow_app, Hasty) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as dawdling:
            dawdling.sendall(b"POST /ask HTTP/1.1\r\nHost: x\r\n")
            begin = time.monotonic()
            assert dawdling.recv(100) == b""
            assert time.monotonic() - begin < 2


def test_a_port_in_use_is_one_line(settings: Settings) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DependencyError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            serve(settings.model_copy(update={"port": port}))
    assert "\n" not in str(caught.value)


def test_connections_send_at_once() -> None:
    """Otherwise a body that follows its headers waits for the client's delayed acknowledgement, 40 ms."""
    with (
        listen("127.0.0.1", 0) as bound,
        socket.create_connection(bound.getsockname()[:2]),
        bound.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# ---------------------------------------------------------------- a process on an ingested knowledge base

SCRIPT = """
import gc, sys
from pathlib import Path
from api.app import serve
from rag.settings import Settings
settings = Settings(data_dir=Path(sys.argv[1]), port=0, embedder="none", pointer_poll_s=0.1)
serve(settings, lambda address: print(address, gc.get_freeze_count(), sys.getswitchinterval(), flush=True))
"""


@dataclass
class Process:
    """A server process, how to reach it, how many objects its collector leaves alone, and how long a thread goes on."""

    child: subprocess.Popen[str]
    address: str
    spared: int
    switch_s: float


@contextmanager
def serving(data_dir: Path) -> Iterator[Process]:
    """`serve` in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(data_dir)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        address, *told = child.stdout.readline().split() or [""]
        assert address.startswith("http://127.0.0.1:"), child.communicate(timeout=5)[1]
        yield Process(child, address, int(told[0]), float(told[1]))
    finally:
        child.kill()
        child.communicate(timeout=10)


def test_an_ingested_knowledge_base_is_served_and_swapped_under_load(data_dir: Path) -> None:
    library = Library(data_dir)
    publish(library, {"small": SMALL})
    with serving(data_dir) as process, httpx.Client(base_url=process.address, timeout=10) as client:
        assert process.spared > 10_000  # modules and the version; opening the next one would walk over them
        assert process.switch_s < 0.001
        _ask_everything(client)
        publish(library, {"small": versioned(2)})
        _wait_for_version(client, 2)
        problems = _swap_while_four_ask(process.address, library, client)
        assert problems == []
        assert client.post("/v1/kb/versions/1/activate").json()["version"] == 1
        assert client.get("/readyz").json()["kb_version"] == 1
        process.child.send_signal(signal.SIGTERM)
        assert process.child.wait(11) == 0
        assert process.child.stderr is not None
        log = process.child.stderr.read()
    assert "Traceback" not in log
    assert "question_chars=8" in log
    assert "偏头痛" not in log


def _ask_everything(client: httpx.Client) -> None:
    answer = client.post("/ask", json=QUESTION).json()
    assert answer["outcome"] == "answered"
    assert {c["quote"] for c in answer["citations"]} >= {"偏头痛的症状：恶心", "偏头痛的症状：畏光"}
    streamed = events_of(client.post("/ask", json=QUESTION, headers=SSE).text)
    assert streamed[-2][2]["text"] == answer["text"]
    for citation in answer["citations"]:
        shown = client.get(f"/v1/evidence/{citation['evidence_id']}").json()
        assert shown["text"][slice(*citation["span"])] == citation["quote"]
    assert client.get(f"/v1/entities/{quote(MIGRAINE, safe='')}").json()["counts"]["outgoing"] == 5
    assert client.get("/v1/entities", params={"q": "偏头"}).json()["items"][0]["id"] == MIGRAINE
    found = client.post("/v1/search", json={"question": "布洛芬能缓解偏头痛吗"}).json()
    assert "conclusion" in {evidence["kind"] for evidence in found["evidence"]}
    assert [v["version"] for v in client.get("/v1/kb/versions").json()["versions"]] == [1]


def _wait_for_version(client: httpx.Client, version: int) -> None:
    """The promise: within two seconds."""
    end = time.monotonic() + 2
    while client.get("/readyz").json()["kb_version"] != version:
        assert time.monotonic() < end, f"version {version} is not served within 2 s"
        time.sleep(0.05)


def _swap_while_four_ask(address: str, library: Library, client: httpx.Client) -> list[str]:
    """What went wrong with any answer while two versions were published."""
    stop = threading.Event()
    problems: list[str] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=10) as own:
            while not stop.is_set():
                response = own.post("/ask", json=QUESTION)
                mark = f"第{response.json().get('kb_version')}版"
                quotes = [c["quote"] for c in response.json().get("citations", [])]
                if response.status_code != 200 or not quotes or any(mark not in text for text in quotes):
                    problems.append(json.dumps(response.json(), ensure_ascii=False))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for version in (3, 4):
        publish(library, {"small": versioned(version)})
        _wait_for_version(client, version)
    stop.set()
    for asker in askers:
        asker.join(10)
    return problems


def test_the_end_waits_for_a_running_answer(settings: Settings, library: FakeLibrary, blocking: Blocking) -> None:
    app = create_app(settings, fake_pipeline(library, blocking), library)
    texts: list[str] = []
    with running(app) as address:
        asker = threading.Thread(
            target=lambda: texts.append(httpx.post(f"{address}/ask", json=QUESTION, headers=SSE, timeout=10).text)
        )
        asker.start()
        assert blocking.entered.acquire(timeout=5)
        threading.Timer(0.5, blocking.release.set).start()
    asker.join(5)
    assert events_of(texts[0])[-1][1] == "done"


def test_a_signal_ends_what_still_runs_within_the_grace(
    settings: Settings, library: FakeLibrary, blocking: Blocking
) -> None:
    app = create_app(settings.model_copy(update={"grace_s": 1.5}), fake_pipeline(library, blocking), library)
    ready, texts, addresses = threading.Event(), list[str](), list[str]()

    def announce(address: str) -> None:
        addresses.append(address)
        ready.set()

    with listen("127.0.0.1", 0) as bound:
        server = server_for(app, app.state.service, bound, announce)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        assert ready.wait(10)
        asker = threading.Thread(
            target=lambda: texts.append(httpx.post(f"{addresses[0]}/ask", json=QUESTION, headers=SSE, timeout=10).text)
        )
        with httpx.Client(base_url=addresses[0]) as kept_open:
            assert kept_open.get("/readyz").status_code == 200
            asker.start()
            assert blocking.entered.acquire(timeout=5)
            begin = time.monotonic()
            server.handle_exit(signal.SIGTERM, None)
            assert app.state.service.draining
            asker.join(5)
            thread.join(5)
            took = time.monotonic() - begin
    assert not thread.is_alive()
    assert took < 1.5 + 1
    assert blocking.cancelled.is_set()
    last = events_of(texts[0])[-1]
    assert (last[1], last[2]["status"]) == ("error", 503)

"""`transformers serve` with a tiny model, asked as any server of the OpenAI shape; our own service with a local one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from rag.breaker import Breaker
from rag.errors import DependencyError
from rag.generators.chat_model import ChatModelGenerator, openai_model, server_probe
from rag.generators.huggingface import LocalModel
from rag.generators.stopping import ModelLimits
from rag.pipeline import FALLBACK
from rag.snapshot import Library
from rag.wiring import build
from tests.answering.records import CONCLUSION, request, told
from tests.api.test_server import running
from tests.hf.models import make_adapter, make_model
from tests.kb import publish, settings_for, small_kb
from tests.ports import free_port
from yiwen.client import Client, ServiceError

START_S = 240.0
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.timeout(2 * START_S),  # the server imports torch before it listens, which a busy machine draws out
]
ASKED = request([told(CONCLUSION)], question="偏头痛吃什么药")
SHORT = ModelLimits(context_tokens=4096, answer_tokens=12, first_token_s=60)
QUESTION = "甲病有哪些症状"
EXTRACTIVE = (FALLBACK, ("generator",))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("served") / "base", "qwen2")


@pytest.fixture(scope="module")
def server(base: Path) -> Iterator[tuple[str, int]]:
    """`transformers serve` in a process of its own, without a network: its address and process id."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "transformers"),
        "serve",
        str(base),
        "--device",
        "cpu",
        "--port",
        str(port),
    ]
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=os.environ | quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://localhost:{port}/health", process)
        yield f"http://localhost:{port}/v1", process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def url(server: tuple[str, int]) -> str:
    return server[0]


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, f"it ended with code {process.returncode}"
        try:
            if httpx.get(address).is_success:
                return
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.2)
    pytest.fail(f"{address} did not answer within {START_S:.0f} s")


def chat(url: str, base: Path, limits: ModelLimits) -> ChatModelGenerator:
    model = openai_model(url, str(base), None, retries=0, limits=limits)
    return ChatModelGenerator(model, identity="chat", limits=limits)


def test_a_real_server_says_what_the_model_says_here(url: str, base: Path) -> None:
    served = list(chat(url, base, SHORT).stream(ASKED, threading.Event()))
    here = "".join(LocalModel(str(base), None, limits=SHORT)["local"].stream(ASKED, threading.Event()))
    half = "\ufffd"  # a character that is cut at the limit: the server leaves it out
    assert "".join(served).rstrip(half) == here.rstrip(half) != ""
    assert len(served) > 1, "it is streamed"
    server_probe(url, None, 5)()


def test_a_real_server_is_stopped_and_asked_again(url: str, base: Path) -> None:
    endless = replace(SHORT, answer_tokens=2000)
    cancel = threading.Event()
    stream = chat(url, base, endless).stream(ASKED, cancel)
    next(stream)
    cancel.set()
    assert len(list(stream)) <= 1
    with pytest.raises(DependencyError, match="longer"):
        list(chat(url, base, replace(endless, total_s=0.3)).stream(ASKED, threading.Event()))
    assert list(chat(url, base, SHORT).stream(ASKED, threading.Event()))


def test_a_real_server_that_hangs_is_left_alone_until_a_probe_finds_it_well(
    server: tuple[str, int], base: Path
) -> None:
    url, process = server
    hasty = replace(SHORT, first_token_s=0.3)
    breaker = Breaker(server_probe(url, None, 0.3), probe_s=0, start=lambda run: run())
    asking = ChatModelGenerator(
        openai_model(url, str(base), None, retries=0, limits=hasty), identity="chat", limits=hasty, breaker=breaker
    )
    os.kill(process, signal.SIGSTOP)
    try:
        for _ in range(3):
            with pytest.raises(DependencyError):
                list(asking.stream(ASKED, threading.Event()))
        assert breaker.is_open()
        assert not breaker.admits(), "this one only probed, in vain"
        with pytest.raises(DependencyError, match="left alone"):
            asking.stream(ASKED, threading.Event())
    finally:
        os.kill(process, signal.SIGCONT)
    server_probe(url, None, 30)()  # it works off what came while it was stopped
    assert not breaker.admits(), "this one only probed, and found it well"
    assert breaker.admits()
    assert list(chat(url, base, SHORT).stream(ASKED, threading.Event()))


def test_what_a_real_server_says_unsupported_is_never_shown(url: str, base: Path, data_dir: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    settings = settings_for(
        data_dir, generator="chat", chat_url=url, chat_model=str(base), llm_answer_tokens=16, llm_context_tokens=4096
    )
    answer = build(settings).ask(QUESTION)
    assert (answer.generator, answer.degraded) == EXTRACTIVE
    assert "头晕" in answer.text


def test_our_service_offers_an_adapter_as_soon_as_it_is_there(base: Path, data_dir: Path, tmp_path: Path) -> None:
    publish(Library(data_dir), {"a": small_kb()})
    settings = settings_for(
        data_dir, local_model=str(base), local_adapters=tmp_path, llm_answer_tokens=16, llm_context_tokens=4096
    )
    app = create_app(settings)
    with running(app) as address, Client(address) as client:
        assert client.models() == (FALLBACK, "local")
        make_adapter(tmp_path / "other", make_model(tmp_path / "away" / "another", "qwen2", seed=9), seed=1)
        shutil.rmtree(tmp_path / "away")
        make_adapter(tmp_path / "new", base, seed=1)
        assert client.models() == (FALLBACK, "local", "local:new")
        answer = client.ask(QUESTION, generator="local:new")
        assert (answer.generator, answer.degraded) == EXTRACTIVE
        assert list(app.state.service.pipeline.generators["local"].model._loaded) == ["new"]
        with pytest.raises(ServiceError, match="is for another") as refused:
            client.ask(QUESTION, generator="local:other")
        shutil.rmtree(tmp_path / "new")
        with pytest.raises(ServiceError, match="holds no adapter 'new'") as gone:
            client.ask(QUESTION, generator="local:new")
        assert client.ask(QUESTION).degraded == ()
    assert [refused.value.status, gone.value.status] == [404, 404]

"""A LangChain chat model as a generator: a fake one, and a real client against a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, SecretStr

from rag.answer.prompt import SYSTEM
from rag.breaker import Breaker
from rag.errors import ConfigurationError, DependencyError
from rag.generators.chat_model import ChatModelGenerator, openai_model, server_probe
from rag.generators.stopping import ModelLimits
from tests.answering.records import CONCLUSION, request, told
from tests.generators.openai_server import OpenAIServer, serving

pytestmark = pytest.mark.seconds

ASKED = request([told(CONCLUSION)], question="偏头痛吃什么药")
QUICK = ModelLimits(first_token_s=0.5, total_s=5)


class FakeChat(BaseChatModel):
    """Says `pieces`, `pause_s` apart."""

    pieces: list[str] = Field(default_factory=list)
    pause_s: float = 0.0
    said: int = 0
    seen: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(self, messages: list[BaseMessage], *args: object, **kwargs: object) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> Iterator[ChatGenerationChunk]:
        self.seen.append(([(m.type, m.content) for m in messages], stop))
        for piece in self.pieces:
            time.sleep(self.pause_s)
            self.said += 1
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as running:
        yield running


def generator(server: OpenAIServer, *, retries: int = 0, limits: ModelLimits = QUICK) -> ChatModelGenerator:
    model = openai_model(server.url, "tcm", SecretStr("secret"), retries=retries, limits=limits)
    return ChatModelGenerator(model, identity="chat", limits=limits)


def said(generator: ChatModelGenerator, cancel: threading.Event | None = None) -> list[str]:
    return list(generator.stream(ASKED, cancel or threading.Event()))


def test_any_chat_model_gets_the_prompt_and_its_pieces_come_through() -> None:
    model = FakeChat(pieces=["甲", "", "乙#", "丙"])
    limits = ModelLimits(stop=("#",))
    assert said(ChatModelGenerator(model, identity="fake", limits=limits)) == ["甲", "乙"]
    ((messages, stop),) = model.seen
    assert [kind for kind, _ in messages] == ["system", "human"]
    assert messages[0][1] == SYSTEM
    assert messages[1][1].endswith("问题：偏头痛吃什么药")
    assert stop == ["#"]


def test_pieces_come_while_the_model_still_writes() -> None:
    model = FakeChat(pieces=["甲"] * 10, pause_s=0.05)
    stream = ChatModelGenerator(model, identity="fake").stream(ASKED, threading.Event())
    assert next(stream) == "甲"
    assert model.said < 5


def test_cancelling_ends_it_at_once_and_the_model_soon() -> None:
    model, cancel = FakeChat(pieces=["甲"] * 1000, pause_s=0.01), threading.Event()
    stream = ChatModelGenerator(model, identity="fake").stream(ASKED, cancel)
    next(stream)
    cancel.set()
    assert len(list(stream)) <= 1
    time.sleep(0.3)
    stopped_at = model.said
    time.sleep(0.2)
    assert model.said == stopped_at < 100


def test_a_model_that_writes_for_too_long_is_given_up() -> None:
    model = FakeChat(pieces=["甲"] * 1000, pause_s=0.02)
    with pytest.raises(DependencyError, match=r"longer than 0\.2 s"):
        said(ChatModelGenerator(model, identity="fake", limits=ModelLimits(total_s=0.2)))


def test_a_server_of_the_openai_shape(server: OpenAIServer) -> None:
    server.acts = [["偏头痛", "的就诊科室为", "神经内科[1]。"]]
    assert said(generator(server, limits=ModelLimits(stop=("##",), answer_tokens=77))) == [
        "偏头痛",
        "的就诊科室为",
        "神经内科[1]。",
    ]
    (sent,) = server.requests
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == ["Bearer secret"]
    assert (sent["model"], sent["stream"], sent["temperature"], sent["stop"]) == ("tcm", True, 0, ["##"])
    assert 77 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_request_is_sent_again_before_its_answer_begins(server: OpenAIServer, status: int) -> None:
    server.acts = [status, ["好。"]]
    assert said(generator(server, retries=1, limits=ModelLimits())) == ["好。"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_an_error_is_said_without_the_question(server: OpenAIServer, status: int) -> None:
    server.acts = [status]
    with pytest.raises(DependencyError, match=str(status)) as caught:
        said(generator(server))
    assert "偏头痛" not in str(caught.value)


@pytest.mark.parametrize("act", ["hang", "hang after"])
def test_a_silent_server_is_given_up_and_its_connection_closed(server: OpenAIServer, act: str) -> None:
    server.acts = [act]
    asking = generator(server)  # which loads the client
    begin = time.monotonic()
    with pytest.raises(DependencyError):
        said(asking)
    assert time.monotonic() - begin < 2
    assert server.gone.wait(1)


def test_cancelling_closes_the_connection_of_a_hanging_server(server: OpenAIServer) -> None:
    server.acts = ["hang"]
    cancel, begun = threading.Event(), list[float]()

    def give_up() -> None:
        assert server.kept_waiting.wait(10)
        begun.append(time.monotonic())
        cancel.set()

    threading.Thread(target=give_up).start()
    assert said(generator(server, limits=ModelLimits(first_token_s=30)), cancel) == []
    assert time.monotonic() - begun[0] < 0.7
    assert server.gone.wait(1)


def test_a_reset_in_the_middle(server: OpenAIServer) -> None:
    server.acts = ["reset"]
    stream = generator(server).stream(ASKED, threading.Event())
    assert next(stream) == "偏头痛的"
    with pytest.raises(DependencyError):
        next(stream)


def test_nobody_listening() -> None:
    with serving() as server:
        url = server.url
    model = openai_model(url, "tcm", None, retries=0, limits=QUICK)
    with pytest.raises(DependencyError, match="ConnectionError"):
        said(ChatModelGenerator(model, identity="chat", limits=QUICK))


def test_a_failing_server_is_left_alone_and_found_again(server: OpenAIServer) -> None:
    clock = [0.0]
    model = openai_model(server.url, "tcm", None, retries=0, limits=QUICK)
    breaker = Breaker(now=lambda: clock[0], start=lambda run: run())
    asking = ChatModelGenerator(model, identity="chat", limits=QUICK, breaker=breaker)
    server.acts = [500]
    for _ in range(5):
        with pytest.raises(DependencyError):
            said(asking)
    assert len(server.requests) == 3
    clock[0], server.acts = 10.0, [["好。"]]
    with pytest.raises(DependencyError, match="left alone"):
        said(asking)
    assert said(asking) == ["好。"]


def test_the_probe_asks_for_models_and_a_server_that_only_answers_probes_is_left_alone_again(
    server: OpenAIServer,
) -> None:
    clock = [0.0]
    probe = server_probe(f"{server.url}/", SecretStr("secret"), 0.5)
    breaker = Breaker(probe, now=lambda: clock[0], start=lambda run: run())
    model = openai_model(server.url, "tcm", None, retries=0, limits=QUICK)
    asking = ChatModelGenerator(model, identity="chat", limits=QUICK, breaker=breaker)
    server.acts, server.well = [500], 503

    def ask_at(seconds: float) -> None:
        clock[0] = seconds
        for _ in range(4):
            with pytest.raises(DependencyError):
                said(asking)

    ask_at(0.0)
    ask_at(10.0)
    assert (len(server.requests), server.probes) == (3, ["Bearer secret"]), "the probe failed, nothing is asked"
    server.well = 200
    ask_at(20.0)
    assert (len(server.requests), len(server.probes)) == (4, 2), "one question was enough to leave it alone again"
    server.acts = [["好。"]]
    assert not breaker.admits(), "it is not yet time"
    clock[0] = 30.0
    assert not breaker.admits(), "this one only started the probe"
    assert said(asking) == ["好。"]


def test_a_probe_of_nobody() -> None:
    with serving() as server:
        probe = server_probe(server.url, None, 0.5)
        probe()
    with pytest.raises(DependencyError, match="does not answer"):
        probe()


def test_one_bad_request_says_nothing_about_the_server(server: OpenAIServer) -> None:
    server.acts = [400]
    asking = generator(server)
    for _ in range(5):
        with pytest.raises(DependencyError):
            said(asking)
    assert len(server.requests) == 5


def test_no_trace_is_sent_whatever_the_environment_asks(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "key")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    assert said(ChatModelGenerator(FakeChat(pieces=["甲"]), identity="fake")) == ["甲"]
    time.sleep(0.5)
    assert server.paths == []


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigurationError, match="YIWEN_CHAT_URL"):
        openai_model("127.0.0.1:8000", "tcm", None, retries=0, limits=QUICK)

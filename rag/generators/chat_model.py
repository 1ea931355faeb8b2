"""Any LangChain chat model as a generator; importing this module takes a second, so only `rag.wiring` does, if asked.

Models stream on an event loop of their own, so that whoever stops waiting (cancelled, late) closes the connection at
once, whatever the other side does. LangSmith tracing is off, also where its variables ask for it: questions of
patients go to nobody but the model.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import httpx
from langchain_core.language_models import BaseChatModel
from langsmith import tracing_context
from pydantic import SecretStr

from rag.breaker import Breaker
from rag.domain import GenerationRequest
from rag.errors import ConfigurationError, DependencyError, MissingExtraError
from rag.generators.stopping import DEFAULT_LIMITS, ModelLimits, estimated_length, fitted, until

_LOOK_S = 0.02
"""How often a waiting answer looks whether it is still wanted."""
_OUR_FAULT = (400, 413, 422)
"""HTTP statuses that speak of one request and not of the server."""


class ChatModelGenerator:
    """Implements `rag.ports.Generator` for a `BaseChatModel`. Retries are the model's own."""

    def __init__(
        self,
        model: BaseChatModel,
        *,
        identity: str,
        limits: ModelLimits = DEFAULT_LIMITS,
        breaker: Breaker | None = None,
    ) -> None:
        self.identity = identity
        self._model, self._limits = model, limits
        self._breaker = breaker or Breaker(what=f"the model {identity}", instead="the extractive generator answers")

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        """Pieces as they come. DependencyError: the model fails, is silent for too long, or is left alone for now."""
        room = self._limits.context_tokens - self._limits.answer_tokens
        said = fitted(request, room, estimated_length)
        if not self._breaker.admits():
            raise DependencyError(f"the model {self.identity} failed several times and is left alone for a while")
        return until(self._guarded(said, cancel), self._limits.stop)

    def _guarded(self, said: Sequence[tuple[str, str]], cancel: threading.Event) -> Iterator[str]:
        """The pieces; the breaker hears how it ended."""
        try:
            yield from self._pieces(said, cancel)
        except DependencyError as error:
            if getattr(error.__cause__, "status_code", None) not in _OUR_FAULT:
                self._breaker.failed(error)
            raise
        except GeneratorExit:  # the answer is long enough
            self._breaker.succeeded()
            raise
        if not cancel.is_set():
            self._breaker.succeeded()

    def _pieces(self, said: Sequence[tuple[str, str]], cancel: threading.Event) -> Iterator[str]:
        """What the loop hands over, until its end, an error, `cancel` or a limit; then the connection is closed."""
        handed: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        running = asyncio.run_coroutine_threadsafe(self._read(said, handed), _loop())
        begin = heard = time.monotonic()
        try:
            while not cancel.is_set():
                try:
                    piece = handed.get(timeout=_LOOK_S)
                except queue.Empty:
                    self._in_time(begin, heard)
                    continue
                if piece is None:
                    return
                if isinstance(piece, BaseException):
                    raise DependencyError(f"the model {self.identity} failed: {_told(piece)}") from piece
                heard = time.monotonic()
                yield piece
                self._in_time(begin, time.monotonic())
        finally:
            running.cancel()

    def _in_time(self, begin: float, heard: float) -> None:
        now = time.monotonic()
        if now - begin > self._limits.total_s:
            raise DependencyError(f"the model {self.identity} took longer than {self._limits.total_s:g} s")
        if now - heard > self._limits.first_token_s:
            raise DependencyError(f"the model {self.identity} was silent for {self._limits.first_token_s:g} s")

    async def _read(
        self, said: Sequence[tuple[str, str]], handed: queue.SimpleQueue[str | BaseException | None]
    ) -> None:
        try:
            with tracing_context(enabled=False):
                async for chunk in self._model.astream(list(said), stop=list(self._limits.stop) or None):
                    if chunk.text:
                        handed.put(str(chunk.text))
        except Exception as error:  # a model may fail in any way; the one who waits is told
            handed.put(error)
        else:
            handed.put(None)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for the process: connections belong to the loop that opened them, and clients of LangChain share them."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="yiwen-chat-models", daemon=True).start()
    return loop


def server_probe(url: str, key: SecretStr | None, timeout_s: float) -> Callable[[], None]:
    """Asks a server of the OpenAI shape for its models: it is well if it answers without an error of its own.

    What is returned raises DependencyError where it is not.
    """
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    def probe() -> None:
        try:
            status = httpx.get(f"{url.rstrip('/')}/models", headers=headers, timeout=timeout_s).status_code
        except httpx.HTTPError as error:
            raise DependencyError(f"{url} does not answer: {type(error).__name__}") from error
        if status >= 500:
            raise DependencyError(f"{url} answers with status {status}")

    return probe


def _told(error: BaseException) -> str:
    """One line without the body of a response, which may hold the question."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__} {status}" if status else type(error).__name__


def openai_model(
    url: str, name: str, key: SecretStr | None, *, retries: int, limits: ModelLimits, headers: Mapping[str, str] = {}
) -> BaseChatModel:
    """A model behind a server of the OpenAI shape. MissingExtraError without the extra `openai`."""
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise MissingExtraError("YIWEN_CHAT_URL needs langchain-openai: pip install 'yiwen[openai]'") from error
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"YIWEN_CHAT_URL is {url!r}; expected an address such as http://127.0.0.1:8000/v1")
    return ChatOpenAI(
        base_url=url,
        model=name,
        api_key=key or SecretStr("none"),  # servers of one's own ask for none, the client insists on one
        temperature=0,
        max_tokens=limits.answer_tokens,
        max_retries=retries,
        timeout=limits.first_token_s,
        default_headers=dict(headers),
        use_responses_api=False,
        stream_usage=False,
    )

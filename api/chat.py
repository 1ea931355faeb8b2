"""Chat completions in the shape of OpenAI: what is asked, and how an answer is written in that shape.

Only whole checked sentences are sent. `stop` and `max_tokens` cut the text, but never the action of a red flag. The
other warnings and the sources follow as text, sources as `annotations` too, and all else that an answer holds is in the
field `yiwen`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.answering import Complete, Item
from api.events import MEDIA_TYPE
from api.problems import Row, openai_error, problem
from api.rendering import Json, untold
from api.schemas.strict import WHOLE
from rag.answer.prompt import estimated_tokens
from rag.domain import Turn
from rag.pipeline import Meta, Options, Token
from rag.safety.warnings import DISCLAIMER

_SOURCES = "\n\n来源：\n"
_WARNINGS = "\n\n警示列表（其余 "
_TURNS, _TURN_CHARS = 50, 20_000
"""As many earlier messages are read as `/v1/ask` accepts."""
Stop = Annotated[str, Field(min_length=1, max_length=200)]


class _Lenient(BaseModel):
    """Clients send many fields that mean nothing here."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class PartIn(_Lenient):
    """A part of a message; only text is read."""

    type: str
    text: str | None = None


class MessageIn(_Lenient):
    """A message; `system`, `developer` and `tool` messages do not change how answers are made."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[PartIn] | None = None

    @property
    def text(self) -> str:
        """The text of all parts, without what we wrote under an answer."""
        whole = self.content if isinstance(self.content, str) else "\n".join(p.text or "" for p in self.content or ())
        if self.role != "assistant":
            return whole
        return whole.partition(_WARNINGS)[0].partition(_SOURCES)[0]


class StreamOptionsIn(_Lenient):
    """What a stream holds beside the text."""

    include_usage: bool = False


class ChatIn(_Lenient):
    """A chat completion; the last message of the user is the question, those before it the conversation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "extractive", "messages": [{"role": "user", "content": "偏头痛吃什么药"}]}]
        }
    )

    model: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="a generator; see /v1/models")
    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=1000)]
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    max_tokens: Annotated[int, Field(ge=1), WHOLE] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1), WHOLE] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        None, description="accepted; what is asserted comes from evidence, whatever the temperature"
    )
    n: Literal[1] | None = Field(None, description="one answer; more are refused")
    tool_choice: Literal["none", "auto"] | None = Field(None, description="tools are never called")

    @property
    def question(self) -> str:
        """The last message of the user; empty where there is none."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    def options(self, top_k: int) -> Options:
        """As the pipeline takes them."""
        last = max((i for i, m in enumerate(self.messages) if m.role == "user"), default=0)
        turns = [Turn(m.role, m.text[:_TURN_CHARS]) for m in self.messages[:last] if m.role in ("user", "assistant")]
        return Options(history=tuple(turns[-_TURNS:]), generator=self.model, top_k=top_k)

    @property
    def stops(self) -> Sequence[str]:
        """Strings that end the text."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def limit(self) -> int | None:
        """Tokens of the text."""
        given = [limit for limit in (self.max_tokens, self.max_completion_tokens) if limit is not None]
        return min(given, default=None)

    @property
    def tokens(self) -> int:
        """Estimated length of the messages."""
        return sum(estimated_tokens(message.text) for message in self.messages)


class Text:
    """The text of one answer as it may be sent: piece by piece, ended by `stop` strings or the limit."""

    def __init__(self, asked: ChatIn) -> None:
        self._stops, self._limit = asked.stops, asked.limit
        self._held = ""
        self._ended = False
        self._action = False
        self.sent = ""
        self.finish: Literal["stop", "length"] = "stop"
        self.body: Mapping[str, Any] = {}

    def take(self, item: Item) -> str:
        """What of `item` may be sent now."""
        match item:
            case Meta():
                self._action = item.triage.action is not None
                return ""
            case Token():
                return self._emit(item.text if self._action else self._admitted(item.text))
            case Complete():
                self.body = item.body
                return self._emit(self._admitted(_tail(item.body, self.sent + self._held)) + self._rest())
            case _:
                return ""

    def _emit(self, text: str) -> str:
        self._action = False
        self.sent += text
        return text

    def _admitted(self, text: str) -> str:
        """`text` behind what is held back, as far as it goes."""
        if self._ended:
            return ""
        if self._limit is not None and estimated_tokens(self.sent + self._held + text) > self._limit:
            self._ended, self.finish = True, "length"
            return self._rest()
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self._held, self._ended = self._held[: min(places)], True
            return self._rest()
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return text

    def _rest(self) -> str:
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)


def _tail(body: Mapping[str, Any], text: str) -> str:
    """The other warnings, sources and label, as text for clients that show nothing else."""
    rest = [f"- {warning['text']}" for warning in untold(body)]
    lines = [_source(list(group)) for _, group in groupby(_cited(body, text), lambda one: one["source"]["id"])]
    tail = f"{_WARNINGS}{len(rest)} 条）：\n" + "\n".join(rest) if rest else ""
    tail += (_SOURCES + "\n".join(lines) if lines else "") + f"\n\n{DISCLAIMER}"
    return tail.removeprefix("\n") if text.endswith("\n") else tail


def _cited(body: Mapping[str, Any], text: str) -> list[Mapping[str, Any]]:
    """The citations whose number stands in the text."""
    return [citation for citation in body.get("citations", ()) if f"[{citation['n']}]" in text]


def _annotation(citation: Mapping[str, Any], text: str, address: str) -> Json:
    """A citation as OpenAI writes one of the web; each has a URL of its own, by which programs tell them apart."""
    number, source, evidence = f"[{citation['n']}]", citation["source"], citation["evidence_id"]
    at = text.index(number)
    url = f"{source['url']}#{evidence}" if source["url"] else f"{address}v1/evidence/{evidence}"
    title = f"{source['title']}{_year(source)}"
    return {
        "type": "url_citation",
        "url_citation": {"start_index": at, "end_index": at + len(number), "title": title, "url": url},
    }


def _source(citations: Sequence[Mapping[str, Any]]) -> str:
    """One line for neighbours from the same source."""
    source, first, last = citations[0]["source"], citations[0]["n"], citations[-1]["n"]
    numbers = f"[{first}]" if first == last else f"[{first}]-[{last}]"
    return f"{numbers} {source['title']}{_year(source)}" + (f" {source['url']}" if source["url"] else "")


def _year(source: Mapping[str, Any]) -> str:
    return f"（{source['year']}）" if source["year"] else ""


class Completion:
    """One answer in the shape of OpenAI, as a whole or in chunks (a `Wire`)."""

    def __init__(self, asked: ChatIn, request_id: str, path: str, address: str) -> None:
        """`address`: where the client found the service, with a slash at the end."""
        self._asked, self._request_id, self._path, self._address = asked, request_id, path, address
        self._text = Text(asked)
        self._created = int(time.time())

    def whole(self, items: Sequence[Item]) -> Json:
        """All of it at once."""
        for item in items:
            self._text.take(item)
        message = {
            "role": "assistant", "content": self._text.sent, "refusal": None, "annotations": self._annotations(),
        }  # fmt: skip
        choice = {"index": 0, "message": message, "finish_reason": self._text.finish, "logprobs": None}
        return self._object("chat.completion", [choice]) | {"usage": self._usage(), "yiwen": self._extension()}

    def said(self, text: str) -> Response:
        """A text that is no answer of ours, as a whole or as a stream."""
        self._text.sent = text
        if not self._asked.stream:
            return Response(orjson.dumps(self.whole(())), media_type="application/json")
        body = self._chunk({"role": "assistant", "content": text}) + self._last() + self.end()
        return Response(body, media_type=MEDIA_TYPE)

    def item(self, item: Item) -> Iterator[bytes]:
        """As `Wire`."""
        if isinstance(item, Meta):
            yield self._chunk({"role": "assistant", "content": ""})
        text = self._text.take(item)
        if text:
            yield self._chunk({"content": text})
        if isinstance(item, Complete):
            yield self._last()

    def failed(self, row: Row, detail: str | None) -> bytes:
        """As `Wire`."""
        return _data(openai_error(problem(row, self._request_id, self._path, detail)))

    def end(self) -> bytes:
        """As `Wire`."""
        return b"data: [DONE]\n\n"

    def _last(self) -> bytes:
        """The end of the text and, where it was asked for, the usage."""
        cited = self._annotations()
        last = self._chunk({"annotations": cited}) if cited else b""
        last += self._chunk({}, self._text.finish, yiwen=self._extension())
        if self._asked.stream_options is not None and self._asked.stream_options.include_usage:
            last += _data(self._object("chat.completion.chunk", []) | {"usage": self._usage()})
        return last

    def _annotations(self) -> list[Json]:
        sent = self._text.sent
        return [_annotation(citation, sent, self._address) for citation in _cited(self._text.body, sent)]

    def _object(self, kind: str, choices: Sequence[Json]) -> Json:
        return {
            "id": f"chatcmpl-{self._request_id}",
            "object": kind,
            "created": self._created,
            "model": self._asked.model,
            "choices": choices,
        }

    def _chunk(self, delta: Json, finish: str | None = None, **further: object) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _data(self._object("chat.completion.chunk", [choice]) | further)

    def _usage(self) -> Json:
        prompt, completion = self._asked.tokens, estimated_tokens(self._text.sent)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _extension(self) -> Json:
        return {key: value for key, value in self._text.body.items() if key != "text"}


def _data(value: Json) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"

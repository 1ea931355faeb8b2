"""Replies in the shape of OpenAI; requests are in `api.chat`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.strict import Response


class ModelOut(Response):
    """A generator."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsOut(Response):
    """All generators."""

    object: Literal["list"]
    data: list[ModelOut]


class UrlCitationOut(Response):
    """Where a number stands in the text, and what it cites: the title of the source, and an address."""

    start_index: int
    end_index: int
    title: str
    url: str


class AnnotationOut(Response):
    """A citation in the shape of those of the web."""

    type: Literal["url_citation"]
    url_citation: UrlCitationOut


class ChatMessageOut(Response):
    """The answer as text, its sources below."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: list[AnnotationOut]


class ChatChoiceOut(Response):
    """The one choice; `length` where `max_tokens` ended it."""

    index: Literal[0]
    message: ChatMessageOut
    finish_reason: Literal["stop", "length"]
    logprobs: None


class UsageOut(Response):
    """Estimated numbers of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatOut(Response):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoiceOut]
    usage: UsageOut
    yiwen: dict[str, Any] = Field(description="the answer of `/v1/ask` without its text")


class OpenAIErrorItem(Response):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(Response):
    """An error of the routes that are shaped like OpenAI's."""

    error: OpenAIErrorItem

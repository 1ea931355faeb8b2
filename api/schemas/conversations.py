"""Conversations and feedback: requests and responses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.strict import Request, Response

AnswerKey = Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]


class ConversationIn(Request):
    """A new conversation."""

    title: Annotated[str, Field(max_length=200)] = Field("", description="empty: the first question becomes the title")


class RenameIn(Request):
    """Another title."""

    title: Annotated[str, Field(min_length=1, max_length=200)]


class FeedbackIn(Request):
    """An opinion of an answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"answer_id": "8c2f00d1aa93e517", "rating": "down", "reason": "剂量不对"}]}
    )

    answer_id: AnswerKey
    rating: Literal["up", "down"]
    reason: Annotated[str, Field(max_length=2000)] = ""
    evidence_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = Field(
        [], description="the evidence concerned"
    )


class ConversationOut(Response):
    """A conversation without its messages."""

    id: str
    title: str
    created: str = Field(description="UTC, ISO 8601")
    updated: str


class ConversationsOut(Response):
    """The last used first."""

    items: list[ConversationOut]
    next_cursor: str | None


class MessageOut(Response):
    """What was said; `answer` as `/v1/ask` gave it, where we said it."""

    role: Literal["user", "assistant"]
    content: str
    answer: dict[str, Any] | None
    created: str


class ConversationInFullOut(ConversationOut):
    """A conversation with its messages, in order."""

    messages: list[MessageOut]


class FeedbackOut(Response):
    """An opinion that is kept."""

    answer_id: str
    rating: Literal["up", "down"]
    reason: str
    evidence_ids: list[str]
    created: str


class FeedbackListOut(Response):
    """The newest first."""

    items: list[FeedbackOut]
    next_cursor: str | None


class DeletedOut(Response):
    """How much was forgotten."""

    conversations: int
    feedback: int
    records: int

"""Conversations, and opinions of answers."""

from __future__ import annotations

from typing import Literal

from yiwen.client.replies.answers import Answer
from yiwen.client.replies.reply import Reply


class Conversation(Reply):
    """A conversation without its messages; times are UTC, ISO 8601."""

    id: str
    title: str
    created: str
    updated: str


class Conversations(Reply):
    """The last used first."""

    items: tuple[Conversation, ...]
    next_cursor: str | None = None


class Message(Reply):
    """What was said in a conversation."""

    role: Literal["user", "assistant"]
    content: str
    answer: Answer | None = None
    created: str


class ConversationInFull(Conversation):
    """A conversation with its messages, in order."""

    messages: tuple[Message, ...]


class Feedback(Reply):
    """An opinion of an answer."""

    answer_id: str
    rating: Literal["up", "down"]
    reason: str = ""
    evidence_ids: tuple[str, ...] = ()
    created: str


class FeedbackList(Reply):
    """The newest first."""

    items: tuple[Feedback, ...]
    next_cursor: str | None = None


class Deleted(Reply):
    """How much was forgotten."""

    conversations: int
    feedback: int
    records: int = 0

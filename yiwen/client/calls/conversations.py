"""Conversations and feedback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.conversations import (
    Conversation,
    ConversationInFull,
    Conversations,
    Deleted,
    Feedback,
    FeedbackList,
)
from yiwen.client.transport import given, raise_for, reachable, read


class ConversationCalls(Connection):
    """What the service keeps of somebody."""

    def create_conversation(self, title: str = "") -> Conversation:
        """A conversation without messages; name its id in `ask` or `stream`."""
        return self._post("/v1/conversations", {"title": title}, Conversation)

    def conversations(self, query: str = "", *, limit: int | None = None, cursor: str | None = None) -> Conversations:
        """Those whose title or messages hold `query`, the last used first."""
        return self._get("/v1/conversations", Conversations, given(q=query, limit=limit, cursor=cursor))

    def conversation(self, identifier: str) -> ConversationInFull:
        """One with its messages."""
        return self._get(f"/v1/conversations/{identifier}", ConversationInFull, {})

    def rename_conversation(self, identifier: str, title: str) -> Conversation:
        """Another title."""
        with reachable():
            return read(self._http.patch(f"/v1/conversations/{identifier}", json={"title": title}), Conversation)

    def export_conversation(self, identifier: str) -> str:
        """As Markdown, with label and sources."""
        with reachable():
            response = self._http.get(f"/v1/conversations/{identifier}/export", params={"format": "markdown"})
            raise_for(response)
            return response.text

    def delete_conversation(self, identifier: str) -> None:
        """Forget one."""
        with reachable():
            raise_for(self._http.delete(f"/v1/conversations/{identifier}"))

    def delete_everything(self) -> Deleted:
        """Forget all conversations and feedback of this key."""
        with reachable():
            return read(self._http.delete("/v1/conversations"), Deleted)

    def give_feedback(
        self, answer_id: str, rating: Literal["up", "down"], *, reason: str = "", evidence_ids: Sequence[str] = ()
    ) -> Feedback:
        """Say what you think of an answer; again replaces it."""
        body = {"answer_id": answer_id, "rating": rating, "reason": reason, "evidence_ids": list(evidence_ids)}
        return self._post("/v1/feedback", body, Feedback)

    def feedback(self, *, everybody: bool = False, limit: int | None = None, cursor: str | None = None) -> FeedbackList:
        """What was said with this key, or with all (needs the scope admin)."""
        return self._get("/v1/feedback", FeedbackList, given(everybody=everybody, limit=limit, cursor=cursor))

    def delete_feedback(self, answer_id: str) -> None:
        """Take it back."""
        with reachable():
            raise_for(self._http.delete(f"/v1/feedback/{answer_id}"))

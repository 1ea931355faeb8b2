"""All calls on one connection."""

from __future__ import annotations

from yiwen.client.calls.conversations import ConversationCalls
from yiwen.client.calls.curation import CurationCalls
from yiwen.client.calls.jobs import JobCalls
from yiwen.client.calls.knowledge import KnowledgeCalls
from yiwen.client.calls.questions import QuestionCalls
from yiwen.client.calls.service import ServiceCalls


class Client(QuestionCalls, ConversationCalls, KnowledgeCalls, CurationCalls, JobCalls, ServiceCalls):
    """Talks to one service; close it, or use it as a context manager. Not shared between threads while streaming."""

"""A small typed client of the REST service: httpx and pydantic only, nothing of the product.

    with Client("http://127.0.0.1:8000") as client:
        answer = client.ask("偏头痛有什么症状？")

Address and key are arguments; nothing is read from the environment. Every method raises `ServiceError` for a problem
that the service reports and `Unreachable` where there is no service. Fields that a newer service adds are kept.
"""

from __future__ import annotations

from yiwen.client.calls.client import Client
from yiwen.client.replies.answers import (
    Answer,
    Citation,
    Conflict,
    Dropped,
    Event,
    Found,
    Mention,
    Patient,
    SafetyWarning,
    Side,
    Triage,
    Turn,
)
from yiwen.client.replies.conversations import (
    Conversation,
    ConversationInFull,
    Conversations,
    Deleted,
    Feedback,
    FeedbackList,
    Message,
)
from yiwen.client.replies.entities import Alias, Edge, Entities, EntityInFull, FactGroup, Graph, Paths
from yiwen.client.replies.evidence import Curated, End, Entity, Entry, Evidence, Extent, Fact, Register, Source
from yiwen.client.replies.jobs import Job, JobError, JobFile, JobProgress, Jobs
from yiwen.client.replies.knowledge import (
    Activated,
    Change,
    Difference,
    Named,
    RelationKind,
    Version,
    Versions,
    Vocabulary,
)
from yiwen.client.replies.medications import Hazard, Medications, Medicine, UnknownMedicine, Unrecorded
from yiwen.client.replies.reviews import Aliases, DoubtedAlias, Finding, Findings, Standing
from yiwen.client.replies.service import Program, Ready, Report, Reports
from yiwen.client.transport import ServiceError, Unreachable, server_events

__all__ = [
    "Activated",
    "Alias",
    "Aliases",
    "Answer",
    "Change",
    "Citation",
    "Client",
    "Conflict",
    "Conversation",
    "ConversationInFull",
    "Conversations",
    "Curated",
    "Deleted",
    "Difference",
    "DoubtedAlias",
    "Dropped",
    "Edge",
    "End",
    "Entities",
    "Entity",
    "EntityInFull",
    "Entry",
    "Event",
    "Evidence",
    "Extent",
    "Fact",
    "FactGroup",
    "Feedback",
    "FeedbackList",
    "Finding",
    "Findings",
    "Found",
    "Graph",
    "Hazard",
    "Job",
    "JobError",
    "JobFile",
    "JobProgress",
    "Jobs",
    "Medications",
    "Medicine",
    "Mention",
    "Message",
    "Named",
    "Paths",
    "Patient",
    "Program",
    "Ready",
    "Register",
    "RelationKind",
    "Report",
    "Reports",
    "SafetyWarning",
    "ServiceError",
    "Side",
    "Source",
    "Standing",
    "Triage",
    "Turn",
    "UnknownMedicine",
    "Unreachable",
    "Unrecorded",
    "Version",
    "Versions",
    "Vocabulary",
    "server_events",
]

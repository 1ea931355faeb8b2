"""A small typed client of the REST service: httpx and pydantic only, nothing of the product.

    with Client("http://127.0.0.1:8000") as client:
        answer = client.ask("偏头痛有什么症状？")

Address and key are arguments; nothing is read from the environment. Every method raises `ServiceError` for a problem
that the service reports and `Unreachable` where there is no service. Fields that a newer service adds are kept.
"""

from __future__ import annotations

from yiwen.client.http import Client
from yiwen.client.replies import (
    Activated,
    Answer,
    Change,
    Citation,
    Conflict,
    Curated,
    Difference,
    Dropped,
    Entities,
    Entity,
    Entry,
    Event,
    Evidence,
    Extent,
    Found,
    Hazard,
    Job,
    JobError,
    JobFile,
    JobProgress,
    Jobs,
    Medications,
    Medicine,
    Mention,
    Patient,
    Register,
    SafetyWarning,
    Side,
    Source,
    Triage,
    Turn,
    UnknownMedicine,
    Unrecorded,
    Version,
    Versions,
)
from yiwen.client.transport import ServiceError, Unreachable, server_events

__all__ = [
    "Activated",
    "Answer",
    "Change",
    "Citation",
    "Client",
    "Conflict",
    "Curated",
    "Difference",
    "Dropped",
    "Entities",
    "Entity",
    "Entry",
    "Event",
    "Evidence",
    "Extent",
    "Found",
    "Hazard",
    "Job",
    "JobError",
    "JobFile",
    "JobProgress",
    "Jobs",
    "Medications",
    "Medicine",
    "Mention",
    "Patient",
    "Register",
    "SafetyWarning",
    "ServiceError",
    "Side",
    "Source",
    "Triage",
    "Turn",
    "UnknownMedicine",
    "Unreachable",
    "Unrecorded",
    "Version",
    "Versions",
    "server_events",
]

"""The service itself, and its problems."""

from __future__ import annotations

from typing import Literal

from api.schemas.strict import Response


class HealthOut(Response):
    """The process runs."""

    status: Literal["ok"]


class ReadyOut(Response):
    """A knowledge base is served; `degraded` lists what does not work fully."""

    status: Literal["ready"]
    kb_version: int
    revision: int
    degraded: list[str]


class ProgramOut(Response):
    """What runs here."""

    name: str
    version: str
    api: str


class ProblemItem(Response):
    """One part of a request that breaks the schema."""

    location: str
    message: str
    type: str


class Problem(Response):
    """An error (RFC 9457). `type` is documented at its own address; `errors` lists the parts that break the schema."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ProblemItem]


class ProblemType(Response):
    """What a problem type means."""

    type: str
    title: str
    status: int
    meaning: str
    retry_after: int | None


class ProblemTypes(Response):
    """All problem types."""

    problems: list[ProblemType]

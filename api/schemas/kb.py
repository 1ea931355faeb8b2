"""Versions of the knowledge base."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.schemas.strict import Response


class VersionOut(Response):
    """One retained version."""

    version: int
    parent: int | None
    digest: str
    created: str
    counts: dict[str, int]
    held: dict[str, int] = Field(description="records in quarantine by kind; `counts` leaves them out")
    datasets: list[str]
    embedder: str
    dimension: int
    current: bool


class VersionsOut(Response):
    """All retained versions, oldest first; `current` and `revision` are null before the first."""

    current: int | None
    revision: int | None
    versions: list[VersionOut]


class ActivatedOut(Response):
    """The pointer after activating a version."""

    version: int
    revision: int
    previous: int | None


class ChangeOut(Response):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: list[str]
    removed_samples: list[str]


class DiffOut(Response):
    """What differs between two versions, by kind of record."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: int = Field(alias="from")
    to: int
    changes: dict[str, ChangeOut]

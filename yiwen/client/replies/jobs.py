"""Ingestion jobs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from yiwen.client.replies.reply import Reply


class JobFile(Reply):
    """A file of a job."""

    name: str
    size: int


class JobProgress(Reply):
    """How far a run is; `fraction` of the stage (0 to 1), `rate` in items a second."""

    stage: str
    file: str | None = None
    done: int = 0
    total: int | None = None
    fraction: float | None = None
    rate: float | None = None
    eta_s: float | None = None


class JobError(Reply):
    """Why a job failed, or why it is tried again."""

    slug: str
    detail: str
    gate: dict[str, Any] | None = None


class Job(Reply):
    """An ingestion job."""

    id: str
    kind: str = "ingest"
    state: Literal["queued", "running", "cancelling", "cancelled", "done", "done_with_rejects", "failed"]
    files: tuple[JobFile, ...]
    created: str
    progress: JobProgress | None = None
    report: dict[str, Any] | None = None
    error: JobError | None = None
    rejected: dict[str, int] = Field(default_factory=dict)
    rejects: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("cancelled", "done", "done_with_rejects", "failed")


class Jobs(Reply):
    """A page of jobs, newest first; pass `next_cursor` for the next one."""

    items: tuple[Job, ...]
    next_cursor: str | None = None

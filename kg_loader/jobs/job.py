"""What a job is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rag.errors import YiwenError

INGEST, REVIEW = "ingest", "review"
"""Kinds of job. A review has no files; its options are `verdict`, `records` and `reason`."""
WAITING, OPENING, LOADING, SETTLING = "waiting", "opening", "loading", "settling"
FLUSHING, ASKING, MIRRORING, FLIPPING = "flushing", "asking", "mirroring", "flipping"
"""Stages of a run; between settling and flushing come those of `SEALING`, the parts of a version."""
SEALING = ("records", "audit", "vectors", "words")
PATH_OPTIONS = ("gate_file",)
PREVIEW = "preview"
"""The option of an order that is only looked at: so many rows of each file."""
_MEASURABLE, _MEASURABLE_S = 0.01, 0.5
"""Share of a stage, and seconds, after which the time it still takes can be told."""


class State(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"
    DONE_WITH_REJECTS = "done_with_rejects"
    FAILED = "failed"


ENDED = (State.CANCELLED, State.DONE, State.DONE_WITH_REJECTS, State.FAILED)


@dataclass(frozen=True)
class JobFile:
    """One file: where it lies, what whoever submitted it calls it, its bytes. `sha256` is known for uploads."""

    path: str
    name: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class Order:
    """What is to be done: the part of a job that its submitter decides. `upload`: the files are ours to delete."""

    files: tuple[JobFile, ...]
    dataset: str | None = None
    format: str | None = None
    encoding: str | None = None
    append: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the ingestion by name, such as `max_rejects`; those in PATH_OPTIONS are paths as text."""
    kind: str = INGEST
    upload: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a run is: items `done` of `total` in a stage, or `fraction` (0 to 1) of the bytes of a file.

    `rate` in items a second, `eta_s` seconds until the stage, not the job, is likely to end.
    """

    stage: str
    file: str | None = None
    done: int = 0
    total: int | None = None
    fraction: float | None = None
    rate: float | None = None
    eta_s: float | None = None

    @property
    def share(self) -> float | None:
        """How much of the stage is behind us."""
        return self.done / self.total if self.total else self.fraction

    def paced(self, first: Progress, seconds: float) -> Progress:
        """The same with rate and time left; `first` is what was said of this stage `seconds` ago."""
        share = None if self.share is None else round(self.share, 4)
        if seconds < _MEASURABLE_S:
            return replace(self, fraction=share)
        gained = (share or 0.0) - (first.share or 0.0)
        left = round(seconds * (1 - share) / gained, 1) if share is not None and gained > _MEASURABLE else None
        return replace(self, fraction=share, rate=round((self.done - first.done) / seconds, 1) or None, eta_s=left)


@dataclass(frozen=True)
class Job:
    """A row of the job table. Times are seconds since 1970, UTC."""

    number: int
    """Place in the queue."""
    id: str
    state: State
    order: Order
    submitted_by: str
    created: float
    started: float | None
    finished: float | None
    not_before: float | None
    """When it is tried again, after a failure of something outside."""
    attempts: int
    """Runs that were started."""
    failures: int
    """Runs that ended without a result of their own, which are bounded."""
    worker: str | None
    heartbeat: float | None
    progress: Progress | None
    report: Mapping[str, Any] | None
    """`IngestReport.document()`, or that of a review."""
    error: Mapping[str, Any] | None
    """A problem: slug, title, status, detail, exit_code; `gate` where the gate refused, as `ingest --json` shows it."""
    rejected: Mapping[str, int]
    """Broken rows by reason."""
    rejects_file: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED

    def document(self) -> dict[str, Any]:
        """As JSON: what the commands and the REST service show. Paths of uploads, which mean nothing, are left out."""
        order, progress = self.order, self.progress
        return {
            "id": self.id,
            "state": self.state.value,
            "kind": order.kind,
            "files": [
                {"name": f.name, "size": f.size, "path": None if order.upload else f.path, "sha256": f.sha256}
                for f in order.files
            ],
            "dataset": order.dataset,
            "format": order.format,
            "encoding": order.encoding,
            "append": order.append,
            "options": dict(order.options),
            "submitted_by": self.submitted_by,
            "created": iso(self.created),
            "started": iso(self.started),
            "finished": iso(self.finished),
            "not_before": iso(self.not_before),
            "heartbeat": iso(self.heartbeat),
            "attempts": self.attempts,
            "progress": asdict(progress) if progress else None,
            "report": dict(self.report) if self.report is not None else None,
            "error": dict(self.error) if self.error is not None else None,
            "rejected": dict(self.rejected),
            "rejects": self.rejects_file is not None,
        }


def iso(moment: float | None) -> str | None:
    """UTC, ISO 8601, milliseconds."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(error: YiwenError, detail: str) -> dict[str, object]:
    """An error as a row keeps it."""
    return {
        "type": f"/problems/{error.slug}", "slug": error.slug, "title": error.title, "status": error.status,
        "detail": detail, "exit_code": error.exit_code,
    }  # fmt: skip

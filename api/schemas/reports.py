"""Reports of the evaluation."""

from __future__ import annotations

from typing import Any

from api.schemas.strict import Response


class ReportOut(Response):
    """A report of the evaluation; `report` is null, and `error` says why, where the file cannot be read."""

    name: str
    written: str
    report: dict[str, Any] | None
    error: str | None


class ReportsOut(Response):
    """Reports, the newest first."""

    items: list[ReportOut]

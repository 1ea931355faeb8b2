"""The service itself."""

from __future__ import annotations

from typing import Any

from yiwen.client.replies.reply import Reply


class Ready(Reply):
    """What is served; `degraded` lists what does not work fully."""

    status: str
    kb_version: int
    revision: int
    degraded: tuple[str, ...] = ()


class Program(Reply):
    """What runs there."""

    name: str
    version: str
    api: str


class Model(Reply):
    """A generator."""

    id: str


class Models(Reply):
    """All generators, the default one first."""

    data: tuple[Model, ...]


class Report(Reply):
    """A report of the evaluation; `report` is None, and `error` says why, where its file cannot be read."""

    name: str
    written: str
    report: dict[str, Any] | None = None
    error: str | None = None


class Reports(Reply):
    """Reports, the newest first."""

    items: tuple[Report, ...]

"""What some tests need from outside the environment, how to see whether it is there, how to get it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests import neo4j_server, postgres_server


@dataclass(frozen=True)
class Need:
    """A thing that tests of one marker need; `advice` is how to get it, in a few words."""

    marker: str
    what: str
    present: Callable[[], bool]
    advice: str


def _any_on_path(*programs: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(program) for program in programs)


NEEDS = (
    Need(
        "browser", "Chromium", _any_on_path("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium"
    ),
    Need("neo4j", "Java 17 with Maven", neo4j_server.available, "apt-get install default-jdk-headless maven"),
    Need("postgres", "PostgreSQL", postgres_server.available, "apt-get install postgresql"),
)


def in_ci() -> bool:
    """Whether a missing need is a failure instead of a skipped part."""
    return os.environ.get("CI", "").lower() == "true"


def missing(needs: tuple[Need, ...] = NEEDS) -> dict[str, Need]:
    """The needs that this machine does not meet, by marker."""
    return {need.marker: need for need in needs if not need.present()}


def require(need: Need) -> None:
    """Skip the running test, or fail it under CI=true, when `need` is not met."""
    if need.present():
        return
    reason = f"needs {need.what}, which is not installed: {need.advice}"
    if in_ci():
        pytest.fail(f"{reason} (CI=true, so this is a failure)", pytrace=False)
    pytest.skip(reason)

"""One process for all tests here that forks those which die."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.forking import Forking, forking


@pytest.fixture(scope="session")
def forked() -> Iterator[Forking]:
    """Starts processes that die where they are told."""
    with forking() as found:
        yield found

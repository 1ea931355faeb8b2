"""A connection to the Neo4j that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from rag.graph.bolt import Connection
from tests.graph.live import connected
from tests.neo4j_server import Address


@pytest.fixture(scope="module")
def connection(neo4j_address: Address) -> Iterator[Connection]:
    """A connection for one module."""
    with closing(connected(neo4j_address)) as found:
        yield found

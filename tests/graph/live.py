"""A live graph of records: published into a folder, then mirrored into the Neo4j of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kg_loader import mirror
from rag.domain import Record
from rag.graph.bolt import Connection, Server
from rag.graph.neo4j import Neo4jGraph
from rag.register import NOTHING, Withheld
from rag.snapshot import Library, Manifest
from rag.snapshot.layout import read_manifest
from tests.kb import publish
from tests.neo4j_server import Address


def connected(address: Address, *, timeout_s: float = 30.0) -> Connection:
    """A connection that the caller closes."""
    return Connection(Server(address.uri, address.user, address.password, timeout_s=timeout_s))


def published(folder: Path, records: Sequence[Record], *, dataset: str = "test") -> tuple[Library, Manifest]:
    """A new version with these records of one data set."""
    library = Library(folder)
    report = publish(library, {dataset: list(records)})
    return library, read_manifest(library.snapshot_folder(report.version))


def live_graph(
    connection: Connection, folder: Path, records: Sequence[Record], withheld: Withheld = NOTHING
) -> Neo4jGraph:
    """These records in Neo4j, under a knowledge base of their own."""
    library, manifest = published(folder, records)
    mirror.bring(connection, library, manifest)
    return Neo4jGraph(connection, manifest.kb, manifest.version, withheld)

"""What a process does that ingests a file with a Neo4j behind it and dies where it is told, like `child.py`.

Where Neo4j is comes from its environment.
"""

from __future__ import annotations

from pathlib import Path

from kg_loader.ingest import ingest
from rag.settings import Settings
from rag.snapshot import Library
from tests.crash.child import killer


def run(folder: str, file: str, point: str, nth: str) -> None:
    """POINT is one of publishing or of mirroring, or `none`."""
    settings = Settings(data_dir=Path(folder))
    ingest(Library(settings.data_dir), [Path(file)], dataset="x", settings=settings, reached=killer(point, int(nth)))

"""Ingests a file with a Neo4j behind it and dies where it is told: `live_child.py FOLDER FILE POINT NTH`.

It says `begins` when its imports are done. POINT is a named point of publishing or of mirroring, or `none`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kg_loader.ingest import ingest
from rag.settings import Settings
from rag.snapshot import Library
from tests.crash.child import killer

if __name__ == "__main__":
    folder, file, point, nth = sys.argv[1:]
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    settings = Settings(data_dir=Path(folder))
    ingest(Library(settings.data_dir), [Path(file)], dataset="x", settings=settings, reached=killer(point, int(nth)))

"""`yiwen kb export`: a version as files for people and programs elsewhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from yiwen.kb import VersionArgument
from yiwen.options import DataDir, load_settings
from yiwen.output import say


class Target(StrEnum):
    """What can be written."""

    JSONL = "jsonl"
    NEO4J_ADMIN = "neo4j-admin"
    GRAPHML = "graphml"


def export(
    context: typer.Context,
    version: VersionArgument = None,
    to: Annotated[
        Target,
        typer.Option(help="jsonl: everything, can be ingested again; neo4j-admin: CSV for a bulk import; graphml."),
    ] = Target.JSONL,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File, or folder of neo4j-admin; default: stdout.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write all records of a version: by default as JSON Lines that `yiwen ingest` takes back."""
    from kg_loader import export_graphml, export_neo4j
    from kg_loader.export import lines
    from kg_loader.versions import current
    from rag.errors import UsageError
    from rag.snapshot import Library

    library = Library(load_settings(context, data_dir).data_dir)
    folder = library.snapshot_folder(version or current(library).version)
    if to is Target.NEO4J_ADMIN:
        if out is None:
            raise UsageError("an import for neo4j-admin is a folder of files; name it with --out FOLDER")
        rows = export_neo4j.write(folder, out)
        say(f"{rows:,} rows in {out}; with the server stopped: cd {out} && {export_neo4j.COMMAND}")
        return
    with _written(out) as file:
        if to is Target.GRAPHML:
            export_graphml.write(folder, file)
            return
        for line in lines(folder):
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO]:
    """Stdout, or a file that appears when it is complete."""
    if path is None:
        yield sys.stdout.buffer
        return
    from rag.snapshot.files import storage_errors

    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with storage_errors(path):
        try:
            with aside.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)

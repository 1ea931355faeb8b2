"""Options that say how files are read: the same for `ingest` and for jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", readable=False, help="Files to ingest; together one new version.")
]
Dataset = Annotated[
    str | None, typer.Option(metavar="NAME", help="Data set that asserts the records; default: each file's stem.")
]
Format = Annotated[str | None, typer.Option(metavar="NAME", help="Format of the files; default: guessed.")]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="Encoding; default: found out.")]
TableMap = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="YAML that says what the columns of any table are (docs/data.md)."),
]
Append = Annotated[bool, typer.Option("--append", help="Add to the data set instead of replacing it.")]
MaxRejects = Annotated[
    int | None,
    typer.Option(min=0, max=2**31 - 1, metavar="N", help="Stop above this many broken rows (YIWEN_MAX_REJECTS)."),
]
AllowShrink = Annotated[
    bool, typer.Option("--allow-shrink", help="Publish even if a data set loses more than half of its records.")
]


def map_text(file: Path | None) -> str | None:
    """What a map says; None where none is named. Raises NotFoundError, UsageError, DataError naming the line."""
    if file is None:
        return None
    from kg_loader.sources.table_map import read_map_text

    return read_map_text(file)

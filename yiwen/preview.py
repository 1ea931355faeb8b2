"""`yiwen ingest --preview N`: what files would become, for a person."""

from __future__ import annotations

from pathlib import Path

import typer

from kg_loader.preview import Preview
from yiwen.failures import PARTIAL
from yiwen.output import counted, document, say


def show_preview(
    files: list[Path],
    limit: int,
    *,
    dataset: str | None,
    format: str | None,
    encoding: str | None,
    table_map: str | None,
    as_json: bool,
) -> None:
    """Print the first rows of each file as they would be stored, and what would be left out. Exit code as `ingest`."""
    from kg_loader.preview import preview

    found = preview(files, limit, dataset=dataset, format=format, encoding=encoding, table_map=table_map)
    if as_json:
        document({"preview": [one.document() for one in found]})
    else:
        for one in found:
            _print(one)
    if any(one.rejected for one in found):
        raise typer.Exit(PARTIAL)


def _print(found: Preview) -> None:
    say(f"{found.file} ({found.format})", "bold")
    for one in found.shown:
        lead = f"row {one.row}" if one.row else ""
        for number, line in enumerate(one.lines):
            say(f"{lead if number == 0 else '':<10}{line}")
    for reject in found.rejects:
        say(f"rejected  line {reject.line}: {reject.reason}: {reject.raw[:120]}")
    say(f"records   {counted(found.records)}")
    for title, counts in (("skipped", found.skipped), ("rejected", found.rejected)):
        for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
            say(f"{title:<9} {count:,} {reason}")
    say("preview   nothing was stored")

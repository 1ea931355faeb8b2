"""`yiwen ingest`: files in, a new version out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.domain import Severity
from yiwen.failures import PARTIAL
from yiwen.gate import Limits, Questions, print_gate, reported
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import counted, document, progress, say
from yiwen.reading import AllowShrink, Append, Dataset, Encoding, Files, Format, MaxRejects, TableMap, map_text

if TYPE_CHECKING:
    from kg_loader.report import IngestReport
    from rag.snapshot import Library


def ingest(
    context: typer.Context,
    files: Files,
    dataset: Dataset = None,
    format: Format = None,
    encoding: Encoding = None,
    table_map: TableMap = None,
    preview: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Only show the first N rows as they would be stored, and what would not."
        ),
    ] = None,
    append: Append = False,
    max_rejects: MaxRejects = None,
    allow_shrink: AllowShrink = False,
    limits: Limits = None,
    questions: Questions = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything except publishing.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ingest files and publish a new version of the knowledge base.

    Exit code 7: published, but some rows were rejected. Exit code 4: the gate refused, nothing was published.
    """
    columns = map_text(table_map)
    if preview is not None:
        from yiwen.preview import show_preview

        show_preview(
            files, preview, dataset=dataset, format=format, encoding=encoding, table_map=columns, as_json=as_json
        )
        return
    from kg_loader.ingest import ingest as run
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    library = Library(settings.data_dir)
    copy = _throw_away_copy(library) if dry_run else _as_it_is(library)
    with reported(as_json=as_json), copy as target, progress(quiet(context)) as show:
        report = run(
            target, files, dataset=dataset, format=format, encoding=encoding, table_map=columns, append=append,
            settings=settings, max_rejects=max_rejects, allow_shrink=allow_shrink, gate=limits, gate_file=questions,
            progress=show,
        )  # fmt: skip
    if as_json:
        document(report_document(report, dry_run=dry_run))
    else:
        print_report(report.document(), dry_run=dry_run)
    if report.rejected:
        raise typer.Exit(PARTIAL)


@contextmanager
def _as_it_is(library: Library) -> Iterator[Library]:
    yield library


@contextmanager
def _throw_away_copy(library: Library) -> Iterator[Library]:
    """A library elsewhere that begins with the versions of this one, by link: what is published there is forgotten."""
    import tempfile

    from rag.snapshot import Library

    with tempfile.TemporaryDirectory(prefix="yiwen-dry-run-") as folder:
        copy = Library(Path(folder))
        copy.snapshots.mkdir(parents=True)
        for version in library.folders().values():
            (copy.snapshots / version.name).symlink_to(version.absolute(), target_is_directory=True)
        pointer = library.pointer()
        if pointer is not None:
            copy.remember(library.next_version() - 1, 0)
            copy.flip(pointer, 0)
        register = library.register.read()
        for entry in register.unfinished:  # those are for the next command that writes here
            register = register.finished(entry.key)
        copy.register.update(lambda empty: register if register.entries else empty)
        yield copy


def report_document(report: IngestReport, *, dry_run: bool = False) -> dict[str, object]:
    """The JSON of an ingestion; the rejects file of a dry run is gone and therefore null."""
    gone: dict[str, object] = {"rejects_file": None} if dry_run else {}
    return report.document() | gone | {"dry_run": dry_run}


def print_report(report: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """What an ingestion did, line by line, from the document of its report."""
    say(f"loaded    {counted(report['loaded_by_kind'])}")
    for title in ("skipped", "rejected"):
        for reason, count in sorted(report[title].items(), key=lambda item: -item[1]):
            say(f"{title:<9} {count:,} {reason}")
    for line in findings_lines(report["findings"], report["held"]):
        say(line)
    if report["rejects_file"] is not None and not dry_run:
        say(f"rejects   {report['rejects_file']}")
    if report["gate"] is not None:
        print_gate(report["gate"])
    state = "unchanged, no new version" if report["unchanged"] else _change(report)
    say(f"version   {report['version']} ({state}), digest {report['digest'][:12]}")
    if dry_run:
        say("dry run   nothing was published")


def findings_lines(findings: Mapping[str, Mapping[str, int]], held: Mapping[str, int]) -> Iterator[str]:
    """How much the audit found, by severity, and what is in quarantine."""
    totals = Counter[str]()
    for counts in findings.values():
        totals.update(counts)
    if totals:
        shown = ", ".join(f"{totals[severity]:,} {severity}" for severity in Severity if totals[severity])
        yield f"findings  {shown}; see `yiwen kb audit`"
    if held:
        yield f"held      {counted(held)}"


def _change(report: Mapping[str, Any]) -> str:
    return f"added {sum(report['added'].values()):,} records, removed {sum(report['removed'].values()):,}"

"""`yiwen fetch`: literature from outside, for cron or by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.failures import PARTIAL
from yiwen.gate import reported
from yiwen.ingest import print_report, report_document
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import document, progress, say

if TYPE_CHECKING:
    from kg_loader.pubmed import Fetched
    from kg_loader.report import IngestReport
    from rag.settings import Settings
    from yiwen.output import Progress

app = typer.Typer(help="Download literature and ingest it.", no_args_is_help=True)


@app.callback()
def fetch() -> None:
    """Download literature and ingest it."""


@app.command()
def pubmed(
    context: typer.Context,
    query: Annotated[str, typer.Option(metavar="TEXT", help="What you would type into PubMed's search field.")],
    dataset: Annotated[str, typer.Option(metavar="NAME", help="Data set that asserts the articles.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only what came to PubMed since, as 2026-01-31."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Refuse to download more articles than this.")] = 20_000,
    append: Annotated[bool, typer.Option("--append", help="Add to the data set instead of replacing it.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Download the articles that match a query from PubMed and ingest their conclusions.

    Run again after an interruption, it continues. Where nothing matches, the data set stays as it is. Retractions are
    seen when their articles or notices are downloaded: replace the data set from time to time. Exit code 7: published,
    but some articles were rejected.
    """
    settings = load_settings(context, data_dir)
    first = since.date() if since else None
    with reported(as_json=as_json), progress(quiet(context)) as show:
        found = _download(settings, query, first, dataset, limit, show)
        report = _ingest(settings, found, dataset, show, append=append)
    if as_json:
        document(_document(found, report))
    else:
        _print(found, report)
    if report is not None and report.rejected:
        raise typer.Exit(PARTIAL)


def _download(settings: Settings, query: str, since: date | None, dataset: str, limit: int, show: Progress) -> Fetched:
    from kg_loader.entrez import Entrez
    from kg_loader.pubmed import fetch as run

    key = settings.pubmed_api_key.get_secret_value() if settings.pubmed_api_key else None
    entrez = Entrez(settings.pubmed_url, settings.pubmed_email, key)
    try:
        return run(
            entrez, query, since=since, until=datetime.now(UTC).date() + timedelta(days=1),
            folder=settings.data_dir / "fetched", name=dataset, most=limit, progress=show,
        )  # fmt: skip
    finally:
        entrez.close()


def _ingest(settings: Settings, found: Fetched, dataset: str, show: Progress, *, append: bool) -> IngestReport | None:
    from kg_loader.ingest import ingest as run
    from rag.snapshot import Library

    if found.file is None:
        return None
    return run(
        Library(settings.data_dir), [found.file], dataset=dataset, format="pubmed-xml", append=append,
        settings=settings, progress=show,
    )  # fmt: skip


def _document(found: Fetched, report: IngestReport | None) -> dict[str, object]:
    from kg_loader.pubmed import LICENCE

    return {
        "found": found.found,
        "downloaded": found.downloaded,
        "reused": found.reused,
        "missing": found.missing,
        "unknown_phrases": list(found.unknown),
        "file": str(found.file) if found.file else None,
        "licence": LICENCE,
        "ingest": report_document(report) if report else None,
    }


def _print(found: Fetched, report: IngestReport | None) -> None:
    from kg_loader.pubmed import LICENCE

    for phrase in found.unknown:
        say(f"unknown   PubMed does not know {phrase!r}")
    say(f"pubmed    {found.found:,} found, {found.downloaded:,} downloaded, {found.reused:,} there from before")
    if found.missing:
        say(f"missing   {found.missing:,} articles that PubMed found and did not give")
    if report is None:
        say("nothing matches; the data set stays as it is")
        return
    say(f"file      {found.file}")
    print_report(report.document())
    say(f"licence   {LICENCE}")

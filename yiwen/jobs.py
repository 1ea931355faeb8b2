"""`yiwen jobs`: the queue of ingestion jobs, straight on its table; no server is needed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yiwen.failures import FAILURE, PARTIAL
from yiwen.gate import Limits, Questions, print_gate
from yiwen.ingest import print_report
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import document, printable, progress, say, table
from yiwen.reading import AllowShrink, Append, Dataset, Encoding, Files, Format, MaxRejects, TableMap, map_text

if TYPE_CHECKING:
    from kg_loader.jobs.job import Job
    from kg_loader.jobs.table import JobTable
    from rag.settings import Settings
    from yiwen.output import Progress

app = typer.Typer(help="Submit, watch, cancel and repeat ingestion jobs.", no_args_is_help=True)
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id of a job.")]
_LOOK_S = 0.5
_HINT_S = 5.0
_NAMES = 40
"""Characters of the names of files in a row."""


def _table(settings: Settings) -> JobTable:
    from kg_loader.jobs.table import JobTable
    from rag.state import open_state

    return JobTable(open_state(settings))


@app.command()
def submit(
    context: typer.Context,
    files: Files,
    dataset: Dataset = None,
    format: Format = None,
    encoding: Encoding = None,
    table_map: TableMap = None,
    append: Append = False,
    max_rejects: MaxRejects = None,
    allow_shrink: AllowShrink = False,
    limits: Limits = None,
    questions: Questions = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, as `jobs watch` does.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Queue the ingestion of files; they are read where they lie when the job runs."""
    import getpass

    from kg_loader.jobs.job import Order
    from kg_loader.jobs.ordering import checked, given_files

    settings = load_settings(context, data_dir)
    given = {
        "max_rejects": max_rejects, "allow_shrink": allow_shrink or None, "gate": limits,
        "gate_file": str(questions.resolve()) if questions is not None else None, "table_map": map_text(table_map),
    }  # fmt: skip
    options = {name: value for name, value in given.items() if value is not None}
    order = checked(Order(given_files(files), dataset, format, encoding, append, options))
    jobs = _table(settings)
    job = jobs.submit(order, f"cli {getpass.getuser()}")
    if wait:
        _watch(jobs, job.id, as_json=as_json, silent=quiet(context))
    elif as_json:
        document(job.document())
    else:
        say(f"job       {job.id} is queued; `yiwen jobs watch {job.id}` follows it")


@app.command("list")
def list_jobs(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only jobs in this state; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List jobs, newest first."""
    from kg_loader.jobs.job import State
    from rag.errors import UsageError

    unknown = sorted(set(state or []) - {known.value for known in State})
    if unknown:
        raise UsageError(f"there is no state {', '.join(unknown)}; expected some of {', '.join(State)}")
    found, _ = _table(load_settings(context, data_dir)).page(limit, states=[State(name) for name in state or []])
    if as_json:
        document({"items": [job.document() for job in found]})
    elif not found:
        say("no jobs; `yiwen jobs submit FILE` queues one")
    else:
        table(("job", "state", "submitted", "by", "files", "result"), map(_row, found))


def _row(job: Job) -> tuple[object, ...]:
    shown = job.document()
    names = ", ".join(file.name for file in job.order.files)
    names = names if len(names) <= _NAMES else f"{names[: _NAMES - 1]}…"
    return job.id, job.state.value, shown["created"][:19], job.submitted_by, names, _result(job)


def _result(job: Job) -> str:
    """In a few words."""
    if job.report is not None:
        rows = sum(job.rejected.values())
        what = f"version {job.report['version']}" if job.report["version"] is not None else "preview"
        return what + (f", {rows:,} rows rejected" if rows else "")
    if job.error is not None and job.ended:
        return str(job.error["slug"])
    return _stage(job.document()["progress"]) if job.progress else ""


def _stage(found: dict[str, Any]) -> str:
    share = f" {found['fraction']:.0%}" if found["fraction"] is not None else ""
    return f"{found['stage']}{' ' + found['file'] if found['file'] else ''}{share}"


@app.command()
def show(context: typer.Context, job: JobArgument, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Describe a job."""
    found = _table(load_settings(context, data_dir)).get(job)
    if as_json:
        document(found.document())
    else:
        _print(found)


def _print(job: Job) -> None:
    shown = job.document()
    say(f"job       {job.id}, {job.state.value}")
    for file in shown["files"]:
        say(f"file      {file['path'] or file['name']} ({file['size']:,} bytes)")
    for name in ("dataset", "format", "encoding"):
        if shown[name] is not None:
            say(f"{name:<9} {shown[name]}")
    say(f"submitted {shown['created']} by {job.submitted_by}")
    if shown["started"]:
        say(f"started   {shown['started']}, attempt {job.attempts}")
    if shown["progress"]:
        say(f"stage     {_stage(shown['progress'])}{_speed(shown['progress'])}")
    if shown["not_before"]:
        say(f"again     {shown['not_before']}")
    if shown["finished"]:
        say(f"finished  {shown['finished']}")
    _print_result(job)


def _speed(found: dict[str, Any]) -> str:
    done = f", {found['done']:,} done" if found["done"] else ""
    rate = f", {found['rate']:,.0f} a second" if found["rate"] else ""
    return done + rate + (f", {found['eta_s']:.0f} s left" if found["eta_s"] is not None else "")


def _print_result(job: Job) -> None:
    if job.report is not None and "loaded" in job.report:
        print_report(job.report)
    else:
        _print_other_result(job)
    if job.error is not None and job.error.get("gate"):
        print_gate(job.error["gate"])
    if job.error is not None:
        say(f"{'error' if job.ended else 'last try':<9} {job.error['slug']}: {job.error['detail']}")


def _print_other_result(job: Job) -> None:
    """Of a run that failed, a preview, or a decision about records."""
    for reason, count in job.rejected.items():
        say(f"rejected  {count:,} {reason}")
    if job.rejects_file:
        say(f"rejects   {job.rejects_file}")
    if job.report is None:
        return
    if job.report["version"] is None:
        say(f"preview   nothing was stored; `yiwen jobs show {job.id} --json` has the rows")
        return
    for what in ("released", "held"):
        if job.report.get(what):
            say(f"{what:<9} {', '.join(job.report[what])}")
    say(f"version   {job.report['version']}, digest {job.report['digest'][:12]}")


@app.command()
def cancel(context: typer.Context, job: JobArgument, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Take a job out of the queue, or end a running one; nothing of it stays in the knowledge base."""
    _print_state(_table(load_settings(context, data_dir)).cancel(job), as_json=as_json)


@app.command()
def retry(context: typer.Context, job: JobArgument, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Queue a failed or cancelled job again, in its old place."""
    _print_state(_table(load_settings(context, data_dir)).retry(job), as_json=as_json)


def _print_state(job: Job, *, as_json: bool) -> None:
    if as_json:
        document(job.document())
    else:
        say(f"job       {job.id}, {job.state.value}")


@app.command()
def delete(context: typer.Context, job: JobArgument, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Forget a job that has ended, its upload and its rejected rows; what it published stays."""
    from kg_loader.jobs.files import Uploads
    from kg_loader.jobs.retention import remove

    settings = load_settings(context, data_dir)
    jobs = _table(settings)
    remove(jobs, Uploads(settings.data_dir), jobs.get(job))
    if as_json:
        document({"deleted": job})
    else:
        say(f"job       {job} is deleted")


@app.command()
def rejects(context: typer.Context, job: JobArgument, data_dir: DataDir = None) -> None:
    """Print the rejected rows of a job as JSON lines: file, line, reason and the beginning of the row."""
    from rag.errors import NotFoundError

    found = _table(load_settings(context, data_dir)).get(job)
    path = Path(found.rejects_file) if found.rejects_file else None
    if path is None or not path.is_file():
        raise NotFoundError(f"job {found.id} has no rejected rows")
    with path.open(encoding="utf-8") as file:
        for line in file:
            typer.echo(printable(line.rstrip("\n")))


@app.command()
def watch(context: typer.Context, job: JobArgument, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Follow a job to its end; the exit code is that of `yiwen ingest`. With --json, a line for every change."""
    _watch(_table(load_settings(context, data_dir)), job, as_json=as_json, silent=quiet(context))


def _watch(jobs: JobTable, identifier: str, *, as_json: bool, silent: bool) -> None:
    with progress(silent or as_json) as bar:
        for job in _changes(jobs, identifier):
            if as_json:
                typer.echo(json.dumps(job.document(), ensure_ascii=False))
            elif job.progress is not None:
                _move(bar, job)
    if not as_json:
        _print(job)
    if job.error is not None and job.ended:
        raise typer.Exit(int(job.error["exit_code"]))
    if job.state.value in ("cancelled", "failed"):
        raise typer.Exit(FAILURE)
    if job.rejected:
        raise typer.Exit(PARTIAL)


def _move(bar: Progress, job: Job) -> None:
    found = job.document()["progress"]
    left = f", {found['eta_s']:.0f} s left" if found["eta_s"] is not None else ""
    if found["total"]:
        bar(found["stage"] + left, found["done"], found["total"])
    else:
        bar(_stage(found) + left, found["done"], 0)


def _changes(jobs: JobTable, identifier: str) -> Iterator[Job]:
    """The job, again whenever it changed, until it has ended."""
    begin, hinted = time.monotonic(), False
    job = jobs.get(identifier)
    yield job
    while not job.ended:
        if job.attempts == 0 and not hinted and time.monotonic() - begin > _HINT_S:
            hinted = True
            sys.stderr.write("still queued; `yiwen serve` or `yiwen worker` runs the jobs, one after the other\n")
        time.sleep(_LOOK_S)
        before, job = job, jobs.get(identifier)
        if (job.state, job.progress, job.not_before) != (before.state, before.progress, before.not_before):
            yield job

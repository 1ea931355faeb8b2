"""The gate, for a person: how a new version answers the pinned questions, and comparing two versions by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rag.errors import GateError
from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

Limits = Annotated[
    str | None,
    typer.Option(
        "--gate",
        metavar="LIMITS",
        help="Refuse a version that changes more answers than this: a share such as 10%, or kinds of change such as "
        "outcome,lost=5% (YIWEN_GATE).",
    ),
]
Questions = Annotated[
    Path | None,
    typer.Option("--gate-file", metavar="FILE", help="Questions to ask the old and the new version (YIWEN_GATE_FILE)."),
]
_SHOWN = 20
_LINES = 6


@contextmanager
def reported(*, as_json: bool) -> Iterator[None]:
    """Print what the gate saw where it refuses; the error goes on to become a line and exit code 4."""
    try:
        yield
    except GateError as error:
        if as_json:
            document({"gate": error.report})
        else:
            print_gate(error.report)
        raise


def compare(
    context: typer.Context,
    a: Annotated[int, typer.Argument(min=1, help="The older version.")],
    b: Annotated[int, typer.Argument(min=1, help="The newer version.")],
    limits: Limits = None,
    questions: Questions = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Answer the gate's questions with two versions and say what differs.

    Exit code 4: more than --gate allows, or not what the questions expect.
    """
    from kg_loader.gate import compare_versions
    from rag.snapshot import Library

    settings = load_settings(context, data_dir)
    report = compare_versions(Library(settings.data_dir), settings, a, b, limits=limits, file=questions)
    with reported(as_json=as_json):
        report.require()
    if as_json:
        document({"gate": report.document()})
    else:
        print_gate(report.document())


def print_gate(report: Any) -> None:  # noqa: ANN401 - a JSON document
    """What changed, question by question, the most telling first."""
    changed = {kind: count for kind, count in report["changed"].items() if count and kind != "any"}
    kinds = f" ({', '.join(f'{kind} {count}' for kind, count in changed.items())})" if changed else ""
    say(f"gate      {report['changed']['any']} of {report['questions']} answers changed{kinds}, "
        f"{report['failed']} not as expected; questions: {report['file']}")  # fmt: skip
    changes = sorted(report["changes"], key=lambda change: (not change["failed"], "outcome" not in change["kinds"]))
    for change in changes[:_SHOWN]:
        _print_change(change)
    if len(changes) > _SHOWN:
        say(f"          and {len(changes) - _SHOWN} more; --json lists them all")


def _print_change(change: Any) -> None:  # noqa: ANN401
    before, after = change["outcome"]
    outcome = after if before in (None, after) else f"{before} -> {after}"
    say(f"  ? {change['question']}  [{outcome}]")
    for line in change["failed"]:
        say(f"    ! {line}")
    for sign, lines in (("-", change["lost"]), ("+", change["gained"])):
        for line in lines[:_LINES]:
            say(f"    {sign} {line}")
        if len(lines) > _LINES:
            say(f"    {sign} and {len(lines) - _LINES} more citations")
    for title in ("numbers", "warnings"):
        if change[title]:
            say(f"    {title} {' '.join(change[title][:_LINES])}")

"""`yiwen bench`: how fast it is, against the figures it must reach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import Json, quiet
from yiwen.output import document, progress, say


def bench(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Folder of the raw data files; default: the sample.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Repetitions of each part.")] = 3,
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="start, load, ingest, serve, ask (default: these), vectors, memory, swaps."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure starting, ingesting, serving and answering, each as a process of its own in a temporary folder.

    The goals are for two cores and the raw data files; on the sample they are a smoke test.
    """
    from evaluation.speed import PARTS, run

    with progress(quiet(context)) as show:
        report = run(data, rounds=rounds, parts=part or PARTS, progress=lambda stage: show(stage, 0, 0))
    if as_json:
        document(report.summary())
    else:
        say(report.markdown().rstrip())

"""`yiwen bench`: how fast it is, against the figures it must reach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import Json, quiet
from yiwen.output import document, progress, say, table

app = typer.Typer(help="How fast it is, against the figures it must reach.", invoke_without_command=True)


@app.callback()
def bench(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Folder of the raw data files; default: the sample.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Repetitions of each part.")] = 3,
    part: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="start, load, ingest, serve, ask (default: these), vectors, memory, swaps, traffic, retrieval.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure starting, ingesting, serving and answering, each as a process of its own in a temporary folder.

    The goals are for two cores and the raw data files; on the sample they are a smoke test.
    """
    if context.invoked_subcommand is not None:
        return
    from evaluation.speed import PARTS, run

    with progress(quiet(context)) as show:
        report = run(data, rounds=rounds, parts=part or PARTS, progress=lambda stage: show(stage, 0, 0))
    if as_json:
        document(report.summary())
    else:
        say(report.markdown().rstrip())


@app.command()
def train(
    context: typer.Context,
    shape: Annotated[str, typer.Option(help="Shape of the model, weights random: 7b, 1b or tiny.")] = "7b",
    variant: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One choice to measure; may be repeated. Default: all.")
    ] = None,
    steps: Annotated[
        int, typer.Option(min=4, max=10_000, help="Optimizer steps of each, a third of them warm-up.")
    ] = 60,
    cpu: Annotated[bool, typer.Option("--cpu", help="On the CPU, as a smoke test with `--shape tiny`.")] = False,
    as_json: Json = False,
) -> None:
    """Measure training: attention, adapters, compilation, dropout, checkpointing and pack length, one by one."""
    from finetune.speed import report, run

    with progress(quiet(context)) as show:
        found = list(run(shape, variant or (), steps=steps, device="cpu" if cpu else "auto", progress=show))
    if as_json:
        document(report(found, shape))
        return
    rows = [
        (one.name, f"{one.tokens_per_s:,.0f}", "" if one.mfu is None else f"{one.mfu:.1%}", one.peak_gib,
         one.job_minutes if shape == "7b" else "")
        for one in found
    ]  # fmt: skip
    table(("variant", "tokens/s", "of the peak", "GiB", "reference job, min"), rows)

"""`yiwen train`: models from an operator's own data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import Json, quiet
from yiwen.output import document, progress, say

app = typer.Typer(help="Train models on your own data.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train models on your own data."""


@app.command()
def embed(
    context: typer.Context,
    pairs: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Question-answer pairs (CSV or JSON Lines); may be repeated.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the model goes; name it in YIWEN_EMBEDDER.")],
    texts: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="More texts, for the vocabulary; may be repeated.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=1000, help="Passes over the pairs.")] = None,
    dimension: Annotated[int | None, typer.Option(min=8, max=1024, help="Length of a vector.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same data, same model.")] = None,
    as_json: Json = False,
) -> None:
    """Train a static embedding (one vector a token, no torch) in minutes on one core."""
    from finetune.embed import EmbedOptions, run

    given = {"epochs": epochs, "dimension": dimension, "seed": seed}
    options = EmbedOptions(**{name: value for name, value in given.items() if value is not None})
    with progress(quiet(context)) as show:
        report = run(pairs, texts or [], out, options, lambda done, total: show("training", done, total))
    if as_json:
        document(asdict(report) | {"out": str(out)})
        return
    say(f"{report.pairs:,} pairs, {report.vocabulary:,} tokens, {report.dimension} dimensions, loss {report.loss:.3f}")
    say(f"{out}: {report.size_bytes / 1e6:.1f} MB in {report.seconds:.0f} s, identity {report.identity}")
    say(f"use it: YIWEN_EMBEDDER={out} yiwen kb reindex")


@app.command()
def intent(
    examples: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Questions with labels (CSV, JSON, JSON Lines); may be repeated.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The model; name it in YIWEN_INTENT_MODEL.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV label,direction,relations; default: that of KUAKE-QIC.")
    ] = None,
    sure: Annotated[float | None, typer.Option(min=0, max=1, help="Probability from which the model is heard.")] = None,
    as_json: Json = False,
) -> None:
    """Train a small classifier of what questions ask for, heard where no rule speaks; needs scikit-learn."""
    from evaluation.intents import LABELS, read_labels
    from finetune.intent import SURE, run

    learnt = run(examples, read_labels(labels or LABELS), out, sure=SURE if sure is None else sure)
    if as_json:
        document(asdict(learnt) | {"out": str(out)})
        return
    say(f"{learnt.questions:,} questions: " + ", ".join(f"{name} {n:,}" for name, n in learnt.labels.items()))
    say(f"{out}: {learnt.size_bytes / 1e6:.1f} MB; use it: YIWEN_INTENT_MODEL={out}")

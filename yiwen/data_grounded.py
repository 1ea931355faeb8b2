"""`yiwen data grounded`: training rows out of the knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import document, progress, say


def grounded(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the rows go, as JSON Lines; replaced.")],
    rows: Annotated[int, typer.Option(min=1, help="How many; fewer where the knowledge base gives no more.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Same knowledge base, same options, same rows.")] = 0,
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=NUMBER",
            help="Rows of a kind: relevant, distracting, missing, safety; may be repeated, others are not made. "
            "Default: 0.4, 0.3, 0.15 and 0.15.",
        ),
    ] = None,
    hold_out: Annotated[
        float, typer.Option(min=0, max=0.99, metavar="SHARE", help="Share of the subjects that no row names.")
    ] = 0.0,
    without: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Names that no row contains, one a line.")
    ] = None,
    names: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the names left out, as --without reads them.")
    ] = None,
    preferences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a right and a wrong answer to each, for stage dpo.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make training rows: prompts as they are served, with cited answers or what the evidence lacks."""
    from finetune.data.grounded import GroundedOptions
    from finetune.data.grounded_files import read_names, shares_of, write
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    chosen = {"shares": shares_of(share)} if share else {}
    left_out = read_names(without) if without is not None else frozenset()
    options = GroundedOptions(rows, seed, without=left_out, hold_out=hold_out, **chosen)
    no_model = {"generator": "extractive", "local_model": None, "chat_url": None}
    with progress(quiet(context)) as show:
        pipeline = build(settings.model_copy(update=no_model))
        made = write(
            pipeline, options, out, preferences=preferences, names=names,
            watch=lambda done: show("grounded rows", done, rows),
        )  # fmt: skip
    if as_json:
        document(made | {"out": str(out)})
        return
    say(f"{made['rows']:,} rows in {out}: " + ", ".join(f"{kind} {n:,}" for kind, n in made["kinds"].items()))
    if made["names_left_out"]:
        say(f"{made['names_left_out']:,} names left out")

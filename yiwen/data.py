"""`yiwen data`: training data looked at before it is trained on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yiwen.failures import PARTIAL
from yiwen.options import Json
from yiwen.output import document, printable, say, table

if TYPE_CHECKING:
    from finetune.data.checking import Checked
    from finetune.data.config import DataConfig
    from finetune.data.preview import Piece, Preview

app = typer.Typer(
    help="Look at training data (tokens, lengths, faults, leaks) and make some from a knowledge base.",
    no_args_is_help=True,
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="DATASET...", help="Names of the registry, or files; default: those of --run."),
]
RunFile = Annotated[Path | None, typer.Option("--run", metavar="RUN.yaml", help="Take `data` and tokenizer of a run.")]
Registry = Annotated[Path | None, typer.Option(metavar="PATH", help="dataset_info.json, or its folder.")]
TokenizerName = Annotated[
    str | None, typer.Option("--tokenizer", metavar="MODEL", help="Whose tokens; default: one a character.")
]
TemplateName = Annotated[str | None, typer.Option("--template", metavar="NAME", help="Default: the tokenizer's own.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, such as data.cutoff=256.")
]
_SHADES = {True: ("black on green3", "black on green1"), False: ("default", "grey62")}
_WIDTH = 64
_LISTED = 50
"""Faults, and leaks, that a terminal shows."""


@app.callback()
def data() -> None:
    """Look at training data (tokens, lengths, faults, leaks) and make some from a knowledge base."""


@app.command()
def preview(
    names: Names = None,
    run: RunFile = None,
    registry: Registry = None,
    tokenizer: TokenizerName = None,
    template: TemplateName = None,
    changes: Changes = None,
    rows: Annotated[int, typer.Option(min=0, max=1000, help="Rows to show.")] = 3,
    packs: Annotated[int, typer.Option(min=0, max=1000, help="Packs to show.")] = 3,
    as_json: Json = False,
) -> None:
    """Show rows as they are trained on: tokens, what is learnt («green»), and what stands in a pack."""
    from finetune.data.preview import preview as look

    config, opened = _asked(names, run, registry, tokenizer, template, changes)
    found = look(config, opened, rows=rows, packs=packs)
    if as_json:
        shown = [{"row": row, "pieces": [asdict(piece) for piece in pieces]} for row, pieces in found.rows]
        document({"rows": shown, "packs": [list(map(list, one)) for one in found.packs], "fill": found.made.fill})
        return
    _show_rows(found)
    _show_packs(found, config.pack_length if config.packing else 0)


@app.command()
def stats(
    names: Names = None,
    run: RunFile = None,
    registry: Registry = None,
    tokenizer: TokenizerName = None,
    template: TemplateName = None,
    changes: Changes = None,
    as_json: Json = False,
) -> None:
    """Count tokens: quantiles and histogram of the rows, what a cutoff cuts, how full packs are."""
    from finetune.data.statistics import measure

    config, opened = _asked(names, run, registry, tokenizer, template, changes)
    found = measure(config, opened)
    if as_json:
        document(asdict(found) | {"losses": dict(found.losses.counts)})
        return
    say(f"lengths in {_unit(opened)}")
    columns = ("data set", "rows", "answers", "in all", "learnt", *found.sets[0].quantiles, "mean", "over the cutoff")
    table(columns, [
        (one.name, f"{one.rows:,}", f"{one.answers:,}", f"{one.tokens:,}", f"{one.learnt / max(one.tokens, 1):.0%}",
         *(f"{value:,}" for value in one.quantiles.values()), one.mean, f"{one.over_cutoff:,}")
        for one in found.sets
    ])  # fmt: skip
    for one in found.sets:
        say(f"\n{one.name}", "bold")
        most = max(count for _, _, count in one.histogram)
        for low, high, count in one.histogram:
            say(f"{low:>7,} - {high - 1:<7,} {'█' * round(40 * count / most):<40} {count:,}")
    packs = f"{found.packs:,} packs of {found.pack_length:,}, {found.fill:.1%} full"
    say(f"\nan epoch: {found.tokens:,} {_unit(opened)} in {packs}")
    for reason, count in found.losses.counts.most_common():
        say(f"{count:,} {reason}")


@app.command()
def check(
    names: Names = None,
    run: RunFile = None,
    registry: Registry = None,
    tokenizer: TokenizerName = None,
    template: TemplateName = None,
    changes: Changes = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET", help="Evaluation set to look for in the rows; may be repeated."),
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Write every fault and leak as JSON Lines.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check checksums, forms, rows that are cut or left out, and leaks; exit code 7 where there are any."""
    from finetune.data.checking import check as judge

    config, opened = _asked(names, run, registry, tokenizer, template, changes)
    found = judge(config, opened, against or ())
    if listed is not None:
        _write_list(found, listed)
    if as_json:
        document({
            "sets": [asdict(one) for one in found.sets], "counts": dict(found.losses.counts),
            "rows": [asdict(left) for left in found.losses.rows], "leaks": [asdict(leak) for leak in found.leaks],
            "items": found.items,
        })  # fmt: skip
    else:
        _show_check(found, _unit(opened))
    if found.losses.rows or found.leaks:
        raise typer.Exit(PARTIAL)


def _asked(
    names: Sequence[str] | None,
    run: Path | None,
    registry: Path | None,
    tokenizer: str | None,
    template: str | None,
    changes: Sequence[str] | None,
) -> tuple[DataConfig, Any]:
    """The section `data` that the options describe, and the tokenizer. Raises UsageError where they name no data."""
    from finetune.data.tokenizer import open_tokenizer
    from finetune.run_file import load, read
    from rag.errors import UsageError

    if not names and run is None:
        raise UsageError("name data sets, or a run with --run")
    given = {"data.datasets": list(names or ()) or None, "data.registry": registry, "data.template": template}
    said = [f"{key}={json.dumps(value, default=str)}" for key, value in given.items() if value is not None]
    overrides = [*said, *(changes or ())]
    found = load(run, overrides) if run is not None else read({"out": "-", "model": {"path": "-"}}, overrides)
    if tokenizer is None and run is not None:
        tokenizer = found.model.tokenizer or found.model.path
    return found.data, open_tokenizer(tokenizer)


def _unit(tokenizer: object) -> str:
    return "characters" if type(tokenizer).__name__ == "Characters" else "tokens"


# ---------------------------------------------------------------- what is shown


def _show_rows(found: Preview) -> None:
    places = found.made.places
    for row, pieces in found.rows:
        place = places[row] if places is not None else f"row {row}"
        learnt = sum(piece.tokens for piece in pieces if piece.learnt)
        say(f"{place}: {sum(piece.tokens for piece in pieces):,} tokens, {learnt:,} learnt", "bold")
        if sys.stdout.isatty():
            _colour(pieces)
        else:
            say(marked(pieces))
        say()


def _colour(pieces: Sequence[Piece]) -> None:
    from rich.console import Console
    from rich.text import Text

    text = Text()
    for number, piece in enumerate(pieces):
        text.append(printable(piece.text), style=_SHADES[piece.learnt][number % 2])
    Console().print(text, soft_wrap=True)


def marked(pieces: Sequence[Piece]) -> str:
    """Without colour: `|` between tokens, « and » around what is learnt."""
    text, before = "", False
    for number, piece in enumerate(pieces):
        text += "»" * (before and not piece.learnt) + "|" * (number > 0) + "«" * (piece.learnt and not before)
        text += piece.text
        before = piece.learnt
    return text + "»" * before


def _show_packs(found: Preview, capacity: int) -> None:
    for number, one in enumerate(found.packs):
        tokens, learnt = sum(size for _, size, _ in one), sum(mark for _, _, mark in one)
        full = f", {tokens / capacity:.1%} full" if capacity else ""
        say(f"pack {number}: {len(one)} rows, {tokens:,} tokens, {learnt:,} learnt{full}", "bold")
        _bar(one, capacity or tokens)


def _bar(one: Sequence[tuple[int, int, int]], capacity: int) -> None:
    """A pack as a bar: rows in turns of two shades, what is left empty as dots."""
    from rich.console import Console
    from rich.text import Text

    cells, end = "", 0
    for number, (_, size, _) in enumerate(one):
        end += size
        cells += "█▓"[number % 2] * (round(end / capacity * _WIDTH) - len(cells))
    console = Console(no_color=not sys.stdout.isatty())
    console.print(Text("  " + cells, style="green").append("·" * (_WIDTH - len(cells)), style="red"))


def _show_check(found: Checked, unit: str) -> None:
    for one in found.sets:
        say(one.name, "bold")
        say(f"  {one.place}, form {one.form}, licence {one.licence or 'not stated'}")
        stated = "as the registry says" if one.checksum == "agrees" else "the registry gives none"
        say(f"  sha256 {one.sha256 or 'not known'}, {stated}")
        say("  " + ", ".join(f"{count:,} {sort}" for sort, count in one.sorts.items()))
        for name, text in one.dates.items():
            say(f"  date against {name}: {text}")
    say(f"cut or left out (lengths in {unit}): {len(found.losses.rows):,}")
    for reason, count in found.losses.counts.most_common():
        say(f"  {count:,} {reason}")
    _show_first([str(left) for left in found.losses.rows])
    if found.items:
        rows = len({(leak.source, leak.number) for leak in found.leaks})
        say(f"leaks: {rows:,} rows hold some of {found.items:,} evaluation texts")
    _show_first(
        [
            f"{leak.source}, row {leak.number}: {leak.kind} {leak.share:.0%} of {leak.evaluation}, row {leak.item}"
            for leak in found.leaks
        ]
    )


def _show_first(lines: Sequence[str]) -> None:
    for line in lines[:_LISTED]:
        say(f"    {line}")
    if len(lines) > _LISTED:
        say(f"    and {len(lines) - _LISTED:,} more; --list FILE writes all")


def _write_list(found: Checked, path: Path) -> None:
    from rag.snapshot.files import storage_errors

    entries = [*({"what": "fault", **asdict(left)} for left in found.losses.rows),
               *({"what": "leak", **asdict(leak)} for leak in found.leaks)]  # fmt: skip
    with storage_errors(path):
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries), encoding="utf-8")

"""Results on stdout, progress on stderr; nothing from a file or a question reaches the terminal unfiltered."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer

Progress = Callable[[str, int, int], None]
"""Called with a stage, how much of it is done, and its whole (0: not known)."""


def printable(text: str) -> str:
    """Without control, bidi and other invisible characters, which could rewrite a terminal; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))


def say(text: str = "", style: str = "") -> None:
    """A line of the result; `style` as rich names it, shown on a terminal only."""
    shown = printable(text)
    if not style or not sys.stdout.isatty():
        typer.echo(shown)
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(shown, style=style), soft_wrap=True)


def document(content: object) -> None:
    """The one JSON document of `--json`."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo(text.encode("utf-8", "replace").decode())


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns; a Han character is two cells wide."""
    cells = [[printable(str(cell)).replace("\n", " ") for cell in row] for row in [columns, *rows]]
    widths = [max(map(_cells, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [cell + " " * (width - _cells(cell)) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(padded).rstrip())


def _cells(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def confirm(question: str) -> None:
    """Ask on stderr before something is deleted; without a terminal nobody can answer. Raises UsageError there."""
    from rag.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError("this deletes data and nobody can be asked here; say --yes")
    typer.confirm(question, abort=True, err=True)


_PLURALS = {
    "entity": "entities",
    "alias": "aliases",
    "do_not_merge": "do-not-merge pairs",
    "source": "sources",
    "fact": "facts",
    "passage": "passages",
    "retraction": "retractions",
    "review": "reviews",
    "mention": "mentions",
}


def counted(counts: Mapping[str, int]) -> str:
    """Records by kind, such as `3 facts, 2 passages`."""
    shown = [
        f"{counts[kind]:,} {plural if counts[kind] != 1 else kind}"
        for kind, plural in _PLURALS.items()
        if counts.get(kind)
    ]
    return ", ".join(shown) or "nothing"


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on stderr while the block runs, if that is a terminal and `quiet` is false."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    # Drawn at each report: a thread that draws by itself would keep `kg_loader/ahead.py` from using a second processor.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)

        def show(stage: str, done: int, total: int) -> None:
            bar.update(task, description=printable(stage), completed=done, total=total or None, refresh=True)

        yield show

"""`yiwen eval triage` and `yiwen eval all`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import Json, RawData
from yiwen.output import document, say


def triage(as_json: Json = False) -> None:
    """How many emergencies raise a red flag, and how much that is none does; needs no knowledge base."""
    from evaluation.red_flags import evaluate, read_sentences
    from rag.triage.rules import load_rules
    from rag.triage.second_look import assess, load_look

    rules = load_rules()
    look = load_look(rules)
    report = evaluate(read_sentences(), lambda text, patient: assess(text, patient, rules, look))
    if as_json:
        document(report.summary())
    else:
        say(report.markdown().rstrip())


def everything(
    data: RawData,
    parts: Annotated[
        list[str] | None, typer.Option("--part", metavar="NAME", help="Only this part; may be repeated.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put each part between its marks in this page.")
    ] = None,
    kept: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Make the knowledge bases there, or take those there.")
    ] = None,
) -> None:
    """Run every evaluation and write what it found into the quality page; takes some 15 minutes.

    Your own knowledge base is not touched. Exit code 1: some part misses a goal of its own.
    """
    import tempfile

    from evaluation.everything import chosen, run
    from evaluation.page import filled
    from rag.errors import NotFoundError
    from rag.snapshot.files import storage_errors, write_durably

    wanted = chosen(parts or ())
    if page is not None and not page.is_file():
        raise NotFoundError(f"{page}: no such file; docs/quality.md is the page of the project")
    missed = []
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as folder:
        for outcome in run(data, kept or Path(folder), wanted, lambda text: typer.echo(text, err=True)):
            say(f"## {outcome.part.name} ({outcome.seconds:.0f} s)\n\n{outcome.text.rstrip()}\n")
            missed += [outcome.part.name] if outcome.missed else []
            if page is not None:
                with storage_errors(page):
                    text = filled(page.read_text(encoding="utf-8"), {outcome.part.name: outcome.text})
                    write_durably(page, text.encode())
    if missed:
        say(f"goals missed: {', '.join(missed)}")
        raise typer.Exit(1)

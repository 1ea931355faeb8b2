"""`yiwen eval checker` and `yiwen eval hostile`: what may leave, and what must not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say


def checker(
    context: typer.Context,
    sentences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Supported sentences, as CSV; default: the packaged ones.")
    ] = None,
    mutations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Changed sentences, as JSON Lines; default: made from ours.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Judged citations, as CSV; default: the packaged ones.")
    ] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Show the wrong verdicts of half 0.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put supported, changed and judged sentences to the checker, with the names of the current knowledge base."""
    from evaluation.checker import PAIRS, SENTENCES, describe, evaluate, read_mutations, read_table
    from evaluation.checker_cases import CASES, read_cases
    from rag.wiring import build

    edition = build(load_settings(context, data_dir)).editions.current()
    report = evaluate(
        edition.checker,
        read_table(sentences, "checker_sentences.csv", SENTENCES),
        read_mutations(mutations),
        read_table(pairs, "citation_pairs.csv", PAIRS),
        [case for name in CASES for case in read_cases(name)],
    )
    if as_json:
        document({"kb_version": edition.pointer.version, "kb_digest": edition.kb.digest, **report.summary()})
        return
    say(report.markdown().rstrip())
    for failure in report.failures(0) if failures else ():
        describe(failure, say)


def hostile(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Ingest cmekg.jsonl and drug.json from there too.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask hostile questions of a poisoned temporary knowledge base, with a generator that does its worst.

    Exit code 1 if a reader sees anything that must not be seen. Your own knowledge base is not touched.
    """
    from evaluation.hostile import evaluate, poisoned, read_rows

    with poisoned(load_settings(context, data_dir), data) as pipeline:
        report = evaluate(pipeline, read_rows())
    if as_json:
        document(report.summary())
    else:
        say(report.markdown().rstrip())
    if report.harms:
        raise typer.Exit(1)

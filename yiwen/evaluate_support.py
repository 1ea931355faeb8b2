"""`yiwen eval refusal` and `yiwen eval evidence`: whether what is shown answers, and whether nothing is shown else."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import DataDir, Json, RawData, load_settings
from yiwen.output import document, say


def refusal(
    context: typer.Context,
    data: RawData,
    kept: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Make the knowledge base there, or take the one that lies there."),
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the risk-coverage curve there, as SVG.")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="Show this many of the questions that went wrong.")] = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """200 questions that must be refused and 200 that must not, and all of them of an emptied knowledge base.

    The files are ingested into a temporary knowledge base; your own is not touched. Exit code 1 below the goals.
    """
    from evaluation.refusal import run
    from evaluation.risk import svg

    settings = load_settings(context, data_dir)
    report = run(data, settings, kept)
    failed = [v for v in report.verdicts if (not v.abstained if not v.answerable else not v.right)][:worst]
    if curve is not None:
        _write(curve, svg(report.curve(), "yiwen eval refusal"))
    if as_json:
        document(report.summary() | ({"worst": [vars(v) for v in failed]} if worst else {}))
    else:
        say(report.markdown().rstrip())
        for verdict in failed:
            say(f"{verdict.category} {verdict.outcome}: {verdict.question}")
    if not report.held:
        raise typer.Exit(1)


def evidence(
    context: typer.Context,
    data: RawData,
    fit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fit anew which passages are shown, and write the tuning there instead."),
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="Show this many of the questions that went wrong.")] = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Precision and recall of the evidence that the generator is shown, on 202 labelled questions."""
    from evaluation import support
    from evaluation.evidence import run

    settings = load_settings(context, data_dir)
    if fit is not None:
        tuning, fitted = support.run(data, settings)
        _write(fit, tuning.to_json())
        if as_json:
            document({"tuning": tuning.name, **asdict(fitted)})
        else:
            say(f"{fitted.precision:.3f} of the passages shown answer, {fitted.recall:.3f} of the questions get one,")
            say(f"on the held-out folds of {fitted.questions} questions; tuning {tuning.name} written to {fit}")
        return
    report = run(data, settings)
    failed = sorted((row for row in report.judged if row.wrong or row.met < row.labels), key=lambda row: row.met)[
        :worst
    ]
    if as_json:
        document(report.summary() | ({"worst": [vars(row) for row in failed]} if worst else {}))
        return
    say(report.markdown().rstrip())
    for row in failed:
        say(f"{row.kind} {row.met}/{row.labels}: {row.question}")
        for text in row.wrong:
            say(f"  {text[:120]}")


def _write(path: Path, text: str) -> None:
    from rag.errors import NotFoundError

    if not path.absolute().parent.is_dir():
        raise NotFoundError(f"{path}: its folder does not exist; make it first")
    path.write_text(text, encoding="utf-8")

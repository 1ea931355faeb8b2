"""`yiwen eval`: how good the answers are, as reports."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

app = typer.Typer(help="Measure quality on question sets; see docs/quality.md.", no_args_is_help=True)
Data = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of the raw data files.")]


@app.command()
def graph(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Make the questions from raw data.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions made before, as JSON Lines.")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="Show this many of the worst questions.")] = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask graph questions and judge the facts that the answers cite, against gold made from the raw records."""
    from evaluation.graph_questions import evaluate, read_questions
    from rag.errors import UsageError
    from rag.wiring import build

    if (data is None) == (questions is None):
        raise UsageError("give either --data FOLDER or --questions FILE")
    pipeline = build(load_settings(context, data_dir))
    with _given(questions) if questions else _made_from(data or Path()) as file:
        report = evaluate(pipeline, read_questions(file))
    lowest = sorted(report.verdicts, key=lambda verdict: verdict.score)[:worst]
    if as_json:
        document(report.summary() | ({"worst": [vars(verdict) for verdict in lowest]} if worst else {}))
        return
    for name, value in report.summary().items():
        if isinstance(value, dict):
            for part, (count, score) in value.items():
                say(f"  {part:<24} {count:>4}  {score}")
        else:
            say(f"{name:<26} {value}")
    for verdict in lowest:
        say(f"{verdict.score:.2f} {verdict.kind} {verdict.outcome} {verdict.question}")


@contextmanager
def _given(file: Path) -> Iterator[Path]:
    from rag.errors import NotFoundError

    if not file.is_file():
        raise NotFoundError(f"{file}: no such file; make one with evaluation/sets/make_graph_questions.py")
    yield file


@contextmanager
def _made_from(data: Path) -> Iterator[Path]:
    """Questions and gold from the raw records, by a script that shares nothing with the product."""
    from rag.errors import NotFoundError, YiwenError

    if not data.is_dir():
        raise NotFoundError(f"{data}: no such folder; --data names the folder of the raw data files")
    script = resources.files("evaluation") / "sets" / "make_graph_questions.py"
    with tempfile.TemporaryDirectory(prefix="yiwen-eval-") as folder, resources.as_file(script) as path:
        out = Path(folder) / "questions.jsonl"
        done = subprocess.run(
            [sys.executable, str(path), str(data), str(out)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise YiwenError(f"no questions could be made from {data}: {last}; expected kg/cmekg.jsonl in it")
        yield out


@app.command()
def retrieval(
    context: typer.Context,
    data: Data,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="A question set; default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Recall, MRR@10 and nDCG@10 of every arm of the search and of their fusion, with a paired bootstrap.

    Each set is ingested into a temporary knowledge base; your own is not touched.
    """
    from evaluation.retrieval import SETS, markdown, run
    from rag.errors import NotFoundError
    from rag.fusion import default_tuning

    known = [question_set.name for question_set in SETS]
    if unknown := sorted(set(sets or ()) - set(known)):
        raise NotFoundError(f"there is no question set {unknown[0]!r}; expected one of {', '.join(known)}")
    reports = run(data, load_settings(context), default_tuning(), sets or ())
    if not reports:
        raise NotFoundError(f"{data} holds none of the files that the question sets are made of")
    if as_json:
        document({"sets": [report.summary() for report in reports]})
    else:
        say(markdown(reports).rstrip())

"""`yiwen eval`: how good the answers are, as reports; here what is asked of the knowledge base that is served."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen import judging
from yiwen.evaluate_all import everything, triage
from yiwen.evaluate_dialogue import dialogue
from yiwen.evaluate_questions import intent, relations
from yiwen.evaluate_retrieval import retrieval, tune
from yiwen.evaluate_support import evidence, refusal
from yiwen.options import DataDir, Json, RawData, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from evaluation.diagnoses import DiagnosisReport

app = typer.Typer(help="Measure quality on question sets; see docs/quality.md.", no_args_is_help=True)
app.command("all")(everything)
app.command()(triage)
app.command()(dialogue)
app.command()(relations)
app.command()(intent)
app.command()(judging.checker)
app.command()(judging.hostile)


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
    say(report.markdown().rstrip())
    for verdict in lowest:
        say(f"{verdict.score:.2f} {verdict.kind} {verdict.outcome} {verdict.question}")


@app.command()
def answers(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Make graph questions from raw data, ask them too.")
    ] = None,
    generator: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Judge this one; may be repeated; `hostile` makes things up. Default: all."),
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="So many questions go to each generator, spread over all.")] = 100,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """What every answer must keep to: opposite names never confused, every citation open, nothing from nothing.

    Each generator is judged, and each language model also alone: how many of its sentences are made up. Exit code 1 if
    anything was confused, broken or made up from nothing.
    """
    from evaluation.answers import run
    from evaluation.graph_questions import read_questions

    settings = load_settings(context, data_dir)
    rows = []
    if data is not None:
        with _made_from(data) as file:
            rows = read_questions(file)
    report = run(settings, rows, generators=generator or (), sample=sample)
    if as_json:
        document(report.summary())
    else:
        say(report.markdown().rstrip())
    if not report.held:
        raise typer.Exit(1)


@app.command()
def medications(
    context: typer.Context,
    data: RawData,
    pairs: Annotated[int, typer.Option(min=1, max=10_000, help="Random rows of DDInter, and pairs without one.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the random draw.")] = 20261128,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check pairs of drugs and herbs that the raw files state, and pairs that they do not, on your knowledge base."""
    from evaluation.medications import run
    from evaluation.provenance import provenance
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    report = run(settings, data, count=pairs, seed=seed)
    if as_json:
        document(provenance(build(settings), settings) | report.summary())
    else:
        say(report.markdown().rstrip())


@app.command()
def linking(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="Judge CHIP-CDN too: eval/chip_cdn_train.json and the ICD list."),
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="List the sentences of half 0 with something wrong.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Link the labelled mentions: spans, names, marks (denied, past, another's, supposed), names that may never link.

    The opposite pairs must stay apart. With --data also diagnoses to the names of a term list, cross-validated.
    """
    from evaluation import complete_labels
    from evaluation.linking import evaluate
    from evaluation.metrics import half_of
    from evaluation.provenance import provenance
    from rag.wiring import build

    diagnoses = _diagnoses(data) if data is not None else None
    settings = load_settings(context, data_dir)
    pipeline = build(settings)
    edition = pipeline.editions.current()
    complete, report = complete_labels.evaluate(edition), evaluate(edition)
    if as_json:
        parts = {"linking": report.summary(), "linking_complete": complete.summary()}
        parts |= {"chip_cdn": diagnoses.summary()} if diagnoses else {}
        document(provenance(pipeline, settings) | parts)
        return
    say(f"{complete.markdown()}\n{report.markdown()}".rstrip())
    if diagnoses:
        say(diagnoses.markdown().rstrip())
    for shown in filter(None, (str(one) for one in complete.verdicts if faults and one.half == 0)):
        say(shown)
    for verdict in report.verdicts if faults else ():
        wrong = [*verdict.false_links, *(f"missed {m}" for m in verdict.missed), *verdict.wrong_flags, *verdict.never]
        if wrong and half_of(verdict.id) == 0:
            say(f"{verdict.id} {verdict.text}: {'; '.join(wrong)}")


def _diagnoses(data: Path) -> DiagnosisReport:
    from evaluation.diagnoses import LIST, TERMS, cross_validate
    from rag.errors import NotFoundError

    for name in (TERMS, LIST):
        if not (data / name).is_file():
            raise NotFoundError(f"{data / name}: no such file; --data names the folder of the raw data files")
    return cross_validate(data / TERMS, data / LIST)


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


for command in (refusal, evidence, retrieval, tune):
    app.command()(command)

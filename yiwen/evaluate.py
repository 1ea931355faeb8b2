"""`yiwen eval`: how good the answers are, as reports."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen import judging
from yiwen.evaluate_all import everything, triage
from yiwen.evaluate_dialogue import dialogue
from yiwen.evaluate_questions import intent, relations
from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from evaluation.diagnoses import DiagnosisReport
    from rag.retrieval.fusion import Tuning
    from rag.settings import Settings

app = typer.Typer(help="Measure quality on question sets; see docs/quality.md.", no_args_is_help=True)
app.command("all")(everything)
app.command()(triage)
app.command()(dialogue)
app.command()(relations)
app.command()(intent)
app.command()(judging.checker)
app.command()(judging.hostile)
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
    data: Data,
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
    from evaluation.linking import evaluate
    from evaluation.metrics import half_of
    from evaluation.provenance import provenance
    from rag.wiring import build

    diagnoses = _diagnoses(data) if data is not None else None
    settings = load_settings(context, data_dir)
    pipeline = build(settings)
    report = evaluate(pipeline.editions.current())
    if as_json:
        parts = {"linking": report.summary(), **({"chip_cdn": diagnoses.summary()} if diagnoses else {})}
        document(provenance(pipeline, settings) | parts)
        return
    say(report.markdown().rstrip())
    if diagnoses:
        say(diagnoses.markdown().rstrip())
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


@app.command()
def refusal(
    context: typer.Context,
    data: Data,
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


@app.command()
def evidence(
    context: typer.Context,
    data: Data,
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
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME", help="A question set, or KIND=PATH for one of others; default: all ours."
        ),
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="EMBEDDER", help="Also measure this one, and how far YIWEN_EMBEDDER is above.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Recall, MRR@10 and nDCG@10 of every arm of the search and of their fusion, with a paired bootstrap.

    Each set is ingested into a temporary knowledge base; your own is not touched. KIND is beir (a folder), bioasq,
    kuake-qtr or chip-sts (a file).
    """
    from evaluation.retrieval import SETS, gains, markdown, run
    from rag.errors import NotFoundError

    known = [question_set.name for question_set in SETS]
    if unknown := sorted({name for name in sets or () if "=" not in name} - set(known)):
        raise NotFoundError(f"there is no question set {unknown[0]!r}; expected one of {', '.join(known)}")
    settings = load_settings(context, data_dir)
    reports = run(data, settings, _tuning(settings), sets or ())
    if not reports:
        raise NotFoundError(f"{data} holds none of the files that the question sets are made of")
    gained = {}
    if over is not None:
        earlier = settings.model_copy(update={"embedder": over})
        gained = gains(run(data, earlier, _tuning(settings), sets or ()), reports)
    if as_json:
        shown = {
            name: {arm: [gain.mean, gain.low, gain.high] for arm, gain in arms.items()} for name, arms in gained.items()
        }
        document(
            {"sets": [report.summary() for report in reports]} | ({"over": over, "gain_mrr_10": shown} if over else {})
        )
        return
    say(markdown(reports).rstrip())
    for name, arms in gained.items():
        for arm, gain in arms.items():
            say(f"{name}, {arm}: MRR@10 {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] over {over}")


@app.command()
def tune(
    context: typer.Context,
    data: Data,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the weights there.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Use the weights in the current knowledge base.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fit the weights of the fusion for each language on four folds of the questions and report on the fifth.

    With YIWEN_RERANKER also that of the reranker, which is on only in the languages where it gains for sure.
    """
    from evaluation import reranking
    from evaluation.tune import FITTED_ON, GUARDED_BY, run
    from rag.errors import NotFoundError

    _require_files(data, {*FITTED_ON.values(), *GUARDED_BY.values()})
    if out is not None and not out.absolute().parent.is_dir():
        raise NotFoundError(f"{out}: its folder does not exist; make it first")
    settings = load_settings(context, data_dir)
    tuning, fitted = run(data, settings, _tuning(settings))
    tuning, reranked = reranking.run(data, settings, tuning)
    if out is not None:
        out.write_text(tuning.to_json(), encoding="utf-8")
    if apply:
        _apply(settings, tuning)
    if as_json:
        weights = {language: dict(table) for language, table in tuning.weights.items()}
        rows = {"fitted": [asdict(row) for row in fitted], "reranked": [asdict(row) for row in reranked]}
        document({"tuning": tuning.name, "weights": weights} | rows)
        return
    for row in fitted:
        say(f"{row.language}: dense {row.dense}, concepts {row.concepts} on {row.questions:,} questions")
        gain = f"{row.gain.mean:+.4f} [{row.gain.low:+.4f}, {row.gain.high:+.4f}]"
        say(f"  MRR@10 {row.baseline:.4f} plain BM25, {row.crossfitted:.4f} on the held-out folds ({gain})")
    for one in reranked:
        gain = f"{one.gain.mean:+.4f} [{one.gain.low:+.4f}, {one.gain.high:+.4f}]"
        on = f"on, weight {one.weight:g}" if one.earns else "off"
        say(f"{one.language}: reranker {on}; MRR@10 {one.fused:.4f} fused, {one.reranked:.4f} read again ({gain})")
    say(f"tuning {tuning.name}{' is in use' if apply else ''}{f', written to {out}' if out else ''}")


def _require_files(data: Path, names: Collection[str]) -> None:
    from evaluation.retrieval import SETS
    from rag.errors import NotFoundError

    files = [file for question_set in SETS if question_set.name in names for file in question_set.files]
    if missing := [file for file in files if not (data / file).is_file()]:
        raise NotFoundError(f"{data / missing[0]}: no such file; --data names the folder of the raw data files")


def _tuning(settings: Settings) -> Tuning:
    """The weights in use: those of the current knowledge base, else the packaged ones."""
    from rag.snapshot import Library
    from rag.wiring import load_tuning

    pointer = Library(settings.data_dir).pointer()
    return load_tuning(settings.data_dir, pointer.tuning if pointer else None)


def _apply(settings: Settings, tuning: Tuning) -> None:
    """Store the weights under their content name and flip the pointer to them."""
    from kg_loader.versions import current
    from rag.snapshot import Library
    from rag.snapshot.files import storage_errors, write_durably

    library = Library(settings.data_dir)
    pointer = current(library)
    file = library.tuning_file(tuning.name)
    with storage_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, tuning.to_json().encode())
    library.flip(replace(pointer, revision=pointer.revision + 1, tuning=tuning.name), pointer.revision)

"""`yiwen train`: models from an operator's own data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import NotReadyError
from yiwen.options import DataDir, Json, load_settings, quiet
from yiwen.output import Progress, document, progress, say

if TYPE_CHECKING:
    from finetune.config import Run
    from rag.settings import Settings

_FIGURES = ("first_loss", "loss", "eval_loss", "accuracies", "margins", "accuracy", "margin", "reward", "tokens_per_s")
"""Of a report, what is printed."""

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
    context: typer.Context,
    examples: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Questions with labels (CSV, JSON, JSON Lines); may be repeated.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The model; name it in YIWEN_INTENT_MODEL.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV label,direction,relations; default: that of KUAKE-QIC.")
    ] = None,
    sure: Annotated[float | None, typer.Option(min=0, max=1, help="Probability from which the model is heard.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Train a small classifier of what questions ask for, heard where no rule speaks; needs scikit-learn.

    It learns from the words as they stand and once more with marks in the place of the names that the knowledge base
    knows, so that it also learns how is asked, whatever of; without a knowledge base from the words alone.
    """
    from evaluation.intents import LABELS, read_labels
    from finetune.intent import SURE, run

    read = _reading(load_settings(context, data_dir))
    learnt = run(examples, read_labels(labels or LABELS), out, sure=SURE if sure is None else sure, read=read)
    if as_json:
        document(asdict(learnt) | {"out": str(out)})
        return
    say(f"{learnt.questions:,} questions: " + ", ".join(f"{name} {n:,}" for name, n in learnt.labels.items()))
    if read is None:
        say("there is no knowledge base yet, so names were learnt as words alone; train it again once there is one")
    say(f"{out}: {learnt.size_bytes / 1e6:.1f} MB; use it: YIWEN_INTENT_MODEL={out}")


def _reading(settings: Settings) -> Callable[[str], str] | None:
    """What a model reads of a question, by the names of the current version; None where there is none."""
    from rag.question.intent_model import Reading
    from rag.wiring import build

    try:
        linker = build(settings).editions.current().linker
    except NotReadyError:
        return None
    return lambda text: Reading.BOTH.of(text, linker.link(text))


@app.command("new")
def new_model(
    names: Annotated[
        list[str], typer.Argument(metavar="DATASET...", help="Files, or names of --registry: what it shall read.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the model goes; must not exist.")],
    registry: Annotated[Path | None, typer.Option(metavar="PATH", help="dataset_info.json, or its folder.")] = None,
    vocabulary: Annotated[int | None, typer.Option(min=300, max=200_000, help="Tokens at most.")] = None,
    width: Annotated[int | None, typer.Option(min=32, max=8192, help="Numbers a token; a multiple of 32.")] = None,
    layers: Annotated[int | None, typer.Option(min=1, max=200, help="Layers.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same rows, same model.")] = None,
    as_json: Json = False,
) -> None:
    """Make a small untrained model with a tokenizer of your rows, to try everything where no weights can be had."""
    from finetune.data.loading import load
    from finetune.data.rows import texts_of
    from finetune.new_model import NewModel, make

    given = {"vocabulary": vocabulary, "width": width, "layers": layers, "seed": seed}
    like = NewModel(**{name: value for name, value in given.items() if value is not None})
    made = make(out, (text for name in names for row in load(name, registry).rows for text in texts_of(row)), like)
    if as_json:
        document(made | {"out": str(out)})
        return
    say(f"{out}: {made['tokens']:,} tokens, {made['parameters']:,} parameters, untrained; name it in model.path")


@app.command("run")
def run_training(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="RUN.yaml", help="Describes the run; see docs/training.md.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value, such as train.epochs=2.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last complete checkpoint; what has ended is only exported.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print every setting as it would be, and train nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a language model: pre-training, supervised, reward model, DPO, RLOO; LoRA, QLoRA, freeze or full."""
    from finetune.record import resolved
    from finetune.run_file import load

    run = load(file, changes or [])
    if show:
        say(resolved(run).rstrip())
        return
    from finetune.execute import execute

    with progress(quiet(context)) as bar:
        lines = not quiet(context) and not sys.stderr.isatty()
        report = execute(run, resume=resume, watch=lambda entry: _shown(entry, _line if lines else bar))
    if as_json:
        document(report)
    elif report:  # of several processes one reports
        _say_report(run, report)


def _say_report(run: Run, report: Mapping[str, Any]) -> None:
    """What came out, where it is, and what can be done with it."""
    from finetune.record import LEFT_OUT, read_record

    shown = [f"{name} {value:.4g}" for name, value in report.items() if isinstance(value, float) and name in _FIGURES]
    if report.get("again"):
        say(f"{run.out} had ended before: nothing was trained")
    say(f"{report['result']}: {report['stage']} by {report['method']}, {report['steps']:,} steps, {', '.join(shown)}")
    left = sum(read_record(run.out).get("left_out", {}).values())
    if left:
        say(f"{run.out / LEFT_OUT}: {left:,} rows cut or left out")
    if report.get("plot"):
        say(f"{report['plot']}: the loss")
    if "merged" in report:
        say(f"{report['merged']['folder']}: merged, logits differ by {report['merged']['saved']:.1g} as saved")
    if "registered" in report:
        say(f"{report['registered']}: ask with the generator local:{Path(report['registered']).name}")
    elif run.train.stage == "rm":
        say(f"merge it for stage rloo: yiwen merge {report['result']} --base {run.model.path} --out FOLDER")
    elif run.train.stage == "embed":
        say(f"use it: YIWEN_EMBEDDER={report['result']} yiwen kb reindex")
        say(f"what it gains: YIWEN_EMBEDDER={report['result']} yiwen eval retrieval --over {run.model.path}")
    elif run.train.method == "lora":
        adapters = [*run.model.adapters, report["result"]]
        say(f"talk to it: yiwen chat --model {run.model.path} " + " ".join(f"--adapter {one}" for one in adapters))
        if run.model.adapters:
            say(f"serve it: yiwen merge {' '.join(adapters)} --base {run.model.path} --out FOLDER")
        else:
            say(f"serve it: yiwen adapter register {report['result']} --to FOLDER --name NAME")
    else:
        say(f"talk to it: yiwen chat --model {report['result']}")


def _line(text: str, step: int, steps: int) -> None:
    """Where no bar can be shown, as in a log of a job."""
    typer.echo(f"step {step:,} of {steps:,}: {text}", err=True)


def _shown(entry: Mapping[str, Any], bar: Progress) -> None:
    """One line of the log as the text of a progress bar."""
    parts = [f"{name} {entry[name]:.4g}" for name in ("loss", "eval_loss") if isinstance(entry.get(name), float)]
    if not parts:
        return  # the sums at the end
    if "tokens_per_s" in entry:
        parts.append(f"{entry['tokens_per_s']:,.0f} tokens/s")
    parts += [f"{entry['mfu']:.0%} of the peak"] if "mfu" in entry else []
    if "left_s" in entry:
        parts.append(f"{entry['peak_gib']:.1f} GiB, {entry['left_s'] / 60:.1f} min left")
    bar(", ".join(parts), int(entry["step"]), int(entry["steps"]))

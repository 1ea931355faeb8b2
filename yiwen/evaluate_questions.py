"""`yiwen eval relations` and `yiwen eval intent`: whether questions are understood, with figures and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from yiwen.options import DataDir, Json, RawData, load_settings
from yiwen.output import document, say

Worst = Annotated[int, typer.Option(min=0, help="Show this many of the worst questions.")]


def relations(
    context: typer.Context, data: RawData, worst: Worst = 0, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Ask about relations of diseases and drugs in many wordings and judge what is cited, against the raw records.

    The knowledge base must hold cmekg.jsonl, disease.csv and drug.json; an emptied one is asked as well.
    """
    from evaluation.provenance import provenance
    from evaluation.relation_questions import markdown, run
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    report = run(settings, data)
    lowest = sorted(report.verdicts, key=lambda v: (v.score, not v.wrong_entity))[:worst]
    if as_json:
        shown = {"worst": [vars(verdict) for verdict in lowest]} if worst else {}
        document(provenance(build(settings), settings) | report.summary() | shown)
        return
    say(markdown(report).rstrip())
    for verdict in lowest:
        wrong = " wrong entity" if verdict.wrong_entity else ""
        say(f"{verdict.score:.2f} {verdict.kind} {verdict.outcome}{wrong} {verdict.question}")


def intent(
    context: typer.Context,
    data: RawData,
    trained: Annotated[
        bool, typer.Option("--trained/--rules-only", help="Train on four fifths, judge the fifth; needs scikit-learn.")
    ] = True,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """How often the intent of the questions of KUAKE-QIC is seen: by the rules, by a trained classifier, by both.

    Names are those of the knowledge base; `both` is what answering does with such a classifier.
    """
    from evaluation.intents import compared, markdown
    from evaluation.provenance import provenance
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    pipeline = build(settings)
    report = compared(pipeline, data, _held_out if trained else None)
    if as_json:
        document(provenance(pipeline, settings) | {name: one.summary() for name, one in report.items()})
    else:
        say(markdown(report).rstrip())


def _held_out(examples: Sequence[tuple[str, str]], wordings: Sequence[str]) -> list[dict[str, float]]:
    from finetune.intent import cross_validated

    return cross_validated(examples, wordings)

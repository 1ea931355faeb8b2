"""`yiwen eval retrieval` and `yiwen eval tune`: how well passages are found, and the weights by which they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, RawData, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from evaluation.reranking import Reranking
    from evaluation.tune import Fitted
    from rag.retrieval.fusion import Tuning
    from rag.settings import Settings


def retrieval(
    context: typer.Context,
    data: RawData,
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


def tune(
    context: typer.Context,
    data: RawData,
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
    _say_weights(fitted, reranked)
    say(f"tuning {tuning.name}{' is in use' if apply else ''}{f', written to {out}' if out else ''}")


def _say_weights(fitted: Sequence[Fitted], reranked: Sequence[Reranking]) -> None:
    for row in fitted:
        say(f"{row.language}: dense {row.dense}, concepts {row.concepts} on {row.questions:,} questions")
        gain = f"{row.gain.mean:+.4f} [{row.gain.low:+.4f}, {row.gain.high:+.4f}]"
        say(f"  MRR@10 {row.baseline:.4f} plain BM25, {row.crossfitted:.4f} on the held-out folds ({gain})")
    for one in reranked:
        gain = f"{one.gain.mean:+.4f} [{one.gain.low:+.4f}, {one.gain.high:+.4f}]"
        on = f"on, weight {one.weight:g}" if one.earns else "off"
        say(f"{one.language}: reranker {on}; MRR@10 {one.fused:.4f} fused, {one.reranked:.4f} read again ({gain})")


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

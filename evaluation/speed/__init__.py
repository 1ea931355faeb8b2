"""Speed: ingestion, answering, starting. Every part runs as a process of its own, as a user starts it.

`run(data)` measures on the files of a data folder, `run(None)` on the packaged sample; docs/benchmarks.md holds the
figures. Goals are for 2 cores and the data files; on the sample they are only a smoke test.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from evaluation.speed.corpora import Corpus, corpus, graph_file
from evaluation.speed.figures import Figure, SpeedReport, machine, quiet, shares_note
from evaluation.speed.ingesting import Round, ingest_round
from evaluation.speed.process import Finished, run_command
from evaluation.speed.scale import LONG
from evaluation.speed.serving import ready_seconds
from rag.errors import UsageError

__all__ = ["LONG_PARTS", "PARTS", "Figure", "SpeedReport", "run"]

PARTS = ("start", "load", "ingest", "serve", "ask")
LONG_PARTS = tuple(LONG)
"""Measured only when named: with a data folder each takes from ten minutes to an hour."""
_STARTS = 7


def run(
    data: Path | None = None,
    *,
    rounds: int = 3,
    parts: Collection[str] = PARTS,
    progress: Callable[[str], None] = lambda stage: None,
) -> SpeedReport:
    """Measure `parts`, each `rounds` times; `ingest` runs in any case once, since the others need what it publishes.

    `data` None takes the packaged sample. Everything is written to a temporary folder. `progress` is told each stage.
    Raises UsageError, NotFoundError, and YiwenError where a command fails.
    """
    if rounds < 1 or not set(parts) <= {*PARTS, *LONG_PARTS}:
        known = ", ".join((*PARTS, *LONG_PARTS))
        raise UsageError(f"rounds {rounds}, parts {', '.join(parts)}; expected rounds >= 1, parts of {known}")
    figures: list[Figure] = []
    notes: dict[str, object] = {}
    before = machine()
    if "start" in parts:
        progress("start")
        figures += starts()
    if "load" in parts:
        progress("load")
        figures += loading_figures(graph_file(data), rounds, notes)
    for name in LONG_PARTS:
        if name in parts:
            progress(name)
            figures += LONG[name](data, rounds, notes)
    if set(parts) & {"ingest", "serve", "ask"}:
        with tempfile.TemporaryDirectory(prefix="yiwen-bench-") as folder:
            figures += _with_base(corpus(data), Path(folder), rounds, parts, notes, progress)
    return SpeedReport(tuple(figures), notes, before)


def starts() -> list[Figure]:
    """Seconds of `import rag` and `yiwen --help`, interpreter start included."""
    commands = {"import rag": ["-c", "import rag"], "yiwen --help": ["-m", "yiwen", "--help"]}
    return [
        Figure(name, "s", tuple(run_command(arguments).seconds for _ in range(_STARTS)), 0.5)
        for name, arguments in commands.items()
    ]


def loading_figures(file: Path, rounds: int, notes: dict[str, object]) -> list[Figure]:
    """Ingestion of one graph file against bare SQLite, in turn, a process a round."""
    runs = [run_command(["-m", "evaluation.speed.loading", str(file)]) for _ in range(rounds)]
    shares = [run.foreign for run in runs]
    notes["processor used by others, load"] = shares_note(shares)
    found = [runs[number].document() for number in quiet(shares)]
    notes["rows of the load"] = found[0]["rows"]

    def figure(name: str, value: Callable[[dict[str, Any]], float], unit: str, goal: float | None = None) -> Figure:
        return Figure(f"load {file.name}, {name}", unit, tuple(value(run) for run in found), goal)

    return [
        figure("file to published version", lambda run: run["ours"]["seconds"], "s"),
        figure("its finished rows into bare SQLite", lambda run: run["raw"]["seconds"], "s"),
        figure("ours / bare", lambda run: run["ours"]["seconds"] / run["raw"]["seconds"], "", 2.0),
        figure("ours / bare, processor time", lambda run: run["ours"]["cpu_seconds"] / run["raw"]["cpu_seconds"], ""),
    ]


def _with_base(
    files: Corpus,
    folder: Path,
    rounds: int,
    parts: Collection[str],
    notes: dict[str, object],
    progress: Callable[[str], None],
) -> list[Figure]:
    """The parts that need a knowledge base."""
    done: list[Round] = []
    for number in range(rounds if "ingest" in parts else 1):
        progress(f"ingest {number + 1}")
        data_dir, scratch = folder / f"kb{number}", folder / f"changed{number}"
        scratch.mkdir()
        done.append(ingest_round(files, data_dir, scratch))
    figures = ingestion_figures(done, files, notes) if "ingest" in parts else []
    if "serve" in parts:
        progress("serve")
        ready = tuple(ready_seconds(data_dir) for _ in range(max(rounds, 3)))
        figures.append(Figure("server ready after its start, checksums verified", "s", ready, 3.0))
    if "ask" in parts:
        progress("ask")
        figures += asking_figures(data_dir, rounds, notes)
    return figures


def ingestion_figures(rounds: list[Round], files: Corpus, notes: dict[str, object]) -> list[Figure]:
    """Seconds and memory of the three ingestions; what they counted goes to `notes`."""
    last = rounds[-1]
    notes["ingested"] = f"{files.name}, {len(files.files)} files"
    notes["records"] = last.report["loaded_by_kind"]
    notes["skipped rows"] = last.skipped()
    notes["rejected rows"] = last.rejected()
    notes["the same files again give no new version"] = all(r.again.document()["unchanged"] for r in rounds)
    notes["one changed record changes nothing else"] = all(r.differences == files.expected for r in rounds)
    notes["what it changed"] = list(last.samples)
    found = []
    for name, way, goal in (
        ("ingest, nothing to published", "first", 90),
        ("ingest again, no new version", "again", 20),
        ("ingest one changed record", "changed", 10),
    ):
        runs: list[Finished] = [getattr(r, way) for r in rounds]
        shares = [run.foreign for run in runs]
        notes[f"processor used by others, {name}"] = shares_note(shares)
        kept = [runs[number] for number in quiet(shares)]
        found.append(Figure(name, "s", tuple(run.seconds for run in kept), goal))
        found.append(Figure(f"{name}, processor time", "s", tuple(run.cpu_seconds for run in kept)))
    peaks = tuple(r.first.peak_mb for r in rounds if r.first.peak_mb is not None)
    return [*found, Figure("ingest, nothing to published, peak memory", "MB", peaks, 600)] if peaks else found


def asking_figures(data_dir: Path, rounds: int, notes: dict[str, object]) -> list[Figure]:
    """Milliseconds of 500 questions in one process."""
    runs = [run_command(["-m", "evaluation.speed.asking", str(data_dir), "1"]) for _ in range(rounds)]
    shares = [run.foreign for run in runs]
    notes["processor used by others, ask"] = shares_note(shares)
    found = [runs[number].document() for number in quiet(shares)]
    notes["outcomes of the mixed questions"] = found[0]["outcomes"]

    def figure(name: str, key: str, goal: float | None = None) -> Figure:
        return Figure(f"ask, {name}", "ms", tuple(value for run in found for value in run[key]), goal)

    steps = [
        Figure(f"ask, step {step} (median)", "ms", tuple(run["steps"][step] for run in found))
        for step in found[0]["steps"]
    ]
    return [
        figure("p50", "p50", 25),
        figure("p99", "p99", 100),
        figure("slowest", "slowest"),
        figure("processor time p50", "cpu_p50"),
        figure("processor time p99", "cpu_p99"),
        *steps,
        Figure("open the knowledge base in a process", "s", tuple(run["open_s"] for run in found)),
    ]

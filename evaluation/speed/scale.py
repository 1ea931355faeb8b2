"""The parts that take long: vectors, memory of a large file, swaps, traffic, retrieval. Small on the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluation.speed.corpora import SAMPLE, corpus, graph_file
from evaluation.speed.figures import Figure, quiet, shares_note
from evaluation.speed.process import run_command
from evaluation.speed.stub import GRACE_S

SIZES = ((1_000_000, ("auto", "hnsw")), (100_000, ("auto",)))
SMALL_SIZES = ((60_000, ("auto",)),)
SLOWEST = {"ivf": 1 / 100, "hnsw": 1 / 200, "sq8": 0.7}
"""Of the time of a flat scan, by kind of index."""
LEAST_RECALL = 0.99
MEGABYTES, SMALL_MEGABYTES = 2_000, 12
PASSAGES, SMALL_PASSAGES = 100_000, 2_000
STAGING_MB, SEAL_MB, SEAL_PER_INDEX = 300, 300, 1.3
_SECONDS, _SWAPS = 15, 50
_SMALL_SECONDS, _SMALL_SWAPS = 2, 10

Notes = dict[str, object]


def vector_figures(data: Path | None, rounds: int, notes: Notes) -> list[Figure]:
    """Latency of each kind of index as a share of a flat scan's, and its recall@10."""
    figures = []
    for count, kinds in SMALL_SIZES if data is None else SIZES:
        for setting in kinds:
            command = ["-m", "evaluation.speed.vectors", str(count), str(rounds), setting]
            run = run_command(command)
            found = run.document()[setting]
            what = f"{count:,} vectors, {setting} ({found['kind']})"
            shares = tuple(ours / flat for ours, flat in zip(found["ms"], found["flat_ms"], strict=True))
            figures += [
                Figure(f"{what}, time / flat scan", "", shares, SLOWEST[found["kind"]]),
                Figure(f"{what}, a query", "ms", tuple(found["ms"])),
                Figure(f"{what}, recall@10 missed", "", (1 - found["recall"],), round(1 - LEAST_RECALL, 3)),
                Figure(f"{what}, build", "s", (found["build_s"],)),
            ]
            notes[f"processor used by others, {what}"] = shares_note([run.foreign])
            notes[f"effort of {what}, bytes"] = [found["effort"], found["bytes"]]
    return figures


def memory_figures(data: Path | None, rounds: int, notes: Notes) -> list[Figure]:
    """What a large file costs in memory; once, since memory does not depend on what else the machine does."""
    megabytes = SMALL_MEGABYTES if data is None else MEGABYTES
    found = run_command(["-m", "evaluation.speed.big", str(megabytes)]).document()
    notes["passages of the large file"] = found["loaded"]["passage"]
    notes["after a kill the next batch is the first one that was not committed"] = found["resumed_after_last_commit"]
    limit = SEAL_MB + SEAL_PER_INDEX * found["dense_mb"]
    peaks = found["peaks_mb"]
    return [
        Figure(f"{megabytes} MB of passages, reading and staging, above idle", "MB", (peaks["staging"],), STAGING_MB),
        Figure(f"{megabytes} MB of passages, building the version, above idle", "MB", (peaks["seal"],), round(limit)),
    ]


def swap_figures(data: Path | None, rounds: int, notes: Notes) -> list[Figure]:
    """Swaps and roll-backs under 16 askers beside a niced ingestion, each round a process with a server of its own."""
    files = [graph_file(data), *([SAMPLE / "passages.jsonl"] if data is None else sorted(data.glob("literature/pub*")))]
    seconds, swaps = (_SMALL_SECONDS, _SMALL_SWAPS) if data is None else (_SECONDS, _SWAPS)
    command = ["-m", "evaluation.speed.swaps", str(seconds), str(swaps), *map(str, files)]
    runs = [run_command(command) for _ in range(rounds)]
    notes["processor used by others, swaps"] = shares_note([run.foreign for run in runs])
    everything = [run.document() for run in runs]
    notes["answers under swaps, citations looked up"] = [
        sum(r[key] for r in everything) for key in ("answers", "citations")
    ]
    notes["no request failed"] = not any(run["errors"] for run in everything)
    notes["every citation opens in the version of its answer"] = not any(r["not in their version"] for r in everything)
    found = [everything[number] for number in quiet([run.foreign for run in runs])]

    def figure(name: str, unit: str, value: Callable[[dict[str, Any]], float], goal: float | None = None) -> Figure:
        return Figure(f"{swaps} swaps under 16 askers, {name}", unit, tuple(value(run) for run in found), goal)

    return [
        figure("p99 / p99 undisturbed", "", lambda run: run["p99_ms"] / run["p99_idle_ms"], 2.0),
        figure("p99 undisturbed", "ms", lambda run: run["p99_idle_ms"]),
        figure("slowest roll-back", "s", lambda run: max(run["back_s"]), 1.0),
        figure("slowest swap to a version that has to be opened", "s", lambda run: max(run["forward_s"])),
        figure(
            "memory at the end / once all were open", "", lambda run: run["memory_mb"][-1] / run["memory_mb"][0], 1.1
        ),
    ]


def traffic_figures(data: Path | None, rounds: int, notes: Notes) -> list[Figure]:
    """The service under many connections, once: throughput is taken in turns with a bare route anyway."""
    files = [graph_file(data), *([SAMPLE / "passages.jsonl"] if data is None else sorted(data.glob("literature/pub*")))]
    seconds, asks = (_SMALL_SECONDS, 500) if data is None else (60, 10_000)
    command = run_command(["-m", "evaluation.speed.traffic", str(seconds), str(asks), *map(str, files)])
    notes["processor used by others, traffic"] = shares_note([command.foreign])
    run = command.document()
    streams, overload, ending = run["streams"], run["overload"], run["ending"]
    notes["answers that failed without being refused"] = set(overload["statuses"]) <= {"200", "503"}
    notes["streams that were stopped ended with `done`, those cut short with `error`"] = [
        streams["ended"], ending["ended"]
    ]  # fmt: skip
    notes["statuses of the asks whose memory was watched"] = run["memory"]["statuses"]
    notes["offered in the overload, times the peak"] = overload["offered"]
    bare = tuple(1 / ratio for ratio in run["throughput"]["ratio"])
    return [
        Figure("64 connections, answers of a bare route / of ours", "", bare, 1 / 0.7),
        Figure("64 connections, ours", "answers/s", tuple(run["throughput"]["ours"])),
        Figure("first event beyond the p50 of bare retrieval", "ms", (run["first_event_ms"] - run["retrieval_ms"],), 5),
        Figure("64 streams and two swaps, longest gap of our making", "ms", (streams["longest_gap_ms"],), 100),
        Figure("64 streams stopped, until all have ended", "s", (streams["stopped_s"],), 1),
        Figure("4 x overload, peak / goodput", "", (1 / overload["goodput"],), 1 / 0.8),
        Figure("4 x overload, refusals p99", "ms", (overload["refused_p99_ms"],), 50),
        Figure("4 x overload, /healthz p99", "ms", (overload["health_p99_ms"],), 100),
        Figure("an unclaimed stream ends after", "s", (run["dropped_s"],), 16),
        Figure(f"memory after {asks:,} asks / before", "", (run["memory"]["growth"],), 1.05),
        Figure("open files more than before", "", (run["memory"]["files"],), 0),
        Figure("SIGTERM under load, exit beyond the grace period", "s", (ending["exit_s"] - GRACE_S,), 1),
    ]


def retrieval_figures(data: Path | None, rounds: int, notes: Notes) -> list[Figure]:
    """Retrieval without the rest of an answer, among many passages; once, over 500 questions."""
    passages = SMALL_PASSAGES if data is None else PASSAGES
    run = run_command(["-m", "evaluation.speed.retrieving", str(passages), *map(str, corpus(data).files)])
    notes["processor used by others, retrieval"] = shares_note([run.foreign])
    found = run.document()
    parts: dict[str, float] = found["parts_p99"]
    notes["p99 of the parts of retrieval, processor, ms"] = {name: round(ms, 2) for name, ms in parts.items()}

    def figure(name: str, value: float, unit: str = "ms", goal: float | None = None) -> Figure:
        return Figure(f"retrieval among {found['passages']:,} passages, {name}", unit, (value,), goal)

    return [
        figure("p50", found["p50"], goal=25),
        figure("p99", found["p99"]),
        figure("processor time p50", found["cpu_p50"]),
        figure("processor time p99", found["cpu_p99"]),
        figure("processor time p99 / sum of the p99 of its parts", found["cpu_p99"] / sum(parts.values()), "", 2.0),
    ]


LONG = {
    "vectors": vector_figures, "memory": memory_figures, "swaps": swap_figures, "traffic": traffic_figures,
    "retrieval": retrieval_figures,
}  # fmt: skip

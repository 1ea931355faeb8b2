"""Time of `ask` in one process: `python -m evaluation.speed.asking DATA_DIR [ROUNDS]` prints one JSON document.

A process of its own, so that nothing else of the benchmark weighs on it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from evaluation.speed.figures import percentile
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.wiring import build

QUESTIONS = Path(__file__).parents[1] / "sets" / "mixed_questions.txt"
_WARM_UP = 20


def mixed_questions() -> list[str]:
    """500 questions of many kinds."""
    return [line for line in QUESTIONS.read_text(encoding="utf-8").splitlines() if line.strip()]


def ask_all(pipeline: Pipeline, questions: list[str], rounds: int) -> dict[str, Any]:
    """Milliseconds per question: p50, p99 and the slowest of each round, and each step's median over all rounds.

    `cpu_p50` and `cpu_p99` count the processor time of the question instead, which waiting for a busy machine leaves
    out.
    """
    for question in questions[:_WARM_UP]:
        pipeline.ask(question, Options())
    found: dict[str, Any] = {"p50": [], "p99": [], "cpu_p50": [], "cpu_p99": [], "slowest": []}
    steps: dict[str, list[float]] = defaultdict(list)
    outcomes: Counter[str] = Counter()
    for _ in range(rounds):
        taken, worked = [], []
        for question in questions:
            begin, work = time.perf_counter(), time.process_time()
            answer = pipeline.ask(question, Options())
            taken.append((time.perf_counter() - begin) * 1000)
            worked.append((time.process_time() - work) * 1000)
            outcomes[answer.outcome.value] += 1
            for step, milliseconds in answer.timings_ms.items():
                steps[step].append(milliseconds)
        found["p50"].append(percentile(taken, 0.5))
        found["p99"].append(percentile(taken, 0.99))
        found["cpu_p50"].append(percentile(worked, 0.5))
        found["cpu_p99"].append(percentile(worked, 0.99))
        found["slowest"].append(max(taken))
    found["steps"] = {step: statistics.median(values) for step, values in steps.items()}
    found["outcomes"] = {name: count // rounds for name, count in outcomes.most_common()}
    return found


def measure(data_dir: Path, rounds: int) -> dict[str, Any]:
    """Open the current version of `data_dir` and ask every question."""
    begin = time.perf_counter()
    pipeline = build(Settings(data_dir=data_dir))
    pipeline.editions.current()
    opened = time.perf_counter() - begin
    return {"open_s": opened} | ask_all(pipeline, mixed_questions(), rounds)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)))

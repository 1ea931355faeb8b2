"""Memory of a large ingestion: `python -m evaluation.speed.big MEGABYTES` makes a file, ingests it, prints JSON.

The file holds made passages, each with a source of its own. The ingestion runs in a process of its own, is killed
halfway through reading, and the same command finishes it. Peaks are what the process and the copies that it makes of
itself allocated (Pss_Anon) beyond what it held before it began, for reading and staging, and for building the version.
Files that are mapped to be read, as the word index is while it is merged, come on top: those pages are the system's
cache, which it takes back at will.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any

from evaluation.speed.process import together_mb
from kg_loader.embedding import embedder_for
from kg_loader.ingest import ingest
from rag.errors import YiwenError
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import DENSE

_WORDS, _NAMES, _SENTENCES = 6_000, 5_000, 60
_POLL_S = 0.01
PHASES = ("staging", "seal")
SEALING = "records"
"""The first stage of building a version, as its progress names it."""
_HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]


def write_made(path: Path, megabytes: float) -> int:
    """Write JSON lines in the format `passages` until the file has this size; how many lines."""
    rng = random.Random(3)
    words = ["".join(rng.choices(_HAN, k=rng.choice((1, 2, 2, 2, 3)))) for _ in range(_WORDS)]
    names = [f"{words[n]}{words[-n - 1]}病" for n in range(_NAMES)]
    size = lines = 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1e6:
            line = json.dumps(_passage(rng, words, names, lines), ensure_ascii=False) + "\n"
            size += len(line.encode())
            lines += 1
            file.write(line)
    return lines


def _passage(rng: random.Random, words: list[str], names: list[str], number: int) -> dict[str, object]:
    name = rng.choice(names)
    said = ("".join(rng.choices(words, k=rng.randint(6, 14))) for _ in range(_SENTENCES))
    return {
        "text": f"{name}：" + "。".join(said) + "。",
        "kind": "conclusion",
        "source": f"第{number}号研究",
        "title": f"{name}研究之{number}",
        "year": 1990 + number % 30,
        "pmid": str(10_000_000 + number),
        "about": f"disease:{name}",
    }


# ---------------------------------------------------------------- the process that ingests


def ingesting(file: Path, data_dir: Path, dies_at: int | None) -> None:
    """Ingest; say what phase begins, after each batch how far it is, each point of publishing, what was loaded.

    It kills itself once it has committed `dies_at` items: whoever reads what it says may be late by a whole stage on a
    busy machine, and so may a signal. For the same reason it waits at each phase until the watcher has taken note.
    """
    settings = Settings(data_dir=data_dir, terms=False)
    library, embedder = Library(data_dir), embedder_for(settings)

    def told(stage: str, done: int, total: int) -> None:
        if stage == SEALING:
            _begin(PHASES[1])
        elif not total:
            _say({"stage": stage, "done": done})
        if dies_at is not None and done >= dies_at:
            _begin("death")
            os.kill(os.getpid(), signal.SIGKILL)

    _begin(PHASES[0])
    report = ingest(
        library, [file], settings=settings, embedder=embedder, progress=told,
        reached=lambda point: _say({"point": point}),
    )  # fmt: skip
    _begin("end")
    dense = (library.snapshot_folder(report.version) / DENSE).stat().st_size / 1e6
    _say({"dense_mb": dense, "loaded": dict(report.loaded_by_kind)})


def _begin(phase: str) -> None:
    _say({"phase": phase})
    sys.stdin.readline()


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- the process that watches


def measure(megabytes: float) -> dict[str, Any]:
    """Make the file, have it ingested with a kill halfway, and tell the peaks and what the second run repeated."""
    with tempfile.TemporaryDirectory(prefix="yiwen-big-") as name:
        folder = Path(name)
        lines = write_made(folder / "made.jsonl", megabytes)
        before = _run(folder, dies_at=lines)
        after = _run(folder)
        done = [line["done"] for line in before if line.get("stage") == "made.jsonl"]
        again = [line["done"] for line in after if line.get("stage") == "made.jsonl"]
        resumed = bool(done) and (not again or again[0] >= done[-1])
        peaks = {phase: max(said[-1]["peaks_mb"].get(phase, 0.0) for said in (before, after)) for phase in PHASES}
        return {"lines": lines, "resumed_after_last_commit": resumed, **after[-1], "peaks_mb": peaks}


def _run(folder: Path, dies_at: int | None = None) -> list[dict[str, Any]]:
    """What a child said, its peaks with the last of it. Raises YiwenError if it ends otherwise than it was told to."""
    command = [sys.executable, "-m", "evaluation.speed.big", str(folder / "made.jsonl"), str(folder / "kb")]
    command += [] if dies_at is None else [str(dies_at)]
    said: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        assert child.stdin is not None
        assert child.stdout is not None
        watch = Watch(child.pid)
        watch.start()
        for line in child.stdout:
            said.append(json.loads(line))
            sys.stderr.write(f"{line.strip()} {watch.peaks}\n")  # it takes long: what is known so far
            if "phase" in said[-1]:
                watch.begin(said[-1]["phase"])
                child.stdin.write("\n")
                child.stdin.flush()
    if child.returncode != (0 if dies_at is None else -signal.SIGKILL):
        raise YiwenError(f"the ingestion ended with exit code {child.returncode}")
    return [*said[:-1], said[-1] | {"peaks_mb": watch.peaks}]


class Watch(Thread):
    """Reads what a process has allocated every few milliseconds, until it is gone."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._idle = 0.0
        self._phase = ""
        self.peaks: dict[str, float] = {}

    def begin(self, phase: str) -> None:
        """The process waits between two phases; what it holds when the first begins is its idle memory."""
        now = together_mb(self._pid, "Pss_Anon") or 0.0
        self._idle = self._idle or now
        for each in filter(None, (self._phase, phase)):  # a small version may pass a phase between two looks
            self.peaks[each] = max(self.peaks.get(each, 0.0), now - self._idle)
        self._phase = phase

    def run(self) -> None:
        """Until the process ends."""
        while (now := together_mb(self._pid, "Pss_Anon")) is not None:
            if self._phase:
                self.peaks[self._phase] = max(self.peaks.get(self._phase, 0.0), now - self._idle)
            time.sleep(_POLL_S)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        _say(measure(float(sys.argv[1])))
    else:
        ingesting(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)

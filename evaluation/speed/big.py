"""Memory of a large ingestion: `python -m evaluation.speed.big MEGABYTES` makes a file, ingests it, prints JSON.

The file holds made passages, each with a source of its own. The ingestion runs in a process of its own, is killed
halfway through reading, and the same command finishes it. Peaks are what the process allocated (RssAnon) beyond what
it held before it began, for reading and staging, and for building the version. Files that are mapped to be read, as
the word index is while it is merged, come on top: those pages are the system's cache, which it takes back at will.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any

from evaluation.speed.process import memory_mb
from kg_loader.embedding import embedder_for
from kg_loader.ingest import ingest
from rag.errors import YiwenError
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import DENSE

_WORDS, _NAMES, _SENTENCES = 6_000, 5_000, 60
_POLL_S = 0.01
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


def ingesting(file: Path, data_dir: Path) -> None:
    """Ingest; say when it begins, after each batch how far it is, each point of publishing, what was loaded."""
    settings = Settings(data_dir=data_dir, terms=False)
    library, embedder = Library(data_dir), embedder_for(settings)
    _say({"begins": True})
    report = ingest(
        library, [file], settings=settings, embedder=embedder, reached=lambda point: _say({"point": point}),
        progress=lambda stage, done, total: _say({"stage": stage, "done": done}) if not total else None,
    )  # fmt: skip
    dense = (library.snapshot_folder(report.version) / DENSE).stat().st_size / 1e6
    _say({"dense_mb": dense, "loaded": dict(report.loaded_by_kind)})


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- the process that watches


def measure(megabytes: float) -> dict[str, Any]:
    """Make the file, have it ingested with a kill halfway, and tell the peaks and what the second run repeated."""
    with tempfile.TemporaryDirectory(prefix="yiwen-big-") as name:
        folder = Path(name)
        lines = write_made(folder / "made.jsonl", megabytes)
        before = _run(folder, kill_at=lines)
        after = _run(folder, kill_at=None)
        done = [line["done"] for line in before if line.get("stage") == "made.jsonl"]
        again = [line["done"] for line in after if line.get("stage") == "made.jsonl"]
        resumed = bool(done) and (not again or again[0] > done[-1])
        return {"lines": lines, "resumed_after_last_commit": resumed, **after[-1]}


def _run(folder: Path, kill_at: int | None) -> list[dict[str, Any]]:
    """What a child said; it is killed once it has committed `kill_at` items. Raises YiwenError if it fails."""
    command = [sys.executable, "-m", "evaluation.speed.big", str(folder / "made.jsonl"), str(folder / "kb")]
    said: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        assert child.stdout is not None
        watch = Watch(child.pid)
        watch.start()
        for line in child.stdout:
            said.append(json.loads(line))
            sys.stderr.write(f"{line.strip()} {watch.peaks}\n")  # it takes long: what is known so far
            if "begins" in said[-1]:
                watch.begin("staging")
            elif said[-1].get("point") == "staging.settled":
                watch.begin("seal")
            if kill_at is not None and said[-1].get("done", 0) >= kill_at:
                child.kill()
                break
    if kill_at is None and child.returncode != 0:
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
        """From now on the process is in `phase`; what it holds when the first begins is its idle memory."""
        now = memory_mb(self._pid, "RssAnon") or 0.0
        self._idle = self._idle or now
        self.peaks[phase] = now - self._idle  # a small version may be built before the next look
        self._phase = phase

    def run(self) -> None:
        """Until the process ends."""
        while (now := memory_mb(self._pid, "RssAnon")) is not None:
            if self._phase:
                self.peaks[self._phase] = max(self.peaks.get(self._phase, 0.0), now - self._idle)
            time.sleep(_POLL_S)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        _say(measure(float(sys.argv[1])))
    else:
        ingesting(Path(sys.argv[1]), Path(sys.argv[2]))

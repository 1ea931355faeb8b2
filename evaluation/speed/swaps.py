"""Swaps and roll-backs under load: `python -m evaluation.speed.swaps SECONDS SWAPS FILE...` prints one JSON document.

Several versions are published, each with sources of its own, so that no fact or passage of one is in another. A server
answers 16 askers: first undisturbed, then while the pointer goes to a version that has to be opened and back to the
one before, and a niced ingestion runs beside it. Afterwards every citation of every answer is looked up in exactly the
version that the answer names.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

from evaluation.speed.asking import mixed_questions
from evaluation.speed.figures import percentile
from evaluation.speed.process import memory_mb
from evaluation.speed.serving import Server, serving
from kg_loader.ingest import Ingestion, context_of
from kg_loader.plan import Input, identify
from kg_loader.sealing import silent
from kg_loader.sources import FORMATS, Item, guess_format
from kg_loader.versions import activate
from rag.domain import Fact, Passage, Source
from rag.settings import Settings
from rag.snapshot import Library, open_snapshot
from rag.snapshot.library import unobserved

ASKERS, VERSIONS = 16, 5
_PATIENCE_S, _POLL_S, _BETWEEN_S = 30.0, 0.002, 0.3


# ---------------------------------------------------------------- versions without anything in common


def publish_versions(data_dir: Path, files: list[Path], versions: int = VERSIONS) -> None:
    """Publish several versions of `files`, each with other sources."""
    settings = Settings(data_dir=data_dir)
    library = Library(data_dir)
    with library.writing():
        for number in range(versions):
            job = Ingestion.begin(library, settings, None, None, silent, unobserved)
            plan = job.plan([_input(path, number) for path in files], append=False)
            job.run(plan, partial(_marked, number), max_rejects=10_000)


def _input(path: Path, number: int) -> Input:
    found = identify(path, path.stem, guess_format(path, None), None)
    return replace(found, xxh3=f"{found.xxh3} as of {number}")  # what is staged is not only what the file holds


def _marked(number: int, source: Input) -> Iterator[Item]:
    """The records of a file, their sources marked with the number of the version."""
    ids: dict[str, str] = {}
    for item in FORMATS[source.format].read(Path(source.path), context_of(source)):
        if isinstance(item, Source):
            marked = replace(item, lineage=f"{item.lineage or ''} {number}")
            ids[item.id] = marked.id
            yield marked
        elif isinstance(item, (Fact, Passage)):
            yield replace(item, source=ids[item.source])
        else:
            yield item


# ---------------------------------------------------------------- asking


@dataclass
class Asked:
    """What one phase saw: milliseconds, the moments at which a version answered, what was cited, what went wrong."""

    milliseconds: list[float] = field(default_factory=list)
    answered: list[tuple[float, int]] = field(default_factory=list)
    cited: set[tuple[int, str, str, int]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


@contextmanager
def asking(server: Server, asked: Asked) -> Iterator[None]:
    """`ASKERS` threads ask all the time."""
    stop = Event()
    threads = [Thread(target=_ask, args=(server, number, asked, stop), daemon=True) for number in range(ASKERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _ask(server: Server, number: int, asked: Asked, stop: Event) -> None:
    questions = mixed_questions()[number::ASKERS]
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S)) as connection:
        for question in cycle(questions):
            if stop.is_set():
                return
            body = json.dumps({"question": question}).encode()
            begin = time.perf_counter()
            try:
                connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = response.read()
            except OSError as error:
                asked.errors.append(repr(error))
                connection.close()
                continue
            end = time.perf_counter()
            if response.status != 200:
                asked.errors.append(f"{response.status} {content[:200]!r}")
                continue
            answer = json.loads(content)
            asked.milliseconds.append((end - begin) * 1000)
            asked.answered.append((end, answer["kb_version"]))
            for one in answer["citations"]:
                asked.cited.add((answer["kb_version"], one["evidence_id"], one["quote"], one["span"][0]))


def not_in_their_version(library: Library, cited: Iterable[tuple[int, str, str, int]]) -> list[str]:
    """Citations that do not open, word for word, in the version that their answer names."""
    by_version: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for version, identifier, quote, start in cited:
        by_version[version].append((identifier, quote, start))
    wrong = []
    for version, listed in by_version.items():
        snapshot = open_snapshot(library.snapshot_folder(version))
        found = snapshot.evidence(identifier for identifier, _, _ in listed)
        for identifier, quote, start in listed:
            evidence = found.get(identifier)
            if evidence is None or evidence.text[start : start + len(quote)] != quote:
                wrong.append(f"{identifier} in version {version}")
        snapshot.close()
    return wrong


# ---------------------------------------------------------------- one round


def measure(files: list[Path], seconds: float, swaps: int) -> dict[str, Any]:
    """One round on versions published for it."""
    with tempfile.TemporaryDirectory(prefix="yiwen-swaps-") as name:
        data_dir = Path(name)
        publish_versions(data_dir, files)
        library = Library(data_dir)
        with serving(data_dir) as server:
            idle, busy = Asked(), Asked()
            with asking(server, Asked()):
                time.sleep(min(2.0, seconds))
            with asking(server, idle):
                time.sleep(seconds)
            with niced_job(files), asking(server, busy):
                waits, memory = _swap(library, server, busy, swaps)
        wrong = not_in_their_version(library, idle.cited | busy.cited)
        return {
            "answers": len(idle.milliseconds) + len(busy.milliseconds),
            "errors": (idle.errors + busy.errors)[:5],
            "citations": len(idle.cited | busy.cited),
            "not in their version": wrong[:5],
            "p99_idle_ms": percentile(idle.milliseconds, 0.99),
            "p99_ms": percentile(busy.milliseconds, 0.99),
            "p50_idle_ms": percentile(idle.milliseconds, 0.5),
            "p50_ms": percentile(busy.milliseconds, 0.5),
            "forward_s": waits[::2],
            "back_s": waits[1::2],
            "memory_mb": memory,
        }


def _swap(library: Library, server: Server, asked: Asked, swaps: int) -> tuple[list[float], list[float]]:
    """Seconds until the version that was made current answers, forward and back in turn; memory once all were open."""
    waits, memory = [], []
    for target in islice(_forward_and_back(), swaps):
        waits.append(_activate(library, asked, target))
        if len(waits) % (2 * VERSIONS) == 0:
            memory.append(memory_mb(server.pid, "VmRSS") or 0.0)
        time.sleep(_BETWEEN_S)
    return waits, memory


def _forward_and_back() -> Iterator[int]:
    """Versions: one that was not open lately, the one before it, the next, ..."""
    before = VERSIONS
    while True:
        ahead = before % VERSIONS + 1
        yield ahead
        yield before
        before = ahead


def _activate(library: Library, asked: Asked, version: int) -> float:
    begin, seen = time.perf_counter(), len(asked.answered)
    activate(library, version)
    while time.perf_counter() - begin < _PATIENCE_S:
        for end, answered in asked.answered[seen:]:
            if answered == version and end >= begin:
                return end - begin
        seen = max(seen, len(asked.answered) - ASKERS)
        time.sleep(_POLL_S)
    return _PATIENCE_S


@contextmanager
def niced_job(files: list[Path]) -> Iterator[None]:
    """The same files are ingested into folders elsewhere, over and over, at the lowest priority."""
    script = (
        "import os, subprocess, sys, tempfile\nos.nice(19)\n"
        "while True:\n"
        "    with tempfile.TemporaryDirectory() as folder:\n"
        "        subprocess.run([sys.executable, '-m', 'yiwen', '--quiet', '--data-dir', folder, 'ingest',\n"
        "                        '--json', *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, *map(str, files)], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    duration, number, *names = sys.argv[1:]
    sys.stdout.write(json.dumps(measure([Path(name) for name in names], float(duration), int(number))))

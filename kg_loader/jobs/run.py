"""The process that runs one job, as the worker sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kg_loader.jobs.job import OPENING, WAITING, Job, Progress
from kg_loader.jobs.process import end, launch
from kg_loader.jobs.retention import undo
from rag.settings import Settings
from rag.snapshot import Library


class Run:
    """The process that runs one job, and what it has said."""

    def __init__(self, settings: Settings, job: Job, child: str) -> None:
        self.job = job
        self._library = Library(settings.data_dir)
        self.before = set(self._library.folders())
        """The versions that were there already."""
        self.result: dict[str, Any] | None = None
        self.progress: Progress | None = None
        self.over = False
        self._first, self._since = Progress(OPENING), time.monotonic()
        message = {"job": job.id, "order": asdict(job.order)}
        self._process = launch(child, settings, message, piped=True)
        self._rest = b""

    @property
    def stage(self) -> str:
        """What it was doing when it last said something."""
        return self.progress.stage if self.progress else OPENING

    def published(self) -> bool:
        """Whether the version that is current was made by this run, which had the only lock."""
        pointer = self._library.readable_pointer()
        return pointer is not None and pointer.version not in self.before and self.stage not in (OPENING, WAITING)

    def forget(self) -> None:
        """Remove what it staged and sealed."""
        if self.stage not in (OPENING, WAITING):
            undo(self._library, self.before)

    def listen(self, timeout_s: float) -> bool:
        """Take in what it says within `timeout_s`; whether it had something to say."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        heard = False
        if select.select([handle], [], [], timeout_s)[0]:
            piece = os.read(handle, 1 << 16)
            self.over = not piece
            for document in self._lines(piece):
                heard = True
                self._take(document)
        return heard

    def listen_until_over(self, timeout_s: float) -> None:
        """The same until it ends."""
        deadline = time.monotonic() + timeout_s
        while not self.over and (left := deadline - time.monotonic()) > 0:
            self.listen(left)

    def _lines(self, piece: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        yield from (json.loads(line) for line in lines)

    def _take(self, document: dict[str, Any]) -> None:
        if "progress" not in document:
            self.result = document
            return
        said = Progress(**document["progress"])
        if (said.stage, said.file) != (self._first.stage, self._first.file):
            self._first, self._since = said, time.monotonic()
        self.progress = said.paced(self._first, time.monotonic() - self._since)

    def end(self, grace_s: float) -> None:
        """Kill it if it still runs, and take in its last words; nothing happens the second time."""
        if self._process.stdout is None or self._process.stdout.closed:
            return
        if not self.over:
            end(self._process, grace_s)
            self.listen_until_over(grace_s)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def how_it_died(self) -> str:
        """Why there is no result."""
        code = self._process.wait()
        if code >= 0:
            return f"the process of the ingestion ended with exit code {code} and no result; see the log of the worker"
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else str(-code)
        memory = "; perhaps it ran out of memory" if -code == signal.SIGKILL else ""
        return f"the process of the ingestion was ended by {name} in the stage {self.stage}{memory}"

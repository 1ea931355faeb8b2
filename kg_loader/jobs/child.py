"""The process of one run: `python -m kg_loader.jobs.child`, started by the worker. It may be killed at any moment.

It writes one JSON document a line: `{"progress": ...}` while it goes, at the end `{"report": ...}` or `{"error": ...}`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from kg_loader.ingest import ingest
from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import (
    ASKING,
    FLIPPING,
    FLUSHING,
    LOADING,
    MIRRORING,
    OPENING,
    PATH_OPTIONS,
    PREVIEW,
    REVIEW,
    SEALING,
    SETTLING,
    WAITING,
    JobFile,
    Order,
    problem,
)  # fmt: skip
from kg_loader.jobs.process import received
from kg_loader.preview import preview
from kg_loader.report import IngestReport
from kg_loader.reviewing import hold, release
from rag.domain import Verdict
from rag.errors import (
    ConflictError,
    DataError,
    DependencyError,
    GateError,
    LiveGraphError,
    LockedError,
    MissingExtraError,
    YiwenError,
)
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.library import unobserved

_AT = {
    "staging.opened": LOADING, "staging.before_settle": SETTLING, "seal.validated": FLUSHING, "mirror.begun": MIRRORING,
    "flip.checked": FLIPPING,
}  # fmt: skip
"""The stage that begins at a named point of an ingestion; the others begin with their own progress."""
_TOLD = {**{name: name for name in SEALING}, "gate": ASKING, "mirror": MIRRORING}
"""Stages by the name that an ingestion gives to their progress; any other is that of a file."""
Observer = Callable[[str], None]
T = TypeVar("T")
LOCK_POLL_S = 1.0
_TELL_S = 0.5


class Teller:
    """Writes to the worker; what a run has reached at most every half second, a new stage at once."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._out = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not look like a message
        self._real: set[str] = set()
        self._guard = threading.Lock()
        self._now: dict[str, Any] = {}
        self.stage(OPENING)
        threading.Thread(target=self._repeat, name="progress", daemon=True).start()

    def follow(self, files: Sequence[Path]) -> Sequence[Path]:
        """The files whose reading is told of."""
        self._real = {os.path.realpath(path) for path in files}
        return files

    def message(self, content: Mapping[str, Any]) -> None:
        """One line. A worker that is gone reads none, and this process is about to follow it."""
        with self._guard:
            line = json.dumps(content, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
            while line:
                line = line[os.write(self._out, line) :]

    def stage(self, stage: str) -> None:
        """A stage begins."""
        if stage != self._now.get("stage"):
            self._now = {"stage": stage, "done": 0, "total": None, "file": None}
            self.message({"progress": self._now})

    def progress(self, stage: str, done: int, total: int) -> None:
        """As `ingest` calls it: a stage, or the name of the file that is being loaded."""
        file = None if stage in _TOLD else stage
        self.stage(_TOLD.get(stage, LOADING))
        self._now = {**self._now, "done": done, "total": total or None, "file": file}

    def reached(self, point: str) -> None:
        """As `ingest` calls it."""
        if point in _AT:
            self.stage(_AT[point])
        self._observer(point)

    def _repeat(self) -> None:
        told: Mapping[str, Any] = {}
        while True:
            time.sleep(_TELL_S)
            now = {**self._now, "fraction": self._share_read() if self._now["stage"] == LOADING else None}
            if now != told:
                self.message({"progress": now})
            told = now

    def _share_read(self) -> float | None:
        """How much of the file that is open is behind us, as Linux tells it; None where it does not."""
        name = self._now["file"]
        try:
            for handle in os.listdir("/proc/self/fd"):
                target = os.path.realpath(f"/proc/self/fd/{handle}")
                if target in self._real or os.path.basename(target) == name:
                    position = int(Path(f"/proc/self/fdinfo/{handle}").read_text().split("pos:")[1].split()[0])
                    return min(1.0, position / max(1, os.path.getsize(target)))
        except (OSError, ValueError, IndexError):  # closed between two looks, or no /proc
            return None
        return None


def run(settings: Settings, job: str, order: Order, observer: Observer) -> None:
    """Ingest, and say what came of it."""
    uploads = Uploads(settings.data_dir)
    teller = Teller(observer)
    try:
        tempfile.tempdir = str(uploads.scratch(job))
        if PREVIEW in order.options:
            teller.message({"report": _previewed(order, uploads)})
            return
        if order.kind == REVIEW:
            teller.message({"report": _waiting(lambda: _reviewed(settings, order, teller), teller)})
            return
        files = teller.follow(uploads.presented(order))
        report = _waiting(lambda: _ingested(settings, order, files, teller), teller)
        if report.rejects_file is not None:
            uploads.rename_rejects(order, report.rejects_file)
        teller.message({"report": report.document()})
    except DataError as error:
        if error.rejects_file is not None:
            uploads.rename_rejects(order, error.rejects_file)
        rejected = _reasons(error.rejects_file) if error.rejects_file else {}
        told = problem(error, uploads.without_folder(order, str(error)))
        teller.message({"error": told, "rejects_file": error.rejects_file, "rejected": rejected})
    except GateError as error:
        teller.message({"error": {**problem(error, str(error)), "gate": error.report}})
    except YiwenError as error:
        detail = uploads.without_folder(order, str(error))
        teller.message({"error": problem(error, detail), "transient": is_transient(error)})
    except Exception as error:
        traceback.print_exc()
        what = " ".join(str(error).split())[:300]
        detail = uploads.without_folder(
            order, f"unexpected {type(error).__name__}: {what}; the worker's log tells more"
        )
        teller.message({"error": problem(YiwenError(), detail)})


def _waiting(work: Callable[[], T], teller: Teller) -> T:
    """What `work` returns; tries again while another process writes to the knowledge base."""
    while True:
        try:
            return work()
        except LockedError:
            teller.stage(WAITING)
            time.sleep(LOCK_POLL_S)
        teller.stage(OPENING)


def _ingested(settings: Settings, order: Order, files: Sequence[Path], teller: Teller) -> IngestReport:
    return ingest(
        Library(settings.data_dir), files, dataset=order.dataset, format=order.format,
        encoding=order.encoding, append=order.append, settings=settings,
        progress=teller.progress, reached=teller.reached, **_options(order),
    )  # fmt: skip


def _reviewed(settings: Settings, order: Order, teller: Teller) -> dict[str, Any]:
    """A version in which the records are released or held."""
    library, records, reason = Library(settings.data_dir), order.options["records"], order.options["reason"]
    if order.options["verdict"] == Verdict.RELEASE:
        done = release(
            library, settings, records, reason=reason, again=True, progress=teller.progress, reached=teller.reached
        )
    else:
        done = hold(library, settings, records, reason=reason, progress=teller.progress, reached=teller.reached)
    return done.document() | {"rejected": {}, "rejects_file": None}


def _previewed(order: Order, uploads: Uploads) -> dict[str, Any]:
    """The first rows of each file as they would be stored, and what would be left out; nothing is stored."""
    found = preview(
        uploads.presented(order), order.options[PREVIEW], dataset=order.dataset, format=order.format,
        encoding=order.encoding, table_map=order.options.get("table_map"), tables=True,
    )  # fmt: skip
    rejected = sum((Counter(one.rejected) for one in found), Counter[str]())
    documents = [one.document() | {"file": uploads.without_folder(order, one.file)} for one in found]
    return {"version": None, "preview": documents, "rejected": dict(rejected), "rejects_file": None}


def _options(order: Order) -> dict[str, Any]:
    """As `ingest` takes them."""
    return {name: Path(value) if name in PATH_OPTIONS else value for name, value in order.options.items()}


def _reasons(rejects: Path) -> dict[str, int]:
    with rejects.open(encoding="utf-8") as file:
        return dict(Counter(json.loads(line)["reason"] for line in file).most_common())


def is_transient(error: YiwenError) -> bool:
    """Whether the same run may succeed later: something outside was down, or somebody else published."""
    if isinstance(error, LiveGraphError):
        return error.transient
    return isinstance(error, DependencyError | ConflictError) and not isinstance(error, MissingExtraError)


def main(observer: Observer = unobserved) -> NoReturn:
    """One run; `observer` is told of the named points of ingestion."""
    settings, message = received()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("faiss").setLevel(logging.WARNING)
    os.nice(settings.worker_nice)
    ordered = message["order"]
    files = tuple(JobFile(**file) for file in ordered.pop("files"))
    run(settings, message["job"], Order(files, **ordered), observer)
    sys.stderr.flush()
    os._exit(0)  # the result is out; threads and libraries need no farewell


if __name__ == "__main__":
    main()

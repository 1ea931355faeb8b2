"""A worker that a server runs beside itself: `python -m kg_loader.jobs.beside`, ends with the server."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kg_loader.jobs.process import end, launch, received
from kg_loader.jobs.table import JobTable
from kg_loader.jobs.worker import Worker
from rag.errors import YiwenError
from rag.settings import Settings
from rag.state import open_state

_log = logging.getLogger("yiwen.worker")
LOOK_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
END_S = 5.0


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """Keep a worker running while the block runs, unless the settings say no; one that dies is replaced."""
    if not settings.worker:
        yield
        return
    leaving = threading.Event()
    keeper = threading.Thread(target=_keep, args=(settings, leaving), name="worker", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()


def _keep(settings: Settings, leaving: threading.Event) -> None:
    pause = FIRST_PAUSE_S
    while not leaving.is_set():
        process = launch("kg_loader.jobs.beside", settings, {}, piped=False)
        lasted = _until_either_ends(process, leaving)
        if leaving.is_set():
            end(process, END_S)
        else:
            pause = FIRST_PAUSE_S if lasted > LONGEST_PAUSE_S else min(2 * pause, LONGEST_PAUSE_S)
            _log.error("the worker ended with code %s; another one starts in %.0f s", process.returncode, pause)
            leaving.wait(pause)
        if process.stdin is not None:
            process.stdin.close()


def _until_either_ends(process: subprocess.Popen[bytes], leaving: threading.Event) -> float:
    """How many seconds it lasted."""
    lasted = 0.0
    while process.poll() is None and not leaving.wait(LOOK_S):
        lasted += LOOK_S
    return lasted


def stop_at_signals(worker: Worker) -> None:
    """SIGTERM and Ctrl-C end a worker in good order: what it runs goes back into the queue."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())


def main() -> None:
    """Work until SIGTERM, or until the server is gone."""
    settings, _ = received()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        worker = Worker(settings, JobTable(open_state(settings)))
        stop_at_signals(worker)
        worker.run()
    except YiwenError as error:
        _log.error("no jobs are run: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

"""`yiwen worker`: runs the jobs that are queued."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from yiwen.options import DataDir, load_settings


def worker(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End when no job is queued any more; for cron.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run ingestion jobs, one after the other, until Ctrl-C or SIGTERM; then a running one goes back into the queue.

    `yiwen serve` runs a worker by itself. A second one waits until the first is gone. With --once, exit code 1: a job
    failed; 7: some rows were rejected.
    """
    from kg_loader.jobs.beside import stop_at_signals
    from kg_loader.jobs.table import JobTable
    from kg_loader.jobs.worker import Worker, exit_code
    from rag.state import open_state

    settings = load_settings(context, data_dir)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    runner = Worker(settings, JobTable(open_state(settings)))
    stop_at_signals(runner)
    runner.run(once=once)
    if once:
        raise typer.Exit(exit_code(runner.ended))

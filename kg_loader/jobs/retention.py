"""What is removed: a cancelled run's leavings, a job with its files, jobs that ended long ago."""

from __future__ import annotations

import logging
import time
from collections.abc import Set
from pathlib import Path

from kg_loader.jobs.files import Uploads
from kg_loader.jobs.job import Job
from kg_loader.jobs.table import JobTable
from rag.errors import ConflictError, LockedError, NotFoundError
from rag.snapshot import Library
from rag.snapshot.files import storage_errors

_log = logging.getLogger("yiwen.worker")
_DAY = 24 * 3600.0


def undo(library: Library, before: Set[int]) -> None:
    """Forget what a killed run staged, and versions it sealed and never published: recovery would publish those."""
    from kg_loader.staging import discard  # with it come the readers of all formats, which a worker seldom needs

    try:
        with library.writing():
            for version in set(library.folders()) - before:
                if not library.was_published(version):
                    library.remove(version)
            discard(library.staging)
    except LockedError:  # another writer has begun; it discards what is not its own
        return


def remove(table: JobTable, uploads: Uploads, job: Job) -> None:
    """Delete a job that has ended, then its upload and its rejected rows.

    Raises NotFoundError, ConflictError, StorageError.
    """
    table.delete(job.id)
    if job.order.upload is not None:
        uploads.discard(job.order.upload)
    if job.rejects_file is not None:
        rejects = Path(job.rejects_file)
        with storage_errors(rejects):
            rejects.unlink(missing_ok=True)


def expire(table: JobTable, uploads: Uploads, keep_days: int) -> None:
    """Remove the jobs that ended more than `keep_days` ago, and uploads that belong to none."""
    for job in table.ended_before(time.time() - keep_days * _DAY):
        try:
            remove(table, uploads, job)
            _log.info("job=%s removed, it ended more than %d days ago", job.id, keep_days)
        except (NotFoundError, ConflictError):  # deleted or retried meanwhile
            continue
    uploads.tidy(table.uploads())

"""The job table: what was ordered, what runs, what came of it. The row is the truth.

Whoever changes a row says in the same statement in which state it must be (compare and swap), so of two that try only
one succeeds, on SQLite as on PostgreSQL. Jobs run one at a time in the order in which they were submitted, also when
the first of them waits to be tried again: a later file of a data set must not be overtaken by an earlier one.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Double, Index, Integer, RowMapping, String, Table, Text, select
from sqlalchemy.sql import ColumnElement

from kg_loader.jobs import keys
from kg_loader.jobs.job import ENDED, Job, JobFile, Order, Progress, State
from rag.errors import ConflictError, NotFoundError
from rag.state import METADATA
from rag.state import State as Database

SCHEMA_VERSION = 1
STALE_S = 30.0
"""A worker that has said nothing for so long is taken for dead."""
OPEN = (State.QUEUED, State.RUNNING, State.CANCELLING)

JOBS = Table(
    "jobs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("state", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("files", JSON, nullable=False),
    Column("dataset", Text),
    Column("format", Text),
    Column("encoding", Text),
    Column("append", Boolean, nullable=False),
    Column("options", JSON, nullable=False),
    Column("upload", Text),
    Column("submitted_by", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("not_before", Double),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("worker", Text),
    Column("heartbeat", Double),
    Column("progress", JSON(none_as_null=True)),
    Column("report", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("rejected", JSON, nullable=False),
    Column("rejects_file", Text),
    Index("jobs_by_state", "state", "number"),
    sqlite_autoincrement=True,
)


def worker_name() -> str:
    """Host, process and a random part that tells a worker from one that had its process id before."""
    return f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"


def is_dead(worker: str, me: str) -> bool:
    """Whether `worker` ran on the machine of `me` and is gone; False where that cannot be seen from here."""
    (host, pid, _), (my_host, my_pid, _) = worker.split(" "), me.split(" ")
    if host != my_host or worker == me:
        return False
    if pid == my_pid:
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def new_id() -> str:
    """Names a job and the folder of its upload."""
    return secrets.token_hex(8)


class JobTable:
    """All jobs in one database. Every method raises what `rag.state.State.begin` raises."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self._now = clock
        database.prepare("jobs", SCHEMA_VERSION, JOBS, keys.KEYS)

    # ------------------------------------------------------------ whoever has work

    def submit(
        self, order: Order, submitted_by: str, identifier: str | None = None, *, key: tuple[str, str] | None = None
    ) -> Job:
        """Queue a job; it is durable when this returns. `key`: a reserved idempotency key and the fingerprint."""
        name = identifier or new_id()
        row = {
            "id": name, "state": State.QUEUED, "kind": order.kind, "files": [asdict(f) for f in order.files],
            "dataset": order.dataset, "format": order.format, "encoding": order.encoding, "append": order.append,
            "options": dict(order.options), "upload": order.upload, "submitted_by": submitted_by,
            "created": self._now(), "attempts": 0, "failures": 0, "rejected": {},
        }  # fmt: skip
        with self.database.begin() as connection:
            connection.execute(JOBS.insert().values(**row))
            if key is not None:
                keys.settle(connection, *key, name)
        return self.get(name)

    def get(self, identifier: str) -> Job:
        """One job. Raises NotFoundError."""
        with self.database.begin() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == identifier)).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no job {identifier[:40]!r}; `yiwen jobs list` shows those that exist")
        return _job(row)

    def page(
        self, limit: int, *, before: int | None = None, states: Collection[State] = ()
    ) -> tuple[list[Job], int | None]:
        """At most `limit` jobs, newest first, older than number `before`; and the `before` of the next page."""
        query = select(JOBS).order_by(JOBS.c.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(JOBS.c.number < before)
        if states:
            query = query.where(JOBS.c.state.in_(states))
        with self.database.begin() as connection:
            jobs = [_job(row) for row in connection.execute(query).mappings()]
        return jobs[:limit], jobs[limit - 1].number if len(jobs) > limit else None

    def cancel(self, identifier: str) -> Job:
        """Take a queued job out; ask for the end of a running one. Raises NotFoundError, ConflictError."""
        now = self._now()
        self._swap(
            identifier, (State.QUEUED,), state=State.CANCELLED, finished=now, not_before=None, progress=None, error=None
        ) or self._swap(identifier, (State.RUNNING,), state=State.CANCELLING)
        job = self.get(identifier)
        if job.ended and job.state is not State.CANCELLED:
            raise ConflictError(f"job {job.id} is {job.state} already; expected one that is queued or running")
        return job

    def retry(self, identifier: str) -> Job:
        """Queue a failed or cancelled job again, in its old place. Raises NotFoundError, ConflictError."""
        done = self._swap(
            identifier, (State.FAILED, State.CANCELLED), state=State.QUEUED, finished=None, not_before=None,
            failures=0, error=None, report=None, progress=None, rejected={}, rejects_file=None,
        )  # fmt: skip
        job = self.get(identifier)
        if not done:
            raise ConflictError(f"job {job.id} is {job.state}; expected one that failed or was cancelled")
        return job

    def delete(self, identifier: str) -> None:
        """Forget a job that has ended; its files are the caller's. Raises NotFoundError, ConflictError."""
        with self.database.begin() as connection:
            gone = connection.execute(JOBS.delete().where(JOBS.c.id == identifier, JOBS.c.state.in_(ENDED))).rowcount
            if gone:
                keys.forget(connection, identifier)
        if not gone:
            job = self.get(identifier)
            raise ConflictError(f"job {job.id} is {job.state}; cancel it, or wait until it has ended")

    def ended_before(self, moment: float) -> list[Job]:
        """Jobs that ended before `moment`."""
        with self.database.begin() as connection:
            rows = connection.execute(select(JOBS).where(JOBS.c.state.in_(ENDED), JOBS.c.finished < moment)).mappings()
            return [_job(row) for row in rows]

    def uploads(self) -> set[str]:
        """The upload folders that jobs own."""
        with self.database.begin() as connection:
            return {name for name in connection.scalars(select(JOBS.c.upload)) if name is not None}

    # ------------------------------------------------------------ the worker

    def head(self) -> Job | None:
        """The job that is running or, if none is, the next one."""
        running = JOBS.c.state != State.QUEUED
        query = select(JOBS).where(JOBS.c.state.in_(OPEN)).order_by(running.desc(), JOBS.c.number).limit(1)
        with self.database.begin() as connection:
            row = connection.execute(query).mappings().first()
        return _job(row) if row is not None else None

    def waiting(self) -> bool:
        """Whether a job is queued."""
        with self.database.begin() as connection:
            return connection.scalar(select(JOBS.c.id).where(JOBS.c.state == State.QUEUED).limit(1)) is not None

    def claim(self, job: Job, worker: str) -> Job | None:
        """Start a queued job whose time has come; None if it has not, or somebody else was first."""
        now = self._now()
        if job.not_before is not None and job.not_before > now:
            return None
        mine = self._swap(
            job.id, (State.QUEUED,), state=State.RUNNING, worker=worker, heartbeat=now, started=now, not_before=None,
            attempts=job.attempts + 1, progress=None,
        )  # fmt: skip
        return self.get(job.id) if mine else None

    def abandoned(self, job: Job, me: str) -> bool:
        """Whether the worker of a running job is dead, or has said nothing for too long."""
        if job.worker is None or job.heartbeat is None:
            return True
        return is_dead(job.worker, me) or job.heartbeat < self._now() - STALE_S

    def beat(self, job: Job, worker: str, progress: Progress | None) -> State | None:
        """Say that the run goes on, and how far it is; the state of the job, None if it is no longer this worker's."""
        values = {"heartbeat": self._now(), "progress": asdict(progress) if progress else None}
        self._swap(job.id, (State.RUNNING, State.CANCELLING), worker, **values)
        return self.state(job, worker)

    def state(self, job: Job, worker: str) -> State | None:
        """The state of the job, None if it is no longer this worker's."""
        query = select(JOBS.c.state).where(JOBS.c.id == job.id, JOBS.c.worker == worker)
        with self.database.begin() as connection:
            found = connection.scalar(query)
        return State(found) if found is not None and State(found) not in ENDED else None

    def finish(self, job: Job, worker: str | None, state: State, **result: Any) -> bool:  # noqa: ANN401 - columns
        """Write down how it ended; False if the job is no longer this worker's."""
        return self._swap(
            job.id, (State.RUNNING, State.CANCELLING), worker, state=state, finished=self._now(), worker=None, **result
        )

    def give_back(
        self,
        job: Job,
        worker: str | None,
        *,
        delay_s: float | None = None,
        cancelled: bool = True,
        **columns: Any,  # noqa: ANN401
    ) -> bool:
        """Queue a running job again, to be started after `delay_s`; one that is being cancelled is, if `cancelled`."""
        later = self._now() + delay_s if delay_s else None
        queued = {"state": State.QUEUED, "worker": None, "not_before": later, "progress": None, **columns}
        ours = (State.RUNNING,) if cancelled else (State.RUNNING, State.CANCELLING)
        return self._swap(job.id, ours, worker, **queued) or self.finish(
            job, worker, State.CANCELLED, progress=None, error=None
        )

    def _swap(self, identifier: str, expected: Collection[State], owner: str | None = None, /, **values: Any) -> bool:  # noqa: ANN401
        conditions: list[ColumnElement[bool]] = [JOBS.c.id == identifier, JOBS.c.state.in_(expected)]
        if owner is not None:
            conditions.append(JOBS.c.worker == owner)
        with self.database.begin() as connection:
            return connection.execute(JOBS.update().where(*conditions).values(**values)).rowcount == 1


def _job(row: RowMapping) -> Job:
    order = Order(
        tuple(JobFile(**file) for file in row["files"]), row["dataset"], row["format"], row["encoding"],
        row["append"], row["options"], row["kind"], row["upload"],
    )  # fmt: skip
    return Job(
        number=row["number"],
        id=row["id"],
        state=State(row["state"]),
        order=order,
        submitted_by=row["submitted_by"],
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        not_before=row["not_before"],
        attempts=row["attempts"],
        failures=row["failures"],
        worker=row["worker"],
        heartbeat=row["heartbeat"],
        progress=Progress(**row["progress"]) if row["progress"] else None,
        report=row["report"],
        error=row["error"],
        rejected=row["rejected"],
        rejects_file=row["rejects_file"],
    )

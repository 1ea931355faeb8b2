"""Idempotency keys: the same request sent again within a day leads to the job that the first one made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Double, String, Table, select
from sqlalchemy.exc import IntegrityError

from rag.errors import ConflictError
from rag.state import METADATA, State

KEYS = Table(
    "job_keys",
    METADATA,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64)),
    Column("job", String(32)),
    Column("created", Double, nullable=False),
)
LIFE_S = 24 * 3600.0
IN_FLIGHT_S = 3600.0
"""After this a request that never ended is forgotten; the service that read it has died."""


@dataclass(frozen=True)
class Answered:
    """What a key led to."""

    fingerprint: str
    job: str


def reserve(database: State, key: str, clock: Callable[[], float] = time.time) -> Answered | None:
    """None: the key is new and now ours. ConflictError while the request that took it is being read."""
    now = clock()
    stale = (KEYS.c.created < now - LIFE_S) | (KEYS.c.job.is_(None) & (KEYS.c.created < now - IN_FLIGHT_S))
    with database.begin() as connection:
        connection.execute(KEYS.delete().where(stale))
    try:
        with database.begin() as connection:
            connection.execute(KEYS.insert().values(key=key, created=now))
        return None
    except IntegrityError:
        with database.begin() as connection:
            row = connection.execute(select(KEYS.c.fingerprint, KEYS.c.job).where(KEYS.c.key == key)).first()
    if row is None or row.job is None:
        raise ConflictError("a request with this Idempotency-Key is being read; repeat it in a moment")
    return Answered(row.fingerprint, row.job)


def settle(connection: Connection, key: str, fingerprint: str, job: str) -> None:
    """Write down, together with the job, what the key led to."""
    connection.execute(KEYS.update().where(KEYS.c.key == key).values(fingerprint=fingerprint, job=job))


def release(database: State, key: str) -> None:
    """Forget a key whose request came to nothing."""
    with database.begin() as connection:
        connection.execute(KEYS.delete().where(KEYS.c.key == key, KEYS.c.job.is_(None)))


def forget(connection: Connection, job: str) -> None:
    """Forget the keys of a job that is deleted."""
    connection.execute(KEYS.delete().where(KEYS.c.job == job))

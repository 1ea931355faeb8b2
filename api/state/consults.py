"""Consult records: what was asked, what the generators wrote and what was answered, each of one key.

Only where `YIWEN_RECORD_ANSWERS` asks for them: they hold what patients wrote.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, Double, Integer, String, Table, delete, select

from rag.errors import NotFoundError
from rag.state import METADATA, State

SCHEMA_VERSION = 1
DAY_S = 86_400.0
_BATCH = 500

CONSULTS = Table(
    "consults",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("answer_id", String(64), nullable=False, unique=True),
    Column("owner", String(40), nullable=False),
    Column("asked", JSON, nullable=False),
    Column("tapes", JSON, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("program", JSON, nullable=False),
    Column("created", Double, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Consult:
    """One answer and all that it was made of; `api.recording` reads and writes the JSON of each part.

    `asked`: question, options and pointer; `tapes`: the output of each generator; `program`: versions of what made it.
    """

    answer_id: str
    asked: Mapping[str, Any]
    tapes: list[Any]
    answer: Mapping[str, Any]
    program: Mapping[str, Any]


class ConsultTable:
    """All records in one database. Every method raises what `State.begin` raises."""

    def __init__(self, database: State, clock: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, clock
        database.prepare("consults", SCHEMA_VERSION, CONSULTS)

    def keep(self, owner: str, consult: Consult) -> None:
        """A new record."""
        values = {
            "answer_id": consult.answer_id, "owner": owner, "asked": dict(consult.asked), "tapes": consult.tapes,
            "answer": dict(consult.answer), "program": dict(consult.program), "created": self._now(),
        }  # fmt: skip
        with self._database.begin() as connection:
            connection.execute(CONSULTS.insert().values(**values))

    def find(self, answer_id: str) -> Consult:
        """Raises NotFoundError."""
        with self._database.begin() as connection:
            row = connection.execute(select(CONSULTS).where(CONSULTS.c.answer_id == answer_id)).mappings().first()
        if row is None:
            raise NotFoundError(
                f"no record of the answer {answer_id!r}; answers are recorded while YIWEN_RECORD_ANSWERS is set, "
                "and kept for YIWEN_RECORDS_KEEP_DAYS"
            )
        return Consult(row["answer_id"], row["asked"], row["tapes"], row["answer"], row["program"])

    def delete(self, owner: str, answers: Collection[str]) -> None:
        """Forget these answers of `owner`."""
        which = (CONSULTS.c.owner == owner) & CONSULTS.c.answer_id.in_(answers)
        with self._database.begin() as connection:
            connection.execute(delete(CONSULTS).where(which))

    def delete_all(self, owner: str) -> int:
        """Forget all of `owner`; how many."""
        with self._database.begin() as connection:
            return connection.execute(delete(CONSULTS).where(CONSULTS.c.owner == owner)).rowcount

    def forget(self, evidence: Collection[str]) -> int:
        """Delete the records of answers that cite any of `evidence` or its sources; how many."""
        wanted, done, last = set(evidence), 0, 0
        while True:
            chosen = select(CONSULTS.c.number, CONSULTS.c.answer).where(CONSULTS.c.number > last)
            with self._database.begin() as connection:
                rows = connection.execute(chosen.order_by(CONSULTS.c.number).limit(_BATCH)).all()
                gone = [number for number, answer in rows if wanted & _cited(answer)]
                done += connection.execute(delete(CONSULTS).where(CONSULTS.c.number.in_(gone))).rowcount
            if not rows:
                return done
            last = rows[-1][0]

    def purge(self, days: float) -> int:
        """Forget what is older than `days`; how many."""
        with self._database.begin() as connection:
            old = CONSULTS.c.created < self._now() - days * DAY_S
            return connection.execute(delete(CONSULTS).where(old)).rowcount


def _cited(answer: Mapping[str, Any]) -> set[str]:
    return {key for one in answer["citations"] for key in (one["evidence_id"], one["source"]["id"])}

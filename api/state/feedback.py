"""What people thought of answers, each of one key; a later opinion of an answer replaces the earlier."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import JSON, Column, Double, Integer, String, Table, Text, UniqueConstraint, delete, select

from rag.errors import NotFoundError
from rag.state import METADATA, State

SCHEMA_VERSION = 1
DAY_S = 86_400.0
Rating = Literal["up", "down"]

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("owner", String(40), nullable=False),
    Column("answer_id", String(64), nullable=False),
    Column("rating", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence_ids", JSON, nullable=False),
    Column("created", Double, nullable=False),
    UniqueConstraint("owner", "answer_id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Feedback:
    """One opinion; `evidence_ids`: what it is about, if not the whole answer."""

    number: int
    answer_id: str
    rating: Rating
    reason: str
    evidence_ids: tuple[str, ...]
    created: float


class FeedbackTable:
    """All feedback in one database. Every method raises what `State.begin` raises."""

    def __init__(self, database: State, clock: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, clock
        database.prepare("feedback", SCHEMA_VERSION, FEEDBACK)

    def give(
        self, owner: str, answer_id: str, rating: Rating, reason: str = "", evidence_ids: Sequence[str] = ()
    ) -> Feedback:
        """Keep it in the place of what `owner` said before."""
        now, c = self._now(), FEEDBACK.c
        values = {
            "owner": owner, "answer_id": answer_id, "rating": rating, "reason": reason,
            "evidence_ids": list(evidence_ids), "created": now,
        }  # fmt: skip
        with self._database.begin() as connection:
            connection.execute(delete(FEEDBACK).where(c.owner == owner, c.answer_id == answer_id))
            number = connection.execute(FEEDBACK.insert().values(**values)).inserted_primary_key
        assert number is not None
        return Feedback(number[0], answer_id, rating, reason, tuple(evidence_ids), now)

    def page(
        self, owner: str | None, *, limit: int = 50, before: int | None = None
    ) -> tuple[list[Feedback], int | None]:
        """The newest first, of everybody if `owner` is None, and the number to go on before."""
        chosen = select(FEEDBACK).order_by(FEEDBACK.c.number.desc()).limit(limit + 1)
        if owner is not None:
            chosen = chosen.where(FEEDBACK.c.owner == owner)
        if before is not None:
            chosen = chosen.where(FEEDBACK.c.number < before)
        with self._database.begin() as connection:
            rows = connection.execute(chosen).mappings().all()
        found = [
            Feedback(r["number"], r["answer_id"], r["rating"], r["reason"], tuple(r["evidence_ids"]), r["created"])
            for r in rows[:limit]
        ]
        return found, found[-1].number if len(rows) > limit else None

    def delete(self, owner: str, answer_id: str) -> None:
        """Take back what `owner` said of an answer. Raises NotFoundError."""
        which = (FEEDBACK.c.owner == owner) & (FEEDBACK.c.answer_id == answer_id)
        with self._database.begin() as connection:
            if not connection.execute(delete(FEEDBACK).where(which)).rowcount:
                raise NotFoundError(f"no feedback of yours on the answer {answer_id!r}")

    def delete_all(self, owner: str) -> int:
        """Forget all of `owner`; how many."""
        with self._database.begin() as connection:
            return connection.execute(delete(FEEDBACK).where(FEEDBACK.c.owner == owner)).rowcount

    def purge(self, days: float) -> int:
        """Forget what is older than `days`; how many."""
        with self._database.begin() as connection:
            old = FEEDBACK.c.created < self._now() - days * DAY_S
            return connection.execute(delete(FEEDBACK).where(old)).rowcount

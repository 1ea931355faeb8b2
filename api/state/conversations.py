"""Conversations, each of one key: what was asked and what was answered, until it is deleted or too old."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from rag.errors import NotFoundError, UsageError
from rag.state import METADATA, State

SCHEMA_VERSION = 1
DAY_S = 86_400.0
Role = Literal["user", "assistant"]

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("owner", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Index("conversations_by_owner", "owner", "updated"),
    sqlite_autoincrement=True,
)
MESSAGES = Table(
    "messages",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("conversation", String(32), nullable=False),
    Column("role", String(20), nullable=False),
    Column("content", Text, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("created", Double, nullable=False),
    Index("messages_by_conversation", "conversation", "number"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Conversation:
    """A conversation without its messages; times in seconds since 1970."""

    id: str
    title: str
    created: float
    updated: float


@dataclass(frozen=True)
class Message:
    """What was said; `answer` is the JSON of `/v1/ask` where we said it."""

    role: Role
    content: str
    answer: Mapping[str, Any] | None
    created: float


class ConversationTable:
    """All conversations in one database. Every method raises what `State.begin` raises."""

    def __init__(self, database: State, clock: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, clock
        database.prepare("conversations", SCHEMA_VERSION, CONVERSATIONS, MESSAGES)

    def create(self, owner: str, title: str = "") -> Conversation:
        """A conversation without messages; without a title the first question becomes it."""
        now, identifier = self._now(), secrets.token_hex(8)
        with self._database.begin() as connection:
            values = {"id": identifier, "owner": owner, "title": title, "created": now, "updated": now}
            connection.execute(CONVERSATIONS.insert().values(**values))
        return Conversation(identifier, title, now, now)

    def page(
        self, owner: str, *, query: str = "", limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Conversation], str | None]:
        """The last used first, and where to go on; `query` must occur in the title or a message. Raises UsageError."""
        c = CONVERSATIONS.c
        chosen = select(CONVERSATIONS).where(c.owner == owner)
        if query:
            found = exists().where(MESSAGES.c.conversation == c.id, _contains(MESSAGES.c.content, query))
            chosen = chosen.where(or_(_contains(c.title, query), found))
        if cursor is not None:
            updated, number = _place(cursor)
            chosen = chosen.where(or_(c.updated < updated, (c.updated == updated) & (c.number < number)))
        chosen = chosen.order_by(c.updated.desc(), c.number.desc()).limit(limit + 1)
        with self._database.begin() as connection:
            rows = connection.execute(chosen).mappings().all()
        more = f"{rows[limit - 1]['updated']!r}:{rows[limit - 1]['number']}" if len(rows) > limit else None
        return [_conversation(row) for row in rows[:limit]], more

    def find(self, owner: str, identifier: str) -> tuple[Conversation, list[Message]]:
        """One with all messages, in order. Raises NotFoundError."""
        chosen = select(MESSAGES).where(MESSAGES.c.conversation == identifier).order_by(MESSAGES.c.number)
        with self._database.begin() as connection:
            found = self._found(connection, owner, identifier)
            return found, [_message(row) for row in connection.execute(chosen).mappings()]

    def rename(self, owner: str, identifier: str, title: str) -> Conversation:
        """With another title. Raises NotFoundError."""
        with self._database.begin() as connection:
            connection.execute(update(CONVERSATIONS).where(_of(owner, identifier)).values(title=title))
            return self._found(connection, owner, identifier)

    def append(
        self, owner: str, identifier: str, role: Role, content: str, answer: Mapping[str, Any] | None = None
    ) -> None:
        """One more message. Raises NotFoundError."""
        now, c = self._now(), CONVERSATIONS.c
        title = func.coalesce(func.nullif(c.title, ""), _title_of(content))
        with self._database.begin() as connection:
            done = connection.execute(
                update(CONVERSATIONS).where(_of(owner, identifier)).values(updated=now, title=title)
            )
            if not done.rowcount:
                raise _unknown(identifier)
            values = {"conversation": identifier, "role": role, "content": content, "answer": answer, "created": now}
            connection.execute(MESSAGES.insert().values(**values))

    def take_back(self, owner: str, identifier: str) -> None:
        """Forget the last question and what was answered to it, and the title that it gave. Raises NotFoundError."""
        c, m = CONVERSATIONS.c, MESSAGES.c
        last = select(m.number, m.content).where(m.conversation == identifier, m.role == "user")
        with self._database.begin() as connection:
            self._found(connection, owner, identifier)
            row = connection.execute(last.order_by(m.number.desc()).limit(1)).first()
            if row is None:
                return
            number, content = row
            connection.execute(delete(MESSAGES).where(m.conversation == identifier, m.number >= number))
            given = _of(owner, identifier) & (c.title == _title_of(content))
            connection.execute(update(CONVERSATIONS).where(given).values(title=""))

    def delete(self, owner: str, identifier: str) -> None:
        """Forget one. Raises NotFoundError."""
        with self._database.begin() as connection:
            if not self._delete(connection, _of(owner, identifier)):
                raise _unknown(identifier)

    def delete_all(self, owner: str) -> int:
        """Forget all of `owner`; how many."""
        with self._database.begin() as connection:
            return self._delete(connection, CONVERSATIONS.c.owner == owner)

    def purge(self, days: float) -> int:
        """Forget what nobody has used for `days`; how many."""
        with self._database.begin() as connection:
            return self._delete(connection, CONVERSATIONS.c.updated < self._now() - days * DAY_S)

    @staticmethod
    def _delete(connection: Connection, which: ColumnElement[bool]) -> int:
        gone = select(CONVERSATIONS.c.id).where(which)
        connection.execute(delete(MESSAGES).where(MESSAGES.c.conversation.in_(gone)))
        return connection.execute(delete(CONVERSATIONS).where(which)).rowcount

    @staticmethod
    def _found(connection: Connection, owner: str, identifier: str) -> Conversation:
        row = connection.execute(select(CONVERSATIONS).where(_of(owner, identifier))).mappings().first()
        if row is None:
            raise _unknown(identifier)
        return _conversation(row)


def _title_of(question: str) -> str:
    return question.strip()[:40]


def _of(owner: str, identifier: str) -> ColumnElement[bool]:
    return (CONVERSATIONS.c.owner == owner) & (CONVERSATIONS.c.id == identifier)


def _contains(column: Column[Any], query: str) -> ColumnElement[bool]:
    return column.icontains(query, autoescape=True)


def _unknown(identifier: str) -> NotFoundError:
    return NotFoundError(f"no conversation {identifier!r}; /v1/conversations lists yours")


def _place(cursor: str) -> tuple[float, int]:
    updated, _, number = cursor.partition(":")
    try:
        return float(updated), int(number[:18])
    except ValueError:
        raise UsageError(f"no cursor {cursor[:40]!r}; take `next_cursor` of the page before") from None


def _conversation(row: RowMapping) -> Conversation:
    return Conversation(row["id"], row["title"], row["created"], row["updated"])


def _message(row: RowMapping) -> Message:
    return Message(row["role"], row["content"], row["answer"], row["created"])


def turns(messages: Sequence[Message]) -> list[tuple[Role, str]]:
    """What was said, for the next question; a question that got no answer is left out."""
    kept: list[tuple[Role, str]] = []
    for message in messages:
        if kept and kept[-1][0] == message.role == "user":
            kept.pop()
        kept.append((message.role, message.content))
    return kept[:-1] if kept and kept[-1][0] == "user" else kept

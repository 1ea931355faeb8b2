"""API keys: `yw_ID_SECRET`, of which the database holds the id and a salted scrypt hash of the secret.

A secret has 256 random bits, so the hash needs no more work than makes a stolen table useless.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import JSON, Column, Connection, Double, LargeBinary, RowMapping, String, Table, Text, select, update

from rag.errors import ConflictError, NotFoundError, UsageError
from rag.state import METADATA, State

SCHEMA_VERSION = 1
DAY_S = 86_400.0
_FORM = re.compile(r"yw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_N, _R, _P = 2**12, 8, 1
"""scrypt: 4 MB and some 10 ms."""

KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(12), primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double),
)


class Scope(StrEnum):
    """What a key lets its holder do; `admin` is everything."""

    ASK = "ask"
    INGEST = "ingest"
    ADMIN = "admin"


@dataclass(frozen=True)
class Key:
    """A key as it is stored; times in seconds since 1970."""

    id: str
    name: str
    scopes: frozenset[Scope]
    salt: bytes
    hash: bytes
    created: float
    expires: float | None

    def holds(self, secret: str) -> bool:
        """Whether `secret` is the one, in constant time."""
        return hmac.compare_digest(_hashed(secret, self.salt), self.hash)

    def valid(self, now: float) -> bool:
        """Whether it is neither revoked nor too old."""
        return self.expires is None or now < self.expires


def parts(text: str) -> tuple[str, str] | None:
    """(id, secret) of what has the form of a key."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


def _hashed(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_N, r=_R, p=_P)


class KeyTable:
    """All keys in one database. Every method raises what `State.begin` raises."""

    def __init__(self, database: State, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self._now = clock
        database.prepare("api_keys", SCHEMA_VERSION, KEYS)

    def create(self, name: str, scopes: Collection[Scope], days: float | None = None) -> tuple[Key, str]:
        """A new key and its text, which is never shown again. Raises UsageError."""
        if not name.strip() or len(name) > 200:
            raise UsageError("a key needs a name of 1 to 200 characters that says who holds it")
        if not scopes:
            raise UsageError(f"a key needs a scope; there are: {', '.join(Scope)}")
        with self.database.begin() as connection:
            return self._insert(connection, name.strip(), scopes, days)

    def _insert(
        self, connection: Connection, name: str, scopes: Collection[Scope], days: float | None
    ) -> tuple[Key, str]:
        identifier, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
        now = self._now()
        row = {
            "id": identifier, "name": name, "scopes": sorted(scopes), "salt": salt, "hash": _hashed(secret, salt),
            "created": now, "expires": now + days * DAY_S if days is not None else None,
        }  # fmt: skip
        connection.execute(KEYS.insert().values(**row))
        return Key(**(row | {"scopes": frozenset(scopes)})), f"yw_{identifier}_{secret}"  # type: ignore[arg-type]

    def all(self) -> list[Key]:
        """Oldest first, the revoked ones too."""
        with self.database.begin() as connection:
            return [_key(row) for row in connection.execute(select(KEYS).order_by(KEYS.c.created)).mappings()]

    def revoke(self, identifier: str) -> Key:
        """End a key at once. Raises NotFoundError, ConflictError if it has ended."""
        with self.database.begin() as connection:
            self._end(connection, identifier, self._now())
            return self._found(connection, identifier)

    def rotate(self, identifier: str, overlap_days: float = 1.0, days: float | None = None) -> tuple[Key, str]:
        """A new key of the same name and scopes; the old one ends after `overlap_days`. Raises as `revoke`."""
        with self.database.begin() as connection:
            self._end(connection, identifier, self._now() + overlap_days * DAY_S)
            old = self._found(connection, identifier)
            return self._insert(connection, old.name, old.scopes, days)

    def _end(self, connection: Connection, identifier: str, when: float) -> None:
        still = KEYS.c.expires.is_(None) | (KEYS.c.expires > self._now())
        ended = connection.execute(update(KEYS).where(KEYS.c.id == identifier, still).values(expires=when))
        if not ended.rowcount:
            self._found(connection, identifier)
            raise ConflictError(f"the key {identifier} has ended already")

    @staticmethod
    def _found(connection: Connection, identifier: str) -> Key:
        row = connection.execute(select(KEYS).where(KEYS.c.id == identifier)).mappings().first()
        if row is None:
            raise NotFoundError(f"no key {identifier!r}; `yiwen keys list` shows all")
        return _key(row)


def _key(row: RowMapping) -> Key:
    return Key(**(dict(row) | {"scopes": frozenset(Scope(scope) for scope in row["scopes"])}))

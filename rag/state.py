"""State that is not knowledge (jobs, later conversations and the like) in one database: SQLite, or PostgreSQL.

Every kind of state has its own tables in `METADATA` and a row in `state_schema` that says which version of them the
database holds; a program that is older than the database says so instead of guessing. Statements are SQLAlchemy Core
and mean the same on both databases. On SQLite a write waits up to `BUSY_S` for another process's.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql import select

from rag.errors import ConfigurationError, DependencyError, MissingExtraError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from rag.settings import Settings

METADATA = MetaData()
SCHEMA = Table(
    "state_schema",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
)
BUSY_S = 5.0
_TRIES = 5
_BETWEEN_TRIES_S = 0.02


class State:
    """One state database; connections are made when they are needed."""

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
            self.place = address.render_as_string(hide_password=True)
            self.engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise ConfigurationError(
                "YIWEN_STATE_URL cannot be read as the address of a database; expected such as "
                "sqlite:////var/lib/yiwen/state.sqlite or postgresql+psycopg://user:password@host/name"
            ) from error
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"{address.drivername} needs the package {error.name}: pip install 'yiwen[postgres]'"
            ) from error

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, undone if it raises. Raises DependencyError, StorageError.

        Keep it short, and write before reading in it: on SQLite a read that becomes a write cannot wait.
        """
        with self.errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Failures of the database as ours, in one line and without its password."""
        try:
            yield
        except IntegrityError:
            raise  # what two writers do at once is for the caller to settle
        except DBAPIError as error:
            raise _translated(error, self.place) from error
        except PoolTimeout as error:
            raise DependencyError(f"all connections to the state database {self.place} are in use; repeat") from error

    def prepare(self, name: str, version: int, *tables: Table) -> None:
        """Make the tables of one kind of state where they are missing; ConfigurationError if they are newer than us."""
        for attempt in range(1, _TRIES + 1):
            try:
                with self.errors(), self._making() as connection:
                    METADATA.create_all(connection, tables=[SCHEMA, *tables])
                    found = connection.scalar(select(SCHEMA.c.version).where(SCHEMA.c.name == name))
                    if found is None:
                        connection.execute(SCHEMA.insert().values(name=name, version=version))
                break
            except IntegrityError:  # another process makes the same at this moment
                if attempt == _TRIES:
                    raise
                time.sleep(0.05 * attempt)
        if found is not None and found != version:
            age = "newer: update this program" if found > version else "older: update the database"
            raise ConfigurationError(
                f"the state database {self.place} holds {name} of schema {found}, this program reads schema {version}; "
                f"it is {age}, or name another database in YIWEN_STATE_URL"
            )

    @contextmanager
    def _making(self) -> Iterator[Connection]:
        """As `begin`; that a table is there already, which each database says in its own class, is IntegrityError."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, ProgrammingError) as error:
            if "already exists" not in str(error.orig):
                raise
            raise IntegrityError(error.statement, error.params, error.orig or error) from error

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_state(settings: Settings) -> State:
    """The database that `settings.state_url` names; by default a file in the data folder, which is made."""
    if settings.state_url is not None:
        return State(settings.state_url.get_secret_value())
    folder = settings.data_dir.absolute()
    _make(folder)
    return State(f"sqlite:///{folder / 'state.sqlite'}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {folder}: {error.strerror}; set YIWEN_DATA_DIR to another folder") from error


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": int(BUSY_S)})
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Readers do not block writers, and what is committed survives a power cut."""
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted conversation leaves nothing in the file


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the journal mode; many who open a new file at once are told that it is busy without the usual wait."""
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", "")
            if name == "SQLITE_READONLY":
                return
            if not name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or time.monotonic() > give_up:
                raise
        time.sleep(_BETWEEN_TRIES_S)


_SQLITE = {
    "SQLITE_BUSY": "another program has kept it locked; look for a copy or a backup that is running",
    "SQLITE_LOCKED": "another program has kept it locked; look for a copy or a backup that is running",
    "SQLITE_READONLY": "it is read-only; make the file and its folder writable, or set YIWEN_STATE_URL",
    "SQLITE_CANTOPEN": "it cannot be opened; make its folder writable, or set YIWEN_STATE_URL",
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk reports an I/O error; check it",
    "SQLITE_NOTADB": "the file is no SQLite database; move it aside, or set YIWEN_STATE_URL",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a backup, or move it aside",
}


def _translated(error: DBAPIError, place: str) -> DependencyError:
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    for code, advice in _SQLITE.items():
        if name.startswith(code):
            kind = DependencyError if code in ("SQLITE_BUSY", "SQLITE_LOCKED") else StorageError
            return kind(f"the state database {place} cannot be used: {advice}")
    reason = (str(error.orig).splitlines() or [type(error.orig).__name__])[0][:200]
    advice = "" if isinstance(error, ProgrammingError) else "; check that it runs and is reachable"
    return DependencyError(f"the state database {place} cannot be used ({reason}){advice}")

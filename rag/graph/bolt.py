"""The connection to Neo4j: the only module that knows the driver. Its errors become `LiveGraphError`."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from rag.errors import ConfigurationError, LiveGraphError

if TYPE_CHECKING:
    from neo4j import Driver, Transaction
    from neo4j.exceptions import Neo4jError

Row = Sequence[Any]
"""Values of one record of a result, in the order of its RETURN."""

DEFINE_ATTEMPTS = 8


@dataclass(frozen=True)
class Server:
    """Where Neo4j is, who we are there, and how long one step may take (seconds)."""

    uri: str
    user: str
    password: str
    database: str | None = None
    timeout_s: float = 30.0


class Connection:
    """A pool of connections to one database; safe for threads. The service only ever reads through it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._guard = threading.Lock()
        self._use(_driver(server))

    def _use(self, driver: Driver) -> None:
        """From now on; closed at the latest when nobody holds this connection any more, or at the end."""
        self._driver = driver
        self._at_end = weakref.finalize(self, driver.close)

    def read(self, query: LiteralString, parameters: Mapping[str, Any], *, timeout_s: float | None = None) -> list[Row]:
        """All rows of one query in a session that the server lets only read. One round trip."""
        return list(self.stream(query, parameters, timeout_s=timeout_s))

    def stream(
        self, query: LiteralString, parameters: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> Iterator[Row]:
        """Rows as they come; the server ends the query after `timeout_s`."""
        from neo4j import READ_ACCESS, Query

        with (
            _translated(self.server),
            self._driver.session(database=self.server.database, default_access_mode=READ_ACCESS) as session,
        ):
            result = session.run(Query(query, timeout=timeout_s or self.server.timeout_s), dict(parameters))
            for record in result:
                yield record.values()

    @contextmanager
    def writing(self) -> Iterator[Writes]:
        """One transaction: committed at the end of the block, undone if it raises. Never tried twice by itself."""
        with _translated(self.server), self._driver.session(database=self.server.database) as session:
            with session.begin_transaction() as transaction:
                yield Writes(transaction)
                transaction.commit()

    def define(self, statement: LiteralString) -> None:
        """A constraint or an index `IF NOT EXISTS`, which cannot share a transaction with data.

        Where another process defines the same at this moment the server sees a deadlock or a double; both end well.
        """
        from neo4j.exceptions import ClientError, TransientError

        with _translated(self.server), self._driver.session(database=self.server.database) as session:
            for attempt in range(1, DEFINE_ATTEMPTS + 1):
                try:
                    session.run(statement).consume()
                    return
                except TransientError:
                    if attempt == DEFINE_ATTEMPTS:
                        raise
                    time.sleep(0.1 * attempt)
                except ClientError as error:
                    if error.code != "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists":
                        raise
                    return

    def renew(self) -> None:
        """Take a new pool; whoever waits for an answer on the old one is released with an error."""
        with self._guard:
            close_old = self._at_end
            self._use(_driver(self.server))
        threading.Thread(target=close_old, name="yiwen-bolt-close", daemon=True).start()

    def close(self) -> None:
        """Let go of all connections."""
        self._at_end()


class Writes:
    """Queries inside one transaction; `queries` counts them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.queries = 0

    def run(self, query: LiteralString, parameters: Mapping[str, Any]) -> None:
        """Send one query and wait for its end."""
        self.queries += 1
        self._transaction.run(query, dict(parameters)).consume()


def _driver(server: Server) -> Driver:
    """No connection is made yet. Raises ConfigurationError for an address that cannot be one."""
    from neo4j import GraphDatabase
    from neo4j.exceptions import ConfigurationError as Refused

    try:
        return GraphDatabase.driver(
            server.uri,
            auth=(server.user, server.password),
            connection_timeout=server.timeout_s,
            connection_acquisition_timeout=server.timeout_s,
            max_transaction_retry_time=0,
            telemetry_disabled=True,
            notifications_min_severity="OFF",
            user_agent="yiwen",
        )
    except (Refused, ValueError) as error:
        raise ConfigurationError(
            f"{server.uri!r} is no address of Neo4j ({error}); expected such as bolt://127.0.0.1:7687"
        ) from error


@contextmanager
def _translated(server: Server) -> Iterator[None]:
    """Errors of the driver and of sockets as ours; they name the address, never the password."""
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        yield
    except AuthError as error:
        raise LiveGraphError(
            f"Neo4j at {server.uri} refuses user {server.user!r} ({error.message}); "
            "check YIWEN_NEO4J_USER and YIWEN_NEO4J_PASSWORD"
        ) from error
    except Neo4jError as error:
        raise LiveGraphError(f"Neo4j at {server.uri} {_said(server, error)}", transient=error.is_retryable()) from error
    except DriverError as error:
        raise LiveGraphError(
            f"Neo4j at {server.uri} does not answer ({_first_line(error)}); check that it runs and is reachable",
            transient=error.is_retryable(),
        ) from error
    except OSError as error:
        raise LiveGraphError(
            f"the connection to Neo4j at {server.uri} broke ({error}); check that it runs", transient=True
        ) from error


_READ_ONLY = "lets nobody write; point YIWEN_NEO4J_URI at the member that writes, or at the cluster with neo4j://"
_SAID: Mapping[str, str] = {
    "Neo.ClientError.Database.DatabaseNotFound": "has no database {database}; check YIWEN_NEO4J_DATABASE",
    "Neo.ClientError.Cluster.NotALeader": _READ_ONLY,
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": _READ_ONLY,
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": _READ_ONLY,
    "Neo.ClientError.Security.Forbidden": "does not allow user {user} to do this; grant what docs/operations.md names",
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": "has too little memory; raise its heap",
}
"""What some errors of the server mean to an operator; the others are quoted."""


def _said(server: Server, error: Neo4jError) -> str:
    """What the server answered, and what to do."""
    known = _SAID.get(str(error.code))
    if known is not None:
        return f"{known.format(database=repr(server.database), user=repr(server.user))} ({_first_line(error)})"
    if str(error.code).startswith("Neo.DatabaseError"):
        return f"failed ({_first_line(error)}); look at its disk and its log"
    return f"refuses ({_first_line(error)}); see its log"


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "message", None) or error)
    return (text.splitlines() or [type(error).__name__])[0][:200]

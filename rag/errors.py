"""Every error this product raises on purpose.

    YiwenError                     exit 1   500
     +- UsageError                 exit 2   422   arguments that cannot be meant
     |   +- QuestionRejected       exit 2   422   empty, too long
     |   +- ConfigurationError     exit 2   500   a setting or a packaged table is wrong
     +- NotFoundError              exit 3   404   a version, an entity, a piece of evidence, a file
     |   +- ErasedError            exit 3   410   existed once and was erased
     +- ConflictError              exit 4   409   somebody else changed it first
     |   +- LockedError            exit 4   409   another writer holds the knowledge base
     |   +- GateError              exit 4   409   a new version would change too many answers
     +- DataError                  exit 5   422   input that cannot be read as what it claims to be
     |   +- CorruptSnapshotError   exit 5   503   a published file is not what its manifest says
     |   +- TooManyRejectsError    exit 5   422   a file with more bad rows than allowed
     +- DependencyError            exit 6   503   something outside does not answer
         +- MissingExtraError      exit 6   503   an optional package is not installed
         +- StorageError           exit 6   507   disk full, read-only, I/O error
         +- NotReadyError          exit 6   503   no knowledge base has been published yet
         +- LiveGraphError         exit 6   503   Neo4j does not answer, or refuses
             +- StaleGraphError    exit 6   503   Neo4j answers, but is not at the version asked for

A message says what was given, what was expected and what to do. `exit_code` is what the command returns, `status`
and `slug` what the HTTP service answers with (RFC 9457 `type` is `/problems/{slug}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path


class YiwenError(Exception):
    """Base of the tree; `str(error)` is one line that a user can act on."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"


class UsageError(YiwenError):
    """The arguments cannot be meant."""

    exit_code = 2
    status = 422
    slug = "usage"
    title = "Invalid request"


class QuestionRejected(UsageError):
    """The question is empty or too long."""

    slug = "question-rejected"
    title = "Question rejected"


class ConfigurationError(UsageError):
    """A setting, or a table shipped with the product, is wrong."""

    status = 500
    slug = "configuration"
    title = "Configuration error"


class NotFoundError(YiwenError):
    """What was asked for by name or id does not exist."""

    exit_code = 3
    status = 404
    slug = "not-found"
    title = "Not found"


class ErasedError(NotFoundError):
    """It existed and was erased; only a tombstone remains."""

    status = 410
    slug = "erased"
    title = "Erased"


class ConflictError(YiwenError):
    """The state changed between reading and writing."""

    exit_code = 4
    status = 409
    slug = "conflict"
    title = "Conflict"


class LockedError(ConflictError):
    """Another process is writing to the knowledge base."""

    slug = "locked"
    title = "Knowledge base locked"


class GateError(ConflictError):
    """A new version answers the gate's questions otherwise than is allowed; `report` says how, as JSON."""

    slug = "gate"
    title = "Refused by the gate"

    def __init__(self, message: str, report: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.report = report or {}


class DataError(YiwenError):
    """Input that cannot be read as what it claims to be."""

    exit_code = 5
    status = 422
    slug = "invalid-data"
    title = "Invalid data"

    def __init__(self, message: str, rejects_file: Path | None = None) -> None:
        super().__init__(message)
        self.rejects_file = rejects_file
        """Where the rejected rows are, if some were written."""


class CorruptSnapshotError(DataError):
    """A published file differs from its manifest."""

    status = 503
    slug = "corrupt-snapshot"
    title = "Corrupt snapshot"


class TooManyRejectsError(DataError):
    """More rows were rejected than the caller allows."""

    slug = "too-many-rejects"
    title = "Too many rejected rows"


class DependencyError(YiwenError):
    """Something this product needs does not answer."""

    exit_code = 6
    status = 503
    slug = "dependency"
    title = "Dependency unavailable"


class MissingExtraError(DependencyError):
    """An optional package is not installed."""

    slug = "missing-extra"
    title = "Optional package missing"


class StorageError(DependencyError):
    """The disk is full, read-only or failing."""

    status = 507
    slug = "storage"
    title = "Storage error"


class NotReadyError(DependencyError):
    """No version of the knowledge base has been published yet."""

    slug = "not-ready"
    title = "No knowledge base yet"


class LiveGraphError(DependencyError):
    """Neo4j cannot be reached, is too slow or refuses; `transient` where trying again at once may help."""

    slug = "live-graph"
    title = "Live graph unavailable"

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class StaleGraphError(LiveGraphError):
    """Neo4j answers, but does not hold the version that was asked for, or is being brought to another one."""

    slug = "stale-graph"
    title = "Live graph at another version"

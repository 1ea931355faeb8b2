"""Withdrawing evidence and giving it back: by the register, in every version at once, while anything else runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.domain import Retraction
from rag.errors import ConflictError, NotFoundError, UsageError
from rag.graph.drawn import DrawnFacts
from rag.register import Entry, EntryKind, Register, is_publication, keys_of_source, parse_key
from rag.snapshot.layout import RECORDS
from rag.snapshot.library import Library
from rag.snapshot.records import Records

REASON_MAX = 500
"""Characters."""


@dataclass(frozen=True)
class Curated:
    """What became of one key; `facts` and `passages` are those that it withholds in the current version."""

    entry: Entry
    revision: int
    facts: int = 0
    passages: int = 0


def now() -> str:
    """The time as entries state it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def reason_in(text: str) -> str:
    """A reason fit to be stored: one line. Raises UsageError for an empty or very long one."""
    reason = " ".join(text.split())
    if not reason or len(reason) > REASON_MAX:
        raise UsageError(f"the reason has {len(reason)} characters; say in 1 to {REASON_MAX} why")
    return reason


def withdraw(library: Library, key: str, reason: str) -> Curated:
    """From now on nothing of `key` supports an answer, in any version.

    Raises NotFoundError (no retained version has it), ErasedError, ConflictError (withheld already), UsageError,
    StorageError, CorruptSnapshotError (the register is damaged).
    """
    key, reason = parse_key(key), reason_in(reason)
    require_known(library, key)
    entry = Entry(key, EntryKind.WITHDRAWN, reason, now())
    register = library.register.update(lambda register: register.with_entry(entry))
    facts, passages = extent(library, key)
    return Curated(entry, register.revision, facts, passages)


def restore(library: Library, key: str) -> Curated:
    """Let what was withdrawn or retracted support again.

    Raises NotFoundError, ErasedError, ConflictError (neither withdrawn nor retracted, or only through its source).
    """
    key = parse_key(key)
    register = library.register.read()
    known = register.entries.get(key)
    if known is None:
        require_known(library, key)
        if through := _through(library, register, key):
            raise ConflictError(f"{key} is {through.kind} through {through.key}; restore that one")
    changed = library.register.update(lambda register: register.without(key))
    assert known is not None  # without() has raised for a key that is not there
    facts, passages = extent(library, key)
    return Curated(known, changed.revision, facts, passages)


def merge_retractions(library: Library, records: Path, before: Path | None) -> Register:
    """Put into the register what `records` (the database of a sealed version) says was retracted and `before` did not.

    Done before the pointer moves: a crash in between leaves a retraction known early, never late. What an operator
    restored stays restored, because the version before said the same already.
    """
    entries = newly_retracted(records, before)
    if not entries:
        return library.register.read()
    return library.register.update(lambda register: register.with_retractions(entries))


def newly_retracted(records: Path, before: Path | None) -> list[Entry]:
    """What `records` says was retracted and `before` did not."""
    known = {retraction.target for retraction in _retractions(before)} if before is not None else set()
    new = {r.target: r for r in _retractions(records) if r.target not in known}
    return [Entry(key, EntryKind.RETRACTED, f"stated by {r.stated_by}", now()) for key, r in new.items()]


def _retractions(path: Path) -> list[Retraction]:
    records = Records(path)
    try:
        return [one for one in records.scan("retraction") if isinstance(one, Retraction)]
    finally:
        records.close()


# ---------------------------------------------------------------- what a key stands for


def require_known(library: Library, key: str) -> None:
    """Raises NotFoundError for a key that nothing in any retained version answers to, ErasedError for an erased one."""
    library.register.read().require_kept(key)
    drawn = DrawnFacts(library.data_dir).find(key) is not None  # in Neo4j only, and somebody was shown it
    if not drawn and not any(_holds(records, key) for records in retained(library)):
        raise NotFoundError(f"no retained version has {key}; see the citations of an answer for ids")


def retained(library: Library) -> Iterator[Records]:
    """The records of every version, the newest first, one open at a time."""
    for folder in reversed(library.folders().values()):
        records = Records(folder / RECORDS, held=True)
        try:
            yield records
        finally:
            records.close()


def _holds(records: Records, key: str) -> bool:
    if is_publication(key):
        return bool(records.sources_numbered([key]))
    look_up = {"f": records.facts, "p": records.passages, "s": records.sources}[key[0]]
    return bool(look_up([key]))


def _through(library: Library, register: Register, key: str) -> Entry | None:
    """The entry that withholds `key` by way of its source."""
    for records in retained(library):
        source = _source_of(records, key)
        for found in records.sources([source]).values() if source else ():
            keys = keys_of_source(found)
            return next((register.entries[one] for one in keys if one in register.entries), None)
    return None


def _source_of(records: Records, key: str) -> str | None:
    if key.startswith("s:"):
        return key
    for fact in records.facts([key]).values():
        return fact.source
    for passage in records.passages([key]).values():
        return passage.source
    return next(iter(records.sources_numbered([key])), None) if is_publication(key) else None


def extent(library: Library, key: str) -> tuple[int, int]:
    """How many facts and passages of the current version a key stands for."""
    pointer = library.readable_pointer()
    if pointer is None:
        return 0, 0
    records = Records(library.snapshot_folder(pointer.version) / RECORDS)
    try:
        if key.startswith(("f:", "p:")):
            return len(records.facts([key])), len(records.passages([key]))
        sources = records.sources_numbered([key]) if is_publication(key) else frozenset([key])
        return len(records.facts_of(sources)), len(records.leaning(sources))
    finally:
        records.close()

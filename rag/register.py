"""Withdrawals, retractions and erasures: which evidence must not support an answer. Pure.

The register is read at *now*, whatever version is asked. Its keys are ids of evidence (`f:`, `p:`), of sources (`s:`,
all that leans on them) and of publications (`pmid:`, `doi:`, every source that carries the number). Erased ids stay in
it for ever, without content.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from rag.domain import Evidence, Source
from rag.errors import ConflictError, ErasedError, NotFoundError

_CONTENT = re.compile(r"[fps]:[0-9a-f]{16}")
_PMID = re.compile(r"(?:pmid|pubmed)?\s*:?\s*0*([1-9]\d{0,8})", re.IGNORECASE)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi\s*:?\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)


class EntryKind(StrEnum):
    """Why something is in the register."""

    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"
    ERASED = "erased"


@dataclass(frozen=True)
class Entry:
    """One decision; `when` is UTC in ISO 8601.

    Of an erasure `leaning` are the ids erased along with the key, and `done` is set once no file holds what was erased.
    """

    key: str
    kind: EntryKind
    reason: str
    when: str
    leaning: tuple[str, ...] = ()
    done: bool = True


@dataclass(frozen=True)
class Register:
    """All decisions, by key; `revision` grows with every change."""

    revision: int = 0
    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def tombstones(self) -> Mapping[str, Entry]:
        """The erasure of every id that was erased, by itself or with what it leaned on."""
        erased = [entry for entry in self.entries.values() if entry.kind is EntryKind.ERASED]
        return {key: entry for entry in erased for key in (entry.key, *entry.leaning)}

    @property
    def unfinished(self) -> tuple[Entry, ...]:
        """Erasures of which files may still hold something."""
        return tuple(entry for entry in self.entries.values() if not entry.done)

    def of(self, evidence: Evidence) -> Entry | None:
        """The entry that keeps this evidence from supporting, its own before that of its source."""
        keys = (evidence.id, *keys_of(evidence.source.id, evidence.source.doi, evidence.source.pmid))
        return next((self.entries[key] for key in keys if key in self.entries), None)

    def require_kept(self, identifier: str) -> None:
        """Raises ErasedError for an id that was erased."""
        if entry := self.tombstones.get(identifier):
            raise ErasedError(f"{identifier} was erased on {entry.when[:10]} ({entry.reason}); only this note is left")

    # ------------------------------------------------------------ changes

    def with_entry(self, entry: Entry) -> Register:
        """With one more entry. Raises ConflictError where the key has one, ErasedError where it was erased."""
        self.require_kept(entry.key)
        if known := self.entries.get(entry.key):
            raise ConflictError(f"{entry.key} is {known.kind} already, since {known.when[:10]} ({known.reason})")
        return self._with({**self.entries, entry.key: entry})

    def with_erasure(self, entry: Entry) -> Register:
        """With a tombstone in place of whatever was known of its ids. Raises ErasedError where it was erased."""
        self.require_kept(entry.key)
        gone = {entry.key, *entry.leaning}
        kept = {key: one for key, one in self.entries.items() if key not in gone}
        return self._with({**kept, entry.key: entry})

    def finished(self, key: str) -> Register:
        """The erasure of `key` has reached every file."""
        return self._with({**self.entries, key: replace(self.entries[key], done=True)})

    def with_retractions(self, retractions: Iterable[Entry]) -> Register:
        """With those whose key has no entry yet; the very same register if there are none."""
        new = {e.key: e for e in retractions if e.key not in self.entries and e.key not in self.tombstones}
        return self._with({**self.entries, **new}) if new else self

    def without(self, key: str) -> Register:
        """Without the entry of `key`. Raises ErasedError, ConflictError where it has none."""
        self.require_kept(key)
        if key not in self.entries:
            raise ConflictError(f"{key} is neither withdrawn nor retracted; `yiwen kb register` lists what is")
        return self._with({other: entry for other, entry in self.entries.items() if other != key})

    def _with(self, entries: Mapping[str, Entry]) -> Register:
        return Register(self.revision + 1, MappingProxyType(dict(entries)))


EMPTY = Register()


@dataclass(frozen=True)
class Withheld:
    """What must not support an answer in one version: ids of facts and passages, and of sources as a whole.

    `passages` also holds every passage that leans on one of `sources`; facts carry their source with them.
    """

    facts: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.facts or self.passages or self.sources)

    def hides_fact(self, identifier: str, source: str) -> bool:
        """Whether a fact with this source is withheld."""
        return identifier in self.facts or source in self.sources

    def hides(self, evidence: Evidence) -> bool:
        """Whether this fact or passage is withheld."""
        return evidence.id in self.passages or self.hides_fact(evidence.id, evidence.source.id)


NOTHING = Withheld()


# ---------------------------------------------------------------- keys


def pmid_key(text: str | None) -> str | None:
    """`pmid:` and the number without leading zeros; None for what is no PMID."""
    match = _PMID.fullmatch((text or "").strip())
    return f"pmid:{match[1]}" if match else None


def doi_key(text: str | None) -> str | None:
    """`doi:` and the DOI in lower case, from a bare one or a link to it; None for what is no DOI."""
    match = _DOI.fullmatch((text or "").strip())
    return f"doi:{match[1].rstrip('.,;)').lower()}" if match else None


def keys_of(identifier: str, doi: str | None, pmid: str | None) -> tuple[str, ...]:
    """The keys under which a source may be in the register, its own id first."""
    return tuple(key for key in (identifier, pmid_key(pmid), doi_key(doi)) if key)


def keys_of_source(source: Source) -> tuple[str, ...]:
    """Like `keys_of`, of a whole record."""
    return keys_of(source.id, source.doi, source.pmid)


def parse_key(text: str) -> str:
    """A key as a person writes it, in normal form. Raises NotFoundError for what can be none."""
    given = text.strip()
    if _CONTENT.fullmatch(given):
        return given
    scheme = given.partition(":")[0].lower()
    found = pmid_key(given) if scheme == "pmid" else doi_key(given) if scheme == "doi" else None
    if found is None:
        raise NotFoundError(
            f"{text!r} names no evidence; expected `f:`, `p:` or `s:` and 16 hex digits, `pmid:` and digits, "
            "or `doi:10....`"
        )
    return found


def is_publication(key: str) -> bool:
    """Whether a key names a publication by its number rather than one record."""
    return key.startswith(("pmid:", "doi:"))


def is_key(text: str) -> bool:
    """Whether a text is a key in normal form."""
    try:
        return parse_key(text) == text
    except NotFoundError:
        return False


def ids_among(keys: Collection[str], prefix: str) -> frozenset[str]:
    """Those that are ids of one kind: `f`, `p` or `s`."""
    return frozenset(key for key in keys if key.startswith(f"{prefix}:"))

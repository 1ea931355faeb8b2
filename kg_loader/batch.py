"""Items of one file sorted into records to store, skips and rejects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from kg_loader.plan import Input
from kg_loader.sources.format import Item
from rag.domain import Entity, Fact, Passage, Record, Rejected, Skipped, Source
from rag.snapshot.schema import PREFIXES, id_of_key, record_key
from rag.snapshot.writer import key_of_source, problem

ERASED = "erased"
RAW = 500
"""Characters of a broken row that are kept."""
_SEEN = 50_000
"""Entities, aliases and sources remembered, so that repeats cost next to nothing."""
_EVIDENCE = (Fact, Passage)


class Batch:
    """What was read since the last commit, and what the file has stated so far."""

    def __init__(self, source: Input, stated_before: Callable[[int], bool], erased: Collection[str] = ()) -> None:
        """`stated_before` tells whether a committed batch stated the source with this key."""
        self.source = source
        self._stated_before = stated_before
        self._erased = erased
        self._sources: set[str] = set()
        self._spelt: dict[str, str] = {}
        self._seen: set[Record] = set()
        self.clear()

    def clear(self) -> None:
        """Start the next batch; what this one held is committed."""
        if len(self._sources) > _SEEN:
            self._sources.clear()
        self.records: list[tuple[Record, int]] = []
        self.skipped: list[Skipped] = []
        self.rejected: list[Rejected] = []

    def fill(self, items: Iterable[Item], most: int, most_chars: int) -> tuple[int, bool]:
        """Take in up to `most` items, fewer where their texts grow long; how many, and whether there may be more.

        Entities and sources repeated within a file are dropped here, cheaply.
        """
        count = chars = 0
        for item in items:
            count += 1
            if isinstance(item, Fact):  # facts and entities are most of what a graph file states
                self._take_evidence(item)
            elif isinstance(item, Entity):  # nearly all of them repeated
                if self._spelt.get(item.id) != item.name:
                    self._take(item)
            elif isinstance(item, Passage):
                self._take_evidence(item)
                chars += len(item.text)
            elif isinstance(item, Skipped):
                self.skipped.append(item)
            elif isinstance(item, Rejected):
                self.rejected.append(item)
            elif item not in self._seen:
                self._take(item)
            if count >= most or chars >= most_chars:
                return count, True
        return count, False

    def _take_evidence(self, record: Fact | Passage) -> None:
        if self._erased and record.source in self._erased:
            self.skipped.append(Skipped(ERASED))
        elif record.source in self._sources or self._stated(record.source):
            self._take(record)
        else:
            self._reject(record, problem(record) or "its source is not stated before it in this data set")

    def _take(self, record: Record) -> None:
        fault = problem(record)
        if fault is None:
            self._keep(record)
        else:
            self._reject(record, fault)

    def _stated(self, source: str) -> bool:
        if not self._stated_before(key_of_source(source)):
            return False
        self._sources.add(source)
        return True

    def _keep(self, record: Record) -> None:
        try:
            key = record_key(record)
        except UnicodeEncodeError:
            self._reject(record, "a text holds half of a character (a lone surrogate)")
            return
        if self._erased and id_of_key(PREFIXES.get(type(record), "r"), key) in self._erased:
            self.skipped.append(Skipped(ERASED))
            return
        self.records.append((record, key))
        if not isinstance(record, _EVIDENCE):
            self._remember(record, key)

    def _remember(self, record: Record, key: int) -> None:
        if len(self._seen) + len(self._spelt) >= _SEEN:
            self._seen.clear()
            self._spelt.clear()
        if isinstance(record, Entity):
            self._spelt[record.id] = record.name
            return
        self._seen.add(record)
        if isinstance(record, Source):
            self._sources.add(id_of_key(PREFIXES[Source], key))

    def _reject(self, record: Record, reason: str) -> None:
        raw = repr(record).encode("utf-8", "replace").decode()[:RAW]
        self.rejected.append(Rejected(self.source.path, 0, reason, raw))

"""Items of one file sorted into records to store, skips and rejects."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from kg_loader.plan import Input
from kg_loader.sources.format import Item
from rag.domain import Fact, Passage, Record, Rejected, Skipped, Source
from rag.snapshot.schema import PREFIXES, id_of_key, record_key
from rag.snapshot.writer import problem, source_of

ERASED = "erased"
RAW = 500
"""Characters of a broken row that are kept."""
_SEEN = 50_000
"""Entities, aliases and sources remembered, so that repeats cost next to nothing."""
_EVIDENCE = (Fact, Passage)


class Batch:
    """What was read since the last commit, and what the file has stated so far."""

    def __init__(self, source: Input, stated_before: Callable[[int], bool], erased: Container[str] = ()) -> None:
        """`stated_before` tells whether a committed batch stated the source with this key."""
        self.source = source
        self._stated_before = stated_before
        self._erased = erased
        self._sources: set[int] = set()
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
            if isinstance(item, Skipped):
                self.skipped.append(item)
            elif isinstance(item, Rejected):
                self.rejected.append(item)
            else:
                self._take(item)
                if isinstance(item, Passage):
                    chars += len(item.text)
            if count >= most or chars >= most_chars:
                return count, True
        return count, False

    def _take(self, record: Record) -> None:
        evidence = isinstance(record, _EVIDENCE)
        if not evidence and record in self._seen:
            return
        if isinstance(record, Fact | Passage) and record.source in self._erased:
            self.skipped.append(Skipped(ERASED))
            return
        fault = problem(record)
        if fault is None and evidence and not self._stated(source_of(record)):
            fault = "its source is not stated before it in this data set"
        if fault is None:
            self._keep(record, remember=not evidence)
        else:
            self._reject(record, fault)

    def _stated(self, source: int | None) -> bool:
        if source in self._sources:
            return True
        if source is None or not self._stated_before(source):
            return False
        self._sources.add(source)
        return True

    def _keep(self, record: Record, *, remember: bool) -> None:
        try:
            key = record_key(record)
        except UnicodeEncodeError:
            self._reject(record, "a text holds half of a character (a lone surrogate)")
            return
        if id_of_key(PREFIXES.get(type(record), "r"), key) in self._erased:
            self.skipped.append(Skipped(ERASED))
            return
        self.records.append((record, key))
        if isinstance(record, Source):
            self._sources.add(key)
        if remember:
            if len(self._seen) >= _SEEN:
                self._seen.clear()
            self._seen.add(record)

    def _reject(self, record: Record, reason: str) -> None:
        raw = repr(record).encode("utf-8", "replace").decode()[:RAW]
        self.rejected.append(Rejected(self.source.path, 0, reason, raw))

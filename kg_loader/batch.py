"""Items of one file sorted into records to store, skips and rejects."""

from __future__ import annotations

from collections.abc import Container, Iterable

from kg_loader.plan import Input
from kg_loader.sources.format import Item
from rag.domain import Fact, Passage, Record, Rejected, Skipped, Source
from rag.snapshot.schema import PREFIXES, id_of_key, record_key
from rag.snapshot.writer import problem, source_of

ERASED = "erased"
RAW = 500
"""Characters of a broken row that are kept."""
_SEEN = 100_000
"""Entities, aliases and sources remembered, so that repeats cost next to nothing."""


class Batch:
    """What was read since the last commit, and what the file has stated so far."""

    def __init__(self, source: Input, known_sources: set[int], erased: Container[str] = ()) -> None:
        self.source = source
        self.known_sources = known_sources
        self._erased = erased
        self._seen: set[Record] = set()
        self.clear()

    def clear(self) -> None:
        """Start the next batch."""
        self.records: list[tuple[Record, int]] = []
        self.skipped: list[Skipped] = []
        self.rejected: list[Rejected] = []

    def sort(self, items: Iterable[Item]) -> None:
        """Take items in; entities and sources repeated within a file are dropped here, cheaply."""
        for item in items:
            if isinstance(item, Skipped):
                self.skipped.append(item)
            elif isinstance(item, Rejected):
                self.rejected.append(item)
            else:
                self._take(item)

    def _take(self, record: Record) -> None:
        evidence = isinstance(record, Fact | Passage)
        if not evidence and record in self._seen:
            return
        if isinstance(record, Fact | Passage) and record.source in self._erased:
            self.skipped.append(Skipped(ERASED))
            return
        fault = problem(record)
        if fault is None and evidence and source_of(record) not in self.known_sources:
            fault = "its source is not stated before it in this data set"
        if fault is None:
            self._keep(record, remember=not evidence)
        else:
            self._reject(record, fault)

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
            self.known_sources.add(key)
        if remember:
            if len(self._seen) >= _SEEN:
                self._seen.clear()
            self._seen.add(record)

    def _reject(self, record: Record, reason: str) -> None:
        raw = repr(record).encode("utf-8", "replace").decode()[:RAW]
        self.rejected.append(Rejected(self.source.path, 0, reason, raw))

"""Items of one file sorted into rows to store, skips and rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from kg_loader.collecting import collector_off
from kg_loader.plan import Input
from kg_loader.sources.format import Facts, Item
from rag.domain import Entity, Fact, Literal, Passage, Record, Rejected, Skipped, Source
from rag.snapshot.rows import Row, Told, problem, row_of
from rag.snapshot.schema import KINDS, PREFIXES, id_of_key, record_key

ERASED = "erased"
RAW = 500
"""Characters of a broken row that are kept."""
_SEEN = 50_000
"""Entities, aliases and sources remembered, so that repeats cost next to nothing."""
_CODES = {kind: code for code, kind in enumerate(KINDS)}
_EVIDENCE = (Fact, Passage)
Rows = list[dict[int, Row]]
"""Rows by key, for each kind."""


Plain = tuple[Any, ...]


def _told(rejected: Iterable[Rejected]) -> list[tuple[str, int, str, str]]:
    return [(one.file, one.line, one.reason, one.raw) for one in rejected]


def _length(item: Item | Facts) -> int:
    """Characters of the texts of an item, which may be long, unlike names."""
    if isinstance(item, Facts):
        return len(item.wording())
    if isinstance(item, Fact):
        return len(item.object.text) if isinstance(item.object, Literal) else 0
    if isinstance(item, Passage):
        return len(item.text)
    return len(item.raw) if isinstance(item, Rejected) else 0


def no_rows() -> Rows:
    """A place for the rows of each kind."""
    return [{} for _ in KINDS]


@dataclass
class Leaning:
    """What rests on a source that the file itself did not state: rows, and what is said of them if nobody did."""

    rows: Rows = field(default_factory=no_rows)
    rejected: list[Rejected] = field(default_factory=list)


class Batch:
    """What is committed together: what `items` more of a file hold; `more`: the file may go on.

    `told` are facts that are not among the rows: what stores them makes their keys, as it has less to do than what
    reads. `evidence` counts the facts and passages taken, repeated ones too. `leaning`: by source.
    """

    def __init__(self) -> None:
        self.clear()

    def plain(self) -> Plain:
        """All of it as tuples, lists and dicts."""
        leaning = {source: (held.rows, _told(held.rejected)) for source, held in self.leaning.items()}
        rejected = _told(self.rejected)
        return self.items, self.more, self.rows, self.told, self.evidence, leaning, dict(self.skipped), rejected

    @classmethod
    def of(cls, plain: Plain) -> Batch:
        """The batch that `plain` told of."""
        batch = cls()
        batch.items, batch.more, batch.rows, batch.told, batch.evidence, leaning, skipped, rejected = plain
        batch.leaning = {s: Leaning(rows, [Rejected(*one) for one in told]) for s, (rows, told) in leaning.items()}
        batch.skipped = Counter(skipped)
        batch.rejected = [Rejected(*one) for one in rejected]
        return batch

    def clear(self) -> None:
        """Start anew."""
        self.items = 0
        self.more = True
        self.rows = no_rows()
        self.told: list[Told] = []
        self.evidence = 0
        self.leaning: dict[str, Leaning] = {}
        self.skipped: Counter[str] = Counter()
        self.rejected: list[Rejected] = []


class Batches:
    """Cuts the items of a file into batches, and knows what the file has stated so far."""

    def __init__(self, source: Input, erased: Collection[str] = ()) -> None:
        self.source = source
        self._erased = erased
        self._sources: set[str] = set()
        self._spelt: dict[str, str] = {}
        self._seen: set[Record] = set()
        self._batch = Batch()

    def read(self, items: Iterable[Item | Facts], passed: int, most: int, most_chars: int) -> Iterator[Batch]:
        """Batches of up to `most` items (or facts), fewer where their texts grow long; `passed` were committed before.

        A batch is emptied when the next one is asked for.
        """
        stream = islice(items, passed, None)
        more = True
        while more:
            with collector_off():
                self._batch.items, self._batch.more = self._fill(stream, most, most_chars)
                more = self._batch.more
                yield self._batch
                self._batch.clear()
            if len(self._sources) > _SEEN:
                self._sources.clear()

    def _fill(self, items: Iterator[Item | Facts], most: int, most_chars: int) -> tuple[int, bool]:
        """How many items were taken in, and whether there may be more. Facts weigh what they would one by one."""
        count = size = chars = 0
        for item in items:
            self._take_item(item)
            count += 1
            size += 2 * len(item) if isinstance(item, Facts) else 1
            chars += _length(item)
            if size >= most or chars >= most_chars:
                return count, True
        return count, False

    def _take_item(self, item: Item | Facts) -> None:
        """Put an item where it belongs; entities and sources repeated within a file are dropped here, cheaply."""
        if isinstance(item, Facts):
            self._take_facts(item)
        elif isinstance(item, _EVIDENCE):
            self._take_evidence(item)
        elif isinstance(item, Entity):  # nearly all of them repeated
            if self._spelt.get(item.id) != item.name:
                self._take(item, self._batch.rows)
        elif isinstance(item, Skipped):
            self._batch.skipped[item.reason] += 1
        elif isinstance(item, Rejected):
            self._batch.rejected.append(item)
        elif item not in self._seen:
            self._take(item, self._batch.rows)

    def _take_facts(self, facts: Facts) -> None:
        """All in one go, unless something speaks against one of them."""
        spelt = self._spelt.get
        new = [one for things in facts.things.values() for one in things if spelt(one.id) != one.name]
        stored = [self._take(one, self._batch.rows) for one in new]
        if all(stored) and facts.sound() and not self._erased and facts.source in self._sources:
            self._batch.told.append(facts.told())
            self._batch.evidence += len(facts)
            return
        for one in facts.each():
            if isinstance(one, Fact):
                self._take_evidence(one)

    def _take_evidence(self, record: Fact | Passage) -> None:
        if self._erased and record.source in self._erased:
            self._batch.skipped[ERASED] += 1
        elif record.source in self._sources:
            self._take(record, self._batch.rows)
        else:
            held = self._batch.leaning.setdefault(record.source, Leaning())
            if self._take(record, held.rows):
                held.rejected.append(self._rejected(record, "its source is not stated before it in this data set"))

    def _take(self, record: Record, rows: Rows) -> bool:
        """Put a record among the rows, unless it is at fault or erased."""
        fault, key = problem(record), 0
        if fault is None:
            try:
                key = record_key(record)
            except orjson.JSONEncodeError:
                fault = "a text holds half of a character (a lone surrogate)"
        if fault is not None:
            self._batch.rejected.append(self._rejected(record, fault))
            return False
        if self._erased and id_of_key(PREFIXES.get(type(record), "r"), key) in self._erased:
            self._batch.skipped[ERASED] += 1
            return False
        rows[_CODES[type(record)]][key] = row_of(record, key)
        if isinstance(record, _EVIDENCE):
            self._batch.evidence += 1
        else:
            self._remember(record, key)
        return True

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

    def _rejected(self, record: Record, reason: str) -> Rejected:
        raw = repr(record).encode("utf-8", "replace").decode()[:RAW]
        return Rejected(self.source.path, 0, reason, raw)

"""Running a reader over a small file written by the test."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.sources import FORMATS, ReadContext
from rag.domain import Alias, DoNotMerge, Entity, Fact, Literal, Passage, Record, Rejected, Retraction, Skipped, Source

ANY_MAP = """\
header: none
subject: {column: "#A", type: disease}
source: {title: x}
ignore: others
"""
"""Fits a table of any columns."""


@dataclass
class Collected:
    """What a reader gave, by kind."""

    records: list[Record] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def facts(self) -> set[tuple[str, str, str]]:
        """(subject name, relation, object name or text)."""
        names = {one.id: one.name for one in self.records if isinstance(one, Entity)}
        return {
            (
                names[one.subject],
                one.relation,
                one.object.text if isinstance(one.object, Literal) else names[one.object],
            )
            for one in self.records
            if isinstance(one, Fact)
        }

    @property
    def aliases(self) -> dict[str, str]:
        """Name to kind."""
        return {one.name: one.kind for one in self.records if isinstance(one, Alias)}

    @property
    def entities(self) -> set[str]:
        """Ids."""
        return {one.id for one in self.records if isinstance(one, Entity)}

    @property
    def passages(self) -> list[Passage]:
        """In order."""
        return [one for one in self.records if isinstance(one, Passage)]

    @property
    def sources(self) -> set[Source]:
        """Each once."""
        return {one for one in self.records if isinstance(one, Source)}

    @property
    def pairs(self) -> list[DoNotMerge]:
        """In order."""
        return [one for one in self.records if isinstance(one, DoNotMerge)]

    @property
    def retractions(self) -> dict[str, str]:
        """Key of what was retracted to what states it."""
        return {one.target: one.stated_by for one in self.records if isinstance(one, Retraction)}

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """(line, reason) of each reject."""
        return [(one.line, one.reason) for one in self.rejected]


def collect(name: str, path: Path, context: ReadContext | None = None) -> Collected:
    """Everything that format `name` finds in `path`; asserts that facts and passages use what was yielded before."""
    found = Collected()
    known: set[str] = set()
    for item in FORMATS[name].read(path, context or ReadContext(path.stem)):
        if isinstance(item, Rejected):
            found.rejected.append(item)
        elif isinstance(item, Skipped):
            found.skipped[item.reason] += 1
        else:
            _check_references(item, known)
            found.records.append(item)
    return found


def _check_references(item: Record, known: set[str]) -> None:
    if isinstance(item, Entity | Source):
        known.add(item.id)
    elif isinstance(item, Fact):
        needed = {item.subject, item.source} | ({item.object} if isinstance(item.object, str) else set())
        assert needed <= known
    elif isinstance(item, Passage):
        assert item.source in known
        assert item.about is None or item.about in known
    elif isinstance(item, Alias):
        assert item.entity in known


def json_lines(path: Path, rows: Iterable[object]) -> Path:
    """Writes one JSON value a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def text_file(path: Path, text: str) -> Path:
    """Writes `text`."""
    path.write_text(text, encoding="utf-8")
    return path

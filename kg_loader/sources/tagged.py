"""Records of tagged lines, as reference managers exchange them (MEDLINE `.nbib`, RIS, EndNote): what they share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.reading import Row, require_content, text_lines
from rag.domain import Rejected
from rag.text import clean

MOST_FIELDS = 20_000


@dataclass
class Tagged:
    """One record: where it begins and its fields in order, a tag may occur often."""

    number: int
    fields: dict[str, list[str]] = field(default_factory=dict)

    def all(self, *tags: str) -> list[str]:
        """Every value of these tags, tag by tag."""
        return [clean(value) for tag in tags for value in self.fields.get(tag, ()) if value.strip()]

    def one(self, *tags: str) -> str | None:
        """The first value of the first tag that has one."""
        return next(iter(self.all(*tags)), None)


@dataclass(frozen=True)
class Layout:
    """How a format writes its lines; a record begins at `begins` and, if there is one, ends at `ends`."""

    line: re.Pattern[str]
    begins: Sequence[str]
    ends: str | None = None


def tagged_records(path: Path, encoding: str | None, layout: Layout) -> Iterator[Tagged | Rejected]:
    """Records one after the other; a line that no tag begins continues the value before it."""
    require_content(path, encoding)
    current: Tagged | None = None
    tag = ""
    for row in text_lines(path, encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        match = layout.line.match(row.value)
        if match is None:
            _continue(current, tag, row)
            continue
        tag = match["tag"]
        if tag in layout.begins and current is not None:
            yield current
            current = None
        if tag == layout.ends:
            if current is not None:
                yield current
            current, tag = None, ""
            continue
        if current is None:
            current = Tagged(row.number)
        current.fields.setdefault(tag, []).append(match["value"] or "")
    if current is not None:
        yield current


def _continue(current: Tagged | None, tag: str, row: Row) -> None:
    if current is None or not tag or not row.value.strip():
        return
    values = current.fields[tag]
    if len(values[-1]) < MOST_FIELDS:
        joint = " " if row.value.strip()[:1].isascii() else ""
        values[-1] = f"{values[-1].rstrip()}{joint}{row.value.strip()}"

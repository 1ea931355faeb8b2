"""Tables of separated values as rows. Content never raises, it gives `Rejected` rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from kg_loader.reading import Row, reject, require_content, text_lines
from rag.domain import Rejected
from rag.errors import DataError

_MAX_QUOTED = 1 << 17
"""Characters of a row of several lines; the limit of the csv module is the process's, and others raise it."""
_DELIMITERS = ",\t;|"
_QUOTED = re.compile('"[^"]*"')
_NAMELESS = re.compile(r"unnamed: \d+(?:_level_\d+)?")
"""What pandas calls a column without a name when it writes a table again."""


class _Feed:
    """Lines for csv.reader; remembers where a row began and which lines could not be given."""

    def __init__(self, lines: Iterator[Row | Rejected]) -> None:
        self._lines = lines
        self.start = 0
        self.last = 0
        self._size = 0
        self.rejected: list[Rejected] = []
        self.broken = False

    def begin(self) -> None:
        """Forget the row before."""
        self.start, self._size, self.broken = 0, 0, False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            if isinstance(line, Rejected):
                self.rejected.append(line)
                self.broken = self.broken or self.start > 0
                continue
            self.start, self.last = self.start or line.number, line.number
            self._size += len(line.value) + 1
            if self._size > _MAX_QUOTED and self.start < line.number:
                raise csv.Error("field larger than its limit")
            return f"{line.value}\n"
        raise StopIteration


def csv_rows(
    path: Path,
    encoding: str | None = None,
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    called: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Row | Rejected]:
    """Rows as dict of column to trimmed cell, absent optional columns as "". DataError for a header that is wrong.

    `called`: what else columns are called.
    """
    require_content(path, encoding)
    lines = text_lines(path, encoding)
    first = next(lines, None)
    while isinstance(first, Row) and not first.value.strip():
        first = next(lines, None)
    if not isinstance(first, Row):
        raise DataError(f"{path}: line 1, the header, cannot be read: {first.reason if first else 'no text'}")
    delimiter = delimiter_of(first.value)
    header = _header(path, next(csv.reader([first.value], delimiter=delimiter)), required, optional, called)
    for row in _csv_cells(path, lines, delimiter):
        yield row if isinstance(row, Rejected) else _csv_row(path, row, header, required)


def delimiter_of(header: str) -> str:
    """The mark between the columns that a header names: a comma if there is one, else a tab, `;` or `|`."""
    unquoted = _QUOTED.sub("", header)
    return next((mark for mark in _DELIMITERS if mark in unquoted), ",")


def csv_cells(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Iterator[Row | Rejected]:
    """Lists of cells, rows without any left out; `delimiter` None: the one that the first line with a mark shows."""
    require_content(path, encoding)
    if delimiter is None:
        delimiter = _delimiter(path, encoding)
    yield from _csv_cells(path, text_lines(path, encoding), delimiter)


def _delimiter(path: Path, encoding: str | None) -> str:
    for row in text_lines(path, encoding):
        if isinstance(row, Row):
            unquoted = _QUOTED.sub("", row.value)
            best = max(_DELIMITERS, key=unquoted.count)
            if best in unquoted:
                return best
    return ","


def _csv_cells(path: Path, lines: Iterator[Row | Rejected], delimiter: str) -> Iterator[Row | Rejected]:
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            yield from feed.rejected
            return
        except csv.Error as error:
            yield reject(path, feed.start, f"not CSV: {_csv_reason(error)}", f"lines {feed.start} to {feed.last}")
            cells = None
        yield from feed.rejected
        feed.rejected.clear()
        if cells is not None and any(cell.strip() for cell in cells):
            if feed.broken:
                yield reject(path, feed.start, "a line inside this row cannot be read", ",".join(cells))
            else:
                yield Row(feed.start, cells)


def _csv_reason(error: csv.Error) -> str:
    text = str(error)
    return "a quote is never closed" if "unexpected end" in text or "field larger" in text else text


def _header(
    path: Path, cells: list[str], required: Collection[str], optional: Collection[str], called: Mapping[str, str]
) -> list[str]:
    written = [cell.strip().lower() for cell in cells]
    names = ["" if _NAMELESS.fullmatch(name) else called.get(name, name) for name in written]
    named = [name for name in names if name]
    known = f"expected {', '.join(required)}" + (f"; optional {', '.join(optional)}" if optional else "")
    for fault, found in (
        ("columns missing", [name for name in required if name not in named]),
        ("columns named twice", sorted({name for name in named if named.count(name) > 1})),
        ("unknown columns", [name for name in named if name not in required and name not in optional]),
    ):
        if found:
            raise DataError(f"{path}: line 1, {fault}: {', '.join(found)[:200]}; {known}")
    return names


def _csv_row(path: Path, row: Row, header: list[str], required: Collection[str]) -> Row | Rejected:
    cells: list[str] = row.value
    if any(cell.strip() for cell in cells[len(header) :]):
        return reject(path, row.number, "more cells than columns", ",".join(cells))
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
    missing = [name for name in required if name not in values]
    if missing:
        return reject(path, row.number, f"fewer cells than columns, no {missing[0]}", ",".join(cells))
    if len(cells) >= len(header):
        return Row(row.number, values)
    return Row(row.number, {name: values.get(name, "") for name in header if name})

"""Any table as named cells: CSV, TSV, a sheet of a workbook, JSON records; whatever stands in the way of its header.

A column is known by its name, as `normalise` sees it. Of several columns with one name the first is `名称#1`, the next
`名称#2`; a column without a name has its letter, `#C`. JSON keys are joined by dots (`drug.name`); a list keeps its
items.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path

from openpyxl.utils import get_column_letter

from kg_loader.csv_reading import csv_cells
from kg_loader.encodings import regular_file
from kg_loader.json_reading import json_rows
from kg_loader.reading import Row, reject
from kg_loader.workbook import is_workbook, sheet_names, sheet_rows
from rag.domain import Rejected, Skipped
from rag.errors import DataError
from rag.text import clean, normalise

REPEATED_HEADER = "repeated header"
ABOVE_HEADER = "row above the header"
NO_COLUMN = "cell under no column name"
_HEADER_WITHIN = 50
"""Rows in which a header must stand."""
_LOOKED_AT = 1_000
"""JSON records whose keys count as the columns of the file."""
_SPACE_IN_HAN = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_AS_TEXT = re.compile('="([^"]*)"')
"""How a CSV keeps a spreadsheet program from reading a code as a number."""

Cell = str | tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Where a table begins. `header`: rows by number as the file counts them; empty: there is none; None: the first."""

    encoding: str | None = None
    sheet: str | None = None
    header: tuple[int, ...] | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Table:
    """The columns of a file, and its rows as dict of column to cell; absent cells are "". Readable once."""

    columns: tuple[str, ...]
    rows: Iterator[Row | Rejected | Skipped]


def open_table(path: Path, layout: Layout) -> Table:
    """Find the header. Raises DataError where there is none, and what the reading of the file raises."""
    regular_file(path)
    with path.open("rb") as file:
        head = file.read(1 << 12)
    if is_workbook(path, head):
        return _celled(path, sheet_rows(path, layout.sheet), layout.header, ragged=True)
    if layout.sheet is not None:
        raise DataError(f"{path}: a sheet is named and this is no workbook (.xlsx, .xlsm); leave the sheet out")
    if _is_json(head) and layout.header is None and layout.delimiter is None:
        return _keyed(path, layout.encoding)
    return _celled(path, csv_cells(path, layout.encoding, layout.delimiter), layout.header, ragged=False)


def sheets_of(path: Path) -> list[str]:
    """The sheets of a workbook that has several; of all else none. Raises DataError."""
    regular_file(path)
    with path.open("rb") as file:
        head = file.read(1 << 12)
    names = sheet_names(path) if is_workbook(path, head) else []
    return names if len(names) > 1 else []


def first_rows(path: Path, encoding: str | None, limit: int, sheet: str | None = None) -> list[Row] | None:
    """Rows of cells as they stand, before any header is chosen; None for JSON records, whose keys are their columns."""
    with path.open("rb") as file:
        head = file.read(1 << 12)
    if is_workbook(path, head):
        rows = sheet_rows(path, sheet)
    elif _is_json(head):
        return None
    else:
        rows = csv_cells(path, encoding, None)
    return [row for row in islice(rows, limit) if isinstance(row, Row)]


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean X?`, or an empty text."""
    close = get_close_matches(normalise(name), [normalise(one) for one in known], 1, 0.5)
    return next((f"; did you mean {one!r}?" for one in known if [normalise(one)] == close), "")


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))


# ---------------------------------------------------------------- tables of cells


def _celled(path: Path, rows: Iterator[Row | Rejected], header: tuple[int, ...] | None, *, ragged: bool) -> Table:
    """`ragged`: a cell beyond the header is a note of somebody, not a sign that a row is broken."""
    above: list[Rejected | Skipped] = []
    if header == ():
        first = next(rows, None)
        width = len(first.value) if isinstance(first, Row) else 0
        columns = tuple(_letter(at) for at in range(width))
        rows = chain([first] if first else [], rows)
        return Table(columns, _body(path, columns, rows, set(), above, ragged=ragged))
    lines = _header_lines(path, rows, header, above)
    columns = _named(_joined(lines))
    repeated = {_signature(line) for line in lines}
    return Table(columns, _body(path, columns, rows, repeated, above, ragged=ragged))


def _header_lines(
    path: Path, rows: Iterator[Row | Rejected], wanted: tuple[int, ...] | None, above: list[Rejected | Skipped]
) -> list[list[str]]:
    lines: list[list[str]] = []
    for row in islice(rows, _HEADER_WITHIN):
        if isinstance(row, Rejected):
            if wanted is None or row.line in wanted:
                raise DataError(f"{path}: line {row.line}, the header, cannot be read: {row.reason}")
            above.append(row)
            continue
        if wanted is not None and row.number > max(wanted):
            break
        if wanted is None or row.number in wanted:
            lines.append([_heading(cell) for cell in row.value])
        else:
            above.append(Skipped(ABOVE_HEADER))
        if wanted is None or row.number == max(wanted):
            return lines
    asked = (
        "the file has no row with a cell" if wanted is None else f"row {max(wanted)}, the header, is blank or missing"
    )
    raise DataError(f"{path}: {asked}; say with `header` in the map which row names the columns")


def _heading(cell: str) -> str:
    """A name written over two lines of one cell is one name, without the space that the break leaves between Han."""
    return _SPACE_IN_HAN.sub("", clean(_plain(cell)))


def _plain(cell: str) -> str:
    protected = _AS_TEXT.fullmatch(cell.strip())
    return protected[1].strip() if protected else cell.strip()


def _joined(lines: list[list[str]]) -> list[str]:
    """One name a column: a group's heading, `/`, its own. A merged cell has its text in its first column only.

    So a heading reaches over the blanks to its right as long as something stands below them; one with nothing below it
    is merged downwards and is a name by itself.
    """
    width = max(map(len, lines), default=0)
    padded = [line + [""] * (width - len(line)) for line in lines]
    names = list(padded[-1]) if padded else []
    for upper in reversed(padded[:-1]):
        group = ""
        for at in range(width):
            if upper[at]:
                group = upper[at] if names[at] else ""
                names[at] = f"{upper[at]}/{names[at]}" if names[at] and names[at] != upper[at] else upper[at]
            elif names[at]:
                names[at] = f"{group}/{names[at]}" if group else names[at]
            else:
                group = ""
    return names


def _named(names: list[str]) -> tuple[str, ...]:
    """Names that occur twice get their number, columns without a name their letter."""
    total, seen = Counter(map(normalise, names)), Counter[str]()
    found = []
    for at, name in enumerate(names):
        key = normalise(name)
        seen[key] += 1
        found.append((f"{name}#{seen[key]}" if total[key] > 1 else name) if key else _letter(at))
    return tuple(found)


def _letter(at: int) -> str:
    return f"#{get_column_letter(at + 1)}"


def _signature(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell for cell in map(_heading, cells) if cell)


def _body(
    path: Path,
    columns: Sequence[str],
    rows: Iterator[Row | Rejected],
    repeated: set[tuple[str, ...]],
    above: Sequence[Rejected | Skipped],
    *,
    ragged: bool,
) -> Iterator[Row | Rejected | Skipped]:
    yield from above
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        cells: list[str] = row.value
        if _signature(cells) in repeated:
            yield Skipped(REPEATED_HEADER)
            continue
        beyond = [cell for cell in cells[len(columns) :] if cell.strip()]
        if beyond and not ragged:
            yield reject(path, row.number, "more cells than columns", ",".join(cells))
            continue
        for _ in beyond:
            yield Skipped(NO_COLUMN)
        values = {name: _plain(cell) for name, cell in zip(columns, cells, strict=False)}
        yield Row(row.number, {name: values.get(name, "") for name in columns})


# ---------------------------------------------------------------- JSON records


def _keyed(path: Path, encoding: str | None) -> Table:
    """Columns are the keys of the first records, dotted."""
    rows = (_flattened(path, row) for row in json_rows(path, encoding))
    first = list(islice(rows, _LOOKED_AT))
    columns = dict.fromkeys(key for row in first if isinstance(row, Row) for key in row.value)
    return Table(tuple(columns), chain(first, rows))


def _flattened(path: Path, row: Row | Rejected) -> Row | Rejected:
    if isinstance(row, Rejected):
        return row
    if not isinstance(row.value, dict):
        return reject(path, row.number, "not a JSON object", row.value)
    found: dict[str, str | list[str]] = {}
    try:
        _flatten("", row.value, found, listed=False)
    except RecursionError:
        return reject(path, row.number, "nested too deeply", "")
    return Row(row.number, {key: value if isinstance(value, str) else tuple(value) for key, value in found.items()})


def _flatten(key: str, value: object, found: dict[str, str | list[str]], *, listed: bool) -> None:
    """Put the leaves of `value` under their dotted keys; `listed` inside a list, where a key has several values."""
    if isinstance(value, dict):
        for inner, content in value.items():
            _flatten(f"{key}.{inner}" if key else inner, content, found, listed=listed)
    elif isinstance(value, list):
        for one in value:
            _flatten(key, one, found, listed=True)
    elif listed:
        values = found.setdefault(key, [])
        if isinstance(values, list) and value is not None:
            values.append(_scalar(value))
    else:
        found[key] = "" if value is None else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value).strip()

"""Bytes to text to rows, as generators with bounded memory; content never raises, it gives `Rejected` rows.

What is wrong with a file as a whole (missing, a folder, an unknown encoding, a wrong header) is one YiwenError; what is
wrong with one line costs that line, named by its number. Rows of a JSON array have no line of their own: they are
counted from 1, and that is their number.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

import ijson

from kg_loader.encodings import BAD_BYTES, open_text, regular_file
from rag.domain import Rejected
from rag.errors import DataError

MAX_LINE = 4 << 20
"""Characters; a longer line, row or JSON item is rejected."""

_MAX_QUOTED = 1 << 17
"""Characters of a row of several lines; the limit of the csv module is the process's, and others raise it."""

_RAW = 500
_DELIMITERS = ",\t;|"
_QUOTED = re.compile('"[^"]*"')
_CHUNK = 8192
_DEEPEST = 2000
_SURROGATE_ESCAPE = "\\ud"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text, a JSON value or a CSV row (dict of column to cell) and its number, counted from 1."""

    number: int
    value: Any


def reject(path: Path, number: int, reason: str, value: object = "") -> Rejected:
    """A `Rejected` that shows the beginning of `value`; `reason` is a phrase that can be counted."""
    return Rejected(str(path), number, reason, excerpt(value))


def excerpt(value: object) -> str:
    """At most 500 printable characters of a text or of any JSON value."""
    if isinstance(value, str):
        text = value[: 2 * _RAW]
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (RecursionError, ValueError, TypeError):
            text = f"<{type(value).__name__}>"
    shown = text[:_RAW].replace(BAD_BYTES, "\ufffd")
    return shown.encode("utf-8", "replace").decode()


# ---------------------------------------------------------------- lines


def text_lines(path: Path, encoding: str | None = None) -> Iterator[Row | Rejected]:
    r"""Lines without their end; `\n`, `\r\n` and `\r` all end one. Too long, undecodable or with NUL: Rejected."""
    with open_text(path, encoding) as file:
        number = 0
        while text := _readline(path, file):
            number += 1
            if len(text) == MAX_LINE and not text.endswith("\n"):
                _skip_line(path, file)
                yield reject(path, number, f"line longer than {MAX_LINE} characters", text)
                continue
            text = text.rstrip("\n")
            if number == 1:
                text = text.removeprefix("\ufeff")
            fault = _fault(text)
            yield reject(path, number, fault, text) if fault else Row(number, text)


def _readline(path: Path, file: TextIO) -> str:
    try:
        return file.readline(MAX_LINE)
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path}: reading stopped ({error}); check the file and --encoding") from error


def _skip_line(path: Path, file: TextIO) -> None:
    while (rest := _readline(path, file)) and not rest.endswith("\n"):
        continue


def _fault(text: str) -> str | None:
    if BAD_BYTES in text:
        return "bytes that are not valid in the file's encoding"
    if "\0" in text:
        return "NUL character"
    return None


def require_content(path: Path, encoding: str | None = None) -> None:
    """DataError for a file of 0 bytes or of white space only; reads no further than the first mark on the page."""
    regular_file(path)
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    if next(_filled(path, encoding), None) is None:
        raise DataError(f"{path}: the file holds only white space")


def _filled(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    return (row for row in text_lines(path, encoding) if isinstance(row, Rejected) or row.value.strip())


# ---------------------------------------------------------------- JSON


def parse_json(text: str) -> object:
    """The value of a JSON text. ValueError, its message countable, for what is not strict JSON or repeats a key."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("not JSON: nested too deeply") from error
    if _SURROGATE_ESCAPE in text.lower() and not _encodable(value):
        raise ValueError("lone surrogate")
    return value


def _encodable(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"not JSON: {name} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("number too large")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)


def json_rows(path: Path, encoding: str | None = None) -> Iterator[Row | Rejected]:
    """Values of JSON lines, of one JSON array, or the single object of a file; told apart by content, not by name."""
    require_content(path, encoding)
    shape = _shape(path, encoding)
    if shape == "lines":
        yield from _json_lines(path, encoding)
        return
    with open_text(path, encoding) as file:
        stream = _Utf8(file)
        prefix = "item" if shape == "array" else ""
        items = ijson.items(stream, prefix, use_float=True, buf_size=_CHUNK)
        yield from _streamed(path, stream, items)


def json_members(path: Path, encoding: str | None = None) -> Iterator[Row | Rejected]:
    """(key, value) pairs of the one object that a file holds, numbered from 1."""
    require_content(path, encoding)
    with open_text(path, encoding) as file:
        stream = _Utf8(file)
        yield from _streamed(path, stream, ijson.kvitems(stream, "", use_float=True, buf_size=_CHUNK))


def _shape(path: Path, encoding: str | None) -> str:
    """`array`, `object` (spread over lines) or `lines`."""
    filled = _filled(path, encoding)
    first, second = next(filled, None), next(filled, None)
    head = first.value.lstrip() if isinstance(first, Row) else first.raw.lstrip() if first else ""
    if head.startswith("["):
        return "lines" if isinstance(second, Row) and _is_whole(head) else "array"
    if isinstance(second, Row) and not second.value.lstrip().startswith("{") and _begins_object(head):
        return "object"
    return "lines"


def _begins_object(head: str) -> bool:
    return head.startswith("{") and not head.rstrip().endswith("}") and not _is_whole(head)


def _is_whole(text: str) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return False
    return True


def _json_lines(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    for row in _filled(path, encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield Row(row.number, parse_json(row.value))
        except ValueError as error:
            yield reject(path, row.number, str(error).split("(")[0].strip(), row.value)


class _Utf8:
    """A text file as the byte stream that ijson reads; counts what one item may take."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._started = False
        self.bad_bytes = False
        self.item_done()

    def item_done(self) -> None:
        """An item is complete; the next one has the whole allowance again."""
        self._since_item = 0
        self._open_brackets = 0

    def read(self, size: int) -> bytes:
        if size == 0:
            return b""
        text = self._file.read(size)
        if not self._started:
            self._started = True
            text = text.removeprefix("\ufeff") or self._file.read(size)
        self._since_item += len(text)
        if self._since_item > 2 * MAX_LINE:
            raise ValueError("item too long")
        # ijson's time grows with the square of the depth. Brackets inside texts are few and mostly pairs.
        self._open_brackets += text.count("[") + text.count("{") - text.count("]") - text.count("}")
        if self._open_brackets > _DEEPEST:
            raise ValueError("nested too deeply")
        self.bad_bytes = self.bad_bytes or BAD_BYTES in text
        return text.encode("utf-8", "replace")


def _streamed(path: Path, stream: _Utf8, items: Iterator[Any]) -> Iterator[Row | Rejected]:
    number = 0
    while True:
        number += 1
        try:
            value = next(items)
        except StopIteration:
            return
        except (ijson.JSONError, ValueError, OverflowError, RecursionError, OSError) as error:
            reason = str(error).splitlines()[0].strip() if str(error) else type(error).__name__
            yield reject(path, number, f"broken JSON, nothing after this item was read: {reason}")
            return
        stream.item_done()
        if stream.bad_bytes and BAD_BYTES in json.dumps(value, ensure_ascii=False, default=str):
            yield reject(path, number, "bytes that are not valid in the file's encoding", value)
        else:
            yield Row(number, value)


# ---------------------------------------------------------------- CSV


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
) -> Iterator[Row | Rejected]:
    """Rows as dict of column to trimmed cell, absent optional columns as "". DataError for a header that is wrong."""
    require_content(path, encoding)
    lines = text_lines(path, encoding)
    first = next(lines, None)
    while isinstance(first, Row) and not first.value.strip():
        first = next(lines, None)
    if not isinstance(first, Row):
        raise DataError(f"{path}: line 1, the header, cannot be read: {first.reason if first else 'no text'}")
    delimiter = "\t" if "\t" in first.value and "," not in first.value else ","
    header = _header(path, next(csv.reader([first.value], delimiter=delimiter)), required, optional)
    for row in _csv_cells(path, lines, delimiter):
        yield row if isinstance(row, Rejected) else _csv_row(path, row, header, required)


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


def _header(path: Path, cells: list[str], required: Collection[str], optional: Collection[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
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
    return Row(row.number, {name: values.get(name, "") for name in header if name})

"""JSON files as rows: JSON lines, one array, one object. Content never raises, it gives `Rejected` rows.

Rows of an array have no line of their own: they are counted from 1, and that is their number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

import ijson

from kg_loader.encodings import BAD_BYTES, open_text
from kg_loader.reading import MAX_LINE, Row, filled_lines, reject, require_content
from rag.domain import Rejected

_CHUNK = 8192
_DEEPEST = 2000
_SURROGATE_ESCAPE = "\\ud"


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
    """Values of JSON lines, of one JSON array, or objects over several lines; told apart by content, not by name."""
    require_content(path, encoding)
    shape = _shape(path, encoding)
    if shape == "lines":
        yield from _json_lines(path, encoding)
        return
    with open_text(path, encoding) as file:
        stream = _Utf8(file)
        prefix = "item" if shape == "array" else ""
        items = ijson.items(stream, prefix, use_float=True, multiple_values=shape == "object", buf_size=_CHUNK)
        yield from _streamed(path, stream, items)


def json_members(path: Path, encoding: str | None = None) -> Iterator[Row | Rejected]:
    """(key, value) pairs of the one object that a file holds, numbered from 1."""
    require_content(path, encoding)
    with open_text(path, encoding) as file:
        stream = _Utf8(file)
        yield from _streamed(path, stream, ijson.kvitems(stream, "", use_float=True, buf_size=_CHUNK))


def _shape(path: Path, encoding: str | None) -> str:
    """`array`, `object` (spread over lines) or `lines`."""
    filled = filled_lines(path, encoding)
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
    for row in filled_lines(path, encoding):
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
            yield reject(path, number, f"broken JSON, nothing after this item was read: {_told(error)}")
            return
        stream.item_done()
        if stream.bad_bytes and BAD_BYTES in json.dumps(value, ensure_ascii=False, default=str):
            yield reject(path, number, "bytes that are not valid in the file's encoding", value)
        else:
            yield Row(number, value)


def _told(error: Exception) -> str:
    """The first line of a message; the parser's comes as bytes, with an excerpt that may cut a character."""
    told = error.args[0] if error.args else ""
    lines = (told.decode("utf-8", "replace") if isinstance(told, bytes) else str(error)).split("\n")
    return lines[0].strip() or type(error).__name__

"""Bytes to lines of text, as generators with bounded memory; content never raises, it gives `Rejected` rows.

What is wrong with a file as a whole (missing, a folder, an unknown encoding, a wrong header) is one YiwenError; what is
wrong with one line costs that line, named by its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from kg_loader.encodings import BAD_BYTES, open_text, regular_file
from rag.domain import Rejected
from rag.errors import DataError

MAX_LINE = 4 << 20
"""Characters; a longer line, row or JSON item is rejected."""

_RAW = 500


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
    if next(filled_lines(path, encoding), None) is None:
        raise DataError(f"{path}: the file holds only white space")


def filled_lines(path: Path, encoding: str | None = None) -> Iterator[Row | Rejected]:
    """`text_lines` without those of white space only."""
    return (row for row in text_lines(path, encoding) if isinstance(row, Rejected) or row.value.strip())

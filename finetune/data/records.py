"""Files as records with the place of each: JSON Lines, a JSON array, an object of lists, CSV, XLSX, text, or a folder.

JSON is told apart by content, not by name: `llama_data.json` holds lines, and so does Med-ChatGLM's `train.txt`. Memory
is bounded but for CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO

import ijson
import orjson

from evaluation.tables import workbook_rows
from finetune.pairs import decoded
from rag.errors import DataError, NotFoundError

SUFFIXES = (".json", ".jsonl", ".csv", ".xlsx", ".txt")
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class Record:
    """A value and where it stands: its line, or its place in an array, from 1; `member` is the key of its list."""

    file: str
    number: int
    value: Any
    unit: str = "line"
    member: str = ""

    @property
    def origin(self) -> str:
        """The file, and of one that holds several lists which."""
        return intern(f"{self.file}, {self.member}") if self.member else self.file

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.origin}, {self.unit} {self.number}"


def read_records(path: Path) -> Iterator[Record]:
    """Records of a file, or of all files of a folder in the order of their names.

    Raises NotFoundError; DataError for an empty file, a folder of mixed types and content that cannot be read.
    """
    for file in files_of(path):
        kind = file.suffix.lower()
        if kind == ".xlsx":
            yield from (Record(str(file), number, value, "row") for number, value in workbook_rows(file))
            continue
        with _opened(file) as stream:
            if kind == ".csv":
                yield from _table(file)
            elif kind == ".txt" and not _begins_with_an_object(stream):
                yield from _lines(file, stream)
            else:
                yield from _json(file, stream)


def files_of(path: Path) -> list[Path]:
    """The file itself, or those of a folder, which must be of one type."""
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        types = sorted({file.suffix.lower() for file in found})
        if len(types) != 1:
            raise DataError(
                f"{path} holds {', '.join(types) or 'no data files'}; expected files of one type out of "
                f"{', '.join(SUFFIXES)}"
            )
        return found
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist; expected a data file or a folder of such files")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: files named {path.suffix or 'so'} are not known; expected {', '.join(SUFFIXES)}")
    return [path]


def _opened(file: Path) -> BinaryIO:
    try:
        if not file.stat().st_size:
            raise DataError(f"{file} is empty (0 bytes); expected rows")
        return file.open("rb")
    except OSError as error:
        raise NotFoundError(f"{file} cannot be read ({error.strerror}); check its permissions") from error


def _begins_with_an_object(stream: BinaryIO) -> bool:
    """Rows of JSON that are called text, as Med-ChatGLM publishes its own: no document is one object on one line."""
    line = stream.readline().removeprefix(b"\xef\xbb\xbf").strip()
    stream.seek(0)
    return line.startswith(b"{") and _parses(line)


def _lines(file: Path, stream: BinaryIO) -> Iterator[Record]:
    for number, line in enumerate(stream, start=1):
        text = _decoded(line, file, number).strip()
        if text:
            yield Record(str(file), number, text)


def _decoded(line: bytes, file: Path, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{file}, line {number}: not UTF-8; convert the file, e.g. with iconv") from None


def _table(file: Path) -> Iterator[Record]:
    """Also of GB18030, in which spreadsheets write Chinese."""
    rows = csv.DictReader(io.StringIO(decoded(file), newline=""))
    try:
        for row in rows:
            yield Record(str(file), rows.line_num, {key: value or "" for key, value in row.items() if key})
    except csv.Error as error:
        raise DataError(f"{file}, line {rows.line_num}: {error}; expected CSV with a header") from error


# ---------------------------------------------------------------- JSON


def _json(file: Path, stream: BinaryIO) -> Iterator[Record]:
    head = stream.read(_BUFFER)
    stream.seek(3 if head.startswith(b"\xef\xbb\xbf") else 0)
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise DataError(f"{file} holds only white space; expected rows")
    first, end, rest = head.partition(b"\n")
    if head.startswith(b"[") and not (rest.strip() and _parses(first)):  # else lists, one a line
        yield from _streamed(file, stream, array=True)
    elif head.startswith(b"{") and end and not _parses(first):
        yield from _streamed(file, stream, array=False)
    else:
        yield from _json_lines(file, stream)


def _parses(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _json_lines(file: Path, stream: BinaryIO) -> Iterator[Record]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise DataError(f"{file}, line {number}: not JSON ({error.msg}); expected one value a line") from None
        if isinstance(value, dict) and _holds_lists(value):
            for member, rows in value.items():
                yield from (Record(str(file), n, row, "row", member) for n, row in enumerate(rows, start=1))
        else:
            yield Record(str(file), number, value)


def _holds_lists(value: dict[str, Any]) -> bool:
    """Whether an object is several named lists of dialogues, each a list of texts."""
    return bool(value) and all(isinstance(rows, list) and rows and isinstance(rows[0], list) for rows in value.values())


def _streamed(file: Path, stream: BinaryIO, *, array: bool) -> Iterator[Record]:
    """Items of an array; of an object of lists the items of each, of any other object itself."""
    number = 0
    try:
        if array:
            for number, value in enumerate(ijson.items(stream, "item", use_float=True), start=1):
                yield Record(str(file), number, value, "row")
            if not number:
                raise DataError(f"{file} is an empty array; expected rows")
            return
        for member, value in ijson.kvitems(stream, "", use_float=True):
            if not isinstance(value, list):
                raise DataError(f"{file}: {member!r} is no list; expected rows, or lists of rows by name")
            for number, item in enumerate(value, start=1):
                yield Record(str(file), number, item, "row", member)
    except ijson.JSONError as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"{file}: broken JSON after row {number} ({reason})") from None

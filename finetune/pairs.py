"""Question-answer pairs and plain texts from files, for training embedders.

CSV with a header or JSON Lines, UTF-8 or GB18030. Columns are known by name: questions `title`, `ask`, `question`,
`questions`, `query`; answers `answer`, `answers`, `response`. A file with `entity` and `name` (the layout of
`aliases.csv` and `terms.csv`) pairs names of one thing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.errors import DataError, NotFoundError

QUESTION_KEYS = ("title", "ask", "question", "questions", "query")
ANSWER_KEYS = ("answer", "answers", "response")
_NAME_KEYS = ("entity", "name")
_PLACEHOLDERS = frozenset({"", "无", "none", "null"})
csv.field_size_limit(1 << 20)


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """(question, answer) of each row: the question fields joined, then each alone, so long and short forms are learnt.

    Rows without a question or an answer are passed over. DataError: columns not known, or a line is not JSON.
    """
    known = False
    for row in read_rows(path):
        if all(key in row for key in _NAME_KEYS):
            known = True
            entity, name = (row[key].strip() for key in _NAME_KEYS)
            yield from [(entity, name)] if entity and name else []
        elif any(key in row for key in QUESTION_KEYS) and any(key in row for key in ANSWER_KEYS):
            known = True
            yield from _pairs_of(row)
        else:
            raise DataError(
                f"{path}: columns {', '.join(sorted(row))}; expected one of {', '.join(QUESTION_KEYS)} and one of "
                f"{', '.join(ANSWER_KEYS)}, or entity and name"
            )
    if not known:
        raise DataError(f"{path}: no rows; expected question-answer pairs as CSV with a header or as JSON Lines")


def _pairs_of(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    questions = [text for key in QUESTION_KEYS if (text := _field(row, key))]
    answer = next((text for key in ANSWER_KEYS if (text := _field(row, key))), "")
    if questions and answer:
        for question in dict.fromkeys(["\n".join(questions), *questions]):
            yield question, answer


def _field(row: Mapping[str, str], key: str) -> str:
    text = row.get(key, "").strip()
    return "" if text.lower() in _PLACEHOLDERS else text


def read_texts(path: Path) -> Iterator[str]:
    """Every text field of a CSV or JSON Lines file; the lines of any other file."""
    if path.suffix.lower() in {".csv", ".jsonl"}:
        for row in read_rows(path):
            yield from (value for value in row.values() if value.strip())
    else:
        yield from (line for line in decoded(path).splitlines() if line.strip())


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of CSV, JSON Lines or a JSON array as text fields; a list of strings is joined, other values are left out.

    Raises DataError, and NotFoundError.
    """
    text = decoded(path)
    if path.suffix.lower() == ".csv":
        for row in csv.DictReader(io.StringIO(text)):
            yield {key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
        return
    if path.suffix.lower() == ".json":
        yield from (_fields(row, f"{path}, row {n}") for n, row in enumerate(_array(text, path), start=1))
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _json_row(line, path, number)


def _array(text: str, path: Path) -> list[object]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}: not JSON ({error.msg}); expected an array") from error
    if not isinstance(found, list):
        raise DataError(f"{path}: {type(found).__name__}; expected an array of objects")
    return found


def _json_row(line: str, path: Path, number: int) -> dict[str, str]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {number}: not JSON ({error.msg}); expected one object a line") from error
    return _fields(row, f"{path}, line {number}")


def _fields(row: object, place: str) -> dict[str, str]:
    if not isinstance(row, dict):
        raise DataError(f"{place}: {type(row).__name__}; expected an object")
    fields = {key: "\n".join(map(str, value)) if isinstance(value, list) else value for key, value in row.items()}
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def decoded(path: Path) -> str:
    """The file as text: UTF-8 (a byte order mark is dropped), else GB18030."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}; expected a readable file of pairs or texts") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(f"{path}: neither UTF-8 nor GB18030; convert it to UTF-8")

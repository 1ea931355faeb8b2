"""ICD-10 tables, CSV or XLSX: a code and the name of what it stands for, under whatever names of columns.

The columns are told by what stands in them: the longest codes, and the names beside them. The name is an entity, the
code a fact of it, a code with a decimal point also its alias. A bare category such as `B12` is no alias: it would link
where a vitamin is meant.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path

from kg_loader.csv_reading import csv_cells, delimiter_of
from kg_loader.encodings import regular_file
from kg_loader.reading import Row
from kg_loader.sources.format import Format, Item, ReadContext, head_text, rejected
from kg_loader.sources.naming import UNSAFE_ALIAS, entity, fault, trimmed
from kg_loader.sources.terms import types_of
from kg_loader.table import ABOVE_HEADER
from kg_loader.workbook import is_workbook, workbook_sheets
from rag.domain import Alias, AliasKind, Fact, Literal, Rejected, Skipped, Source
from rag.errors import DataError
from rag.text import HAN, clean
from rag.vocabulary import EntityType, Grade, Relation

VISIT = "reason for a visit, no illness"
NO_CODES = "sheet without ICD-10 codes"
_SHAPE = re.compile(r"[A-Z]\d[\dA-Z](?:\.?[\dxX]{1,7})?(?:/\d{1,2})?")
_LINKS = re.compile(r"[A-Z]\d[\dA-Z]\.[\dxX]{1,7}")
_PADDING = re.compile(r"[\s*†☆]+|[+].*")
_OUTER = "VWXY"
_SIGNS = re.compile("R[0-6]")
_SEARCHED = 30
"""Rows of a table in which codes must turn up."""
_HEADING = re.compile("编码|代码|编号|code|icd|名称|name|诊断|疾病|病名", re.IGNORECASE)
_NAMED = re.compile("名称|name|诊断|疾病|病名", re.IGNORECASE)
_BESIDE = re.compile("拼音|助记|助剂|五笔|章|节|类目|亚目|范围|序号|备注|说明|附加|版本|^id$|^no\\.?$", re.IGNORECASE)
"""What tables of codes hold besides; with any other column a table says more, and wants a map."""
_NAME = re.compile(f"[{HAN}a-z]{{2}}")


@dataclass(frozen=True)
class _Columns:
    """Where the codes and the names stand, and how many cells a row has; `header` is the last of the rows `above`."""

    code: int
    name: int
    above: int
    header: int | None
    width: int


def guess(path: Path, head: bytes) -> bool:
    """By the codes in the first rows, under a header that says no more than code books do."""
    if is_workbook(path, head):
        tables = (_first(rows) for rows in workbook_sheets(path))
        return any(_is_code_book([row.value for row in first if isinstance(row, Row)]) for first in tables)
    lines = [line for line in head_text(head).lstrip("\ufeff").splitlines()[: _SEARCHED + 1] if line.strip()]
    try:
        return _is_code_book(list(csv.reader(lines[:_SEARCHED], delimiter=delimiter_of(lines[0] if lines else ""))))
    except csv.Error:
        return False


def _is_code_book(rows: Sequence[Sequence[str]]) -> bool:
    if (at := _columns(rows)) is None:
        return False
    if at.header is None:
        return at.code == 0
    return all(_HEADING.search(cell) or _BESIDE.search(cell) for cell in map(str.strip, rows[at.header]) if cell)


def _first(rows: Iterator[Row | Rejected]) -> list[Row | Rejected]:
    return list(islice(rows, _SEARCHED))


def _columns(rows: Sequence[Sequence[str]]) -> _Columns | None:
    """The column of the longest codes, and that of the names nearest to its right, else to its left."""
    wide = max(map(len, rows), default=0)
    table = [[*row, *[""] * (wide - len(row))] for row in rows]
    columns = [[_code(cell) for cell in column] for column in zip(*table, strict=True)]
    coded = {at: found for at, codes in enumerate(columns) if (found := _coded_rows(codes))}
    if not coded:
        return None
    code = max(coded, key=lambda at: sum(len(columns[at][row]) for row in coded[at]) / len(coded[at]))
    above = coded[code][0]
    beside = [*range(code + 1, wide), *range(code - 1, -1, -1)]
    named = [at for at in beside if any(_NAMED.search(row[at]) for row in table[:above])]
    filled = [at for at in (*named, *beside) if _are_names([row[at] for row in table[above:]])]
    width = max(map(len, rows[:above]), default=0) or Counter(map(len, rows)).most_common(1)[0][0]
    header = above - 1 if above and any(map(_HEADING.search, table[above - 1])) else None
    return _Columns(code, filled[0], above, header, width) if filled else None


def _coded_rows(codes: Sequence[str]) -> list[int]:
    """The rows of a column that hold codes; none unless most do from the first one on, some with a decimal point."""
    found = [row for row, code in enumerate(codes) if _SHAPE.fullmatch(code)]
    some = any("." in codes[row] for row in found)
    return found if some and len(found) * 2 > len(codes) - found[0] else []


def _are_names(cells: Sequence[str]) -> bool:
    names = sum(_NAME.search(cell) is not None and not _SHAPE.fullmatch(_code(cell)) for cell in cells)
    return names * 2 > len(cells)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """The entity and alias of each row; V to Y, causes from outside, are causes. DataError where there are no codes."""
    source = context.source or Source(title=f"ICD-10 编码表（{path.stem}）", kind="standard", grade=Grade.REFERENCE)
    yield source
    for row in _rows(path, context.encoding):
        if not isinstance(row, Row):
            yield row
            continue
        code, name = _code(row.value[0]), trimmed(row.value[1])
        if not _SHAPE.fullmatch(code):
            yield rejected(path, row, "no ICD-10 code")
        elif code.startswith("Z"):
            yield Skipped(VISIT)
        else:
            yield from _coded(code, _shown(row.value[0]), name, source)


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected | Skipped]:
    """(code, name) pairs."""
    regular_file(path)
    with path.open("rb") as file:
        book = is_workbook(path, file.read(4))
    found = False
    for rows in workbook_sheets(path) if book else iter([csv_cells(path, encoding)]):
        first = _first(rows)
        at = _columns([row.value for row in first if isinstance(row, Row)])
        found = found or at is not None
        numbers = count()
        for row in chain(first, rows):
            if not isinstance(row, Row):
                yield row
            elif at is None or (number := next(numbers)) != at.header:
                yield Skipped(NO_CODES) if at is None else _pair(path, row, number, at, ragged=book)
    if not found:
        raise DataError(f"{path}: no column of ICD-10 codes such as A00.001 with names beside it in the first rows")


def _pair(path: Path, row: Row, number: int, at: _Columns, *, ragged: bool) -> Row | Rejected | Skipped:
    if number < at.above:
        return Skipped(ABOVE_HEADER)
    cells = [*row.value, *[""] * (max(at.code, at.name) + 1 - len(row.value))]
    if not ragged and any(cell.strip() for cell in cells[at.width :]):
        return rejected(path, row, "more cells than columns")
    return Row(row.number, (cells[at.code], cells[at.name]))


def _code(written: str) -> str:
    """The first code of a cell: `A01.003+G01*` is known by its aetiology."""
    code = _PADDING.sub("", clean(unicodedata.normalize("NFKC", written)))
    return code[:1].upper() + code[1:]


def _is_sign(code: str, name: str) -> bool:
    """Chapter XVIII up to R69 codes symptoms and signs; others are told by the term file (`腰痛` of M54)."""
    return _SIGNS.match(code) is not None or types_of(name) == {EntityType.SYMPTOM}


def _shown(written: str) -> str:
    """The first code of a cell as the table has it: `I10  02` keeps the gap that stands for its missing digit."""
    found = clean(re.sub(r"[*†☆]|[+].*", "", unicodedata.normalize("NFKC", written)))
    return found[:1].upper() + found[1:]


def _coded(code: str, shown: str, name: str, source: Source) -> Iterator[Item]:
    kind = EntityType.CAUSE if code[0] in _OUTER else EntityType.SYMPTOM if _is_sign(code, name) else EntityType.DISEASE
    reason = fault(name, kind)
    if reason:
        yield Skipped(reason)
        return
    subject = entity(name, kind)
    yield subject
    yield Fact(subject.id, Relation.CODE, Literal(f"ICD-10 {shown}", Relation.CODE.value), source.id)
    if _LINKS.fullmatch(code):
        yield Alias(code, subject.id, AliasKind.ABBREVIATION)
    else:
        yield Skipped(UNSAFE_ALIAS)


FORMAT = Format("icd10", guess, read)

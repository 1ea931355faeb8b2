"""ICD-10 tables, CSV with a header or XLSX with or without one: a code and the name of what it stands for.

The name is an entity, the code a fact of it, a code with a decimal point also its alias. A bare category such as `B12`
is no alias: it would link where a vitamin is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.encodings import regular_file
from kg_loader.reading import Row
from kg_loader.sources.format import Format, Item, ReadContext, head_columns, rejected
from kg_loader.sources.naming import UNSAFE_ALIAS, entity, fault, trimmed
from kg_loader.sources.terms import types_of
from kg_loader.workbook import is_workbook, workbook_rows
from rag.domain import Alias, AliasKind, Fact, Literal, Rejected, Skipped, Source
from rag.text import clean
from rag.vocabulary import EntityType, Grade, Relation

VISIT = "reason for a visit, no illness"
_CODE, _NAME = "icd10编码", "icd10名称"
_OTHER = ("icd10副编码", "拼音助剂码", "拼音码", "助记码", "附加编码", "章", "节")
_SHAPE = re.compile(r"[A-Z]\d[\dA-Z](?:\.?[\dxX]{1,7})?(?:/\d{1,2})?")
_LINKS = re.compile(r"[A-Z]\d[\dA-Z]\.[\dxX]{1,7}")
_PADDING = re.compile(r"[\s*†☆＊]+|[+＋].*")
_OUTER = "VWXY"
_SIGNS = re.compile("R[0-6]")
_SEARCHED = 30
"""Rows of a workbook in which a code must turn up."""


def guess(path: Path, head: bytes) -> bool:
    """By the column names of a CSV, or by the codes in the first rows of a workbook."""
    if is_workbook(path, head):
        return _is_code_book(path)
    return {_CODE, _NAME} <= head_columns(head)


def _is_code_book(path: Path) -> bool:
    rows = [row.value for _, row in zip(range(_SEARCHED), workbook_rows(path), strict=False) if isinstance(row, Row)]
    coded = sum(bool(row) and _SHAPE.fullmatch(_code(row[0])) is not None for row in rows)
    return coded * 2 > len(rows) and any("." in row[0] for row in rows)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """The entity and alias of each row; V to Y, causes from outside, are causes."""
    source = context.source or Source(title=f"ICD-10 编码表（{path.stem}）", kind="standard", grade=Grade.REFERENCE)
    yield source
    for row in _rows(path, context.encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        code, name = _code(row.value[0]), trimmed(row.value[1])
        if not _SHAPE.fullmatch(code):
            yield rejected(path, row, "no ICD-10 code")
        elif code.startswith("Z"):
            yield Skipped(VISIT)
        else:
            yield from _coded(code, _shown(row.value[0]), name, source)


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    """(code, name) pairs."""
    regular_file(path)
    with path.open("rb") as file:
        head = file.read(4)
    if not is_workbook(path, head):
        for row in csv_rows(path, encoding, required=(_CODE, _NAME), optional=_OTHER):
            yield row if isinstance(row, Rejected) else Row(row.number, (row.value[_CODE], row.value[_NAME]))
        return
    at = (0, 1)
    for row in workbook_rows(path):
        if isinstance(row, Rejected):
            yield row
            continue
        header = [cell.lower() for cell in row.value]
        if row.number == 1 and any("编码" in cell or "code" in cell for cell in header):
            at = _columns(header)
            continue
        cells = [*row.value, "", ""]
        yield Row(row.number, (cells[at[0]], cells[at[1]]))


def _columns(header: list[str]) -> tuple[int, int]:
    code = next(i for i, cell in enumerate(header) if "编码" in cell or "code" in cell)
    name = next((i for i, cell in enumerate(header) if "名称" in cell or "name" in cell), code + 1)
    return code, name


def _code(written: str) -> str:
    """The first code of a cell: `A01.003+G01*` is known by its aetiology."""
    code = _PADDING.sub("", clean(written)).replace("．", ".")
    return code[:1].upper() + code[1:]


def _is_sign(code: str, name: str) -> bool:
    """Chapter XVIII up to R69 codes symptoms and signs; others are told by the term file (`腰痛` of M54)."""
    return _SIGNS.match(code) is not None or types_of(name) == {EntityType.SYMPTOM}


def _shown(written: str) -> str:
    """The first code of a cell as the table has it: `I10  02` keeps the gap that stands for its missing digit."""
    found = clean(re.sub(r"[*†☆＊]|[+＋].*", "", written))
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

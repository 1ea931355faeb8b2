"""Literature as a table (CSV, TSV or XLSX), as Zotero, Scopus, Web of Science, CNKI and people's own lists have it.

Columns are known by their names, English or Chinese; others are ignored. A title, and an abstract or a conclusion, are
what makes a table one of literature.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from kg_loader.csv_reading import csv_rows
from kg_loader.encodings import regular_file
from kg_loader.reading import Row, text_lines
from kg_loader.sources.article import Article, Section, doi_in, pmid_in, records, year_in
from kg_loader.sources.cells import grade
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text, rejected
from kg_loader.workbook import is_workbook, workbook_rows
from rag.domain import Rejected
from rag.errors import DataError
from rag.text import clean
from rag.vocabulary import Grade

_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "title": ("title", "article title", "document title", "题名", "标题", "篇名", "文献标题", "论文题目", "文题"),
        "abstract": ("abstract", "abstract note", "summary", "摘要", "中文摘要", "文摘"),
        "conclusion": ("conclusion", "conclusions", "结论", "主要结论", "研究结论"),
        "year": (
            "year", "publication year", "pub year", "publication date", "date", "年", "年份", "发表年份", "出版年",
            "发表时间", "发表日期", "pubtime",
        ),
        "journal": (
            "journal", "publication title", "source title", "journal/book", "source", "期刊", "刊名", "期刊名称",
            "文献来源", "来源", "杂志",
        ),
        "doi": ("doi", "doi链接"),
        "pmid": ("pmid", "pubmed id"),
        "url": ("url", "link", "链接", "网址"),
        "type": ("publication type", "document type", "study type", "研究类型", "文献类型", "研究设计"),
        "grade": ("grade", "evidence grade", "证据级别", "证据等级"),
        "licence": ("licence", "license", "许可"),
    }
)  # fmt: skip
_NAMES = {alias: name for name, aliases in _COLUMNS.items() for alias in aliases}


def guess(path: Path, head: bytes) -> bool:
    """By the names in the first row."""
    try:
        cells = _workbook_header(path) if is_workbook(path, head) else _text_header(head_text(head))
    except (DataError, csv.Error):
        return False
    return _is_literature(_known(cells))


def _is_literature(columns: Mapping[int, str]) -> bool:
    return "title" in columns.values() and not {"abstract", "conclusion"}.isdisjoint(columns.values())


def _workbook_header(path: Path) -> list[str]:
    first = next(workbook_rows(path), None)
    return list(first.value) if isinstance(first, Row) else []


def _text_header(text: str) -> list[str]:
    line = next((line for line in text.lstrip("\ufeff").splitlines() if line.strip()), "")
    return next(csv.reader([line], delimiter=_delimiter(line)), [])


def _delimiter(line: str) -> str:
    return "\t" if "\t" in line and "," not in line else ","


def _known(cells: list[str]) -> dict[int, str]:
    """Which column holds what; `Title-题名` is both of its halves, the first of two columns for one field counts."""
    found: dict[int, str] = {}
    for at, cell in enumerate(cells):
        written = clean(cell).strip('"').lower()
        name = next(
            (_NAMES[one] for one in (written, *map(str.strip, re.split("[-(（]", written))) if one in _NAMES), None
        )
        if name is not None and name not in found.values():
            found[at] = name
    return found


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each row that has one. DataError where the columns say nothing of literature."""
    for row in _rows(path, context.encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield from records(_article(row.value), context)
        except RowError as error:
            yield rejected(path, row, str(error))


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    """Rows as dict of our own column names to texts."""
    regular_file(path)
    with path.open("rb") as file:
        workbook = is_workbook(path, file.read(4))
    yield from _workbook_rows(path) if workbook else _text_rows(path, encoding)


def _workbook_rows(path: Path) -> Iterator[Row | Rejected]:
    rows = workbook_rows(path)
    first = next(rows, None)
    columns = _columns(path, list(first.value) if isinstance(first, Row) else [])
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        else:
            yield Row(row.number, {name: row.value[at] for at, name in columns.items() if at < len(row.value)})


def _text_rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    first = next((row for row in text_lines(path, encoding) if isinstance(row, Rejected) or row.value.strip()), None)
    header = first.value if isinstance(first, Row) else ""
    cells = next(csv.reader([header], delimiter=_delimiter(header)), [])
    columns = _columns(path, cells)
    written = [cell.strip().lower() for cell in cells]
    for row in csv_rows(path, encoding, required=(), optional=[name for name in written if name]):
        if isinstance(row, Rejected):
            yield row
        else:
            yield Row(row.number, {name: row.value.get(written[at], "") for at, name in columns.items()})


def _columns(path: Path, cells: list[str]) -> dict[int, str]:
    columns = _known(cells)
    if not _is_literature(columns):
        raise DataError(
            f"{path}: the first row names {', '.join(filter(None, cells))[:200] or 'nothing'}; expected a title (题名) "
            "and an abstract (摘要) or a conclusion (结论)"
        )
    return columns


def _article(row: Mapping[str, str]) -> Article:
    cell = {name: clean(value) for name, value in row.items()}
    types = tuple(one for one in re.split(r"\s*[;；|]\s*", cell.get("type", "")) if one)
    conclusion = cell.get("conclusion", "")
    url = cell.get("url", "")
    return Article(
        title=cell.get("title", ""),
        abstract=cell.get("abstract", ""),
        conclusions=(Section("结论", conclusion),) if len(conclusion) > 1 else (),
        types=types,
        year=year_in(cell.get("year")),
        journal=cell.get("journal") or None,
        doi=doi_in(cell.get("doi")) or doi_in(url),
        pmid=pmid_in(cell.get("pmid")),
        url=url if re.fullmatch(r"https?://[^\s<>\"]+", url) else None,
        licence=cell.get("licence") or None,
        grade=grade(cell["grade"], Grade.STUDY) if cell.get("grade") else None,
    )


FORMAT = Format("literature-table", guess, read)

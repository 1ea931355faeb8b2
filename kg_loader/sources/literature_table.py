"""Literature as a table (CSV, TSV or XLSX), as Zotero, Scopus, Web of Science, CNKI and people's own lists have it.

Columns are known by their names, English or Chinese; others are ignored. A title, and an abstract or a conclusion, are
what makes a table one of literature.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType

from kg_loader.csv_reading import csv_cells, delimiter_of
from kg_loader.encodings import regular_file
from kg_loader.reading import Row
from kg_loader.sources.article import Article, Section, doi_in, pmid_in, records, year_in
from kg_loader.sources.cells import grade
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text, rejected
from kg_loader.table import ABOVE_HEADER, REPEATED_HEADER
from kg_loader.workbook import is_workbook, workbook_sheets
from rag.domain import Rejected, Skipped
from rag.errors import DataError
from rag.text import clean
from rag.vocabulary import Grade

NO_LITERATURE = "sheet without a title and an abstract"
_HEADER_WITHIN = 10
"""Rows of a table of which one must name the columns."""
_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "title": ("title", "ti", "article title", "document title", "题名", "标题", "篇名", "文献标题", "论文题目",
                  "文题"),
        "abstract": ("abstract", "ab", "abstract note", "summary", "摘要", "中文摘要", "文摘"),
        "conclusion": ("conclusion", "conclusions", "结论", "主要结论", "研究结论"),
        "year": (
            "year", "py", "publication year", "pub year", "publication date", "date", "年", "年份", "发表年份",
            "出版年", "发表时间", "发表日期", "pubtime",
        ),
        "journal": (
            "journal", "so", "publication title", "source title", "journal/book", "source", "期刊", "刊名", "期刊名称",
            "文献来源", "来源", "杂志",
        ),
        "doi": ("doi", "di", "doi链接"),
        "pmid": ("pmid", "pm", "pubmed id"),
        "url": ("url", "link", "链接", "网址"),
        "type": ("publication type", "dt", "document type", "study type", "研究类型", "文献类型", "研究设计"),
        "grade": ("grade", "evidence grade", "证据级别", "证据等级"),
        "licence": ("licence", "license", "许可"),
    }
)  # fmt: skip
_NAMES = {alias: name for name, aliases in _COLUMNS.items() for alias in aliases}


def guess(path: Path, head: bytes) -> bool:
    """By the names in one of the first rows."""
    if is_workbook(path, head):
        return any(_header(list(islice(rows, _HEADER_WITHIN))) is not None for rows in workbook_sheets(path))
    lines = [line for line in head_text(head).lstrip("\ufeff").splitlines() if line.strip()][:_HEADER_WITHIN]
    try:
        return any(_is_literature(_known(next(csv.reader([line], delimiter=delimiter_of(line)), []))) for line in lines)
    except csv.Error:
        return False


def _is_literature(columns: Mapping[int, str]) -> bool:
    return "title" in columns.values() and not {"abstract", "conclusion"}.isdisjoint(columns.values())


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
        if not isinstance(row, Row):
            yield row
            continue
        try:
            yield from records(_article(row.value), context)
        except RowError as error:
            yield rejected(path, row, str(error))


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected | Skipped]:
    """Rows as dict of our own column names to texts; each sheet has a header of its own."""
    regular_file(path)
    with path.open("rb") as file:
        book = is_workbook(path, file.read(4))
    found = False
    above: list[Row | Rejected] = []
    for rows in workbook_sheets(path) if book else iter([csv_cells(path, encoding)]):
        above = list(islice(rows, _HEADER_WITHIN))
        header = _header(above)
        if header is not None:
            found = True
            yield from _table(path, chain(above, rows), header, ragged=book)
        elif book:
            yield from (row if isinstance(row, Rejected) else Skipped(NO_LITERATURE) for row in chain(above, rows))
    if not found:
        first: list[str] = next((row.value for row in above if isinstance(row, Row)), [])
        raise DataError(
            f"{path}: the first row names {', '.join(filter(None, first))[:200] or 'nothing'}; expected a title (题名) "
            "and an abstract (摘要) or a conclusion (结论)"
        )


def _header(rows: Sequence[Row | Rejected]) -> Row | None:
    return next((row for row in rows if isinstance(row, Row) and _is_literature(_known(row.value))), None)


def _table(
    path: Path, rows: Iterator[Row | Rejected], header: Row, *, ragged: bool
) -> Iterator[Row | Rejected | Skipped]:
    """What stands below `header`; in a text file a row with more cells than it is broken."""
    columns = _known(header.value)
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        elif row.number < header.number:
            yield Skipped(ABOVE_HEADER)
        elif row.value != header.value:
            if not ragged and any(cell.strip() for cell in row.value[len(header.value) :]):
                yield rejected(path, row, "more cells than columns")
            else:
                yield Row(row.number, {name: row.value[at] for at, name in columns.items() if at < len(row.value)})
        elif row.number > header.number:
            yield Skipped(REPEATED_HEADER)


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

"""One document, one article: what plain text, HTML, Word and PDF files share once they are lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg_loader.sections import NO_CONCLUSION, document_conclusion
from kg_loader.sources.article import Article, Section, doi_in, pmid_in, records, year_in
from kg_loader.sources.format import Item, ReadContext, RowError
from rag.domain import Skipped
from rag.errors import DataError
from rag.text import clean

MOST_BYTES = 64 << 20
"""A document is held in memory as a whole; a larger file is refused."""

_OPENING = 40
_STAMP = re.compile(r"\W*(?:RETRACTED(?: ARTICLE)?|已撤稿|撤稿)\W*")
_IMPRINT = re.compile(
    r"(?:published(?: online)?|©|copyright|\(c\)|出版日期|发表时间)[^\n]{0,24}?(?P<a>(?:19|20)\d\d)(?!\d)"
    r"|(?P<b>(?:19|20)\d\d)\s*年?\s*[,，;；]?\s*第?\s*\d{1,3}\s*(?:卷|期|\(\d{1,2}\)|（\d{1,2}）)",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(?:title|题\s?[目名]|标\s?题|篇\s?名)\s*[:：]\s*", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"\W*(?:doi\b|https?:|www\.|vol\b|issn|page|p\.|第\s*\d+\s*[卷期页]|论\s?著|综\s?述|临床研究"
    r"|original (?:article|research)|"
    r"research article|review(?: article)?$|article$|open access|received|accepted|abstract|摘\s?要|\d+\W*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Document:
    """Lines in reading order, and what the file says of itself."""

    lines: Sequence[str]
    written: Sequence[str] = ()
    """The lines as they stand in the file, where `lines` are paragraphs that were put together."""
    title: str | None = None
    journal: str | None = None
    year: int | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


def refuse_large(path: Path) -> None:
    """DataError for a file that is no single article."""
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path}: larger than {MOST_BYTES >> 20} MB, which no single article is; split it")


def document_records(path: Path, document: Document, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of one document."""
    conclusion = document_conclusion(document.lines)
    written = document.written or document.lines
    opening = [line for line in written[: 3 * _OPENING] if line.strip()][:_OPENING]
    head = "\n".join(opening)
    article = Article(
        title=_title(document, opening) or path.stem,
        conclusions=(Section("结论", conclusion),) if conclusion else (),
        year=document.year or _imprint(head),
        journal=document.journal,
        doi=document.doi or doi_in(head),
        pmid=pmid_in(document.pmid),
        url=document.url,
        kind="document",
        retracted_by="a stamp on its pages" if any(_STAMP.fullmatch(line) for line in written) else None,
    )
    try:
        yield from records(article, context)
    except RowError:  # a file called 2019.pdf that begins with figures
        yield Skipped(NO_CONCLUSION)


def _title(document: Document, opening: Sequence[str]) -> str | None:
    """As the file states it, else the first line that reads like one."""
    stated = clean(document.title or "")
    if len(stated) >= 6 and not re.search(
        r"(?i)\.(?:docx?|pdf|indd|qxd|tex|html?)$|^microsoft word|^untitled|^无标题", stated
    ):
        return stated
    for line in opening:
        text = _CALLED.sub("", clean(line).lstrip("# "))
        if 6 <= len(text) <= 250 and not _NO_TITLE.match(text) and sum(map(str.isalpha, text)) > 0.5 * len(text):
            return text
    return None


def _imprint(head: str) -> int | None:
    match = _IMPRINT.search(head)
    return year_in(match["a"] or match["b"]) if match else None

"""RIS (`.ris`) and the other tagged exports: of EndNote (`.enw`), Web of Science, RefWorks, NoteExpress.

Tags: https://en.wikipedia.org/wiki/RIS_(file_format). Exporters differ in which tag holds what, so several are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kg_loader.encodings import regular_file
from kg_loader.reading import reject
from kg_loader.sources.article import Article, doi_in, pmid_in, records, year_in
from kg_loader.sources.cells import matching
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text
from kg_loader.sources.tagged import Layout, Tagged, tagged_records
from rag.domain import Rejected


@dataclass(frozen=True)
class _Tags:
    """Which tags may hold a field, best first."""

    type: tuple[str, ...]
    title: tuple[str, ...]
    abstract: tuple[str, ...]
    year: tuple[str, ...]
    journal: tuple[str, ...]
    doi: tuple[str, ...]
    pmid: tuple[str, ...]
    url: tuple[str, ...]
    kind_of_work: tuple[str, ...]


@dataclass(frozen=True)
class _Way:
    """A way to write records: how a file begins, its lines, its tags."""

    begins: re.Pattern[str]
    layout: Layout
    tags: _Tags


_TWO_LETTERS = r"(?P<tag>{}[A-Z][A-Z0-9])(?: (?P<value>.*)|(?P<none>)$)"
_RIS = _Way(
    re.compile(r"TY {0,2}- ?[A-Z]{3,6}\s"),
    Layout(re.compile(r"\s*(?P<tag>[A-Z][A-Z0-9]) {0,3}-(?: (?P<value>.*)|(?P<none>)$)"), begins=("TY",), ends="ER"),
    _Tags(
        ("TY",), ("TI", "T1", "CT"), ("AB", "N2"), ("PY", "Y1", "DA"), ("JO", "JF", "T2", "JA", "J2"),
        ("DO", "M3", "UR"), ("PMID", "AN", "C7"), ("UR", "L2", "LK"), ("M3",),
    ),
)  # fmt: skip
_WAYS = (
    _RIS,
    _Way(  # EndNote
        re.compile("%0 [A-Z]"),
        Layout(re.compile(r"%(?P<tag>[0-9A-Z@~!?#$*+^>&\[(<]) (?P<value>.*)"), begins=("0",)),
        _Tags(("0",), ("T",), ("X",), ("D", "8"), ("J", "B"), ("R", "U"), ("M",), ("U",), ("9",)),
    ),
    _Way(  # Web of Science
        re.compile(r"FN [^\n\r]+[\n\r]+VR 1|PT [JBSP]\s+[A-Z][A-Z0-9] "),
        Layout(re.compile(_TWO_LETTERS.format("(?!FN|VR|EF)")), begins=("PT",), ends="ER"),
        _Tags(("PT",), ("TI",), ("AB",), ("PY", "PD"), ("SO",), ("DI",), ("PM",), (), ("DT",)),
    ),
    _Way(  # RefWorks
        re.compile(r"RT [A-Z][A-Za-z ]+\s+[A-Z][A-Z0-9] "),
        Layout(re.compile(_TWO_LETTERS.format("")), begins=("RT",)),
        _Tags(("RT",), ("T1",), ("AB",), ("YR", "FD"), ("JF", "JO", "T2"), ("DO", "LK", "UL"), (), ("LK", "UL"), ()),
    ),
    _Way(  # NoteExpress
        re.compile(r"\{Reference Type\}:"),
        Layout(re.compile(r"\{(?P<tag>[A-Za-z/ ]{2,30})\}: ?(?P<value>.*)"), begins=("Reference Type",)),
        _Tags(
            ("Reference Type",), ("Title",), ("Abstract",), ("Year", "Date"), ("Journal", "Secondary Title"), ("DOI",),
            (), ("URL",), (),
        ),
    ),
)  # fmt: skip
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "THES": "thesis", "Thesis": "thesis", "BOOK": "book", "Book": "book", "CHAP": "book", "Book Section": "book",
        "CONF": "conference-paper", "CPAPER": "conference-paper", "Conference Proceedings": "conference-paper",
        "RPRT": "report", "Report": "report", "PAT": "patent", "Patent": "patent", "NEWS": "news",
        "Newspaper Article": "news",
    }
)  # fmt: skip


def guess(path: Path, head: bytes) -> bool:
    """By the line that begins a record."""
    return _way(head) is not None


def _way(head: bytes) -> _Way | None:
    text = head_text(head).lstrip("\ufeff \t\r\n")
    return next((way for way in _WAYS if way.begins.match(text)), None)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each record that has one; what begins as none of the ways is read as RIS."""
    regular_file(path)
    with path.open("rb") as file:
        way = _way(file.read(1 << 10)) or _RIS
    for record in tagged_records(path, context.encoding, way.layout):
        if isinstance(record, Rejected):
            yield record
            continue
        try:
            yield from records(_article(record, way.tags), context)
        except RowError as error:
            yield reject(path, record.number, str(error), record.fields)


def _article(record: Tagged, tags: _Tags) -> Article:
    written = record.one(*tags.type) or ""
    if not written:
        raise RowError(f"no type of reference ({tags.type[0]})")
    kind = _KINDS.get(written, "journal-article")
    pmid = next((found for one in record.all(*tags.pmid) if (found := pmid_in(one))), None)
    return Article(
        title=record.one(*tags.title) or "",
        abstract=_abstract(record, tags),
        types=(*record.all(*tags.kind_of_work), *(("news",) if kind == "news" else ())),
        year=year_in(record.one(*tags.year)),
        journal=record.one(*tags.journal),
        doi=next((found for one in record.all(*tags.doi) if (found := doi_in(one))), None),
        pmid=pmid,
        url=_url(record, tags),
        kind=kind,
    )


def _abstract(record: Tagged, tags: _Tags) -> str:
    """The longest: some exporters put a note into one of the tags. CNKI's `<正>` marks a cut beginning."""
    found = max(record.all(*tags.abstract), key=len, default="")
    return re.sub(r"^<正>|^(?:摘要|Abstract)\s*[:：]\s*", "", found)


def _url(record: Tagged, tags: _Tags) -> str | None:
    """The first that is one."""
    for one in record.all(*tags.url):
        for part in re.split(r"[;\s]+", one):
            if part.startswith(("http://", "https://")):
                try:
                    return matching({"url": part}, "url")
                except RowError:
                    continue
    return None


FORMAT = Format("ris", guess, read)

"""MEDLINE records as PubMed saves them for citation managers (`.nbib`, `.txt`).

Tags: https://pubmed.ncbi.nlm.nih.gov/help/#pubmed-format. The same article in XML becomes the same source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.reading import reject
from kg_loader.sources.article import Article, doi_in, pmid_in, publications_in, records, year_in
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text
from kg_loader.sources.tagged import Layout, Tagged, tagged_records
from rag.domain import Rejected

_LAYOUT = Layout(re.compile(r"(?P<tag>[A-Z]{2,4}) {0,2}-(?: (?P<value>.*)|(?P<none>)$)"), begins=("PMID",))
_RETRACTED = ("RIN", "RPI")
_RETRACTS = ("ROF", "RPF")
_ABSTRACT_LANGUAGES = ("eng", "chi")


def guess(path: Path, head: bytes) -> bool:
    """By a PMID line, followed by other tags."""
    text = head_text(head).lstrip("\ufeff").replace("\r", "\n")
    return (
        re.search(r"(?m)^PMID ?- ?\d", text) is not None
        and re.search(r"(?m)^(?:OWN|STAT|TI {0,2}) ?- ", text) is not None
    )


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each article that has one."""
    for record in tagged_records(path, context.encoding, _LAYOUT):
        if isinstance(record, Rejected):
            yield record
            continue
        try:
            yield from records(_article(record), context)
        except RowError as error:
            yield reject(path, record.number, str(error), record.fields)


def _article(record: Tagged) -> Article:
    pmid = pmid_in(record.one("PMID"))
    if pmid is None:
        raise RowError("no PMID")
    headings = {re.split(r"[/*]", one.lstrip("*"))[0] for one in record.all("MH")}
    return Article(
        title=record.one("TI", "BTI", "TT") or "",
        abstract=record.one("AB") or _other_abstract(record),
        types=tuple(record.all("PT")),
        year=year_in(record.one("DP")),
        journal=record.one("JT", "TA"),
        doi=next((doi_in(one) for one in record.all("LID", "AID") if "[doi]" in one), None),
        pmid=pmid,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        licence=record.one("CI"),
        retracted_by=_retracted_by(record),
        retracts=tuple(key for one in record.all(*_RETRACTS) for key in publications_in(one)),
        animals_only="Animals" in headings and "Humans" not in headings,
        lineage="PubMed",
        locator="CONCLUSIONS",
    )


def _retracted_by(record: Tagged) -> str | None:
    if not (stated := record.all(*_RETRACTED)):
        return None
    named = publications_in(" ".join(stated))
    return f"notice {named[0] if named else 'without a number'}"


def _other_abstract(record: Tagged) -> str:
    """Another abstract, if it is English or Chinese."""
    language = record.one("OABL") or "eng"
    return (record.one("OAB") or "") if language in _ABSTRACT_LANGUAGES else ""


FORMAT = Format("nbib", guess, read)

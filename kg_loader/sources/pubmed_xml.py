"""PubMed XML, from E-utilities or the yearly baseline, plain or gzip: the conclusion of each article.

The file is read twice as a stream: first for deletions and for articles that it gives again, then for the articles.
Entities are never expanded, nothing is loaded from elsewhere, no document grows.
Element names: https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd
"""

from __future__ import annotations

import gzip
import html
import re
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lxml import etree

from kg_loader.encodings import named_encoding, regular_file
from kg_loader.reading import reject
from kg_loader.sections import is_conclusion_label, without_tail
from kg_loader.sources.article import Article, Section, doi_in, first, pmid_in, publications_in, records, year_in
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text
from kg_loader.sources.naming import DUPLICATE
from rag.domain import Skipped
from rag.errors import DataError
from rag.register import pmid_key
from rag.text import clean

DELETED = "deleted by PubMed"
BOOK = "book chapter"

_XML_NAMES = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be", "latin-1": "iso-8859-1"}
_GZIP = b"\x1f\x8b"
_TAGS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
_ABSTRACT_LANGUAGES = ("eng", "chi")
_FORMULAE = {"msup": "^", "mfrac": "/"}
"""Elements of MathML whose two parts need a sign between them once they stand in a line."""
_RETRACTED = ("RetractionIn", "RetractedandRepublishedIn")
_RETRACTS = ("RetractionOf", "RetractedandRepublishedFrom")


@dataclass
class _Withdrawn:
    """What the file says of its own articles."""

    deleted: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)


def guess(path: Path, head: bytes) -> bool:
    """By the elements that hold articles."""
    text = head_text(_unpacked(head))
    return text.lstrip("\ufeff \t\r\n").startswith("<") and ("<PubmedArticle" in text or "<PubmedBookArticle" in text)


def _unpacked(head: bytes) -> bytes:
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1 << 16)
    except zlib.error:
        return b""


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each article that has one. DataError for a file that is no XML at all."""
    withdrawn = _survey(path, context)
    number = 0
    for number, element in _elements(path, context):
        if isinstance(element, str):
            yield reject(path, number, f"broken XML, nothing after this article was read: {element}")
            return
        yield from _items(path, number, element, context, withdrawn)
    if number == 0:
        raise DataError(f"{path}: no PubmedArticle in this XML; expected the output of efetch or a baseline file")


def _survey(path: Path, context: ReadContext) -> _Withdrawn:
    found = _Withdrawn()
    for number, element in _elements(path, context):
        if isinstance(element, str):
            return found
        if element.tag == "DeleteCitation":
            found.deleted |= {text for one in element.iterfind("PMID") if (text := _text(one))}
        elif element.tag == "PubmedArticle":
            if pmid := _text(element.find("MedlineCitation/PMID")):
                found.last[pmid] = number
    return found


# ---------------------------------------------------------------- streaming


def _elements(path: Path, context: ReadContext) -> Iterator[tuple[int, Any]]:
    """(number, element) of each article; the fault as a text in place of an element where the XML ends being one."""
    regular_file(path)
    number = 0
    with _opened(path) as file:
        parser = etree.iterparse(
            file, events=("end",), tag=_TAGS, encoding=_encoding(context.encoding), resolve_entities=False,
            no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            for _, element in parser:
                if not number:
                    _refuse_entities(path, element)
                number += 1
                yield number, element
                _forget(element)
        except (etree.XMLSyntaxError, EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
            if not number:
                raise DataError(f"{path}: not PubMed XML: {_fault(error)}") from error
            yield number + 1, _fault(error)


def _encoding(name: str | None) -> str | None:
    """A named encoding as libxml2 calls it; None: as the XML says itself. Raises UsageError."""
    codec = named_encoding(name) if name else None
    return _XML_NAMES.get(codec, codec) if codec else None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield file


def _refuse_entities(path: Path, element: Any) -> None:  # noqa: ANN401 - lxml has no types
    internal = element.getroottree().docinfo.internalDTD
    if internal is not None and any(True for _ in internal.iterentities()):
        raise DataError(f"{path}: the XML declares entities of its own, which PubMed files never do; it is not read")


def _forget(element: Any) -> None:  # noqa: ANN401 - lxml has no types
    """Free an article and what stood before it, so that memory does not grow with the file."""
    element.clear(keep_tail=False)
    while element.getprevious() is not None:
        del element.getparent()[0]


def _fault(error: Exception) -> str:
    """Countable: without positions."""
    return str(error).split(", line ")[0].strip()[:120] or type(error).__name__


# ---------------------------------------------------------------- one article


def _items(path: Path, number: int, element: Any, context: ReadContext, withdrawn: _Withdrawn) -> Iterator[Item]:  # noqa: ANN401
    if element.tag == "PubmedBookArticle":
        yield Skipped(BOOK)
        return
    if element.tag != "PubmedArticle":
        return
    pmid = pmid_in(_text(element.find("MedlineCitation/PMID")))
    if pmid is not None and (reason := _withdrawn(pmid, number, withdrawn)):
        yield Skipped(reason)
        return
    try:
        if pmid is None:
            raise RowError("no PMID")
        yield from records(_article(element, pmid), context)
    except RowError as error:
        yield reject(path, number, str(error), _text(element)[:500])


def _withdrawn(pmid: str, number: int, withdrawn: _Withdrawn) -> str | None:
    if withdrawn.last.get(pmid, number) != number:
        return DUPLICATE
    return DELETED if pmid in withdrawn.deleted else None


def _article(element: Any, pmid: str) -> Article:  # noqa: ANN401 - lxml has no types
    citation = element.find("MedlineCitation")
    article = citation.find("Article")
    if article is None:
        raise RowError("no Article")
    abstract = _abstract(citation, article)
    return Article(
        title=_text(article.find("ArticleTitle")) or _text(article.find("VernacularTitle")),
        abstract=" ".join(_labelled(one) for one in abstract),
        conclusions=tuple(_conclusions(abstract)),
        types=tuple(_text(one) for one in article.iterfind("PublicationTypeList/PublicationType")),
        year=_year(article),
        journal=first([_text(article.find("Journal/Title")), _text(article.find("Journal/ISOAbbreviation"))]),
        doi=_doi(element, article),
        pmid=pmid,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        licence=first([_text(article.find("Abstract/CopyrightInformation"))]),
        retracted_by=_retracted_by(citation),
        retracts=tuple(key for one in _corrections(citation, _RETRACTS) for key in _named(one)),
        animals_only=_animals_only(citation),
        lineage="PubMed",
    )


def _abstract(citation: Any, article: Any) -> list[Any]:  # noqa: ANN401 - lxml has no types
    """The parts of the abstract, or of another one in English or Chinese where there is none."""
    if parts := article.findall("Abstract/AbstractText"):
        return list(parts)
    for other in citation.iterfind("OtherAbstract"):
        if other.get("Language", "eng") in _ABSTRACT_LANGUAGES:
            return list(other.findall("AbstractText"))
    return []


def _labelled(part: Any) -> str:  # noqa: ANN401 - lxml has no types
    label = (part.get("Label") or "").strip(" :")
    return f"{label}: {_text(part)}" if label else _text(part)


def _conclusions(parts: list[Any]) -> Iterator[Section]:
    """Parts that NLM or the journal calls a conclusion; a single part may hold headings of its own."""
    for part in parts:
        label, category = (part.get("Label") or "").strip(" :"), part.get("NlmCategory")
        named = is_conclusion_label(label)
        if not named and category != "CONCLUSIONS":
            continue
        text = without_tail(_text(part))
        if text and not text.upper().startswith("(ABSTRACT TRUNCATED"):
            yield Section(label.upper() or "CONCLUSIONS", text)


def _corrections(citation: Any, kinds: Collection[str]) -> list[Any]:  # noqa: ANN401 - lxml has no types
    found = citation.iterfind("CommentsCorrectionsList/CommentsCorrections")
    return [one for one in found if one.get("RefType") in kinds]


def _retracted_by(citation: Any) -> str | None:  # noqa: ANN401 - lxml has no types
    stated = _corrections(citation, _RETRACTED)
    named = [key for one in stated for key in _named(one)]
    return f"notice {named[0] if named else 'without a number'}" if stated else None


def _named(correction: Any) -> list[str]:  # noqa: ANN401 - lxml has no types
    """The publication on the other side: its PMID, and a DOI if the reference is written with one."""
    pmid = pmid_key(_text(correction.find("PMID")))
    return [key for key in (pmid, *publications_in(_text(correction.find("RefSource")))) if key]


def _animals_only(citation: Any) -> bool:  # noqa: ANN401 - lxml has no types
    headings = {_text(one) for one in citation.iterfind("MeshHeadingList/MeshHeading/DescriptorName")}
    return "Animals" in headings and "Humans" not in headings


def _year(article: Any) -> int | None:  # noqa: ANN401 - lxml has no types
    date = article.find("Journal/JournalIssue/PubDate")
    written = [_text(date.find(name)) for name in ("Year", "MedlineDate")] if date is not None else []
    return year_in(first([*written, _text(article.find("ArticleDate/Year"))]))


def _doi(element: Any, article: Any) -> str | None:  # noqa: ANN401 - lxml has no types
    """The article's own: the reference list below holds the identifiers of others."""
    stated = [_text(one) for one in article.iterfind("ELocationID[@EIdType='doi']") if one.get("ValidYN", "Y") == "Y"]
    listed = [_text(one) for one in element.iterfind("PubmedData/ArticleIdList/ArticleId[@IdType='doi']")]
    return doi_in(first([*stated, *listed]))


def _text(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """All text of an element; 10<sup>9</sup> stays a power, and what was escaped twice reads as meant."""
    if element is None:
        return ""
    text = "".join(_parts(element))
    return clean(html.unescape(text) if "&" in text else text)


def _parts(element: Any) -> Iterator[str]:  # noqa: ANN401 - lxml has no types
    name = element.tag.rpartition("}")[2]
    if name in _FORMULAE and len(element) == 2:
        yield _FORMULAE[name].join(_whole("".join(_parts(child)).strip()) for child in element)
        return
    power = name == "sup" and (element.text or "").strip().lstrip("-−+").isdigit()
    yield f"^{element.text}" if power else element.text or ""
    for child in element:
        if isinstance(child.tag, str) and not child.tag.endswith(("}annotation", "}annotation-xml")):
            yield from _parts(child)
        yield child.tail or ""


def _whole(part: str) -> str:
    """Part of a formula, in brackets where it is a sum."""
    return f"({part})" if re.search(r".[-−+]", part) else part


FORMAT = Format("pubmed-xml", guess, read)

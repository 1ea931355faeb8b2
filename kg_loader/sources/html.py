"""An article saved as a web page: its text without navigation, and the citation tags that publishers put in its head.

Tags (citation_title, citation_doi ...): https://scholar.google.com/intl/en/scholar/inclusion.html#indexing
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from kg_loader.encodings import BAD_BYTES, named_encoding, open_text, regular_file
from kg_loader.reading import require_content
from kg_loader.sources.article import doi_in, year_in
from kg_loader.sources.document import Document, document_records, refuse_large
from kg_loader.sources.format import Format, Item, ReadContext, head_text
from rag.errors import DataError, UsageError
from rag.text import clean

_BLOCKS = frozenset(
    "address article blockquote br caption dd div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 hr li main ol p "
    "pre section table tbody td th thead tr ul title".split()
)
_NOT_TEXT = frozenset(
    "script style noscript nav footer aside form button select template svg iframe object head header".split()
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w\-]{2,20})", re.IGNORECASE)
_BEGINS = re.compile(
    r"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def guess(path: Path, head: bytes) -> bool:
    """By its first tag."""
    return _BEGINS.match(head_text(head).lstrip("\ufeff \t\r\n")[:4000]) is not None


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of the page."""
    regular_file(path)
    refuse_large(path)
    encoding = context.encoding or _declared(path)
    require_content(path, encoding)
    with open_text(path, encoding) as file:
        text = file.read().removeprefix("\ufeff")
    if BAD_BYTES in text:
        raise DataError(f"{path}: bytes that are not valid in the page's encoding; name it with --encoding")
    try:
        root: Any = lxml_html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", text))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DataError(f"{path}: not a web page that can be read: {error}") from error
    yield from document_records(path, _document(root), context)


def _declared(path: Path) -> str | None:
    """The encoding that the page names, unless a byte-order mark or plain UTF-8 says otherwise; None if unknown."""
    with path.open("rb") as file:
        head = file.read(4096)
    match = _CHARSET.search(head)
    if match is None or head.startswith(codecs.BOM_UTF8):
        return None
    try:
        return named_encoding(match[1].decode("ascii"))
    except UsageError:
        return None


def _document(root: Any) -> Document:  # noqa: ANN401 - lxml has no types
    meta = {
        (one.get("name") or one.get("property") or "").lower(): clean(one.get("content") or "")
        for one in root.iter("meta")
    }
    heading = next((clean(one.text_content()) for one in root.iter("h1")), "")
    title = next((clean(one.text_content()) for one in root.iter("title")), "")
    doi = next((found for key in ("citation_doi", "dc.identifier") if (found := doi_in(meta.get(key)))), None)
    return Document(
        _lines(root),
        title=meta.get("citation_title") or meta.get("dc.title") or heading or title or None,
        journal=meta.get("citation_journal_title") or None,
        year=year_in(meta.get("citation_publication_date") or meta.get("citation_date") or meta.get("dc.date")),
        doi=doi,
        pmid=meta.get("citation_pmid"),
    )


def _lines(root: Any) -> list[str]:  # noqa: ANN401 - lxml has no types
    """Text of the body, a line for each block; 10<sup>9</sup> stays a power."""
    body = root.find("body")
    text = "".join(_pieces(body if body is not None else root))
    return [line for written in text.split("\n") if (line := clean(written))]


def _pieces(element: Any) -> Iterator[str]:  # noqa: ANN401 - lxml has no types
    name = element.tag if isinstance(element.tag, str) else ""
    if not name or name in _NOT_TEXT or _HIDDEN.search(element.get("style") or "") or element.get("hidden") is not None:
        return
    block = name in _BLOCKS
    if block:
        yield "\n# " if re.fullmatch("h[2-6]", name) else "\n"
    own = re.sub(r"\s+", " ", element.text or "")
    yield f"^{own}" if name == "sup" and own.strip().lstrip("-−+").isdigit() else own
    for child in element:
        yield from _pieces(child)
        yield re.sub(r"\s+", " ", child.tail or "")
    if block:
        yield "\n"


FORMAT = Format("html", guess, read)

"""An article as a PDF file with a text layer: its text without running heads, page numbers and divided words.

A scanned page holds a picture, not text; such a file is refused with the advice to run OCR over it.
"""

from __future__ import annotations

import gc
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kg_loader.collecting import collector_off
from kg_loader.encodings import regular_file
from kg_loader.sections import paragraphs
from kg_loader.sources.document import Document, document_records, refuse_large
from kg_loader.sources.format import Format, Item, ReadContext
from rag.errors import DataError
from rag.text import HAN

if TYPE_CHECKING:
    from pypdf import PdfReader

_MOST_PAGES = 500
_FEWEST_CHARACTERS = 20
_SHARE_OF_PAGES = 0.5
_PAGE_NUMBER = re.compile(r"\W*(?:page|p\.|第)?\s*\d{1,5}\s*(?:页|(?:of|/)\s*\d{1,5})?\W*", re.IGNORECASE)
_SPACE_IN_HAN = re.compile(f"(?<=[{HAN}，。、；：]) (?=[{HAN}，。、；：])")


def guess(path: Path, head: bytes) -> bool:
    """By its mark, which may stand behind what a server or a mail program put in front."""
    return b"%PDF-" in head[:1024]


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of the document."""
    regular_file(path)
    refuse_large(path)
    pages, title = _pages(path)
    if sum(len(line.strip()) for page in pages for line in page) < _FEWEST_CHARACTERS:
        raise DataError(f"{path}: no text in {len(pages)} pages, so it is a scan; run OCR over it first")
    lines = [line for page in _without_running_heads(pages) for line in page]
    yield from document_records(path, Document(paragraphs(lines), lines, title=title), context)


def _pages(path: Path) -> tuple[list[list[str]], str | None]:
    """Lines of each page, and the title that the file states."""
    from pypdf import PasswordType, PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports each flaw of a file that it can read anyway
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise DataError(f"{path}: protected by a password; save it without one")
        if len(reader.pages) > _MOST_PAGES:
            raise DataError(f"{path}: {len(reader.pages)} pages, which no single article has; split it")
        pages = list(_each_page(reader))
        title = reader.metadata.title if reader.metadata else None
        return pages, title
    except DataError:
        raise
    except RecursionError as error:
        raise DataError(f"{path}: cannot be read as PDF (nested too deeply)") from error
    except Exception as error:  # pypdf raises whatever a broken file leads it to
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"{path}: cannot be read as PDF ({reason}); print it to a new PDF file") from error


def _each_page(reader: PdfReader) -> Iterator[list[str]]:
    """A page that was read leaves circles of megabytes behind; a look at what is new takes them away at once."""
    with collector_off():
        for page in reader.pages:
            yield _lines(page.extract_text())
            gc.collect(0)


def _lines(text: str) -> list[str]:
    """Ligatures such as the one of `ffi` are letters again, and Han characters stand beside each other."""
    folded = "".join(unicodedata.normalize("NFKC", c) if "\ufb00" <= c <= "\ufb06" else c for c in text)
    return [_SPACE_IN_HAN.sub("", line.replace("\xad", "-").strip()) for line in folded.split("\n")]


def _without_running_heads(pages: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Pages without numbers and without first and last lines that half of the pages share."""
    edges = Counter(_shape(line) for page in pages for line in {*page[:2], *page[-2:]} if line)
    for page in pages:
        kept = list(page)
        for at in (0, 0, -1, -1):
            if kept and (_PAGE_NUMBER.fullmatch(kept[at]) or _runs(kept[at], edges, len(pages))):
                del kept[at]
        yield kept


def _runs(line: str, edges: Counter[str], pages: int) -> bool:
    return pages >= 3 and edges[_shape(line)] >= max(3, _SHARE_OF_PAGES * pages)


def _shape(line: str) -> str:
    """Running heads differ in the number of the page only."""
    return re.sub(r"\d+", "0", line)


FORMAT = Format("pdf", guess, read)

"""A plain text or Markdown file that holds one article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.encodings import BAD_BYTES
from kg_loader.reading import require_content, text_lines
from kg_loader.sections import document_conclusion, paragraphs
from kg_loader.sources import literature_table
from kg_loader.sources.document import Document, document_records, refuse_large
from kg_loader.sources.format import Format, Item, ReadContext, head_text
from rag.domain import Rejected

_MARKDOWN = (".md", ".markdown")
_SUFFIXES = (".txt", ".text", *_MARKDOWN)
_OTHER = re.compile(
    r"[{\[<%]|PMID ?-|TY {0,2}-|FN .+\nVR 1|PT [A-Z]\n|RT [A-Z][A-Za-z ]+\n[A-Z][A-Z0-9] |[^\n]*\t[^\n]*\t[^\n]*\t"
)
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1|!?\[([^\]\n]{1,200})\]\([^)\n]{0,500}\)")
_ABSTRACT = re.compile(r"(?im)^\W*(?:摘\s?要|abstract)\b|^\W*摘\s?要")


def guess(path: Path, head: bytes) -> bool:
    """By its name, and by an abstract or a conclusion in it: not every text file is an article."""
    text = head_text(head).lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n")
    if path.suffix.lower() not in _SUFFIXES or _OTHER.match(text) or literature_table.guess(path, head):
        return False
    return _ABSTRACT.search(text) is not None or document_conclusion(paragraphs(text.split("\n"))) is not None


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion; a damaged line is rejected, and the section that it stands in is lost."""
    require_content(path, context.encoding)
    refuse_large(path)
    lines: list[str] = []
    marked = path.suffix.lower() in _MARKDOWN
    for row in text_lines(path, context.encoding):
        if isinstance(row, Rejected):
            yield row
            lines.append(BAD_BYTES)
        else:
            lines.append(_EMPHASIS.sub(r"\2\3", row.value) if marked else row.value)
    yield from document_records(path, Document(paragraphs(lines), lines), context)


FORMAT = Format("plain-text", guess, read)

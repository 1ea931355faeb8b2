"""An article as a Word file (`.docx`): paragraphs and tables in order, insertions accepted, deletions left out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg_loader.encodings import regular_file
from kg_loader.packed import require_sane_zip
from kg_loader.sources.document import Document, document_records, refuse_large
from kg_loader.sources.format import Format, Item, ReadContext
from rag.errors import DataError

if TYPE_CHECKING:
    from docx.document import Document as Word

_MAIN = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def guess(path: Path, head: bytes) -> bool:
    """By the part that every Word file has."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _MAIN in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of the document."""
    regular_file(path)
    refuse_large(path)
    require_sane_zip(path, "a Word file (.docx)")
    import docx

    try:
        word = docx.Document(str(path))
        document = Document(list(_lines(word)), title=_title(word))
    except Exception as error:  # python-docx lets whatever its parts raise through: KeyError, XML errors, ValueError
        raise DataError(
            f"{path}: cannot be read as a Word file ({type(error).__name__}); save it anew as .docx"
        ) from error
    yield from document_records(path, document, context)


def _title(word: Word) -> str | None:
    """A paragraph in the style Title, else the document's property."""
    for paragraph in word.paragraphs[:40]:
        if paragraph.style is not None and paragraph.style.name in ("Title", "标题") and paragraph.text.strip():
            return paragraph.text
    return word.core_properties.title or None


def _lines(word: Word) -> Iterator[str]:
    for block in word.iter_inner_content():
        if hasattr(block, "rows"):
            seen: set[int] = set()
            for cell in (cell for row in block.rows for cell in row.cells):
                if id(cell._tc) not in seen:  # merged cells come once for each place that they take
                    seen.add(id(cell._tc))
                    yield from (line for paragraph in cell.paragraphs for line in _text(paragraph._p).split("\n"))
            continue
        style = block.style.name if block.style is not None and block.style.name else ""
        heading = style.startswith(("Heading", "heading", "标题 "))
        for line in _text(block._p).split("\n"):
            yield f"# {line}" if heading and line.strip() else line


def _text(paragraph: Any) -> str:  # noqa: ANN401 - lxml has no types
    """Text as it reads once all changes are accepted; raised digits stay powers."""
    parts = []
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen"):
        name = node.tag.removeprefix(_W)
        if name == "t":
            text = node.text or ""
            raised = node.getparent().find(f"{_W}rPr/{_W}vertAlign[@{_W}val='superscript']") is not None
            parts.append(f"^{text}" if raised and text.strip().lstrip("-−+").isdigit() else text)
        else:
            parts.append({"tab": " ", "noBreakHyphen": "-"}.get(name, "\n"))
    return "".join(parts)


FORMAT = Format("docx", guess, read)

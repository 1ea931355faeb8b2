"""One module for each data format; `FORMATS` maps the names of `--format` to their readers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kg_loader.encodings import named_encoding, refuse_what_is_no_text, regular_file
from kg_loader.reading import require_content
from kg_loader.sources import (
    aliases_csv,
    classics,
    cmekg,
    csl,
    ddinter,
    departments,
    disease_csv,
    do_not_merge_csv,
    docx,
    drug_json,
    facts_csv,
    html,
    icd10,
    literature_table,
    mapped,
    nbib,
    passages,
    pdf,
    plain_text,
    pubmed_xml,
    pubmedqa,
    qa_csv,
    qa_jsonl,
    qasystem_json,
    ris,
    tcm_lexicons,
    tcm_textbook,
    triples,
    word_list,
    yiwen_records,
)
from kg_loader.sources.format import Facts, Format, Item, ReadContext
from rag.errors import DataError

_HEAD = 1 << 16
_GZIP = b"\x1f\x8b"
_BINARY = (_GZIP, b"PK\x03\x04")
"""How gzip, XLSX and DOCX files begin; whether they, and PDF files, hold anything is for their readers to say."""
_MODULES = (
    cmekg,
    drug_json,
    pubmedqa,
    csl,
    facts_csv,
    passages,
    aliases_csv,
    do_not_merge_csv,
    qa_jsonl,
    pubmed_xml,
    nbib,
    ris,
    classics,
    disease_csv,
    qasystem_json,
    triples,
    ddinter,
    icd10,
    departments,
    tcm_textbook,
    tcm_lexicons,
    word_list,
    qa_csv,
    literature_table,
    plain_text,
    html,
    docx,
    pdf,
    mapped,
    yiwen_records,
)

FORMATS: Mapping[str, Format] = MappingProxyType({module.FORMAT.name: module.FORMAT for module in _MODULES})


def guess_format(path: Path, encoding: str | None = None) -> str:
    """The name of the format that `path` looks like; DataError listing the formats where none or several fit."""
    regular_file(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    binary = head.startswith(_BINARY) or pdf.guess(path, head)
    if not binary:
        require_content(path, encoding)
    if encoding is not None and not binary:
        head = head.decode(named_encoding(encoding), "ignore").encode()
    if yiwen_records.guess(path, head):
        return yiwen_records.NAME  # it says so itself, whatever its keys look like
    fitting = [name for name, format_ in FORMATS.items() if format_.guess(path, head)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and head.startswith(_GZIP):
        refuse_what_is_no_text(path, head)
    problem = f"could be {' or '.join(fitting)}" if fitting else "looks like no known format"
    raise DataError(
        f"{path}: {problem}; name it with --format, one of: {', '.join(FORMATS)}; or say with --map what the "
        "columns of a table are"
    )


__all__ = ["FORMATS", "Facts", "Format", "Item", "ReadContext", "guess_format"]

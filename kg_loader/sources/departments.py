"""Descriptions of hospital departments: `[{"content": text}]`, the name being how the text begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.sources.drug_text import pieces
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys, head_text
from kg_loader.sources.naming import JUNK, PLACEHOLDER, entity, fault
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import HAN
from rag.vocabulary import EntityType, Grade

_SOURCE = Source(title="科室介绍汇编", kind="compilation", grade=Grade.COMPILED, lineage="CareGPT departments")
_NAME = re.compile(f"([{HAN}]{{1,9}}?(?:科|医学))(?:临床科室)?(?:是|主要)")
_HEAD = re.compile(r'"content"\s*:\s*"[^"]{1,12}(?:科|医学)[^"]{0,6}(?:是|主要|的作用)')


def guess(path: Path, head: bytes) -> bool:
    """Texts under `content`, the first of which begins with what a department is."""
    return head_keys(head) == {"content"} and _HEAD.search(head_text(head)) is not None


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """For each text its department and passages about it; one that names no department at its head is skipped."""
    source = context.source or _SOURCE
    yield source
    yield from each_row(path, json_rows(path, context.encoding), lambda row: _department(source, row.value))


def _department(source: Source, value: object) -> Iterator[Item]:
    text = value.get("content") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise RowError("content is missing or not a text")
    if not text.strip():
        yield Skipped(PLACEHOLDER)
        return
    match = _NAME.match(text.strip())
    if not match or match[1].startswith(("该", "本", "这")) or fault(match[1], EntityType.DEPARTMENT):
        yield Skipped(JUNK)
        return
    department = entity(match[1], EntityType.DEPARTMENT)
    yield department
    for piece in pieces("介绍", text):
        if isinstance(piece, Skipped):
            yield piece
            continue
        yield Passage(
            text=piece,
            kind=PassageKind.MONOGRAPH,
            source=source.id,
            title=department.name,
            locator="介绍",
            about=department.id,
            aspect="介绍",
        )


FORMAT = Format("departments", guess, read)

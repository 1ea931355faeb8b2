"""CSL abstracts (all sciences, JSON lines): the conclusion section of the medical ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.reading import Row
from kg_loader.sections import NO_CONCLUSION, aim_of, conclusion_of
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys
from kg_loader.sources.medical import is_medical
from kg_loader.sources.naming import DUPLICATE
from rag.domain import Passage, PassageKind, Skipped, Source
from rag.text import clean, normalise
from rag.vocabulary import Grade

NO_ENTITY = "no medical entity"
_TEXT_KEYS = ("abst", "content")


def guess(path: Path, head: bytes) -> bool:
    """By `abst`, or by `content` with `id`."""
    keys = head_keys(head)
    return "abst" in keys or {"content", "id"} <= keys


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source and conclusion of each medical abstract that has one, the first time it occurs."""
    seen: set[bytes] = set()
    return each_row(path, json_rows(path, context.encoding), lambda row: _records(row, context, seen))


def _records(row: Row, context: ReadContext, seen: set[bytes]) -> list[Item]:
    text = _abstract(row.value)
    digest = hashlib.blake2b(normalise(text).encode("utf-8", "replace"), digest_size=8).digest()
    if digest in seen:
        return [Skipped(DUPLICATE)]
    seen.add(digest)
    conclusion = conclusion_of(text)
    if conclusion is None:
        return [Skipped(NO_CONCLUSION)]
    if not is_medical(conclusion, text):
        return [Skipped(NO_ENTITY)]
    source = context.source or _source(digest)
    return [
        source,
        Passage(
            text=conclusion,
            kind=PassageKind.CONCLUSION,
            source=source.id,
            title=aim_of(text),
            locator="结论",
        ),
    ]


def _abstract(row: object) -> str:
    if not isinstance(row, dict):
        raise RowError("not a JSON object")
    text = next((row[key] for key in _TEXT_KEYS if key in row), None)
    if not isinstance(text, str) or not text.strip():
        raise RowError("neither abst nor content is a text")
    return clean(text)


def _source(digest: bytes) -> Source:
    """Named by the abstract alone, so that its copies in other files are the same source.

    The keywords are left out: half of the rows of this collection carry false ones on purpose.
    """
    title = f"中文期刊摘要（CSL {digest.hex()[:8]}）"
    return Source(title=title, kind="journal-article", grade=Grade.STUDY, lineage="CSL")


FORMAT = Format("csl", guess, read)

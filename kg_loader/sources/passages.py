"""Our own `passages.jsonl`: one text of one idea a line, described with an example in docs/data.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.sources.cells import bibliography, required, text, typed
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_keys
from rag.domain import Entity, Passage, PassageKind
from rag.vocabulary import Grade

_KEYS = frozenset("text kind source title question locator about year journal pmid doi url licence grade".split())
_SOURCE_KIND: Mapping[PassageKind, tuple[str, Grade]] = {
    PassageKind.CONCLUSION: ("journal-article", Grade.STUDY),
    PassageKind.MONOGRAPH: ("monograph", Grade.REFERENCE),
    PassageKind.TEXTBOOK: ("textbook", Grade.REFERENCE),
    PassageKind.CLASSIC: ("classic", Grade.CLASSIC),
    PassageKind.QA: ("qa", Grade.QA),
}


def guess(path: Path, head: bytes) -> bool:
    """By its three required keys."""
    return {"text", "kind", "source"} <= head_keys(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source, entity it is about, and passage of each line."""
    return each_row(path, json_rows(path, context.encoding), lambda row: _records(row.value))


def _records(row: object) -> list[Item]:
    if not isinstance(row, dict):
        raise RowError("not a JSON object")
    if unknown := sorted(row.keys() - _KEYS):
        raise RowError(f"unknown key {unknown[0][:40]!r}")
    kind = _kind(required(row, "kind"))
    source_kind, grade = _SOURCE_KIND[kind]
    source = bibliography(row, kind=source_kind, default=grade)
    about, aspect = _about(row.get("about"))
    passage = Passage(
        text=required(row, "text"),
        kind=kind,
        source=source.id,
        title=text(row, "title"),
        question=text(row, "question"),
        locator=text(row, "locator"),
        about=about.id if about else None,
        aspect=aspect,
    )
    return [source, about, passage] if about else [source, passage]


def _kind(name: str) -> PassageKind:
    try:
        return PassageKind(name.lower())
    except ValueError:
        raise RowError(f"unknown kind {name[:40]!r}, expected one of {', '.join(PassageKind)}") from None


def _about(value: object) -> tuple[Entity | None, str | None]:
    if value is None:
        return None, None
    if isinstance(value, str):
        return typed(value), None
    if not isinstance(value, dict) or not value.keys() <= {"entity", "aspect"}:
        raise RowError("about is neither type:name nor {entity, aspect}")
    return typed(required(value, "entity")), text(value, "aspect")


FORMAT = Format("passages", guess, read)

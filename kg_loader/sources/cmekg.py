"""中心词 records: one object a disease, drug or indicator, every other key a list or a text about it.

The keys say what the 中心词 is. A key that nobody knows, or a value of the wrong type, costs that field and not the
record. The lists are compiled by machine, so every name passes the rules of `naming` before it becomes a fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from kg_loader.encodings import regular_file
from kg_loader.json_reading import json_rows
from kg_loader.reading import Row
from kg_loader.sources.boilerplate import BOILERPLATE, Company
from kg_loader.sources.cmekg_fields import FIELDS, Field, Values, kind_of, literal_fault, object_type
from kg_loader.sources.format import Facts, Format, Item, ReadContext, head_keys, rejected
from kg_loader.sources.naming import (
    DUPLICATE,
    JUNK,
    PLACEHOLDER,
    UNSAFE_ALIAS,
    alias_kind,
    broken_alias,
    entity,
    fault,
    joined_latin,
    named,
    rejoined,
    trimmed,
    unsafe_alias,
    whole_text,
)
from rag.domain import Alias, Entity, Literal, Passage, PassageKind, Rejected, Skipped, Source
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Grade, Relation

SHIFTED = "shifted row"
CENTRE, _ALIASES, _COMPLICATIONS = "中心词", "别名", "并发症"
SOURCE = Source(
    title="中文医学知识图谱记录", kind="knowledge-graph", grade=Grade.COMPILED, lineage="QASystemOnMedicalGraph"
)
_ITEM = re.compile(r"[,，;；|\t\n]+")
_TEXT_ITEM = re.compile(r"[,，;；、|\t\n ]+")
_LIST_MARK = re.compile("[、，,]")
_DEPARTMENT = re.compile(r"[^\d~%]{1,9}")
_PROSE = 30
_DUPLICATE = Skipped(DUPLICATE)
_KEPT = 8 << 20
"""Bytes of a file whose rows fit into memory as objects, some eight times as large."""


def guess(path: Path, head: bytes) -> bool:
    """By its one required key."""
    return CENTRE in head_keys(head)


def read(path: Path, context: ReadContext) -> Iterator[Item | Facts]:
    """Source, then for each record its entity, aliases, passages and facts."""
    return read_records(path, context.source or SOURCE, lambda: json_rows(path, context.encoding))


def read_records(path: Path, source: Source, rows: Callable[[], Iterator[Row | Rejected]]) -> Iterator[Item | Facts]:
    """As `read`, for records that `rows` makes of the file, which is gone through twice: first to learn the names.

    The rows of a small file are kept in between; a large one is read again.
    """
    regular_file(path)
    kept = list(rows()) if path.stat().st_size <= _KEPT else None
    known = _learn(rows() if kept is None else iter(kept))
    yield source
    for row in rows() if kept is None else kept:
        if isinstance(row, Rejected):
            yield row
        else:
            yield from _record(path, row, source, known)


@dataclass(frozen=True)
class _Known:
    """What a first pass over a file learns: 中心词 that hold 、 or ，, and pairs of complications pasted by a site."""

    names: frozenset[str]
    pasted: frozenset[tuple[str, str]]

    @cached_property
    def heads(self) -> frozenset[str]:
        """What stands before a list mark in one of `names`: only there can a name have been cut in two."""
        return frozenset(name[: mark.start()] for name in self.names for mark in _LIST_MARK.finditer(name))

    @cached_property
    def suspects(self) -> frozenset[str]:
        """Names that occur in a pasted pair."""
        return frozenset(name for name, _ in self.pasted)


def _learn(rows: Iterator[Row | Rejected]) -> _Known:
    company, names = Company(), set()
    for row in rows:
        record = row.value if isinstance(row, Row) else None
        if not isinstance(record, dict):
            continue
        name, listed = record.get(CENTRE), record.get(_COMPLICATIONS)
        if isinstance(name, str) and _LIST_MARK.search(name):
            names.add(clean(name))
        if isinstance(listed, list):
            company.add(trimmed(one) for one in listed if isinstance(one, str))
    return _Known(frozenset(names), company.pasted())


def _record(path: Path, row: Row, source: Source, known: _Known) -> Iterator[Item | Facts]:
    record = row.value
    if not isinstance(record, dict):
        yield rejected(path, row, "not a JSON object")
        return
    written = record.get(CENTRE)
    if not isinstance(written, str) or not written.strip():
        yield rejected(path, row, f"{CENTRE} is missing or not a text")
        return
    kind = kind_of(record.keys())
    reason = fault(trimmed(written), kind)
    if reason or _is_shifted(record):
        yield Skipped(reason or SHIFTED)
        return
    centre = entity(trimmed(written), kind)
    yield centre
    reader = _Record(path, row, source, centre, known)
    for key, value in record.items():
        if key != CENTRE:
            yield from reader.field(key, value)
    if reader.things or reader.said:
        yield Facts(centre.id, source.id, reader.things, reader.said)


def _is_shifted(record: dict[str, Any]) -> bool:
    """True where the columns have slipped: under 所属科室 stands what is a number or a statement about people."""
    departments = record.get("所属科室")
    listed = departments if isinstance(departments, list) else []
    return any(
        isinstance(name, str) and (not _DEPARTMENT.fullmatch(clean(name)) or re.search("人群|男性|女性|发病", name))
        for name in listed
    )


@dataclass(frozen=True)
class _Record:
    """One 中心词 and its fields; `things` and `said` collect the objects of its facts."""

    path: Path
    row: Row
    source: Source
    centre: Entity
    known: _Known
    things: dict[Relation, list[Entity]] = field(default_factory=dict)
    said: dict[Relation, list[Literal]] = field(default_factory=dict)

    def field(self, key: str, value: object) -> Iterable[Item]:
        """What one field asserts besides facts."""
        if key == _ALIASES:
            texts = self._texts(value)
            return self._wrong(key) if texts is None else self._aliases(texts)
        field = FIELDS[self.centre.type].get(key)
        if field is None:
            return [rejected(self.path, self.row, f"unknown key {key[:40]!r} for a {self.centre.type}")]
        texts = self._texts(value, field)
        if texts is None:
            return self._wrong(key)
        if field.values is Values.LITERAL:
            return self._literals(field, texts)
        if field.values is Values.TEXT or (field.prose and any(len(text) > _PROSE for text in texts)):
            return self._passages(key, texts)
        return self._facts(field, texts)

    def _texts(self, value: object, field: Field | None = None) -> list[str] | None:
        """The texts of a list, or of one text split at list marks; None where any value is no text."""
        if isinstance(value, str):
            whole = field is not None and (field.values is not Values.NAMES or (field.prose and len(value) > _PROSE))
            parts = [value] if whole or clean(value) in self.known.names else _TEXT_ITEM.split(value)
            return [part for part in parts if part.strip()]
        if not isinstance(value, list) or not {str}.issuperset(map(type, value)):
            return None
        if (field is not None and field.values is not Values.NAMES) or not _ITEM.search("".join(value)):
            return value
        return [part for one in value for part in _ITEM.split(one) if part.strip() or not one.strip()]

    def _wrong(self, key: str) -> list[Item]:
        return [rejected(self.path, self.row, f"{key} is neither a text nor a list of texts")]

    def _aliases(self, texts: list[str]) -> Iterator[Item]:
        seen = {normalise(self.centre.name)}
        for text in joined_latin([trimmed(text) for text in texts]):
            name = text.strip()
            reason = fault(name, self.centre.type)
            folded = normalise(name)
            if (unsafe_alias(name) or broken_alias(name, self.centre.type)) and reason in (None, JUNK):
                yield Skipped(UNSAFE_ALIAS)
            elif reason:
                yield Skipped(reason)
            elif folded in seen:
                yield Skipped(DUPLICATE)
            else:
                seen.add(folded)
                yield Alias(name, self.centre.id, alias_kind(name))

    def _literals(self, field: Field, texts: list[str]) -> list[Skipped]:
        judged = [_literal(field.relation, text) for text in texts]
        if said := [one for one in judged if isinstance(one, Literal)]:
            self.said.setdefault(field.relation, []).extend(said)
        return [one for one in judged if isinstance(one, Skipped)]

    def _passages(self, key: str, texts: list[str]) -> Iterator[Item]:
        for text in texts:
            shown = clean(text)
            if not shown or fault(shown[:20], EntityType.TREATMENT) == PLACEHOLDER:
                yield Skipped(PLACEHOLDER)
                continue
            yield Passage(
                text=shown,
                kind=PassageKind.MONOGRAPH,
                source=self.source.id,
                title=self.centre.name,
                locator=key,
                about=self.centre.id,
                aspect=key,
            )

    def _facts(self, field: Field, texts: list[str]) -> list[Skipped]:
        things = self.things.setdefault(field.relation, [])
        skipped: list[Skipped] = []
        seen = {self.centre.id}
        whole = texts if self.known.heads.isdisjoint(texts) else rejoined(texts, self.known.names)
        names = list(map(trimmed, whole))
        pasted = not self.known.suspects.isdisjoint(names)
        types = field.types
        for name in names:
            target = _named(name, types)
            if isinstance(target, Skipped):
                skipped.append(target)
            elif pasted and any((name, other) in self.known.pasted for other in names):
                skipped.append(Skipped(BOILERPLATE))
            elif target.id in seen:
                skipped.append(_DUPLICATE)
            else:
                seen.add(target.id)
                things.append(target)
        return skipped


@lru_cache(maxsize=1 << 16)
def _named(name: str, types: tuple[EntityType, ...]) -> Entity | Skipped:
    return named(name, object_type(name, types))


@lru_cache(maxsize=1 << 14)
def _literal(relation: Relation, text: str) -> Literal | Skipped:
    shown = whole_text(clean(text))
    reason = literal_fault(relation, shown)
    return Skipped(reason) if reason else Literal(shown, relation.value)


FORMAT = Format("cmekg", guess, read)

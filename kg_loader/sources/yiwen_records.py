"""What `yiwen kb export` writes: the records of a whole version, each with the data sets that assert it.

One file holds several data sets, so it is read once for each of them; `datasets` says which there are. Its last row
counts the rows before it: a copy that ends early is not taken for a smaller knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from kg_loader.json_reading import json_rows
from kg_loader.reading import Row
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_text, rejected
from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Rejected,
    Retraction,
    Review,
    Source,
    Verdict,
)
from rag.errors import DataError
from rag.vocabulary import EntityType, Grade, Relation

NAME, VERSION = "yiwen-records", 1
_Fields = dict[str, Any]


def guess(path: Path, head: bytes) -> bool:
    """By the name of the format in its first row."""
    first = head_text(head).lstrip("\ufeff \t\r\n").partition("\n")[0]
    return first.startswith("{") and f'"{NAME}"' in first


def datasets(path: Path, encoding: str | None = None) -> list[str]:
    """The data sets of a file, by its first row. Raises DataError."""
    for row in islice(json_rows(path, encoding), 1):
        header = row.value if isinstance(row, Row) and isinstance(row.value, dict) else {}
        names = header.get("datasets")
        if header.get("format") != NAME or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise DataError(f'{path}:1: the first row is no header; expected {{"kind": "header", "format": "{NAME}"}}')
        if header.get("format_version") != VERSION:
            raise DataError(
                f"{path}:1: format_version is {header.get('format_version')!r}; this program reads {VERSION}"
            )
        return names
    return []


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """The records that one data set asserts, in the order of the file. Raises DataError where the file ends early."""
    first = datasets(path, context.encoding)[:1] == [context.dataset]
    counted, ended = 0, False
    for row in islice(json_rows(path, context.encoding), 1, None):
        if isinstance(row, Rejected):
            counted += 1
            if first:  # nobody knows whose it was
                yield row
            continue
        if isinstance(row.value, dict) and row.value.get("kind") == "end":
            ended = row.value.get("rows") == counted
            continue
        counted += 1
        yield from _items(path, row, context.dataset, first=first)
    if not ended:
        raise DataError(f"{path}: it ends after {counted} rows without the row that counts them; copy the file again")


def _items(path: Path, row: Row, dataset: str, *, first: bool) -> Iterator[Item]:
    try:
        names = _strings(row.value, "datasets")
    except RowError as error:
        if first:
            yield rejected(path, row, str(error))
        return
    if dataset in names:
        try:
            yield _record(row.value)
        except RowError as error:
            yield rejected(path, row, str(error))


def _strings(value: object, key: str) -> list[str]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise RowError(f"no list of {key}")
    return found


def _record(row: _Fields) -> Record:
    """The record of a row; its id must be that of its content. Raises RowError."""
    decode = _DECODE.get(row.get("kind", ""))
    if decode is None:
        raise RowError(f"unknown kind {row.get('kind')!r:.40}, expected one of {', '.join(_DECODE)}")
    own = ("kind", "datasets", "held") if row["kind"] == "entity" else ("kind", "datasets", "held", "id")
    fields = {key: value for key, value in row.items() if key not in own}
    _require_texts(fields)
    try:
        record = decode(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise RowError(f"not a {row['kind']}: {_reason(error)}") from None
    if isinstance(record, Source | Fact | Passage) and row.get("id") != record.id:
        raise RowError("its id is not that of its content; it was changed after the export")
    return record


def _require_texts(fields: _Fields) -> None:
    """Everything but a year and the parts of a literal is a text. Raises RowError."""
    literal = fields.get("literal", {})
    if not isinstance(literal, dict) or type(fields.get("year", 0)) is not int:
        raise RowError("a literal is no object, or a year no number")
    for key, value in [*fields.items(), *literal.items()]:
        if key not in ("literal", "year") and not isinstance(value, str):
            raise RowError(f"{key} is not a text")


def _reason(error: Exception) -> str:
    text = str(error).partition("__init__() ")[2] or str(error)
    return f"no {text}" if isinstance(error, KeyError) else text[:120]


def _entity(fields: _Fields) -> Entity:
    return Entity(EntityId(fields["id"]), EntityType(fields["type"]), fields["name"])


def _alias(fields: _Fields) -> Alias:
    return Alias(fields["name"], fields["entity"], AliasKind(fields["alias_kind"]))


def _source(fields: _Fields) -> Source:
    kind, grade = fields.pop("source_kind"), Grade(fields.pop("grade"))
    return Source(kind=kind, grade=grade, **fields)


def _fact(fields: _Fields) -> Fact:
    literal = fields.get("literal")
    target = Literal(**literal) if literal is not None else fields["object"]
    limits = Qualifiers(fields.get("severity"), fields.get("population"), fields.get("dose"))
    return Fact(fields["subject"], Relation(fields["relation"]), target, fields["source"], limits)


def _passage(fields: _Fields) -> Passage:
    kind = PassageKind(fields.pop("passage_kind"))
    return Passage(kind=kind, **fields)


_DECODE: Mapping[str, Callable[[_Fields], Record]] = {
    "entity": _entity,
    "source": _source,
    "alias": _alias,
    "do_not_merge": lambda fields: DoNotMerge(fields["a"], fields["b"], fields["reason"]),
    "fact": _fact,
    "passage": _passage,
    "retraction": lambda fields: Retraction(fields["target"], fields["stated_by"]),
    "review": lambda fields: Review(fields["record"], fields["rule"], Verdict(fields["verdict"]), fields["reason"]),
}

FORMAT = Format(NAME, guess, read)

"""Triples: head, relation, tail a line, with or without a header and columns for the types."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import delimiter_of
from kg_loader.reading import Row, reject, require_content, text_lines
from kg_loader.sources.cells import entity_type
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_columns, rejected
from kg_loader.sources.naming import entity, fault, trimmed
from kg_loader.sources.terms import types_of
from rag.domain import Entity, Fact, Literal, Rejected, Skipped, Source
from rag.text import clean
from rag.vocabulary import RELATIONS, EntityType, Grade, Relation, RelationInfo, relation_named

_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("head", "h", "subject", "头实体", "主语", "实体1", "entity1", "start"), "head"),
    **dict.fromkeys(("relation", "rel", "r", "predicate", "关系", "谓语", "type"), "relation"),
    **dict.fromkeys(("tail", "t", "object", "尾实体", "宾语", "实体2", "entity2", "end"), "tail"),
    **dict.fromkeys(("head_type", "subject_type", "头实体类型"), "head_type"),
    **dict.fromkeys(("tail_type", "object_type", "尾实体类型"), "tail_type"),
}
_VAGUE = frozenset(("h", "r", "t", "start", "end"))
"""Names of columns that tables of other things have too."""
_R, _T = Relation, EntityType
_OTHER_NAMES: Mapping[str, Relation] = {
    "recommand_eat": _R.FOOD_GOOD, "do_eat": _R.FOOD_GOOD, "推荐食谱": _R.FOOD_GOOD, "no_eat": _R.FOOD_BAD,
    "common_drug": _R.DRUG, "recommand_drug": _R.DRUG, "常用药品": _R.DRUG, "好评药品": _R.DRUG, "推荐药物": _R.DRUG,
    "need_check": _R.EXAMINATION, "诊断检查": _R.EXAMINATION, "所需检查": _R.EXAMINATION, "影像学检查": _R.EXAMINATION,
    "实验室检查": _R.EXAMINATION, "acompany_with": _R.COMPLICATION, "belongs_to": _R.DEPARTMENT,
    "临床症状及体征": _R.SYMPTOM, "手术治疗": _R.TREATMENT, "多发群体": _R.POPULATION, "发病机制": _R.CAUSE,
}  # fmt: skip
_LIKELY = (_T.DISEASE, _T.DRUG, _T.SYMPTOM, _T.TREATMENT, _T.CAUSE, _T.EXAMINATION, _T.HERB)
_ORDER = ("head", "relation", "tail")


def guess(path: Path, head: bytes) -> bool:
    """By a header of its own; a file without one has to be named with --format."""
    columns = head_columns(head)
    return set(_ORDER) <= {_COLUMNS.get(name) for name in columns - _VAGUE} and "source" not in columns


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source, then two entities and a fact for each triple."""
    require_content(path, context.encoding)
    source = context.source or Source(
        title=f"三元组（{context.dataset}）", kind="knowledge-graph", grade=Grade.COMPILED
    )
    yield source
    columns: tuple[str, ...] | None = None
    for row in _rows(path, context.encoding):
        if isinstance(row, Rejected):
            yield row
            continue
        if columns is None:
            columns = _header(row.value)
            if columns is not None:
                continue
            columns = _ORDER
        try:
            yield from _triple(dict(zip(columns, row.value, strict=False)), source)
        except RowError as error:
            yield rejected(path, row, str(error))


def _rows(path: Path, encoding: str | None) -> Iterator[Row | Rejected]:
    for row in text_lines(path, encoding):
        if isinstance(row, Rejected):
            yield row
        elif row.value.strip():
            try:
                mark = "\t" if "\t" in row.value else delimiter_of(row.value)
                cells = next(csv.reader([row.value], delimiter=mark, strict=True))
            except csv.Error as error:
                yield reject(path, row.number, f"not CSV: {error}", row.value)
                continue
            yield Row(row.number, [clean(cell) for cell in cells])


def _header(cells: list[str]) -> tuple[str, ...] | None:
    """What the columns mean, None where the first line is a triple already."""
    names = tuple(_COLUMNS.get(cell.lower(), "") for cell in cells)
    return names if set(_ORDER) <= set(names) else None


def _triple(cells: Mapping[str, str], source: Source) -> Iterator[Item]:
    if any(not cells.get(column) for column in _ORDER):
        raise RowError("head, relation or tail is missing")
    relation = relation_named(cells["relation"]) or _OTHER_NAMES.get(cells["relation"].strip().lower())
    if relation is None:
        raise RowError(f"unknown relation {cells['relation'][:40]!r}")
    info = RELATIONS[relation]
    head = _entity(cells["head"], cells.get("head_type"), info.subjects)
    target: Entity | Skipped | Literal = Literal(cells["tail"], relation.value) if info.literal else _tail(cells, info)
    for item in (head, target):
        if isinstance(item, Skipped):
            yield item
            return
    if isinstance(head, Entity) and not isinstance(target, Skipped):
        yield head
        if isinstance(target, Entity):
            yield target
        yield Fact(head.id, relation, target.id if isinstance(target, Entity) else target, source.id)


def _tail(cells: Mapping[str, str], info: RelationInfo) -> Entity | Skipped:
    return _entity(cells["tail"], cells.get("tail_type"), info.objects)


def _entity(written: str, stated: str | None, allowed: frozenset[EntityType]) -> Entity | Skipped:
    kind = entity_type(stated) if stated else _likely(written, allowed)
    if kind not in allowed:
        raise RowError(f"type {kind}, expected {' or '.join(sorted(allowed))}")
    name = trimmed(written)
    reason = fault(name, kind)
    return Skipped(reason) if reason else entity(name, kind)


def _likely(name: str, allowed: frozenset[EntityType]) -> EntityType:
    """The type under which the term file knows the name, else the most usual of those that the relation allows.

    What is known as a symptom and as a disease is the symptom, as in every other reader.
    """
    known = types_of(trimmed(name)) & allowed
    if {EntityType.SYMPTOM, EntityType.DISEASE} <= known:
        return EntityType.SYMPTOM
    return next((kind for kind in _LIKELY if kind in (known or allowed)), min(known or allowed))


FORMAT = Format("triples", guess, read)

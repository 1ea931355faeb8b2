"""Our own `facts.csv`: one fact a row, described with an example in docs/data.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.sources.cells import EDITORIAL, bibliography, entity_type, named, required, text
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_columns
from rag.domain import Entity, Fact, Literal, Qualifiers
from rag.vocabulary import RELATIONS, EntityType, Grade, Relation, RelationInfo, relation_named

_REQUIRED = ("subject", "subject_type", "relation", "source")
_OPTIONAL = (
    "object", "object_type", "literal", "severity", "population", "dose", "year", "grade", "url", "journal", "pmid",
    "doi", "licence",
)  # fmt: skip
_LITERAL = "literal"


def guess(path: Path, head: bytes) -> bool:
    """By its column names."""
    return {"subject", "relation"} <= head_columns(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source, entities and fact of each row."""
    return each_row(
        path, csv_rows(path, context.encoding, required=_REQUIRED, optional=_OPTIONAL), lambda row: _records(row.value)
    )


def _records(row: Mapping[str, str]) -> list[Item]:
    relation = relation_named(required(row, "relation"))
    if relation is None:
        raise RowError("unknown relation, see docs/data.md for their names")
    info = RELATIONS[relation]
    subject = named(required(row, "subject"), entity_type(required(row, "subject_type")))
    _expect(subject.type, info.subjects, "subject", info)
    target = _object(row, info)
    source = bibliography(row, kind="document", default=Grade.COMPILED)
    qualifiers = Qualifiers(text(row, "severity"), text(row, "population"), text(row, "dose"))
    if source.kind == EDITORIAL and (relation is Relation.DOSAGE or qualifiers.dose):
        raise RowError("a dose needs a named source, not editorial")
    entities = [target] if isinstance(target, Entity) else []
    object_ = target.id if isinstance(target, Entity) else target
    return [source, subject, *entities, Fact(subject.id, relation, object_, source.id, qualifiers)]


def _object(row: Mapping[str, str], info: RelationInfo) -> Entity | Literal:
    kind = text(row, "object_type") or ""
    written = text(row, _LITERAL)
    if written is None and kind.lower() in ("", _LITERAL) and info.literal:
        written = required(row, "object")
    if written is not None:
        if not info.literal:
            raise RowError(f"{info.relation} needs an object of type {_listed(info.objects)}, not a literal")
        return Literal(written, info.relation.value)
    if info.literal:
        raise RowError(f"{info.relation} needs a literal, not an entity")
    if not kind:
        raise RowError("no object_type")
    target = named(required(row, "object"), entity_type(kind))
    _expect(target.type, info.objects, "object", info)
    return target


def _expect(kind: EntityType, allowed: frozenset[EntityType], side: str, info: RelationInfo) -> None:
    if kind not in allowed:
        article = "an" if side == "object" else "a"
        raise RowError(f"{info.relation} with {article} {side} of type {kind}, expected {_listed(allowed)}")


def _listed(kinds: frozenset[EntityType]) -> str:
    return " or ".join(kind for kind in EntityType if kind in kinds)


FORMAT = Format("facts-csv", guess, read)

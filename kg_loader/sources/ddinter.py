"""DDInter: pairs of drugs, under English names, with the severity of their interaction.

A name that the packaged term file knows becomes its Chinese drug. Any other stays a drug under its English name, and is
counted once: so the report says how much of the file can be asked for in Chinese. A name with a route, such as
`Betamethasone (topical)`, is a preparation of its own: what a cream does is not what a tablet does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kg_loader.csv_reading import csv_rows
from kg_loader.sources.cells import named, required
from kg_loader.sources.format import Format, Item, ReadContext, RowError, head_columns, rejected
from kg_loader.sources.naming import DUPLICATE
from kg_loader.sources.terms import known_in_english
from rag.domain import Entity, Fact, Qualifiers, Rejected, Skipped, Source
from rag.vocabulary import EntityType, Grade, Relation

ENGLISH_ONLY = "drug without a Chinese name"
_T = EntityType
_LONGEST = 120  # vaccines are called by strain and preparation
_REQUIRED = ("drug_a", "drug_b", "level")
_OPTIONAL = ("ddinterid_a", "ddinterid_b")
_SEVERITY = {"major": "严重", "moderate": "中等", "minor": "轻微", "unknown": "未分级"}
_SOURCE = Source(
    title="DDInter 药物相互作用数据库",
    kind="database",
    grade=Grade.REFERENCE,
    licence="CC BY-NC-SA 4.0",
    lineage="DDInter",
)


def guess(path: Path, head: bytes) -> bool:
    """By its column names."""
    return set(_REQUIRED) <= head_columns(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source, then for each pair two drugs and one fact; an interaction holds in both directions."""
    source = context.source or _SOURCE
    yield source
    counted: set[str] = set()
    for row in csv_rows(path, context.encoding, required=_REQUIRED, optional=_OPTIONAL):
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            a, b, severity = _pair(row.value)
        except RowError as error:
            yield rejected(path, row, str(error))
            continue
        if a.id == b.id:
            yield Skipped(DUPLICATE)
            continue
        for drug in (a, b):
            yield drug
            if drug.name.isascii() and drug.id not in counted:
                counted.add(drug.id)
                yield Skipped(ENGLISH_ONLY)
        yield Fact(a.id, Relation.INTERACTION, b.id, source.id, Qualifiers(severity=severity))


def _pair(row: Mapping[str, str]) -> tuple[Entity, Entity, str]:
    level = required(row, "level").lower()
    if level not in _SEVERITY:
        raise RowError(f"unknown level {level[:40]!r}, expected one of {', '.join(_SEVERITY)}")
    a, b = sorted((_drug(required(row, column)) for column in ("drug_a", "drug_b")), key=lambda drug: drug.id)
    return a, b, _SEVERITY[level]


def _drug(name: str) -> Entity:
    return known_in_english(name, _T.DRUG, _T.HERB, _T.FORMULA) or named(name, _T.DRUG, _LONGEST)


FORMAT = Format("ddinter", guess, read)

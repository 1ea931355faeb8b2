"""The packaged term file as readers use it: which entity an English name means, of which type a Chinese name is."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources

from kg_loader.sources.naming import entity
from rag.domain import AliasKind, Entity
from rag.text import normalise
from rag.vocabulary import EntityType


@lru_cache(maxsize=1)
def term_rows() -> tuple[Mapping[str, str], ...]:
    """The rows of the term file: entity, type, name, kind, source."""
    table = resources.files("kg_loader").joinpath("sample", "terms.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(table.splitlines()))


@lru_cache(maxsize=1)
def _foreign() -> Mapping[str, Mapping[EntityType, Entity]]:
    kinds = (AliasKind.ENGLISH, AliasKind.LATIN)
    found: dict[str, dict[EntityType, Entity]] = {}
    for row in term_rows():
        if row["kind"] in kinds:
            kind = EntityType(row["type"])
            found.setdefault(normalise(row["name"]), {}).setdefault(kind, entity(row["entity"], kind))
    return found


@lru_cache(maxsize=1)
def _types() -> Mapping[str, frozenset[EntityType]]:
    found: dict[str, set[EntityType]] = {}
    for row in term_rows():
        names = (row["entity"], row["name"]) if row["kind"] == AliasKind.SYNONYM else (row["entity"],)
        for name in names:
            found.setdefault(normalise(name), set()).add(EntityType(row["type"]))
    return {name: frozenset(types) for name, types in found.items()}


def known_in_english(name: str, *types: EntityType) -> Entity | None:
    """The entity of the first of `types` that the term file calls `name` in English or Latin."""
    named = _foreign().get(normalise(name), {})
    return next((named[kind] for kind in types if kind in named), None)


def types_of(name: str) -> frozenset[EntityType]:
    """The types under which the term file knows a Chinese name; empty if it does not."""
    return _types().get(normalise(name), frozenset())


def illness(names: Iterator[str]) -> Iterator[Entity]:
    """Names of what a remedy is for: a disease if the term file says so, else a symptom."""
    for name in names:
        known = types_of(name)
        is_disease = EntityType.DISEASE in known and EntityType.SYMPTOM not in known
        yield entity(name, EntityType.DISEASE if is_disease else EntityType.SYMPTOM)

"""Cells of our own formats to values of the domain; what does not fit is a `RowError` that says what was expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kg_loader.sources.format import RowError
from kg_loader.sources.naming import MAX_NAME, entity
from rag.domain import Entity, Source
from rag.text import clean
from rag.vocabulary import GRADE_LABELS, TYPE_LABELS, EntityType, Grade

EDITORIAL = "editorial"
EDITED = Source(title="编者整理", kind=EDITORIAL, grade=Grade.EDITORIAL)
"""The source of what we put into words ourselves."""
_PMID = re.compile(r"[0-9]{1,9}")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_URL = re.compile(r"https?://[^\s<>\"]+")
_TYPES = {label: kind for kind, label in TYPE_LABELS.items()} | {kind.value: kind for kind in EntityType}
_GRADES = {label: grade for grade, label in GRADE_LABELS.items()} | {grade.value: grade for grade in Grade}


def text(row: Mapping[str, Any], key: str) -> str | None:
    """The cleaned text under `key`, None where absent or empty; RowError if it is no text."""
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RowError(f"{key} is not a text")
    return clean(value) or None


def required(row: Mapping[str, Any], key: str) -> str:
    """As `text`, RowError where it is absent."""
    value = text(row, key)
    if value is None:
        raise RowError(f"no {key}")
    return value


def entity_type(name: str) -> EntityType:
    """By id (`disease`) or Chinese label (疾病)."""
    kind = _TYPES.get(name.strip().lower())
    if kind is None:
        raise RowError(f"unknown type {name[:40]!r}, expected one of {', '.join(EntityType)}")
    return kind


def named(name: str, kind: EntityType, longest: int = MAX_NAME) -> Entity:
    """The entity, after a look at the length and the letters of its name."""
    if len(name) > longest or not any(char.isalpha() for char in name):
        raise RowError(f"not a name: a word of at most {longest} characters is expected")
    return entity(name, kind)


def typed(name: str) -> Entity:
    """The entity written as `type:name`."""
    kind, colon, rest = name.partition(":")
    if not colon:
        raise RowError("an entity is written type:name")
    return named(rest, entity_type(kind))


def grade(name: str | None, default: Grade) -> Grade:
    """By id (`trial`) or Chinese label."""
    if name is None:
        return default
    found = _GRADES.get(name.strip().lower())
    if found is None:
        raise RowError(f"unknown grade {name[:40]!r}, expected one of {', '.join(Grade)}")
    return found


def year(row: Mapping[str, Any]) -> int | None:
    """The year, from a number or a text; RowError outside 1000 to 2100."""
    value = row.get("year")
    if value is None or value == "":
        return None
    written = str(value).strip()
    if isinstance(value, bool) or not (written.isdecimal() and len(written) == 4 and 1000 <= int(written) <= 2100):
        raise RowError("year is not a year between 1000 and 2100")
    return int(written)


def matching(row: Mapping[str, Any], key: str) -> str | None:
    """A PMID, DOI or URL under its key; RowError if it has another shape."""
    value = row.get(key)
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(row, key)
    pattern, shape = {"pmid": (_PMID, "a number"), "doi": (_DOI, "10.…/…"), "url": (_URL, "http(s)://…")}[key]
    if value is not None and not pattern.fullmatch(value):
        raise RowError(f"{key} is not {shape}")
    return value


def bibliography(row: Mapping[str, Any], *, kind: str, default: Grade) -> Source:
    """The source that a row names under `source`, with the bibliographic columns that it has."""
    title = required(row, "source")
    if title.lower() == EDITORIAL:
        return EDITED
    return Source(
        title=title,
        kind=kind,
        grade=grade(text(row, "grade"), default),
        year=year(row),
        publisher=text(row, "journal"),
        doi=matching(row, "doi"),
        pmid=matching(row, "pmid"),
        url=matching(row, "url"),
        licence=text(row, "licence"),
    )

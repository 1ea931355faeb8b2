"""The map of a table from what somebody says of its columns: guesses to begin with, then the YAML of docs/data.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from yiwen.client import RelationKind, Vocabulary

IGNORED, ALIAS, RELATION = "ignored", "alias", "relation"
TEXT, TITLE, QUESTION = "text", "title", "question"
OF_SOURCE = ("year", "journal", "doi", "pmid", "url")
USES = (IGNORED, ALIAS, TEXT, TITLE, QUESTION, *OF_SOURCE)
"""What a column may be beside the subject and a relation."""
_ALIAS_NAMES = ("别名", "又名", "俗称", "英文名", "商品名", "简称", "缩写", "alias", "aliases")
_TYPE_NAMES = {
    "drug": ("药品", "药名", "药物", "通用名"), "disease": ("疾病", "病名", "诊断", "疾病名称"),
    "herb": ("药材", "饮片"),
    "examination": ("项目", "检查项目", "检验项目"), "formula": ("方名", "成药"),
}  # fmt: skip
"""What else columns are called, beside the labels of the types."""


@dataclass(frozen=True)
class Use:
    """What one column is: `kind` of `USES` or RELATION; a relation with its id and the type of its objects."""

    column: str
    kind: str = IGNORED
    relation: str = ""
    type: str | None = None


@dataclass(frozen=True)
class Description:
    """All that somebody said of a table."""

    sheet: str | None
    header: int | None
    subject: str
    type: str
    uses: tuple[Use, ...]
    title: str
    grade: str
    separators: str = ""
    passage: str = "monograph"


def guessed_subject(columns: Sequence[str], vocabulary: Vocabulary) -> tuple[str, str]:
    """The first column that is called like a type of entity, and the type; else the first column, a disease."""
    names = {name: kind for kind, listed in _TYPE_NAMES.items() for name in listed}
    names |= {one.label: one.id for one in vocabulary.types}
    found = next((column for column in columns if column in names), None)
    return (found, names[found]) if found else (columns[0], "disease")


def relations_of(kind: str, vocabulary: Vocabulary) -> list[RelationKind]:
    """Those that a subject of a type may have."""
    return [relation for relation in vocabulary.relations if kind in relation.subjects]


def guessed(column: str, relations: Iterable[RelationKind]) -> Use:
    """By the name of the column."""
    for relation in relations:
        if column in (relation.id, relation.label, *relation.aliases):
            return Use(column, RELATION, relation.id, next(iter(relation.objects), None))
    return Use(column, ALIAS if column.lower() in _ALIAS_NAMES else IGNORED)


def written(said: Description) -> str:
    """The map as YAML."""
    places = {"sheet": said.sheet, "header": said.header}
    found: dict[str, Any] = {name: place for name, place in places.items() if place is not None}
    found["subject"] = {"column": said.subject, "type": said.type}
    by_kind = {use.kind: use.column for use in said.uses}
    several = {"separators": said.separators} if said.separators else {}
    parts = {
        "aliases": [{"column": use.column, "kind": "auto", **several} for use in said.uses if use.kind == ALIAS],
        "facts": [_fact(use, several) for use in said.uses if use.kind == RELATION],
        "passages": [_passage(by_kind, said.passage)] if TEXT in by_kind else [],
    }
    found |= {name: listed for name, listed in parts.items() if listed}
    found["source"] = {"title": said.title, "grade": said.grade}
    found["source"] |= {name: {"column": by_kind[name]} for name in OF_SOURCE if name in by_kind}
    ignored = [use.column for use in said.uses if use.kind == IGNORED]
    if ignored:
        found["ignore"] = ignored
    text: str = yaml.safe_dump(found, allow_unicode=True, sort_keys=False, default_flow_style=None, width=100)
    return text


def _fact(use: Use, several: Mapping[str, str]) -> dict[str, str]:
    """Texts are not divided: a dose has commas of its own."""
    named = {"type": use.type, **several} if use.type else {}
    return {"relation": use.relation, "column": use.column, **named}


def _passage(by_kind: Mapping[str, str], kind: str) -> dict[str, Any]:
    beside = {name: {"column": by_kind[name]} for name in (TITLE, QUESTION) if name in by_kind}
    return {"text": {"column": by_kind[TEXT]}, "kind": kind, **beside}

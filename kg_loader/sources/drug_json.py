"""Drug monographs: a JSON array of texts, first line the name, then `字段:值` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg_loader.json_reading import json_rows
from kg_loader.reading import Row
from kg_loader.sources.drug_text import alias_kind_of, facts_in, pieces, split_aliases
from kg_loader.sources.format import Format, Item, ReadContext, RowError, each_row, head_text, rejected
from kg_loader.sources.naming import (
    DUPLICATE,
    PLACEHOLDER,
    UNSAFE_ALIAS,
    broken_alias,
    entity,
    fault,
    trimmed,
    unsafe_alias,
)
from rag.domain import Alias, AliasKind, Entity, Fact, Literal, Passage, PassageKind, Skipped, Source
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Grade, Relation

_SOURCE = Source(title="药品说明条目汇编", kind="monograph", grade=Grade.REFERENCE, lineage="CareGPT drug monographs")
_LITERALS = {"药品类型": Relation.DRUG_CLASS, "剂型": Relation.DOSAGE_FORM}
_TEXTS = (
    "适应证", "禁忌证", "注意事项", "不良反应", "用法用量", "药物相互作用", "专家点评", "药动学", "药理作用",
)  # fmt: skip
_NAMES = ("英文名", "别名")
_FIELD = re.compile(rf"({'|'.join((*_LITERALS, *_TEXTS, *_NAMES))})\s*[:：](.*)", re.DOTALL)
_ANY_FIELD = re.compile(r"[\u4e00-\u9fff]{2,6}[:：]")
_NOT_A_NAME = re.compile(rf"[【\[](?:{'|'.join((*_LITERALS, *_TEXTS, *_NAMES))})[】\]]|[\u4e00-\u9fff]{{2,6}}[:：]")
_SHORT_DOSE = 120


def guess(path: Path, head: bytes) -> bool:
    """A JSON array of texts with two of the usual fields."""
    text = head_text(head).lstrip("\ufeff \t\r\n")
    if "\\u" in text[:200]:
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    fields = sum(f"\\n{field}" in text for field in (*_LITERALS, *_TEXTS, *_NAMES))
    return text.startswith("[") and text[1:].lstrip().startswith('"') and fields >= 2


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """Source, then for each monograph its drug, aliases, literal facts and passages."""
    source = context.source or _SOURCE
    yield source
    yield from each_row(path, json_rows(path, context.encoding), lambda row: _drug(path, row, source))


def _drug(path: Path, row: Row, source: Source) -> Iterator[Item]:
    name, fields = _parsed(row.value)
    reason = fault(name, EntityType.DRUG)
    if reason:
        yield Skipped(reason)
        return
    monograph = _Monograph(path, row, source, entity(name, EntityType.DRUG))
    yield monograph.drug
    for key, value in fields:
        yield from monograph.field(key, value)


def _parsed(value: object) -> tuple[str, list[tuple[str, str]]]:
    """The name and the (field, text) pairs; a line that is no field continues the one before."""
    if not isinstance(value, str):
        raise RowError("not a text")
    first, *rest = value.split("\n")
    if _NOT_A_NAME.match(first.strip()):
        raise RowError("first line is a field, not a name")
    if not first.strip():
        raise RowError("no name in the first line")
    fields: list[tuple[str, str]] = []
    for line in rest:
        match = _FIELD.fullmatch(line.strip())
        if match:
            fields.append((match[1], match[2]))
        elif _ANY_FIELD.match(line.strip()):
            fields.append((line.strip().split(":")[0].split("：")[0], ""))
        elif fields and line.strip():
            fields[-1] = (fields[-1][0], fields[-1][1] + line.strip())
    return trimmed(first), fields


@dataclass(frozen=True)
class _Monograph:
    """One drug and its fields."""

    path: Path
    row: Row
    source: Source
    drug: Entity

    def field(self, key: str, value: str) -> Iterator[Item]:
        """What one field asserts."""
        text = clean(value)
        if key not in _LITERALS and key not in _TEXTS and key not in _NAMES:
            yield rejected(self.path, self.row, f"unknown field {key!r}")
        elif not text or fault(text.strip("()（）。"), EntityType.TREATMENT) == PLACEHOLDER:
            yield Skipped(PLACEHOLDER)
        elif key in _NAMES:
            yield from self._aliases(key, value)
        elif key in _LITERALS:
            yield self._literal(_LITERALS[key], text)
        else:
            yield from self._passages(key, value)

    def _literal(self, relation: Relation, text: str) -> Fact:
        return Fact(self.drug.id, relation, Literal(text, relation.value), self.source.id)

    def _aliases(self, key: str, text: str) -> Iterator[Item]:
        seen = {normalise(self.drug.name)}
        for written in split_aliases(text):
            name = trimmed(written)
            folded = normalise(name)
            reason = fault(name, EntityType.DRUG)
            if reason or unsafe_alias(name) or broken_alias(name, EntityType.DRUG):
                yield Skipped(reason or UNSAFE_ALIAS)
            elif folded in seen:
                yield Skipped(DUPLICATE)
            else:
                seen.add(folded)
                yield Alias(name, self.drug.id, AliasKind.ENGLISH if key == "英文名" else alias_kind_of(name))

    def _passages(self, key: str, value: str) -> Iterator[Item]:
        for piece in pieces(key, value):
            if isinstance(piece, Skipped):
                yield piece
                continue
            yield Passage(
                text=piece,
                kind=PassageKind.MONOGRAPH,
                source=self.source.id,
                title=self.drug.name,
                locator=key,
                about=self.drug.id,
                aspect=key,
            )
            if key == "用法用量" and len(clean(value)) <= _SHORT_DOSE:
                yield self._literal(Relation.DOSAGE, piece)
            for relation, target in facts_in(key, piece):
                yield target
                yield Fact(self.drug.id, relation, target.id, self.source.id)


FORMAT = Format("drug-json", guess, read)

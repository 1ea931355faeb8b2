"""Standards and lexicons of traditional Chinese medicine: one object with `schemaVersion` and `entries`.

Four files, told apart by what an entry holds: formulas of a standard, syndromes, diseases, and the identity catalogue
of herbs with its aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_loader.reading import Row
from kg_loader.sources.format import Format, Item, ReadContext, head_keys, rejected
from kg_loader.sources.naming import JUNK, entity, fault
from kg_loader.sources.tcm_json import (
    AMBIGUOUS,
    CATEGORY,
    aliases,
    incompatible,
    members,
    named_as,
    noted_names,
    objects,
    plain_name,
    syndrome,
    words,
)
from rag.domain import Alias, AliasKind, Entity, Fact, Literal, Passage, PassageKind, Rejected, Skipped, Source
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Grade, Relation

_T, _R = EntityType, Relation
_WANTED = frozenset({"source", "entries", "resolutionIndex", "ambiguousAliases"})
_PROCESSED = ("PROCESSED_VARIANT", "REGULATORY_NAME_OR_ALIAS")
_DAMAGED = "OCR_OR_INPUT_ERROR"
_PREPARATION = "source_backed_preparation_form"
_FORMULA_TITLE = "中药方剂编码标准条目"


@dataclass(frozen=True)
class _File:
    """What stands beside the entries, and where the reader reads."""

    path: Path
    context: ReadContext
    found: Mapping[str, Any]

    def ambiguous(self) -> frozenset[str]:
        """Aliases that the file itself gives to several things."""
        listed = self.found.get("ambiguousAliases")
        rows = listed if isinstance(listed, list) else []
        return frozenset(normalise(str(row.get("alias"))) for row in rows if isinstance(row, dict))


def guess(path: Path, head: bytes) -> bool:
    """By the version of its shape and the key of what it lists."""
    keys = head_keys(head)
    return "schemaVersion" in keys and bool({"entries", "summary", "governance", "sourceRefs"} & keys)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """What each entry asserts."""
    found, broken = members(path, context, _WANTED)
    yield from broken
    file = _File(path, context, found)
    for row in objects(path, found.get("entries", [] if broken else None)):
        if isinstance(row, Rejected):
            yield row
            continue
        make = next((make for key, make in _ENTRIES.items() if key in row.value), None)
        if make is None:
            yield rejected(path, row, f"none of the keys {', '.join(_ENTRIES)}")
        else:
            yield from make(file, row)


# ---------------------------------------------------------------- formulas of a standard


def _formula(file: _File, row: Row) -> Iterator[Item]:
    formula = named_as(row.value.get("name"), _T.FORMULA)
    if isinstance(formula, Skipped):
        yield formula
        return
    source = file.context.source or _standard(file)
    yield from (source, formula)
    yield from aliases(formula, noted_names(str(row.value["name"])))
    for name in dict.fromkeys(words(row.value.get("ingredients"))):
        herb = plain_name(name)
        if herb is None or fault(herb, _T.HERB):
            yield Skipped(JUNK)
            continue
        part = entity(herb, _T.HERB)
        yield from (part, Fact(formula.id, _R.INGREDIENT, part.id, source.id))
    effects = [clean(text) for text in words(row.value.get("functions")) if text.strip()]
    if effects:
        yield Fact(formula.id, _R.EFFICACY, Literal("，".join(effects), _R.EFFICACY), source.id)
    for text in words(row.value.get("indications")):
        yield from _indication(formula, source, clean(text), str(row.value.get("code") or ""))


def _standard(file: _File) -> Source:
    """The standard that the file itself names, with its address."""
    named = file.found.get("source")
    stated = named if isinstance(named, dict) else {}
    title, url = stated.get("title"), stated.get("url")
    return Source(
        title=clean(title) if isinstance(title, str) and title.strip() else _FORMULA_TITLE,
        kind="standard",
        grade=Grade.REFERENCE,
        url=url if isinstance(url, str) and url.startswith("https://") else None,
    )


def _indication(formula: Entity, source: Source, text: str, code: str) -> Iterator[Item]:
    if not text:
        return
    yield Passage(
        text=text if text.endswith("。") else f"{text}。",
        kind=PassageKind.MONOGRAPH,
        source=source.id,
        title=formula.name,
        locator=f"主治 {code}".strip(),
        about=formula.id,
        aspect="适应证",
    )
    short = text.split("。")[0]
    if short.endswith("证") and named_as(short, _T.SYNDROME) != Skipped(JUNK) and len(short) <= 10:
        for item in syndrome(short):
            yield item
            if isinstance(item, Entity):
                yield Fact(formula.id, _R.INDICATION, item.id, source.id)


# ---------------------------------------------------------------- syndromes and diseases


def _syndrome(file: _File, row: Row) -> Iterator[Item]:
    if row.value.get("termClass") == "category_heading" or str(row.value.get("canonical", "")).endswith("类术语"):
        yield Skipped(CATEGORY)
        return
    yield from _term(file, row, _T.SYNDROME)


def _disease(file: _File, row: Row) -> Iterator[Item]:
    if row.value.get("isCategoryHeading") is True or str(row.value["canonical"]).endswith("类病"):
        yield Skipped(CATEGORY)
        return
    yield from _term(file, row, _T.DISEASE)


def _term(file: _File, row: Row, kind: EntityType) -> Iterator[Item]:
    subject = named_as(row.value["canonical"], kind)
    if isinstance(subject, Skipped):
        yield subject
        return
    if kind is _T.SYNDROME:
        for term in syndrome(subject.name):
            subject = term if isinstance(term, Entity) else subject
            yield term
    else:
        yield subject
    unclear = file.ambiguous()
    listed = words(row.value.get("aliases")) + words(row.value.get("standardAliases"))
    for item in aliases(subject, listed):
        certain = not isinstance(item, Alias) or normalise(item.name) not in unclear
        yield item if certain else Skipped(AMBIGUOUS)
    english = row.value.get("english")
    if isinstance(english, str) and english.strip():
        yield Alias(clean(english.removeprefix("syndrome/pattern of ")), subject.id, AliasKind.ENGLISH)


# ---------------------------------------------------------------- the identity catalogue of herbs


def _herb(file: _File, row: Row) -> Iterator[Item]:
    herb = named_as(row.value["standardName"], _T.HERB)
    if isinstance(herb, Skipped):
        yield herb
        return
    yield herb
    variants = row.value.get("variants")
    certain: list[str] = []
    for variant in variants if isinstance(variants, list) else []:
        if not isinstance(variant, dict) or not isinstance(variant.get("name"), str):
            yield rejected(file.path, row, "a variant without a name")
            continue
        name, kind = clean(variant["name"]), variant.get("mappingType")
        if kind == "SELF_STANDARD_NAME" or name == herb.name:
            continue
        if _is_preparation(file, name, kind):
            yield named_as(name, _T.HERB)
        elif kind == _DAMAGED:
            yield Skipped(JUNK)
        elif not _resolves(file, name, herb):
            yield Skipped(AMBIGUOUS)
        else:
            certain.append(name)
    yield from aliases(herb, certain)
    yield from incompatible(herb)


def _resolution(file: _File, name: str) -> Mapping[str, Any]:
    index = file.found.get("resolutionIndex")
    entry = index.get(name) if isinstance(index, dict) else None
    return entry if isinstance(entry, dict) else {}


def _is_preparation(file: _File, name: str, kind: object) -> bool:
    """True for a prepared or raw form or another part of the plant: a herb of its own, its dose and dangers differ."""
    return kind in _PROCESSED or _resolution(file, name).get("status") == _PREPARATION


def _resolves(file: _File, name: str, herb: Entity) -> bool:
    found = _resolution(file, name)
    return found.get("autoResolvable") is True and found.get("canonicalName") == herb.name


_ENTRIES: Mapping[str, Callable[[_File, Row], Iterator[Item]]] = {
    "ingredients": _formula,
    "standardName": _herb,
    "termClass": _syndrome,
    "canonical": _disease,
}
FORMAT = Format("tcm-lexicon", guess, read)

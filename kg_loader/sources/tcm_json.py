"""What the files of Chinese medicine share: one object of lists, names with notes, the incompatible herbs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from kg_loader.json_reading import json_members
from kg_loader.reading import Row, reject
from kg_loader.sources.cells import EDITED
from kg_loader.sources.format import ReadContext
from kg_loader.sources.naming import DUPLICATE, JUNK, UNSAFE_ALIAS, alias_kind, entity, fault, unsafe_alias
from kg_loader.sources.terms import types_of
from rag.domain import Alias, Entity, Fact, Passage, PassageKind, Record, Rejected, Skipped, Source
from rag.text import HAN, clean, normalise
from rag.vocabulary import EntityType, Grade, Relation

CATEGORY = "heading of a category"
AMBIGUOUS = "ambiguous alias"
_LEAD = re.compile(r"^(?:[\[［【(（](?:附|\d{1,2}|[一二三四五六七八九十]{1,2})[\]］】)）]|附药[:：]|附[:：])\s*")
_NOTE = re.compile(r"[（(]([^（()）]*)[)）]?")
_OTHER_NAME = re.compile("(?:原名|又名|亦名|别名|简称)(.+)")
_ROMAN_TAIL = re.compile(r"[A-Za-zÀ-ɏ].*$")
_PLAIN = re.compile(f"[{HAN}]{{2,20}}")
_RULES = {
    "十八反": Source(title="儒门事亲·十八反歌", kind="classic", grade=Grade.CLASSIC, lineage="儒门事亲"),
    "十九畏": Source(title="医经小学·十九畏歌诀", kind="classic", grade=Grade.CLASSIC, lineage="医经小学"),
    "今用": EDITED,
}
"""Who says so: the two verses, and ourselves for herbs that only modern practice counts among theirs."""


_READ_WITH = {"十八反": "甘草", "十九畏": "人参"}
"""The herb that brings each verse along: no book of herbs lacks it."""


def members(path: Path, context: ReadContext, wanted: frozenset[str]) -> tuple[dict[str, Any], list[Rejected]]:
    """The wanted members of the one object of a file, each at most 8 million characters, and what is broken."""
    found: dict[str, Any] = {}
    broken: list[Rejected] = []
    for row in json_members(path, context.encoding):
        if isinstance(row, Rejected):
            broken.append(row)
        elif row.value[0] in wanted:
            found[row.value[0]] = row.value[1]
    return found, broken


def objects(path: Path, value: object) -> Iterator[Row | Rejected]:
    """The objects of a list, numbered from 1; what is no object, or no list, is refused."""
    if not isinstance(value, list):
        yield reject(path, 1, "no list of entries", value)
        return
    for number, item in enumerate(value, 1):
        yield Row(number, item) if isinstance(item, dict) else reject(path, number, "not a JSON object", item)


def words(value: object) -> list[str]:
    """The texts of a list, or one text; anything else is none."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def plain_name(written: object) -> str | None:
    """A Chinese name without number, note, Latin letters and spaces; None where more or less than a name is left."""
    text = _ROMAN_TAIL.sub("", _NOTE.sub("", _LEAD.sub("", str(written or "").strip())))
    name = re.sub(r"\s", "", text)
    return name if _PLAIN.fullmatch(name) else None


def noted_names(written: str) -> list[str]:
    """The other names that a note behind a name gives, as in `肾气丸（又名《金匮》肾气丸、崔氏八味丸）`."""
    found: list[str] = []
    for note in _NOTE.findall(written):
        for part in re.split("[，、,]", note):
            match = _OTHER_NAME.match(part)
            name = re.sub("《.*?》", "", match[1] if match else part if found else "")
            if _PLAIN.fullmatch(name):
                found.append(name)
    return found


def syndrome(written: str) -> Iterator[Entity | Alias]:
    """The syndrome, always called 证, and its short name as an alias."""
    short = clean(written).removesuffix("证")
    found = entity(f"{short}证", EntityType.SYNDROME)
    yield found
    if len(short) > 3:
        yield Alias(short, found.id, alias_kind(short))


def aliases(owner: Entity, names: Iterator[str] | list[str]) -> Iterator[Alias | Skipped]:
    """Other names of `owner`, without those that link wrongly or are the name of something of another type."""
    seen = {normalise(owner.name)}
    for name in names:
        folded = normalise(name)
        reason = fault(name, owner.type)
        if reason is None and (unsafe_alias(name, owner.type) or types_of(name) - {owner.type}):
            reason = UNSAFE_ALIAS
        reason = reason or (DUPLICATE if folded in seen else None)
        if reason is not None:
            yield Skipped(reason)
            continue
        seen.add(folded)
        yield Alias(clean(name), owner.id, alias_kind(name))


def named_as(written: object, kind: EntityType) -> Entity | Skipped:
    """The entity that an entry names, or why it names none."""
    name = plain_name(written)
    if name is None:
        return Skipped(JUNK)
    reason = fault(name, kind)
    return Skipped(reason) if reason else entity(name, kind)


# ---------------------------------------------------------------- herbs that must not go together


def _table() -> list[dict[str, str]]:
    text = resources.files("kg_loader").joinpath("sample", "incompatible_herbs.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def _verses() -> Mapping[str, Passage]:
    """Each of the two verses as a passage, so that who asks for the rule itself can read it."""
    lines: dict[str, dict[str, None]] = {}
    for row in _table():
        if row["verse"]:
            lines.setdefault(row["rule"], {})[row["verse"]] = None
    return {
        rule: Passage(f"{rule}：{'；'.join(own)}。", PassageKind.CLASSIC, _RULES[rule].id, title=rule)
        for rule, own in lines.items()
    }


@lru_cache(maxsize=1)
def _pairs() -> Mapping[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _table():
        found.setdefault(row["herb"], []).append((row["other"], row["rule"]))
        found.setdefault(row["other"], []).append((row["herb"], row["rule"]))
    return {name: tuple(others) for name, others in found.items()}


def incompatible(herb: Entity) -> Iterator[Record]:
    """What 十八反 and 十九畏 (packaged table) say of a herb: sources, the other herbs, facts, the verse."""
    for rule in (rule for rule, name in _READ_WITH.items() if name == herb.name):
        yield from (_RULES[rule], _verses()[rule])
    for other, rule in _pairs().get(herb.name, ()):
        source, partner = _RULES[rule], entity(other, EntityType.HERB)
        a, b = sorted((herb, partner), key=lambda one: one.id)
        yield from (source, a, b, Fact(a.id, Relation.INCOMPATIBLE, b.id, source.id))

"""Textbook entries of traditional Chinese medicine: `{"categories", "subCategories", "herbs": [{name, properties}]}`.

Whatever the key `herbs` says, an entry may be a herb, a formula, an acupoint, a syndrome under a disease or an
acupuncture treatment; its properties tell. Every property becomes passages; facts come only from what is a plain list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_loader.reading import Row
from kg_loader.sources.drug_text import DAMAGED, pieces
from kg_loader.sources.format import Format, Item, ReadContext, head_keys, rejected
from kg_loader.sources.naming import DUPLICATE, PLACEHOLDER
from kg_loader.sources.tcm_facts import FACTS, OF_ENTRY, Entry, Kind
from kg_loader.sources.tcm_json import aliases, members, named_as, noted_names, objects, plain_name, syndrome
from kg_loader.sources.tcm_print import as_printed, points_told, running_heads
from rag.domain import Entity, Passage, PassageKind, Rejected, Skipped, Source
from rag.text import clean
from rag.vocabulary import EntityType, Grade

_WANTED = frozenset({"subCategories", "herbs"})
_TYPES = {
    Kind.HERB: EntityType.HERB,
    Kind.FORMULA: EntityType.FORMULA,
    Kind.ACUPOINT: EntityType.ACUPOINT,
    Kind.SYNDROME: EntityType.SYNDROME,
    Kind.ACUPUNCTURE: EntityType.DISEASE,
}
_TITLES = {
    Kind.HERB: "中药学教材条目",
    Kind.FORMULA: "方剂学教材条目",
    Kind.ACUPOINT: "经络腧穴学教材条目",
    Kind.SYNDROME: "中医内科学教材条目",
    Kind.ACUPUNCTURE: "针灸治疗学教材条目",
}
_SIGNS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (Kind.FORMULA, frozenset({"组成", "方解", "方歌"})),
    (Kind.SYNDROME, frozenset({"证机概要", "代表方"})),
    (Kind.ACUPOINT, frozenset({"定位", "解剖"})),
    (Kind.ACUPUNCTURE, frozenset({"概述", "辨证", "治疗"})),
    (Kind.HERB, frozenset({"药性", "性味", "功效", "应用", "使用注意"})),
)
_ASPECTS = {
    "药性": "性味归经", "性味": "性味归经", "功用": "功效", "使用注意": "注意事项", "用法": "用法用量",
    "主治": "适应证", "临床表现": "症状", "治法": "治疗方案", "治疗": "治疗方案", "代表方": "药物治疗",
    "证机概要": "病机", "辨证": "证候",
}  # fmt: skip
_OF_OTHERS = frozenset({"附方", "鉴别", "鉴别用药", "其他"})
_CASES = frozenset({"医案举例"})
CASE = "case history"
POINTS = "针灸取穴"
_MARKUP = re.compile(r"\\(?:mathrm|frac|sim|times|cdot)|\$\s*[({\\]|<[a-z]+>")


def guess(path: Path, head: bytes) -> bool:
    """By the lists of a textbook file."""
    return {"categories", "subCategoryIds"} <= head_keys(head)


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """For each entry its source, entity, aliases, facts and passages."""
    found, broken = members(path, context, _WANTED)
    yield from broken
    chapters = {
        row.value.get("id"): plain_name(row.value.get("name"))
        for row in objects(path, found.get("subCategories", []))
        if isinstance(row, Row)
    }
    entries = list(objects(path, found.get("herbs", [] if broken else None)))
    book = _Book(path, context, chapters, _repeated(entries), running_heads(_texts(entries)))
    for row in entries:
        if isinstance(row, Rejected):
            yield row
        else:
            yield from book.entry(row)


def _repeated(entries: list[Row | Rejected]) -> frozenset[str]:
    """Names that stand under several headings: their signs and remedies differ from one to the other."""
    names = Counter(plain_name(row.value.get("name")) for row in entries if isinstance(row, Row))
    return frozenset(name for name, count in names.items() if name and count > 1)


def _texts(entries: list[Row | Rejected]) -> Iterator[str]:
    """All that each entry says."""
    for row in entries:
        properties = row.value.get("properties") if isinstance(row, Row) else None
        if isinstance(properties, dict):
            yield "\n".join(text for text in properties.values() if isinstance(text, str))


@dataclass(frozen=True)
class _Book:
    """One file."""

    path: Path
    context: ReadContext
    chapters: Mapping[object, str | None]
    repeated: frozenset[str]
    heads: frozenset[str]

    def entry(self, row: Row) -> Iterator[Item]:
        """What one entry asserts."""
        properties = row.value.get("properties")
        if not isinstance(properties, dict) or not isinstance(row.value.get("name"), str):
            yield rejected(self.path, row, "no name or no properties")
            return
        kind = next((kind for kind, signs in _SIGNS if signs & properties.keys()), None)
        if kind is None:
            yield Skipped(PLACEHOLDER) if not properties else rejected(self.path, row, "unknown properties")
            return
        for written in re.split("、", row.value["name"]) if kind is Kind.ACUPUNCTURE else [row.value["name"]]:
            yield from self._named(row, written, kind, properties)

    def _named(self, row: Row, written: str, kind: Kind, properties: dict[str, Any]) -> Iterator[Item]:
        subject = named_as(written, _TYPES[kind])
        if isinstance(subject, Skipped):
            yield subject
            return
        source = self.context.source or Source(
            title=_TITLES[kind], kind="textbook", grade=Grade.REFERENCE, lineage="中医教材条目"
        )
        yield source
        chapter = self.chapters.get(row.value.get("subCategoryId"))
        if kind is Kind.SYNDROME:
            for item in syndrome(f"{chapter or ''}{subject.name}" if subject.name.endswith("期") else subject.name):
                subject = item if isinstance(item, Entity) else subject
                yield item
        else:
            yield subject
        yield from aliases(subject, noted_names(written))
        entry = Entry(subject, source, chapter, plain_name(written) in self.repeated)
        yield from OF_ENTRY[kind](entry, properties) if kind in OF_ENTRY else ()
        for key, value in properties.items():
            if isinstance(value, str):
                if kind is Kind.ACUPUNCTURE and key == "治疗":
                    yield from (_passage(entry, POINTS, told) for told in points_told(value, self.heads))
                yield from _property(entry, kind, key, as_printed(value, self.heads))
            else:
                yield rejected(self.path, row, f"{key[:20]} is not a text")


def _property(entry: Entry, kind: Kind, key: str, value: str) -> Iterator[Item]:
    if not value.strip():
        yield Skipped(PLACEHOLDER)
        return
    if key in _CASES:
        yield Skipped(CASE)
        return
    if _MARKUP.search(value):
        yield Skipped(DAMAGED)
        return
    make = FACTS.get((kind, key))
    yield from make(entry, clean(value)) if make else ()
    seen: set[str] = set()
    for piece in pieces(key, value):
        if isinstance(piece, Skipped) or piece in seen:
            yield piece if isinstance(piece, Skipped) else Skipped(DUPLICATE)
            continue
        seen.add(piece)
        yield _passage(entry, key, piece)


def _passage(entry: Entry, key: str, text: str) -> Passage:
    title = f"{entry.chapter}·{entry.subject.name}" if entry.under_disease else entry.subject.name
    return Passage(
        text=text,
        kind=PassageKind.TEXTBOOK,
        source=entry.source.id,
        title=title,
        locator=key,
        about=None if key in _OF_OTHERS else entry.subject.id,
        aspect=_ASPECTS.get(key, key),
    )


FORMAT = Format("tcm-textbook", guess, read)

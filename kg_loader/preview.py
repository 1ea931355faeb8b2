"""What files would become, without a knowledge base: the first rows as they would be stored, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kg_loader.archives import as_packed, unpacked
from kg_loader.columns import Columns, columns_of
from kg_loader.ingest import context_of, inputs_of
from kg_loader.plan import Input
from kg_loader.sources import FORMATS, mapped
from kg_loader.sources.format import Item
from rag.answer.rendering import fact_text
from rag.domain import (
    Alias,
    DoNotMerge,
    Entity,
    Fact,
    GraphFact,
    Literal,
    Passage,
    Rejected,
    Retraction,
    Review,
    Skipped,
    Source,
    Verdict,
)
from rag.errors import DataError, UsageError
from rag.snapshot.schema import KIND_NAMES, KINDS
from rag.vocabulary import GRADE_LABELS, TYPE_LABELS, EntityType

_TEXT = 80
_VERDICTS = {Verdict.RELEASE: "放行", Verdict.HOLD: "扣留"}
_KIND_NAMES = dict(zip(KINDS, KIND_NAMES, strict=True))


@dataclass(frozen=True)
class Shown:
    """A row of a table, or a record of another format (`row` 0), as lines to read."""

    row: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """One file: its first rows, its first broken rows, and how many of everything there are in the whole file."""

    file: str
    format: str | None
    """None: a table in no known format, of which there are only `columns`."""
    shown: tuple[Shown, ...] = ()
    rejects: tuple[Rejected, ...] = ()
    records: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    columns: Columns | None = None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "rows": [{"row": one.row or None, "lines": list(one.lines)} for one in self.shown],
            "rejects": [{"line": one.line, "reason": one.reason, "raw": one.raw} for one in self.rejects],
            "records": dict(self.records),
            "skipped": dict(self.skipped),
            "rejected": dict(self.rejected),
            "table": self.columns.document() if self.columns else None,
        }


def preview(
    files: Sequence[Path],
    limit: int,
    *,
    dataset: str | None = None,
    format: str | None = None,
    encoding: str | None = None,
    table_map: str | None = None,
    tables: bool = False,
) -> list[Preview]:
    """Read the files as `ingest` would and store nothing; `tables`: show the columns of one in no known format.

    Of a workbook in no known format there is one preview for each sheet that holds a table.
    Raises NotFoundError, UsageError, DataError.
    """
    if not files:
        raise UsageError("no files were given; name at least one file to look at")
    with unpacked(files) as members:
        found: list[Preview] = []
        for path in members:
            try:
                sources = inputs_of([path], dataset, format, encoding, table_map)
            except DataError:
                if not tables or format is not None or table_map is not None:
                    raise
                found += [Preview(as_packed(str(path)), None, columns=one) for one in columns_of(path, encoding, limit)]
            else:
                found += [_preview(source, limit) for source in sources]
        return found


def _preview(source: Input, limit: int) -> Preview:
    shown: list[Shown] = []
    rejects: list[Rejected] = []
    records, skipped, rejected = Counter[str](), Counter[str](), Counter[str]()
    named: set[str] = set()
    lines = _Lines()
    for row, items in _rows(source):
        if len(shown) < limit and (said := tuple(lines.of_row(items))):
            shown.append(Shown(row, said))
        for item in items:
            if isinstance(item, Rejected):
                rejected[item.reason] += 1
                rejects += [replace(item, file=as_packed(source.path))] if len(rejects) < limit else []
            elif isinstance(item, Skipped):
                skipped[item.reason] += 1
            elif not isinstance(item, Entity | Source) or item.id not in named:
                records[_KIND_NAMES[type(item)]] += 1
                named |= {item.id} if isinstance(item, Entity | Source) else set()
    return Preview(as_packed(source.path), source.format, tuple(shown), tuple(rejects), records, skipped, rejected)


def _rows(source: Input) -> Iterator[tuple[int, Sequence[Item]]]:
    if source.format == mapped.NAME:
        yield from mapped.read_rows(Path(source.path), context_of(source))
    else:
        items = FORMATS[source.format].read(Path(source.path), context_of(source))
        yield from ((0, [item]) for item in items)


class _Lines:
    """Items as lines. An entity or a source is told once, and is then known by its name or title."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._titles: dict[str, str] = {}

    def of_row(self, items: Sequence[Item]) -> Iterator[str]:
        """The lines of a row; an entity that another record of the row names needs no line of its own."""
        named = {identifier for item in items for identifier in _names_in(item)}
        for item in items:
            line = self._of(item)
            if line and not (isinstance(item, Entity) and item.id in named):
                yield line

    def _of(self, item: Item) -> str:
        match item:
            case Entity():
                return "" if self._told(self._names, item.id, item.name) else f"实体  {self._entity(item.id)}"
            case Source():
                known = self._told(self._titles, item.id, item.title)
                return "" if known else f"来源  {_source_line(item)}"
            case Alias():
                return f"别名  {item.name} → {self._entity(item.entity)}，{item.kind}"
            case DoNotMerge():
                return f"勿并  {self._entity(item.a)} | {self._entity(item.b)}：{item.reason}"
            case Fact():
                return f"事实  {fact_text(self._resolved(item))}〔{self._titles.get(item.source, item.source)}〕"
            case Passage():
                return self._passage(item)
            case Retraction():
                return f"撤稿  {item.target}（见 {item.stated_by}）"
            case Review():
                return f"{_VERDICTS[item.verdict]}  {item.record}：{item.rule}，{item.reason}"
            case Skipped() | Rejected():
                return f"{'略过' if isinstance(item, Skipped) else '退回'}  {item.reason}"

    @staticmethod
    def _told(known: dict[str, str], key: str, name: str) -> bool:
        if key in known:
            return True
        known[key] = name
        return False

    def _entity(self, identifier: str) -> str:
        kind, _, name = identifier.partition(":")
        return f"{self._names.get(identifier, name)}（{TYPE_LABELS[EntityType(kind)]}）"

    def _resolved(self, fact: Fact) -> GraphFact:
        target = fact.object
        text = target.text if isinstance(target, Literal) else self._entity(target)
        subject = self._entity(fact.subject)
        return GraphFact(fact.id, fact.subject, subject, fact.relation, target, text, fact.source, fact.qualifiers)

    def _passage(self, passage: Passage) -> str:
        about = f"，关于{self._entity(passage.about)}{passage.aspect or ''}" if passage.about else ""
        asked = f"问：{_short(passage.question)} 答：" if passage.question else ""
        title = f"《{_short(passage.title)}》" if passage.title else ""
        source = self._titles.get(passage.source, passage.source)
        return f"段落  {title}{asked}{_short(passage.text)}（{passage.kind}{about}）〔{source}〕"


def _names_in(item: Item) -> tuple[str, ...]:
    match item:
        case Fact(object=Literal()):
            return (item.subject,)
        case Fact():
            return item.subject, str(item.object)
        case Alias():
            return (item.entity,)
        case DoNotMerge():
            return item.a, item.b
        case Passage(about=str(about)):
            return (about,)
    return ()


def _source_line(source: Source) -> str:
    parts = [
        str(source.year) if source.year else "", GRADE_LABELS[source.grade], source.publisher or "",
        source.doi or "", f"PMID {source.pmid}" if source.pmid else "", source.url or "", source.licence or "",
    ]  # fmt: skip
    return f"{source.title}（{'，'.join(part for part in parts if part)}）"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT] + "…"

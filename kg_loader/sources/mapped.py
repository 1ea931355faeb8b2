"""Any table, read by a map (`kg_loader.sources.table_map`): each row becomes the entities, facts and passages it names.

The rules of the other readers hold: placeholders and junk names are skipped and counted, a row that does not say what
its map asks for is rejected as a whole, and what stands in a cell that is no value (a formula without its result, an
error of Excel) never becomes a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg_loader.reading import Row
from kg_loader.sources.article import doi_in, pmid_in, year_in
from kg_loader.sources.cells import EDITORIAL, bibliography, entity_type
from kg_loader.sources.cmekg_fields import literal_fault
from kg_loader.sources.format import Format, Item, ReadContext, RowError, rejected
from kg_loader.sources.naming import (
    DUPLICATE,
    PLACEHOLDER,
    UNSAFE_ALIAS,
    alias_kind,
    broken_alias,
    entity,
    fault,
    trimmed,
    unsafe_alias,
)
from kg_loader.sources.table_map import (
    AUTO,
    OTHERS,
    AliasColumn,
    EntityColumn,
    FactColumn,
    PassageColumns,
    TableMap,
    Value,
    listed,
    parse_map,
    relation_info,
)
from kg_loader.table import NO_COLUMN, Cell, Layout, Table, nearest, open_table
from rag.domain import Alias, AliasKind, Entity, EntityId, Fact, Literal, Passage, Qualifiers, Rejected, Skipped, Source
from rag.errors import DataError, UsageError
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Grade, Relation, RelationInfo

NAME = "mapped"
LEFT_OUT = "left out by the map"
TOTAL = "total row"
NOTE = "note below the table"
_T = EntityType
_TOTAL = re.compile(r"(?:合|总|小|共|累)\s*(?:计|数)|(?:sub|grand )?total|sum", re.IGNORECASE)
_NOTE = re.compile(r"(?:备?注|说明|资料来源|数据来源|制表.{0,3}|notes?|source)\s*[:：].*", re.IGNORECASE | re.DOTALL)
_EXCEL_ERRORS = frozenset(("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"))
_SHORT = 6
_OPEN, _CLOSE = "(（[［{【", ")）]］}】"
_LETTER = re.compile("#([A-Za-z]{1,3})")


def guess(path: Path, head: bytes) -> bool:
    """Never: only a map makes a table one of this format."""
    return False


def read(path: Path, context: ReadContext) -> Iterator[Item]:
    """What the rows of `path` say by `context.table_map`."""
    for _, items in read_rows(path, context):
        yield from items


def read_rows(path: Path, context: ReadContext) -> Iterator[tuple[int, Sequence[Item]]]:
    """(number of the row, what becomes of it). Raises DataError for a map that does not fit the table, UsageError."""
    if context.table_map is None:
        raise UsageError(f"{path}: the format {NAME} needs a map; name it with --map FILE")
    table_map = parse_map(context.table_map, "the map")
    layout = Layout(context.encoding, table_map.sheet, table_map.header, table_map.delimiter)
    table = open_table(path, layout)
    reader = _Reader(table_map, _resolved(path, table_map, table), frozenset(table.columns), context.source)
    for row in table.rows:
        if isinstance(row, Row):
            try:
                items: Sequence[Item] = reader.items(row.value)
            except RowError as error:
                items = [rejected(path, row, str(error))]
            yield row.number, items
        else:
            yield row.line if isinstance(row, Rejected) else 0, [row]


# ---------------------------------------------------------------- columns


@dataclass(frozen=True)
class _Columns:
    """The column of the table behind each name of the map, and those without a name that nobody asked for."""

    known: Mapping[str, str]
    stray: tuple[str, ...]


def _resolved(path: Path, table_map: TableMap, table: Table) -> _Columns:
    known: dict[str, str] = {}
    missing: list[str] = []
    ignored = [name for name in table_map.ignore if name != OTHERS]
    for name in dict.fromkeys([*table_map.columns(), *ignored]):
        found = _column(path, name, table.columns)
        if found is not None:
            known[name] = found
        else:
            missing.append(f"{name!r}{nearest(name, table.columns)}")
    if missing:
        raise DataError(
            f"{path}: columns missing: {', '.join(missing)[:500]}; the table has: {', '.join(table.columns)[:1000]}"
        )
    rest = [name for name in table.columns if name not in known.values()]
    unnamed = tuple(name for name in rest if _LETTER.fullmatch(name))
    unmapped = [name for name in rest if name not in unnamed]
    if unmapped and OTHERS not in table_map.ignore:
        raise DataError(
            f"{path}: columns that the map does not speak of: {', '.join(unmapped)[:500]}; "
            f"use them, or name them under `ignore` (`ignore: {OTHERS}` for all)"
        )
    return _Columns(known, () if OTHERS in table_map.ignore else unnamed)


def _column(path: Path, name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    wanted = normalise(name)
    fitting = [one for one in columns if normalise(one) == wanted]
    if not fitting and (letter := _LETTER.fullmatch(name)):
        at = 0
        for char in letter[1].upper():
            at = at * 26 + ord(char) - ord("A") + 1
        fitting = list(columns[at - 1 : at])
    if not fitting and (twins := [one for one in columns if normalise(one.rpartition("#")[0]) == wanted]):
        raise DataError(f"{path}: {len(twins)} columns are called {name!r}; write {' or '.join(map(repr, twins))}")
    return fitting[0] if fitting else None


# ---------------------------------------------------------------- rows


@dataclass
class _Reader:
    table_map: TableMap
    columns: _Columns
    looked_at: frozenset[str]
    given: Source | None
    above: dict[str, Cell] = field(default_factory=dict)
    """The last filled cell of each column that is filled down."""
    sources: dict[tuple[str, ...], Source] = field(default_factory=dict)

    def items(self, cells: Mapping[str, Cell]) -> list[Item]:
        """What one row says. Raises RowError."""
        late = next((name for name in cells if name not in self.looked_at), None)
        if late is not None and OTHERS not in self.table_map.ignore:
            raise RowError(f"the key {late[:40]!r} is neither used nor ignored")
        reason = _no_row(cells) or self._skipped(cells)
        if reason is not None:
            return [Skipped(reason)]
        return _Line(self, self._filled(cells)).items()

    def _skipped(self, cells: Mapping[str, Cell]) -> str | None:
        held = (one.holds(_text(cells.get(self.columns.known[one.column], ""))) for one in self.table_map.skip)
        return LEFT_OUT if any(held) else None

    def _filled(self, cells: Mapping[str, Cell]) -> Mapping[str, Cell]:
        filled = dict(cells)
        for name in self.table_map.fill_down:
            column = self.columns.known[name]
            if filled.get(column):
                self.above[column] = filled[column]
            elif column in self.above:
                filled[column] = self.above[column]
        return filled

    def source(self, line: _Line) -> Source:
        """The source of a row, made once for each that differs."""
        if self.given is not None:
            return self.given
        said = self.table_map.source
        parts = (said.title, said.grade, said.year, said.journal, said.doi, said.pmid, said.url, said.licence)
        values = tuple(line.value(part) or "" if part else "" for part in parts)
        if values not in self.sources:
            if len(self.sources) > 1000:
                self.sources.clear()
            self.sources[values] = self._source(values)
        return self.sources[values]

    def _source(self, values: tuple[str, ...]) -> Source:
        title, grade, year, journal, doi, pmid, url, licence = values
        if not title:
            raise RowError("no title of the source")
        written: dict[str, object] = {
            "source": title, "grade": grade, "journal": journal, "url": url, "licence": licence,
            "year": _or_error(year_in(year), year, "a year"),
            "doi": _or_error(doi_in(doi), doi, "a DOI, 10.…/…"),
            "pmid": _or_error(pmid_in(pmid), pmid, "a PMID, a number"),
        }  # fmt: skip
        found = bibliography(written, kind=self.table_map.source.kind, default=Grade.COMPILED)
        if found.kind == EDITORIAL or self.table_map.source.lineage is None:
            return found
        return Source(
            **{**{k: v for k, v in vars(found).items() if k != "id"}, "lineage": self.table_map.source.lineage}
        )


def _or_error(found: object, written: str, expected: str) -> object:
    if written and found is None:
        raise RowError(f"{written[:40]!r} is not {expected}")
    return found


def _no_row(cells: Mapping[str, Cell]) -> str | None:
    """Why this is no row of data: a sum or a note below the table."""
    filled = [cell for cell in map(_text, cells.values()) if cell]
    if filled and _TOTAL.fullmatch(filled[0].rstrip(":： ")):
        return TOTAL
    return NOTE if len(filled) == 1 and _NOTE.fullmatch(filled[0]) else None


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else " ".join(cell)


class _Line:
    """One row on its way to records."""

    def __init__(self, reader: _Reader, cells: Mapping[str, Cell]) -> None:
        self.table_map = reader.table_map
        self.columns = reader.columns
        self.cells = cells
        self.found: list[Item] = [Skipped(NO_COLUMN) for name in reader.columns.stray if cells.get(name)]
        self.source = reader.source(self)

    def items(self) -> list[Item]:
        subjects: list[Entity] = []
        if self.table_map.subject is not None:
            subjects = self.entities(self.table_map.subject, required=True)
            if not subjects:
                return self.found
        self.found.insert(0, self.source)
        for alias in self.table_map.aliases:
            self._aliases(alias, self.entities(alias.of) if alias.of else subjects)
        for fact in self.table_map.facts:
            self._facts(fact, self.entities(fact.of) if fact.of else subjects)
        for passage in self.table_map.passages:
            self._passage(passage, subjects)
        return self.found

    # ------------------------------------------------------------ cells

    def cell(self, column: str) -> Cell:
        """A cell that holds a value. Raises RowError."""
        cell = self.cells.get(self.columns.known[column], "")
        for text in (cell,) if isinstance(cell, str) else cell:
            if text in _EXCEL_ERRORS:
                raise RowError(f"{column} holds an error of the spreadsheet, {text}")
            if text.startswith("=") and len(text) > 1:
                raise RowError(f"{column} is a formula without its value; save the file in a spreadsheet program again")
        return cell

    def value(self, value: Value) -> str | None:
        """One text, None where there is none. Raises RowError."""
        found = list(self.values(value, ()))
        return "; ".join(found) or None

    def values(self, value: Value, separators: Sequence[str]) -> Iterator[str]:
        """The texts of a cell, translated."""
        if value.constant is not None:
            yield from split(value.constant, separators)
            return
        assert value.column is not None
        cell = self.cell(value.column)
        parts = [part for text in ((cell,) if isinstance(cell, str) else cell) for part in split(text, separators)]
        for part in parts or ([value.default] if value.default else []):
            text = clean(part)
            translated = value.values.get(normalise(text))
            if translated is None and value.values and value.otherwise == "reject" and text != value.default:
                raise RowError(f"{value.column}: {text[:40]!r} is none of the map's values")
            if translated == "" or (translated is None and value.values and value.otherwise == "skip"):
                self.found.append(Skipped(LEFT_OUT))
            elif text:
                yield translated or text

    # ------------------------------------------------------------ records

    def entities(self, spec: EntityColumn, *, required: bool = False) -> list[Entity]:
        """The entities that a column names, which are stored. Raises RowError, also for a blank where required."""
        names = list(self.values(spec, spec.separators))
        if not names:
            if required and spec.column is not None and not _text(self.cell(spec.column)):
                raise RowError(f"no {spec.column}")
            return []
        return self._named(names, self._type(spec.type, spec.column))

    def _type(self, spec: Value, of: str | None) -> EntityType:
        written = self.value(spec)
        if written is None:
            raise RowError(f"no type for {of}")
        return entity_type(written)

    def _named(self, names: Sequence[str], kind: EntityType) -> list[Entity]:
        found: dict[str, Entity] = {}
        for name in names:
            shown = trimmed(name)
            reason = fault(shown, kind)
            one = None if reason else entity(shown, kind)
            if one is None or one.id in found:
                self.found.append(Skipped(reason or DUPLICATE))
                continue
            found[one.id] = one
            self.found.append(one)
        return list(found.values())

    def _aliases(self, spec: AliasColumn, owners: Sequence[Entity]) -> None:
        seen: set[str] = set()
        for name in map(trimmed, self.values(spec, spec.separators)):
            for owner in owners:
                kind = alias_kind(name) if spec.kind == AUTO else AliasKind(spec.kind)
                reason = self._alias_fault(name, owner, checked=spec.kind == AUTO)
                if reason is None and normalise(name) in seen:
                    reason = DUPLICATE
                self.found.append(Skipped(reason) if reason else Alias(name, owner.id, kind))
            seen.add(normalise(name))

    @staticmethod
    def _alias_fault(name: str, owner: Entity, *, checked: bool) -> str | None:
        if (reason := fault(name, owner.type)) and not unsafe_alias(name, owner.type):
            return reason
        if unsafe_alias(name, owner.type) or (checked and broken_alias(name, owner.type)):
            return UNSAFE_ALIAS
        return DUPLICATE if normalise(name) == normalise(owner.name) else None

    def _facts(self, spec: FactColumn, owners: Sequence[Entity]) -> None:
        relation = self.value(spec.relation)
        if relation is None:
            raise RowError("no relation")
        try:
            info = relation_info(relation)
        except ValueError as error:
            raise RowError(str(error).partition("; ")[0]) from None
        for owner in owners:
            _require(owner.type, info.subjects, "a subject", info)
        limits = Qualifiers(*(self._limit(part) for part in (spec.severity, spec.population, spec.dose)))
        if self.source.kind == EDITORIAL and (info.relation is Relation.DOSAGE or limits.dose):
            raise RowError("a dose needs a named source, not editorial")
        for target in self._objects(spec, info):
            for owner in owners:
                if target == owner.id:
                    self.found.append(Skipped(DUPLICATE))
                else:
                    self.found.append(Fact(owner.id, info.relation, target, self.source.id, limits))

    def _objects(self, spec: FactColumn, info: RelationInfo) -> Sequence[EntityId | Literal]:
        texts = list(self.values(spec, spec.separators))
        if info.literal:
            faults = [literal_fault(info.relation, text) for text in texts]
            self.found.extend(Skipped(reason) for reason in faults if reason)
            kept = [text for text, reason in zip(texts, faults, strict=True) if reason is None]
            return [Literal(text, info.relation.value) for text in dict.fromkeys(kept)]
        if not texts:
            return []
        if spec.type is None:
            raise RowError(f"{info.relation} needs an object of type {listed(info.objects)}, the map gives none")
        kind = self._type(spec.type, spec.column)
        _require(kind, info.objects, "an object", info)
        return [one.id for one in self._named(texts, kind)]

    def _limit(self, spec: Value | None) -> str | None:
        text = self.value(spec) if spec else None
        return None if text is None or _says_nothing(text) else text

    def _passage(self, spec: PassageColumns, subjects: Sequence[Entity]) -> None:
        text = self.value(spec.text)
        question = self._limit(spec.question)
        if text is None or fault(text, _T.TREATMENT) == PLACEHOLDER or (spec.question and question is None):
            self.found.append(Skipped(PLACEHOLDER))
            return
        if question is not None and normalise(question) == normalise(text):
            self.found.append(Skipped(DUPLICATE))
            return
        about = self._about(spec, subjects)
        self.found.append(
            Passage(
                text=text, kind=spec.kind, source=self.source.id, title=self._limit(spec.title), question=question,
                locator=self._limit(spec.locator), about=about.id if about else None,
                aspect=self._limit(spec.aspect) if about else None,
            )
        )  # fmt: skip

    def _about(self, spec: PassageColumns, subjects: Sequence[Entity]) -> Entity | None:
        named = subjects if spec.about == "subject" else []
        if isinstance(spec.about, EntityColumn):
            named = self.entities(spec.about)
        return named[0] if len(named) == 1 else None


def _says_nothing(text: str) -> bool:
    """A placeholder; longer texts are titles and questions, which may well look like one (`什么是…？`)."""
    return len(text) < _SHORT and fault(text, _T.TREATMENT) == PLACEHOLDER


def _require(kind: EntityType, allowed: frozenset[EntityType], side: str, info: RelationInfo) -> None:
    if kind not in allowed:
        raise RowError(f"{info.relation} with {side} of type {kind}, expected {listed(allowed)}")


def split(text: str, separators: Sequence[str]) -> list[str]:
    """The filled parts between separators; what stands in brackets belongs together."""
    if not separators:
        return [text] if text.strip() else []
    parts, start, depth, at = [], 0, 0, 0
    while at < len(text):
        mark = next((one for one in separators if text.startswith(one, at)), None) if depth == 0 else None
        if mark is not None:
            parts.append(text[start:at])
            at = start = at + len(mark)
            continue
        depth = max(0, depth + (text[at] in _OPEN) - (text[at] in _CLOSE))
        at += 1
    return [part for part in (*parts, text[start:]) if part.strip()]


FORMAT = Format(NAME, guess, read)

"""One row of a mapped table on its way to records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kg_loader.sources.cells import EDITORIAL, entity_type
from kg_loader.sources.cmekg_fields import literal_fault
from kg_loader.sources.format import Item, RowError
from kg_loader.sources.map_parts import (
    AUTO,
    AliasColumn,
    EntityColumn,
    FactColumn,
    PassageColumns,
    TableMap,
    Value,
    listed,
    relation_info,
)
from kg_loader.sources.mapped_columns import Columns
from kg_loader.sources.mapped_source import RowSources
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
from kg_loader.table import NO_COLUMN, Cell
from rag.domain import Alias, AliasKind, Entity, EntityId, Fact, Literal, Passage, Qualifiers, Skipped
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Relation, RelationInfo

LEFT_OUT = "left out by the map"
_T = EntityType
_EXCEL_ERRORS = frozenset(("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"))
_SHORT = 6
_OPEN, _CLOSE = "(（[［{【", ")）]］}】"


def text_of(cell: Cell) -> str:
    """A cell as one text."""
    return cell if isinstance(cell, str) else " ".join(cell)


class MappedRow:
    """One row on its way to records."""

    def __init__(self, table_map: TableMap, columns: Columns, sources: RowSources, cells: Mapping[str, Cell]) -> None:
        self.table_map = table_map
        self.columns = columns
        self.cells = cells
        self.found: list[Item] = [Skipped(NO_COLUMN) for name in columns.stray if cells.get(name)]
        self.source = sources.of(self.value)

    def items(self) -> list[Item]:
        """The source and the records of the row, and what of it was left out. Raises RowError."""
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
            if required and spec.column is not None and not text_of(self.cell(spec.column)):
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

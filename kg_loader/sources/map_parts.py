"""What a map may say of the columns of a table: entities, their other names, facts, passages, the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from kg_loader.sources.cells import entity_type
from kg_loader.sources.cells import grade as grade_named
from kg_loader.sources.format import RowError
from rag.domain import AliasKind, PassageKind
from rag.text import normalise
from rag.vocabulary import RELATIONS, EntityType, Grade, Relation, RelationInfo, relation_named

OTHERS = "others"
NO_HEADER = "none"
AUTO = "auto"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _value_of(value: object) -> object:
    return {"constant": value} if isinstance(value, str) else value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _marks_of(value: object) -> object:
    """`separators: 、；` is each of these characters; a list is used as it is."""
    return tuple(value) if isinstance(value, str) else value


def _keys_normalised(values: Mapping[str, str]) -> Mapping[str, str]:
    return {normalise(key): value for key, value in values.items()}


Translated = Annotated[Mapping[str, str], AfterValidator(_keys_normalised)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Marks = Annotated[tuple[str, ...], BeforeValidator(_marks_of)]


class Value(_Part):
    """A text: the same for every row, or what a column holds, translated by `values`; `default` where it is blank."""

    constant: str | None = None
    column: str | None = None
    values: Translated = Field(default_factory=dict)
    otherwise: Literal["keep", "skip", "reject"] = "keep"
    default: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Value:
        if (self.constant is None) == (self.column is None):
            raise ValueError("give either `column` or `constant` (a plain text is a constant)")
        return self

    def possible(self) -> Iterator[str]:
        """The texts that are known before any row is read."""
        yield from (text for text in (self.constant, self.default, *self.values.values()) if text)


ValueOf = Annotated[Value, BeforeValidator(_value_of)]


def _known_types(value: Value) -> Value:
    for text in value.possible():
        try:
            entity_type(text)
        except RowError as error:
            raise ValueError(str(error)) from None
    return value


class _Listed(Value):
    """A column whose cells hold one thing, or several with one of `separators` between them."""

    separators: Marks = ()

    @field_validator("separators")
    @classmethod
    def _visible(cls, marks: tuple[str, ...]) -> tuple[str, ...]:
        if "" in marks:
            raise ValueError("a separator is empty; give at least one character")
        return marks


class EntityColumn(_Listed):
    """Names of entities. `type` is fixed or stands in a column."""

    type: ValueOf

    _types = field_validator("type")(_known_types)

    def types(self) -> frozenset[EntityType] | None:
        """The fixed type, or None where each row says."""
        return frozenset({entity_type(self.type.constant)}) if self.type.constant is not None else None


class AliasColumn(_Listed):
    """Other names of the subject, or of `of`. Kind `auto`: English, abbreviation or synonym, by the letters."""

    kind: AliasKind | Literal["auto"] = "auto"
    of: EntityColumn | None = None


class FactColumn(_Listed):
    """Objects of facts about the subject, or about `of`."""

    relation: ValueOf
    type: ValueOf | None = None
    of: EntityColumn | None = None
    severity: ValueOf | None = None
    population: ValueOf | None = None
    dose: ValueOf | None = None

    _types = field_validator("type")(lambda value: value and _known_types(value))

    @model_validator(mode="after")
    def _allowed(self) -> FactColumn:
        """What can be told before any row: the relation exists and takes an object like this."""
        for name in self.relation.possible():
            info = relation_info(name)
            if info.literal and self.type is not None:
                raise ValueError(f"{info.relation} takes a text, not an entity; leave `type` out")
            if not info.literal and self.type is None:
                raise ValueError(f"{info.relation} needs `type`, one of {listed(info.objects)}")
            for text in self.type.possible() if self.type else ():
                require_type(entity_type(text), info.objects, "an object", info)
        return self


class PassageColumns(_Part):
    """A text of one idea. `about` is the subject where there is one, unless another entity or `none` is given."""

    text: ValueOf
    kind: PassageKind
    title: ValueOf | None = None
    question: ValueOf | None = None
    locator: ValueOf | None = None
    about: EntityColumn | Literal["subject", "none"] = "subject"
    aspect: ValueOf | None = None


class SourceColumns(_Part):
    """Where all of a row comes from."""

    title: ValueOf
    kind: str = "document"
    lineage: str | None = None
    year: ValueOf | None = None
    grade: ValueOf | None = None
    journal: ValueOf | None = None
    doi: ValueOf | None = None
    pmid: ValueOf | None = None
    url: ValueOf | None = None
    licence: ValueOf | None = None

    @field_validator("grade")
    @classmethod
    def _known_grade(cls, value: Value | None) -> Value | None:
        for text in value.possible() if value else ():
            try:
                grade_named(text, Grade.COMPILED)
            except RowError as error:
                raise ValueError(str(error)) from None
        return value


class Condition(_Part):
    """Leaves a row out: the cell equals one of these texts, matches as a whole, or is blank."""

    column: str
    equals: Names = ()
    matches: re.Pattern[str] | None = None
    blank: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if bool(self.equals) + (self.matches is not None) + self.blank != 1:
            raise ValueError("give one of `equals`, `matches` and `blank: true`")
        return self

    def holds(self, cell: str) -> bool:
        """Whether the row is left out."""
        if self.matches is not None:
            return self.matches.fullmatch(cell) is not None
        return not cell if self.blank else cell in self.equals


def _rows_of(value: object) -> object:
    return () if value == NO_HEADER else _one_or_many(value)


class TableMap(_Part):
    """What each column of a table is."""

    sheet: str | None = None
    header: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_rows_of)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    fill_down: Names = ()
    subject: EntityColumn | None = None
    aliases: tuple[AliasColumn, ...] = ()
    facts: tuple[FactColumn, ...] = ()
    passages: tuple[PassageColumns, ...] = ()
    source: SourceColumns
    ignore: Names = ()
    skip: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> TableMap:
        if not (self.subject or self.facts or self.passages or self.aliases):
            raise ValueError("the map stores nothing; give at least one of subject, facts, aliases, passages")
        owners = [*(fact.of for fact in self.facts), *(alias.of for alias in self.aliases)]
        if self.subject is None and None in owners:
            raise ValueError("facts and aliases need a `subject`, or an `of` of their own")
        return self

    def columns(self) -> Iterator[str]:
        """Every column that is named outside `ignore`."""
        yield from _columns_in(self.model_dump(exclude={"ignore"}))
        yield from self.fill_down


def _columns_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(column := value.get("column"), str):
            yield column
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for one in value:
        yield from _columns_in(one)


def relation_info(name: str) -> RelationInfo:
    """By id or Chinese label. ValueError listing the relations."""
    relation = relation_named(name)
    if relation is None:
        known = [*Relation, *(info.label for info in RELATIONS.values())]
        close = get_close_matches(name, known, 1, 0.5)
        hint = f"did you mean {close[0]!r}? " if close else ""
        shown = ", ".join(f"{info.relation} ({info.label})" for info in RELATIONS.values())
        raise ValueError(f"unknown relation {name[:40]!r}; {hint}known are {shown}")
    return RELATIONS[relation]


def require_type(kind: EntityType, allowed: frozenset[EntityType], side: str, info: RelationInfo) -> None:
    """ValueError where a relation does not take an entity of this type on this side."""
    if kind not in allowed:
        raise ValueError(f"{info.relation} ({info.label}) with {side} of type {kind}, expected {listed(allowed)}")


def listed(kinds: frozenset[EntityType]) -> str:
    """`disease or symptom`."""
    return " or ".join(kind for kind in EntityType if kind in kinds)

"""Records of the knowledge base as several resources show them."""

from __future__ import annotations

from pydantic import Field

from api.schemas.strict import Response


class SourceOut(Response):
    """A bibliographic record."""

    id: str
    title: str
    kind: str
    grade: str = Field(description="how strong it is, such as guideline, trial, editorial")
    grade_label: str = Field(description="the grade in Chinese")
    year: int | None
    publisher: str | None
    doi: str | None
    pmid: str | None
    url: str | None
    licence: str | None


class EntityOut(Response):
    """An entity by itself; the id is `type:name`."""

    id: str
    name: str
    type: str


class EndOut(Response):
    """One end of a fact; `id` is null where the object is a text."""

    id: str | None
    name: str
    type: str


class FactOut(Response):
    """A fact with both ends."""

    id: str
    relation: str
    label: str
    subject: EndOut
    object: EndOut
    severity: str | None
    population: str | None
    dose: str | None

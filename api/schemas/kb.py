"""Versions of the knowledge base."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.schemas.strict import Response


class VersionOut(Response):
    """One retained version."""

    version: int
    parent: int | None
    digest: str
    created: str
    counts: dict[str, int]
    held: dict[str, int] = Field(description="records in quarantine by kind; `counts` leaves them out")
    datasets: list[str]
    embedder: str
    dimension: int
    current: bool


class VersionsOut(Response):
    """All retained versions, oldest first; `current` and `revision` are null before the first."""

    current: int | None
    revision: int | None
    versions: list[VersionOut]


class ActivatedOut(Response):
    """The pointer after activating a version."""

    version: int
    revision: int
    previous: int | None


class ChangeOut(Response):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: list[str]
    removed_samples: list[str]


class DiffOut(Response):
    """What differs between two versions, by kind of record."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: int = Field(alias="from")
    to: int
    changes: dict[str, ChangeOut]


class NamedOut(Response):
    """A member of a closed set, and what it is called."""

    id: str
    label: str


class RelationOut(NamedOut):
    """A relation: other names of it, and the types that it joins; without `objects` its object is a text."""

    aliases: list[str]
    subjects: list[str]
    objects: list[str]


class VocabularyOut(Response):
    """The closed sets that facts, sources and maps of tables are made of."""

    types: list[NamedOut]
    relations: list[RelationOut]
    grades: list[NamedOut]
    alias_kinds: list[str]
    passage_kinds: list[str]

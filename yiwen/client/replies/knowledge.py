"""The versions of the knowledge base."""

from __future__ import annotations

from pydantic import Field

from yiwen.client.replies.reply import Reply


class Version(Reply):
    """One retained version of the knowledge base."""

    version: int
    digest: str
    created: str
    counts: dict[str, int]
    held: dict[str, int] = Field(default_factory=dict)
    datasets: tuple[str, ...]


class Versions(Reply):
    """All retained versions, and which is served."""

    current: int | None
    versions: tuple[Version, ...]


class Activated(Reply):
    """What is served from now on."""

    version: int
    revision: int


class Change(Reply):
    """What one kind of record gained and lost; samples are lines to read."""

    added: int
    removed: int
    added_samples: tuple[str, ...]
    removed_samples: tuple[str, ...]


class Difference(Reply):
    """What differs between two versions, by kind of record."""

    changes: dict[str, Change]


class Named(Reply):
    """A member of a closed set, and what it is called."""

    id: str
    label: str


class RelationKind(Named):
    """A relation: other names of it, and the types that it joins; without `objects` its object is a text."""

    aliases: tuple[str, ...] = ()
    subjects: tuple[str, ...]
    objects: tuple[str, ...]


class Vocabulary(Reply):
    """The closed sets that facts, sources and maps of tables are made of."""

    types: tuple[Named, ...]
    relations: tuple[RelationKind, ...]
    grades: tuple[Named, ...]
    alias_kinds: tuple[str, ...]
    passage_kinds: tuple[str, ...]

"""Evidence, its source, and what was said of it."""

from __future__ import annotations

from pydantic import Field

from yiwen.client.replies.reply import Reply


class Source(Reply):
    """A bibliographic record."""

    id: str
    title: str
    year: int | None = None
    grade: str
    grade_label: str = ""
    publisher: str | None = None
    url: str | None = None


class Entry(Reply):
    """Why something supports no answer: it is `withdrawn`, `retracted` or `erased`; `when` is UTC."""

    id: str
    kind: str
    reason: str
    when: str


class Extent(Reply):
    """How much of the current version an id stands for."""

    facts: int
    passages: int


class Curated(Entry):
    """The entry of the register that was made or taken out."""

    revision: int
    current_version: Extent


class Register(Reply):
    """All entries, oldest first."""

    revision: int
    entries: tuple[Entry, ...]


class Entity(Reply):
    """A thing that has an id, `type:name`."""

    id: str
    name: str
    type: str


class End(Reply):
    """One end of a fact; `id` is None where it is a text."""

    id: str | None
    name: str
    type: str


class Fact(Reply):
    """A fact with both ends; `source` is None where it stands beside the fact."""

    id: str
    relation: str
    label: str
    subject: End
    object: End
    severity: str | None = None
    population: str | None = None
    dose: str | None = None
    source: Source | None = None


class Evidence(Reply):
    """A fact or a passage."""

    id: str
    kind: str
    text: str
    title: str | None = None
    source: Source
    score: float | None = None
    arms: dict[str, float] = Field(default_factory=dict)
    fact: Fact | None = None
    entities: tuple[Entity, ...] = ()
    withheld: Entry | None = None

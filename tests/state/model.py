"""What a knowledge base must show, computed from a plain dict of data sets to records; no code under test but the text
functions and the ids of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rag.domain import Alias, Entity, EntityId, Fact, Literal, Passage, Record, Source
from rag.text import normalise

State = Mapping[str, frozenset[Record]]


@dataclass(frozen=True)
class Shown:
    """Everything that a reader can see of one version."""

    entities: Mapping[EntityId, str]
    names: frozenset[tuple[str, str, str]]
    aliases: frozenset[Alias]
    sources: frozenset[Source]
    facts: frozenset[Fact]
    passages: frozenset[Passage]
    datasets: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """As a manifest has them, mentions left out."""
        return {
            "entity": len(self.entities), "alias": len(self.aliases), "do_not_merge": 0, "source": len(self.sources),
            "fact": len(self.facts), "passage": len(self.passages), "retraction": 0,
        }  # fmt: skip


def shown(state: State) -> Shown:
    """What `state` shows."""
    held = {record for records in state.values() for record in records}
    aliases = frozenset(record for record in held if isinstance(record, Alias))
    spellings: dict[EntityId, list[str]] = {}
    for record in held:
        for entity in _entities(record):
            spellings.setdefault(entity, [])
        if isinstance(record, Entity):
            spellings[record.id].append(record.name)
    entities = {entity: min(listed) if listed else entity.split(":", 1)[1] for entity, listed in spellings.items()}
    own = {(entity.split(":", 1)[1], str(entity), "name") for entity in entities}
    others = {(normalise(alias.name), str(alias.entity), alias.kind.value) for alias in aliases}
    return Shown(
        entities,
        frozenset(own | others),
        aliases,
        frozenset(record for record in held if isinstance(record, Source)),
        frozenset(record for record in held if isinstance(record, Fact)),
        frozenset(record for record in held if isinstance(record, Passage)),
        tuple(sorted(name for name, records in state.items() if records)),
    )


def _entities(record: Record) -> tuple[EntityId, ...]:
    match record:
        case Entity():
            return (record.id,)
        case Alias():
            return (record.entity,)
        case Fact():
            return (record.subject,) if isinstance(record.object, Literal) else (record.subject, record.object)
        case Passage(about=about):
            return () if about is None else (about,)
    return ()

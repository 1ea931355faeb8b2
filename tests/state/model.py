"""What a knowledge base must show, computed from a plain dict of data sets to records; no code under test but the text
functions and the ids of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rag.domain import Alias, Entity, EntityId, Fact, Literal, Passage, Record, Retraction, Source
from rag.snapshot.schema import PREFIXES, id_of_key, record_key
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
    retractions: frozenset[Retraction]
    datasets: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """As a manifest has them, mentions left out."""
        return {
            "entity": len(self.entities), "alias": len(self.aliases), "do_not_merge": 0, "source": len(self.sources),
            "fact": len(self.facts), "passage": len(self.passages), "retraction": len(self.retractions),
            "review": 0,
        }  # fmt: skip

    def keys_of(self, evidence: Fact | Passage) -> set[str]:
        """Every key whose entry in the register withholds this fact or passage."""
        numbers = {f"pmid:{source.pmid}" for source in self.sources if source.id == evidence.source and source.pmid}
        return {evidence.id, evidence.source} | numbers

    def withheld(self, keys: Collection[str]) -> set[str]:
        """Ids of the evidence that must support nothing while the register holds `keys`."""
        return {one.id for one in self.facts | self.passages if not self.keys_of(one).isdisjoint(keys)}


def shown(state: State) -> Shown:
    """What `state` shows."""
    held = {record for records in state.values() for record in records}
    aliases = frozenset(record for record in held if isinstance(record, Alias))
    spellings: dict[EntityId, list[str]] = {}
    for record in held:
        for entity in entities_of(record):
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
        frozenset(record for record in held if isinstance(record, Retraction)),
        tuple(sorted(name for name, records in state.items() if records)),
    )


def entities_of(record: Record) -> tuple[EntityId, ...]:
    """The entities that a record speaks of."""
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


# ---------------------------------------------------------------- erasing


def identifier(record: Record) -> str:
    """What a tombstone calls a record; of an entity it names one spelling."""
    return id_of_key(PREFIXES.get(type(record), "r"), record_key(record))


def accepted(records: Iterable[Record], tombstones: Collection[str]) -> list[Record]:
    """What may come in: nothing that was erased, and nothing that leans on an erased source."""
    return [record for record in records if _ids(record).isdisjoint(tombstones)]


def erased(state: State, gone: Collection[str]) -> dict[str, frozenset[Record]]:
    """The same without the records with these ids."""
    kept = {name: frozenset(one for one in held if identifier(one) not in gone) for name, held in state.items()}
    return {name: held for name, held in kept.items() if held}


def taken_along(states: Collection[State], key: str) -> set[str]:
    """The ids that go with `key`: what leans on it, and names of entities for which no version has another use."""
    gone = {key} | {identifier(r) for state in states for held in state.values() for r in held if key in _ids(r)}
    orphaned: set[str] = set()
    kept: set[str] = set()
    for state in states:
        spellings = {identifier(r) for held in state.values() for r in held if isinstance(r, Entity)}
        going = _orphans(state, gone)
        orphaned, kept = orphaned | going, kept | (spellings - going)
    return gone | (orphaned - kept)


def _orphans(state: State, gone: Collection[str]) -> set[str]:
    """Spellings that only what goes has used, stated by nobody but the data sets that stated it."""
    stating = {name for name, held in state.items() if any(identifier(r) in gone for r in held)}
    everything = {r for held in state.values() for r in held if not isinstance(r, Entity)}
    touched = {entity for r in everything if identifier(r) in gone for entity in entities_of(r)}
    used = {entity for r in everything if identifier(r) not in gone for entity in entities_of(r)}
    stated_elsewhere = {r for name, held in state.items() if name not in stating for r in held}
    return {
        identifier(r) for held in state.values() for r in held
        if isinstance(r, Entity) and r.id in touched - used and r not in stated_elsewhere
    }  # fmt: skip


def _ids(record: Record) -> set[str]:
    leaning = {record.source} if isinstance(record, Fact | Passage) else set()
    return {identifier(record)} | leaning


def texts(records: Iterable[Record]) -> set[str]:
    """What a reader of the bytes could recognise."""
    found: set[str] = set()
    for record in records:
        match record:
            case Passage():
                found.add(record.text)
            case Source():
                found.add(record.title)
            case Fact(object=Literal(text=text)):
                found.add(text)
    return found

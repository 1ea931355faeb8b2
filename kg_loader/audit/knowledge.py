"""What several rules ask of a knowledge base, each answered by one pass over its tables."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib import resources

from rag.snapshot.schema import id_of_key
from rag.vocabulary import Relation


@lru_cache(maxsize=1)
def everyday_words() -> frozenset[str]:
    """Words that everybody uses (kg_loader/audit/everyday_words.txt tells where the list comes from)."""
    lines = resources.files("kg_loader.audit").joinpath("everyday_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


class Knowledge:
    """All records of a database that is being sealed, and what follows from them. Read only; nothing is in quarantine.

    Rules look at content alone, never at row numbers of entities, so that the order of ingestion changes nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._pairs: dict[Relation, Sequence[tuple[int, int, int]]] = {}

    @cached_property
    def entities(self) -> Mapping[int, tuple[str, str, str]]:
        """Row number -> (id, type, name)."""
        return {key: tuple(rest) for key, *rest in self.connection.execute("SELECT pk, id, type, name FROM entity")}

    @cached_property
    def types(self) -> Mapping[str, Mapping[str, int]]:
        """Normalised name -> row numbers of the entities that carry it, by type."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for key, (identifier, kind, _) in self.entities.items():
            found[identifier.partition(":")[2]][kind] = key
        return found

    @cached_property
    def as_subject(self) -> Mapping[int, int]:
        """Facts of each entity that has any."""
        return dict(self.connection.execute("SELECT subject, count(*) FROM fact GROUP BY subject"))

    @cached_property
    def as_object(self) -> Mapping[tuple[int, str], int]:
        """Facts that have an entity as object of a relation."""
        sql = "SELECT object, relation, count(*) FROM fact WHERE object IS NOT NULL GROUP BY object, relation"
        return {(key, relation): count for key, relation, count in self.connection.execute(sql)}

    @cached_property
    def places(self) -> Mapping[int, frozenset[int]]:
        """Departments and body parts of each disease and symptom that has any."""
        found: dict[int, set[int]] = defaultdict(set)
        sql = "SELECT subject, object FROM fact WHERE relation IN (?, ?) AND object IS NOT NULL"
        for subject, target in self.connection.execute(sql, (Relation.DEPARTMENT, Relation.BODY_PART)):
            found[subject].add(target)
        return {key: frozenset(values) for key, values in found.items()}

    def id(self, key: int) -> str:
        """The id of an entity."""
        return self.entities[key][0]

    def name(self, key: int) -> str:
        """The name of an entity."""
        return self.entities[key][2]

    def pairs(self, relation: Relation) -> Sequence[tuple[int, int, int]]:
        """(fact, subject, object) of a relation between entities, by fact."""
        if relation not in self._pairs:
            sql = "SELECT pk, subject, object FROM fact WHERE relation = ? AND object IS NOT NULL ORDER BY pk"
            self._pairs[relation] = self.connection.execute(sql, (relation,)).fetchall()
        return self._pairs[relation]


def fact_id(key: int) -> str:
    """The id of a fact."""
    return id_of_key("f", key)


def passage_id(key: int) -> str:
    """The id of a passage."""
    return id_of_key("p", key)


def alias_id(key: int) -> str:
    """How findings name an alias, which has no id of its own."""
    return id_of_key("a", key)


def listed(names: list[str], most: int = 5) -> str:
    """`甲、乙、丙 ... (12)`."""
    shown = "、".join(names[:most])
    return shown if len(names) <= most else f"{shown} … ({len(names)})"

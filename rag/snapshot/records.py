"""Reading `records.sqlite` of a sealed snapshot: one connection a thread, read only."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Finding,
    GraphFact,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Retraction,
    Review,
    Severity,
    Source,
    Verdict,
)
from rag.errors import UsageError
from rag.ports import NameRow
from rag.register import keys_of
from rag.snapshot.held import show_held
from rag.snapshot.schema import KIND_NAMES, id_of_key, key_of_id
from rag.vocabulary import EntityType, Grade, Relation

_TYPES: Mapping[str, EntityType] = {kind.value: kind for kind in EntityType}
_RELATIONS: Mapping[str, Relation] = {relation.value: relation for relation in Relation}
_NO_LIMITS = Qualifiers()

FACT_COLUMNS = (
    "f.pk, s.id, s.name, f.relation, o.id, o.name, f.literal, f.literal_kind, f.source, "
    "f.severity, f.population, f.dose, f.rank"
)
"""Columns that `graph_fact` reads, from `FACT_TABLES`."""
FACT_TABLES = "fact f JOIN entity s ON s.pk = f.subject LEFT JOIN entity o ON o.pk = f.object"

_PASSAGE_COLUMNS = "p.pk, p.kind, p.source, p.title, p.question, p.locator, e.id, p.aspect, p.text"
_PASSAGE_TABLES = "passage p LEFT JOIN entity e ON e.pk = p.about"
_SOURCE_COLUMNS = "pk, title, kind, grade, year, publisher, doi, pmid, url, licence, lineage"
_NUMBERS = ("pmid:", "doi:")
_NUMBERED = """
SELECT pk, doi, pmid FROM source WHERE ltrim(pmid, '0') IN (SELECT value FROM json_each(?1))
    OR lower(rtrim(doi, '.,;)')) IN (SELECT value FROM json_each(?2)) OR doi NOT GLOB '10.*' OR pmid GLOB '*[^0-9]*'
"""
"""Sources that may carry one of these numbers; those written otherwise than readers do are looked at one by one."""
_SELECTS = {
    "source": (f"SELECT {_SOURCE_COLUMNS} FROM source", "pk"),
    "entity": ("SELECT e.id, e.type, s.name FROM spelling s JOIN entity e ON e.pk = s.entity", "s.pk"),
    "alias": ("SELECT a.name, e.id, a.kind FROM alias a JOIN entity e ON e.pk = a.entity", "a.pk"),
    "do_not_merge": (
        "SELECT a.id, b.id, d.reason FROM do_not_merge d JOIN entity a ON a.pk = d.a JOIN entity b ON b.pk = d.b",
        "d.pk",
    ),
    "fact": (f"SELECT {FACT_COLUMNS} FROM {FACT_TABLES}", "f.pk"),
    "passage": (f"SELECT {_PASSAGE_COLUMNS} FROM {_PASSAGE_TABLES}", "p.pk"),
    "retraction": ("SELECT target, stated_by FROM retraction", "pk"),
    "review": ("SELECT record, rule, verdict, reason FROM review", "pk"),
}
"""The asserted records of each kind and the column of their key; sources before what refers to them."""
_SCANS = {kind: f"{select} ORDER BY {key}" for kind, (select, key) in _SELECTS.items()} | {
    "entity": "SELECT id, type, name FROM entity ORDER BY id"
}
_ASSERTED = "SELECT a.record FROM assertion a JOIN dataset d ON d.pk = a.dataset WHERE d.name = ? AND a.kind = ?"
_FINDING_COLUMNS = "rule, severity, kind, record, detail, evidence, released"


def _idf(subjects: int, holding: int) -> float:
    """SQL function for ranking in the store; SQLite's own `ln` is missing from some builds."""
    return math.log(subjects / holding)


def graph_fact(row: tuple[object, ...]) -> GraphFact:
    """A row of `FACT_COLUMNS`."""
    key, subject, name, relation, target, target_name, literal, kind, source, severity, population, dose, rank = row
    limited = severity is not None or population is not None or dose is not None
    return GraphFact(
        id_of_key("f", key),  # type: ignore[arg-type]  # the STRICT tables vouch for the types of a row
        subject,  # type: ignore[arg-type]
        name,  # type: ignore[arg-type]
        _RELATIONS[relation],  # type: ignore[index]
        target if literal is None else Literal(literal, kind),  # type: ignore[arg-type]
        target_name if literal is None else literal,  # type: ignore[arg-type]
        id_of_key("s", source),  # type: ignore[arg-type]
        Qualifiers(severity, population, dose) if limited else _NO_LIMITS,  # type: ignore[arg-type]
        rank,  # type: ignore[arg-type]
    )


def _passage(row: tuple[object, ...]) -> Passage:
    _, kind, source, title, question, locator, about, aspect, text = row
    return Passage(text, PassageKind(kind), id_of_key("s", source), title, question, locator, about, aspect)  # type: ignore[arg-type]


def _source(row: tuple[object, ...]) -> Source:
    _, title, kind, grade, *rest = row
    return Source(title, kind, Grade(grade), *rest)  # type: ignore[arg-type]


def _fact(row: tuple[object, ...]) -> Fact:
    shown = graph_fact(row)
    return Fact(shown.subject, shown.relation, shown.object, shown.source, shown.qualifiers)


Row = tuple[Any, ...]
"""A row as its STRICT columns declare it; the statement beside it says which they are."""


class Records:
    """The records of one snapshot. Threads share nothing but the file. `held`: those in quarantine are read too."""

    def __init__(self, path: Path, *, held: bool = False) -> None:
        self.path = path
        self._held = held
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        # A connection is part of a cycle (its cache of statements), so files that nobody needs would stay open.
        weakref.finalize(self, _close_all, self._opened).atexit = False

    def connection(self) -> sqlite3.Connection:
        """The connection of the calling thread; `immutable` because nobody ever writes to a sealed file."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            found = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None, cached_statements=64)
            found.execute("PRAGMA mmap_size = 0")  # every thread's mapping would count as memory of its own
            found.create_function("idf", 2, _idf, deterministic=True)
            if self._held:
                show_held(found)
            with self._guard:
                self._opened.append(found)
            self._local.connection = found
        return found

    def close(self) -> None:
        """Close the connections of all threads; no call may be running."""
        with self._guard:
            _close_all(self._opened)
        self._local = threading.local()

    def _rows(self, sql: str, keys: Iterable[object]) -> Iterator[Row]:
        """Rows of a statement whose one parameter is a JSON list."""
        return iter(self.connection().execute(sql, (json.dumps(list(keys), ensure_ascii=False),)))

    # ------------------------------------------------------------ by id

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist, in the order asked."""
        sql = "SELECT e.id, e.type, e.name FROM json_each(?) j CROSS JOIN entity e ON e.id = j.value ORDER BY j.key"
        return {row[0]: Entity(row[0], _TYPES[row[1]], row[2]) for row in self._rows(sql, ids)}

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        sql = "SELECT name, kind FROM alias WHERE entity = (SELECT pk FROM entity WHERE id = ?) ORDER BY name, kind"
        return [Alias(name, entity, AliasKind(kind)) for name, kind in self.connection().execute(sql, (entity,))]

    def named(self, entities: Iterable[EntityId], relation: Relation) -> dict[EntityId, int]:
        """How many facts of a relation have each as their object; without what does not exist."""
        sql = (
            f"SELECT e.id, (SELECT count(*) FROM fact WHERE object = e.pk AND relation = '{relation.value}') "
            "FROM json_each(?) j CROSS JOIN entity e ON e.id = j.value"
        )
        return dict(self._rows(sql, entities))

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Those that exist, in the order asked."""
        tables = f"json_each(?) j CROSS JOIN {_PASSAGE_TABLES}"
        sql = f"SELECT {_PASSAGE_COLUMNS} FROM {tables} WHERE p.pk = j.value ORDER BY j.key"
        return {id_of_key("p", row[0]): _passage(row) for row in self._rows(sql, _keys(ids, "p"))}

    def mentions(self, ids: Iterable[str]) -> dict[str, tuple[EntityId, ...]]:
        """Entities that each passage mentions, by id; a passage that mentions none has an empty tuple."""
        sql = (
            "SELECT p.pk, e.id FROM json_each(?) j CROSS JOIN passage p ON p.pk = j.value "
            "LEFT JOIN mention m ON m.passage = p.pk LEFT JOIN entity e ON e.pk = m.entity ORDER BY j.key, e.id"
        )
        found: dict[str, list[EntityId]] = {}
        for key, entity in self._rows(sql, _keys(dict.fromkeys(ids), "p")):
            found.setdefault(id_of_key("p", key), []).extend([entity] if entity else [])
        return {identifier: tuple(entities) for identifier, entities in found.items()}

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """Those that exist, in the order asked."""
        sql = f"SELECT {_SOURCE_COLUMNS} FROM json_each(?) j CROSS JOIN source ON pk = j.value ORDER BY j.key"
        return {id_of_key("s", row[0]): _source(row) for row in self._rows(sql, _keys(ids, "s"))}

    def sources_numbered(self, keys: Iterable[str]) -> frozenset[str]:
        """Ids of the sources that carry one of these numbers (`pmid:...`, `doi:...`)."""
        wanted = frozenset(keys)
        if not wanted:
            return frozenset()
        numbers = [json.dumps([key.partition(":")[2] for key in wanted if key.startswith(name)]) for name in _NUMBERS]
        rows = self.connection().execute(_NUMBERED, numbers)
        return frozenset(id_of_key("s", pk) for pk, *numbers in rows if wanted.intersection(keys_of("", *numbers)))

    def leaning(self, sources: Iterable[str]) -> frozenset[str]:
        """Ids of all passages of these sources."""
        keys = _keys(sources, "s")
        sql = "SELECT pk FROM passage WHERE source IN (SELECT value FROM json_each(?))"
        return frozenset(id_of_key("p", row[0]) for row in self._rows(sql, keys)) if keys else frozenset()

    def facts_of(self, sources: Iterable[str]) -> list[str]:
        """Ids of all facts of these sources; reads the whole table."""
        keys = _keys(sources, "s")
        sql = "SELECT pk FROM fact WHERE source IN (SELECT value FROM json_each(?)) ORDER BY pk"
        return [id_of_key("f", row[0]) for row in self._rows(sql, keys)] if keys else []

    def facts(self, ids: Iterable[str]) -> dict[str, GraphFact]:
        """Those that exist, in the order asked."""
        sql = f"SELECT {FACT_COLUMNS} FROM json_each(?) j CROSS JOIN {FACT_TABLES} WHERE f.pk = j.value ORDER BY j.key"
        return {id_of_key("f", row[0]): graph_fact(row) for row in self._rows(sql, _keys(ids, "f"))}

    def about(self, entities: Iterable[EntityId], limit_each: int) -> list[str]:
        """Ids of passages about each entity in turn, by aspect and id."""
        sql = (
            "SELECT p.pk FROM json_each(?) j CROSS JOIN passage p ON p.pk IN (SELECT pk FROM passage WHERE about = "
            "(SELECT pk FROM entity WHERE id = j.value) ORDER BY aspect, pk LIMIT ?) ORDER BY j.key, p.aspect, p.pk"
        )
        rows = self.connection().execute(sql, (json.dumps(list(entities), ensure_ascii=False), limit_each))
        return [id_of_key("p", key) for (key,) in rows]

    # ------------------------------------------------------------ all

    def names(self) -> Iterator[NameRow]:
        """Every name of every entity."""
        yield from (NameRow(*row) for row in self.connection().execute("SELECT name, entity, kind FROM name"))

    def do_not_merge(self) -> list[DoNotMerge]:
        """Pairs that look alike and are different."""
        return [DoNotMerge(*row) for row in self.connection().execute(_SCANS["do_not_merge"])]

    def scan(self, kind: str) -> Iterator[Record]:
        """All records of one kind, by id. Raises UsageError for a kind that does not exist."""
        if kind not in _SCANS:
            raise UsageError(f"there are no records of kind {kind!r}; expected one of {', '.join(KIND_NAMES)}")
        return self._scanned(kind)

    def _scanned(self, kind: str) -> Iterator[Record]:
        """A generator of this object, which therefore lives until its last row."""
        for row in self.connection().execute(_SCANS[kind]):
            yield _decode(kind, row)

    def asserted_by(self, dataset: str) -> Iterator[Record]:
        """Every record that a data set asserts, sources first; an entity once for each of its spellings."""
        for kind, (select, key) in _SELECTS.items():
            sql = f"{select} WHERE {key} IN ({_ASSERTED}) ORDER BY {key}"
            rows = self.connection().execute(sql, (dataset, KIND_NAMES.index(kind)))
            yield from (_decode(kind, row) for row in rows)

    def held_keys(self, table: str) -> set[int]:
        """Keys of the rows of one table (`rag.snapshot.schema.HELD_TABLES`) that are in quarantine."""
        return {key for (key,) in self.connection().execute(f"SELECT pk FROM held_{table}")}

    def is_held(self, identifier: str) -> bool:
        """Whether a fact or passage is in quarantine."""
        keys = ((table, key_of_id(identifier, prefix)) for table, prefix in (("fact", "f"), ("passage", "p")))
        return any(
            self.connection().execute(f"SELECT 1 FROM held_{table} WHERE pk = ?", (key,)).fetchone()
            for table, key in keys
            if key is not None
        )

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Finding]:
        """What the audit found, the severest first, then by rule and record; `limit` -1: all."""
        sql = (
            f"SELECT {_FINDING_COLUMNS} FROM finding WHERE (?1 IS NULL OR rule = ?1) AND (?2 IS NULL OR severity = ?2) "
            "ORDER BY CASE severity WHEN 'severe' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, rule, record "
            "LIMIT ?3 OFFSET ?4"
        )
        return [_finding(row) for row in self.connection().execute(sql, (rule, severity, limit, offset))]

    def findings_on(self, records: Iterable[str]) -> dict[str, list[Finding]]:
        """What the audit found about each of these records, those without a finding left out."""
        sql = f"SELECT {_FINDING_COLUMNS} FROM finding WHERE record IN (SELECT value FROM json_each(?)) ORDER BY rule"
        found: dict[str, list[Finding]] = {}
        for row in self._rows(sql, records):
            found.setdefault(row[3], []).append(_finding(row))
        return found

    def passage_keys(self) -> NDArray[np.int64]:
        """The key of the passage in each row of the vector matrix."""
        count = int(self.connection().execute("SELECT count(*) FROM passage").fetchone()[0])
        rows = self.connection().execute("SELECT pk FROM passage ORDER BY pk")
        return np.fromiter((key for (key,) in rows), dtype=np.int64, count=count)

    def asserting(self, kind: int, key: int) -> list[str]:
        """Data sets that assert a record."""
        sql = (
            "SELECT d.name FROM assertion a JOIN dataset d ON d.pk = a.dataset "
            "WHERE a.kind = ? AND a.record = ? ORDER BY 1"
        )
        return [name for (name,) in self.connection().execute(sql, (kind, key))]


def _close_all(connections: list[sqlite3.Connection]) -> None:
    for connection in connections:
        connection.close()
    connections.clear()


def _finding(row: Row) -> Finding:
    rule, severity, kind, record, detail, evidence, released = row
    return Finding(rule, Severity(severity), kind, record, detail, tuple(json.loads(evidence)), bool(released))


def _decode(kind: str, row: Row) -> Record:
    match kind:
        case "entity":
            return Entity(row[0], _TYPES[row[1]], row[2])
        case "alias":
            return Alias(row[0], row[1], AliasKind(row[2]))
        case "do_not_merge":
            return DoNotMerge(*row)
        case "source":
            return _source(row)
        case "fact":
            return _fact(row)
        case "retraction":
            return Retraction(*row)
        case "review":
            return Review(row[0], row[1], Verdict(row[2]), row[3])
        case _:
            return _passage(row)


def _keys(ids: Iterable[str], prefix: str) -> list[int]:
    """Keys of those that are ids of this kind at all."""
    return [key for identifier in ids if (key := key_of_id(identifier, prefix)) is not None]

"""Writing records and assertions into a database that nobody reads yet."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from rag.domain import Alias, DoNotMerge, Entity, EntityId, Fact, Literal, Passage, Record, Retraction, Review, Source
from rag.register import is_key
from rag.snapshot.schema import FACT, HELD_TABLES, KIND_NAMES, KINDS, SOURCE, TABLES
from rag.text import normalise
from rag.vocabulary import GRADE_RANK, EntityType

_COLUMNS = (3, 5, 4, 12, 11, 9, 3, 5)
_TOGETHER = 32


def _insert(rows: int) -> tuple[str, ...]:
    """Per kind the statement that stores so many new records and leaves out those that are there."""
    return tuple(
        f"INSERT INTO {table} VALUES {', '.join([_places(count)] * rows)} ON CONFLICT (pk) DO NOTHING"
        for table, count in zip(TABLES, _COLUMNS, strict=True)
    )


def _places(count: int) -> str:
    return f"({', '.join('?' * count)})"


_INSERT, _INSERT_TOGETHER = _insert(1), _insert(_TOGETHER)
_REMEMBERED = 200_000
"""Entities and sources whose numbers are kept at hand."""
Other = Entity | Alias | DoNotMerge | Source | Passage | Retraction | Review
"""What is stored one by one; facts are so many that they have a way of their own."""
R = TypeVar("R", bound=Record)
_TYPES = frozenset(kind.value for kind in EntityType)
_CODES = {kind: code for code, kind in enumerate(KINDS)}

_STAGED = """
CREATE TABLE IF NOT EXISTS staged_assertion (
    dataset INTEGER NOT NULL, kind INTEGER NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (dataset, kind, record)
) STRICT, WITHOUT ROWID;
"""
_REFERRED = (
    ("spelling", "entity"),
    ("alias", "entity"),
    ("do_not_merge", "a"),
    ("do_not_merge", "b"),
    ("fact", "subject"),
    ("fact", "object"),
    ("passage", "about"),
)

_DANGLING = (
    "SELECT count(*) FROM fact f LEFT JOIN source s ON s.pk = f.source LEFT JOIN entity e ON e.pk = f.subject "
    "LEFT JOIN entity o ON o.pk = f.object "
    "WHERE s.pk IS NULL OR e.pk IS NULL OR (o.pk IS NULL AND f.object IS NOT NULL)",
    "SELECT count(*) FROM passage p LEFT JOIN source s ON s.pk = p.source WHERE s.pk IS NULL",
    *(
        f"SELECT count(*) FROM assertion a WHERE kind = {code} "
        f"AND NOT EXISTS (SELECT 1 FROM {table} WHERE pk = a.record)"
        + (f" AND NOT EXISTS (SELECT 1 FROM held_{table} WHERE pk = a.record)" if table in HELD_TABLES else "")
        for code, table in enumerate(TABLES)
    ),
)


@lru_cache(maxsize=1 << 12)
def key_of_source(identifier: str) -> int:
    """The key of a source id (`s:` and 16 hex digits)."""
    return int(identifier[2:], 16) - (1 << 63)


def problem(record: Record) -> str | None:
    """Why a record cannot be stored, or None. Readers do not make such records; a new reader might."""
    if isinstance(record, Fact):
        known = _is_id(record.subject) and (isinstance(record.object, Literal) or _is_id(record.object))
        return None if known else _NO_ID
    if not all(map(_is_id, _referred(record))):
        return _NO_ID
    if isinstance(record, Entity) and not (record.name and record.id.startswith(f"{record.type}:")):
        return "an entity's name is empty or its id has another type"
    if isinstance(record, Alias) and not normalise(record.name):
        return "an alias is empty"
    if isinstance(record, Passage) and not record.text.strip():
        return "a passage is empty"
    if isinstance(record, Retraction) and not is_key(record.target):
        return "a retraction names no PMID, DOI or id"
    return None


_NO_ID = "an entity id is not `type:name` with a known type"


@lru_cache(maxsize=1 << 16)
def _is_id(identifier: str) -> bool:
    kind, _, name = identifier.partition(":")
    return kind in _TYPES and bool(name)


def _referred(record: Other) -> tuple[EntityId, ...]:
    if isinstance(record, Entity):
        return (record.id,)
    if isinstance(record, Alias):
        return (record.entity,)
    if isinstance(record, DoNotMerge):
        return (record.a, record.b)
    if isinstance(record, Passage) and record.about is not None:
        return (record.about,)
    return ()


def _named_in(facts: Sequence[tuple[int, Fact]]) -> set[EntityId]:
    """All subjects and objects."""
    subjects = {fact.subject for _, fact in facts}
    return subjects.union([fact.object for _, fact in facts if not isinstance(fact.object, Literal)])


def _fact_row(
    fact: Fact, key: int, entities: Mapping[EntityId, int], sources: Mapping[str, tuple[int, int]]
) -> tuple[object, ...]:
    said, limits, (source, rank) = fact.object, fact.qualifiers, sources[fact.source]
    target, literal, kind = (None, said.text, said.kind) if isinstance(said, Literal) else (entities[said], None, None)
    return (
        key, entities[fact.subject], fact.relation, target, literal, kind, source,
        limits.severity, limits.population, limits.dose, rank,
    )  # fmt: skip


def _row(record: Other, key: int, entities: Mapping[EntityId, int]) -> tuple[object, ...]:
    match record:
        case Entity():
            return key, entities[record.id], record.name
        case Alias():
            return key, entities[record.entity], record.name, record.kind.value, normalise(record.name)
        case DoNotMerge():
            return key, entities[record.a], entities[record.b], record.reason
        case Retraction():
            return key, record.target, record.stated_by
        case Source():
            grade = record.grade
            return (
                key, record.title, record.kind, grade.value, GRADE_RANK[grade], record.year, record.publisher,
                record.doi, record.pmid, record.url, record.licence, record.lineage,
            )  # fmt: skip
        case Passage(about=about):
            return (
                key, record.kind.value, key_of_source(record.source), record.title, record.question,
                record.locator, None if about is None else entities[about], record.aspect, record.text,
            )  # fmt: skip
        case Review():
            return key, record.record, record.rule, record.verdict.value, record.reason


class Writer:
    """Adds what data sets assert to one open database. The caller owns the transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._entities: dict[EntityId, int] = {}
        self._sources: dict[str, tuple[int, int]] = {}
        self._from_nothing = False

    def forget(self) -> None:
        """Nothing is known any more of what was stored: a transaction was undone, or rows were deleted."""
        self._entities.clear()
        self._sources.clear()

    def begin_from_nothing(self) -> None:
        """Hardly a record will be known: to try to store each is cheaper than to ask first."""
        self._from_nothing = True

    def prepare(self) -> None:
        """Make the table of what a running ingestion has asserted so far."""
        self.connection.executescript(_STAGED)

    def dataset(self, name: str) -> int:
        """The number of a data set, made if new."""
        self.connection.execute("INSERT OR IGNORE INTO dataset (name) VALUES (?)", (name,))
        return int(self.connection.execute("SELECT pk FROM dataset WHERE name = ?", (name,)).fetchone()[0])

    def states_source(self, dataset: int, key: int, *, append: bool) -> bool:
        """Whether a running ingestion may lean on the source with this key."""
        row = self.connection.execute(
            "SELECT 1 FROM staged_assertion WHERE dataset = ?1 AND kind = ?2 AND record = ?3 "
            "UNION ALL SELECT 1 FROM assertion WHERE ?4 AND dataset = ?1 AND kind = ?2 AND record = ?3",
            (dataset, SOURCE, key, append),
        )
        return row.fetchone() is not None

    def add(self, dataset: int, records: Iterable[tuple[Record, int]]) -> list[int]:
        """Store (record, key) pairs and stage their assertion; how many were new to this ingestion, by kind."""
        facts: dict[int, Fact] = {}
        others: list[dict[int, Other]] = [{} for _ in KINDS]
        for record, key in records:
            if isinstance(record, Fact):
                facts[key] = record
            else:
                others[_CODES[type(record)]][key] = record
        if len(self._entities) + len(self._sources) > _REMEMBERED:
            self.forget()
        self._add_others(others)
        self._add_facts(facts)
        groups = [facts if code == FACT else group for code, group in enumerate(others)]
        return [self._stage(dataset, code, group) for code, group in enumerate(groups)]

    def _add_others(self, groups: Sequence[Mapping[int, Other]]) -> None:
        fresh = [self._unknown(code, group) for code, group in enumerate(groups)]
        self._know_entities({entity for rows in fresh for _, record in rows for entity in _referred(record)})
        for code, rows in enumerate(fresh):
            self._store(code, [_row(record, key, self._entities) for key, record in rows])

    def _add_facts(self, facts: Mapping[int, Fact]) -> None:
        fresh = self._unknown(FACT, facts)
        self._know_entities(_named_in(fresh))
        self._know_sources({fact.source for _, fact in fresh})
        self._store(FACT, [_fact_row(fact, key, self._entities, self._sources) for key, fact in fresh])

    def _store(self, code: int, rows: Sequence[tuple[object, ...]]) -> None:
        """Several rows a statement: running one costs more than storing a row does."""
        whole = len(rows) - len(rows) % _TOGETHER
        groups = zip(*[iter(rows[:whole])] * _TOGETHER, strict=True)
        self.connection.executemany(_INSERT_TOGETHER[code], (tuple(chain.from_iterable(group)) for group in groups))
        self.connection.executemany(_INSERT[code], rows[whole:])

    def _know_entities(self, ids: set[EntityId]) -> None:
        """Give those a number that have none yet, and learn the numbers of all."""
        missing = sorted(ids - self._entities.keys())
        self.connection.executemany(
            "INSERT OR IGNORE INTO entity (id, type, name) VALUES (?, ?, ?)",
            ((identifier, *_type_and_name(identifier)) for identifier in missing),
        )
        sql = "SELECT entity.id, pk FROM json_each(?) CROSS JOIN entity ON entity.id = value"
        self._entities.update(self.connection.execute(sql, (json.dumps(missing, ensure_ascii=False),)))

    def _know_sources(self, ids: set[str]) -> None:
        """Learn the key and the rank of those that facts lean on."""
        keys = {key_of_source(identifier): identifier for identifier in ids - self._sources.keys()}
        sql = "SELECT pk, rank FROM json_each(?) CROSS JOIN source ON pk = value"
        for key, rank in self.connection.execute(sql, (json.dumps(list(keys)),)):
            self._sources[keys[key]] = key, rank

    def _unknown(self, code: int, group: Mapping[int, R]) -> list[tuple[int, R]]:
        """Those that may not be stored yet, by key, so that neighbours in the file are written together."""
        if self._from_nothing:
            return sorted(group.items())
        sql = f"SELECT pk FROM json_each(?) CROSS JOIN {TABLES[code]} ON pk = value"
        known = {key for (key,) in self.connection.execute(sql, (json.dumps(list(group)),))}
        return sorted(row for row in group.items() if row[0] not in known)  # keys differ: no records are compared

    def _stage(self, dataset: int, code: int, group: Iterable[int]) -> int:
        before = self.connection.total_changes
        sql = "INSERT OR IGNORE INTO staged_assertion SELECT ?, ?, value FROM json_each(?)"
        self.connection.execute(sql, (dataset, code, json.dumps(sorted(group))))
        return self.connection.total_changes - before

    # ------------------------------------------------------------ settling

    def sizes(self, dataset: int) -> tuple[int, int]:
        """How many records a data set asserts, and how many a running ingestion has staged for it."""
        counts = (
            self.connection.execute(f"SELECT count(*) FROM {table} WHERE dataset = ?", (dataset,)).fetchone()[0]
            for table in ("assertion", "staged_assertion")
        )
        before, after = map(int, counts)
        return before, after

    def settle(self, dataset: int, *, append: bool) -> dict[str, tuple[int, int]]:
        """Make the staged assertions of a data set its assertions; (added, removed) per kind, all in one step."""
        run = self.connection.execute
        left_out = (
            "FROM assertion WHERE dataset = ?1 AND NOT EXISTS (SELECT 1 FROM staged_assertion s "
            "WHERE s.dataset = ?1 AND s.kind = assertion.kind AND s.record = assertion.record)"
        )
        gone: dict[int, int] = {}
        if not append:
            gone = dict(run(f"SELECT kind, count(*) {left_out} GROUP BY kind", (dataset,)))
        added = dict(
            run(
                "SELECT kind, count(*) FROM staged_assertion s WHERE dataset = ?1 AND NOT EXISTS (SELECT 1 FROM "
                "assertion a WHERE a.kind = s.kind AND a.record = s.record AND a.dataset = ?1) GROUP BY kind",
                (dataset,),
            )
        )
        if gone:
            run(f"DELETE {left_out}", (dataset,))
        run("INSERT OR IGNORE INTO assertion SELECT kind, record, dataset FROM staged_assertion WHERE dataset = ?",
            (dataset,))  # fmt: skip
        run("DELETE FROM staged_assertion WHERE dataset = ?", (dataset,))
        return {KIND_NAMES[kind]: (added.get(kind, 0), gone.get(kind, 0)) for kind in sorted({*added, *gone})}

    def sweep(self, *, removed: bool = True) -> None:
        """Delete what no data set asserts any more, and choose the visible spelling of every entity.

        `removed` False: every assertion there was is still there, so no record can have lost its last one.
        """
        run = self.connection.execute
        self.forget()
        if removed:
            self._delete_unasserted()
        run("DELETE FROM dataset WHERE NOT EXISTS (SELECT 1 FROM assertion WHERE dataset = dataset.pk)")
        run(
            "UPDATE entity SET name = best.name FROM (SELECT e.pk, coalesce((SELECT min(s.name) FROM spelling s WHERE "
            "s.entity = e.pk), substr(e.id, instr(e.id, ':') + 1)) AS name FROM entity e) AS best "
            "WHERE best.pk = entity.pk AND best.name <> entity.name"
        )

    def _delete_unasserted(self) -> None:
        run = self.connection.execute
        for code, table in enumerate(TABLES):
            run(f"DELETE FROM {table} WHERE NOT EXISTS "
                "(SELECT 1 FROM assertion WHERE kind = ? AND record = pk)", (code,))  # fmt: skip
        unused = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {t} WHERE {t}.{c} = entity.pk)" for t, c in _REFERRED)
        run(f"DELETE FROM entity WHERE {unused}")

    def digest(self) -> str:
        """SHA-256 over all assertions in an order of their own: equal content, equal digest, however it came."""
        total = hashlib.sha256(b"yiwen-content-1\n")
        # In the order of the table's own key only the data sets of one record are sorted. SQLite writes the lines.
        rows = self.connection.execute(
            "SELECT a.kind || ' ' || a.record || ' ' || d.name || char(10) FROM assertion a "
            "CROSS JOIN dataset d ON d.pk = a.dataset ORDER BY a.kind, a.record, d.name"
        )
        while batch := rows.fetchmany(10000):
            total.update("".join([line for (line,) in batch]).encode())
        return total.hexdigest()

    def dangling(self) -> int:
        """Records that refer to a missing one; 0 unless a program or a disk is at fault."""
        return sum(int(self.connection.execute(sql).fetchone()[0]) for sql in _DANGLING)


def _type_and_name(identifier: str) -> tuple[str, str]:
    kind, _, name = identifier.partition(":")
    return kind, name

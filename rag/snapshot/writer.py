"""Writing records and assertions into a database that nobody reads yet."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from rag.snapshot.rows import Row, Told, key_of_source, told_rows
from rag.snapshot.schema import (
    ALIAS,
    DO_NOT_MERGE,
    ENTITY,
    FACT,
    HELD_TABLES,
    KIND_NAMES,
    PASSAGE,
    SOURCE,
    TABLES,
)

AnyRow = TypeVar("AnyRow", bound=tuple[object, ...])
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


def _insert_alike(rows: int, column: str) -> str:
    """The statement that stores so many new facts with the same source, rank, relation and kind of text.

    To hand over a value costs more than all else that SQLite does with it, so these are handed over once.
    """
    values = (f"(?1, ?2, ?3, ?4, ?{at}, ?{at + 1}, ?{at + 2})" for at in range(5, 5 + 3 * rows, 3))
    return (
        f"INSERT INTO fact (source, rank, relation, literal_kind, pk, subject, {column}) VALUES {', '.join(values)} "
        "ON CONFLICT (pk) DO NOTHING"
    )


_INSERT, _INSERT_TOGETHER = _insert(1), _insert(_TOGETHER)
_INSERT_ALIKE = {
    column: (_insert_alike(_TOGETHER, column), _insert_alike(1, column)) for column in ("object", "literal")
}
_REMEMBERED = 200_000
"""Entities and sources whose numbers are kept at hand."""
_ENTITIES_AT = {ENTITY: (1,), ALIAS: (1,), DO_NOT_MERGE: (1, 2), FACT: (1, 3), PASSAGE: (6,)}
"""Where the rows of a kind name entities."""
_SOURCE_AT = 6
"""Where the row of a fact names its source."""

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


class Writer:
    """Adds what data sets assert to one open database. The caller owns the transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._entities: dict[object, int] = {}
        self._ranks: dict[object, int] = {}
        self._from_nothing = False

    def forget(self) -> None:
        """Nothing is known any more of what was stored: a transaction was undone, or rows were deleted."""
        self._entities.clear()
        self._ranks.clear()

    def begin_from_nothing(self) -> None:
        """There are no assertions but those of the running ingestion, so nothing is staged that would be moved later.

        Hardly a record will be known either: to try to store each is cheaper than to ask first.
        """
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
            (dataset, SOURCE, key, append or self._from_nothing),
        )
        return row.fetchone() is not None

    def add(self, dataset: int, rows: Sequence[Mapping[int, Row]], told: Sequence[Told] = ()) -> list[int]:
        """Store the rows of each kind by their keys, and the facts that are told, and stage their assertion.

        How many were new to this ingestion, by kind.
        """
        if len(self._entities) + len(self._ranks) > _REMEMBERED:
            self.forget()
        keys: list[Iterable[int]] = list(rows)
        for code, group in enumerate(rows):
            if group:
                self._store(code, self._numbered(code, self._unknown(code, group)))
        if told:
            keys[FACT] = chain(rows[FACT], *self._store_told(told))
        return [self._stage(dataset, code, group) for code, group in enumerate(keys)]

    def _store_told(self, told: Sequence[Told]) -> Sequence[Collection[int]]:
        """Store facts that are told; their keys."""
        named: set[object] = {subject for subject, *_ in told}
        for _, _, things, _ in told:
            named.update(*things.values())
        self._know_entities(named)
        self._know_ranks({key_of_source(source) for _, source, *_ in told})
        groups = told_rows(told, self._entities)
        for (source, relation, kind), rows in groups.items():
            together, alone = _INSERT_ALIKE["object" if kind is None else "literal"]
            alike = source, self._ranks[source], relation, kind
            new = self._unknown(FACT, rows)
            whole = len(new) - len(new) % _TOGETHER
            parts = zip(*[iter(new[:whole])] * _TOGETHER, strict=True)
            self.connection.executemany(together, ((*alike, *chain.from_iterable(part)) for part in parts))
            self.connection.executemany(alone, ((*alike, *row) for row in new[whole:]))
        return list(groups.values())

    def _numbered(self, code: int, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows with numbers in place of the ids of entities, those of facts with the rank of their source."""
        places = _ENTITIES_AT.get(code, ())
        self._know_entities({row[at] for at in places for row in rows})
        number = self._entities.get  # gives None for None
        if code == FACT:
            self._know_ranks({row[_SOURCE_AT] for row in rows})
            ranks = self._ranks
            return [(a, number(b), c, number(d), *rest, ranks[rest[2]]) for a, b, c, d, *rest in rows]
        for at in places:
            rows = [(*row[:at], number(row[at]), *row[at + 1 :]) for row in rows]
        return rows

    def _store(self, code: int, rows: Sequence[tuple[object, ...]]) -> None:
        """Several rows a statement: running one costs more than storing a row does."""
        whole = len(rows) - len(rows) % _TOGETHER
        groups = zip(*[iter(rows[:whole])] * _TOGETHER, strict=True)
        self.connection.executemany(_INSERT_TOGETHER[code], (tuple(chain.from_iterable(group)) for group in groups))
        self.connection.executemany(_INSERT[code], rows[whole:])

    def _know_entities(self, ids: set[object]) -> None:
        """Give those a number that have none yet, and learn the numbers of all."""
        missing = sorted(str(one) for one in ids - self._entities.keys() if one is not None)
        self.connection.executemany(
            "INSERT OR IGNORE INTO entity (id, type, name) VALUES (?, ?, ?)",
            ((identifier, *_type_and_name(identifier)) for identifier in missing),
        )
        sql = "SELECT entity.id, pk FROM json_each(?) CROSS JOIN entity ON entity.id = value"
        self._entities.update(self.connection.execute(sql, (json.dumps(missing, ensure_ascii=False),)))

    def _know_ranks(self, sources: set[object]) -> None:
        """Learn the ranks of those that facts lean on."""
        sql = "SELECT pk, rank FROM json_each(?) CROSS JOIN source ON pk = value"
        self._ranks.update(self.connection.execute(sql, (json.dumps(list(sources - self._ranks.keys())),)))

    def _unknown(self, code: int, group: Mapping[int, AnyRow]) -> list[AnyRow]:
        """Those that may not be stored yet, by key, so that neighbours in the file are written together."""
        if self._from_nothing:
            return [group[key] for key in sorted(group)]
        sql = f"SELECT pk FROM json_each(?) CROSS JOIN {TABLES[code]} ON pk = value"
        known = {key for (key,) in self.connection.execute(sql, (json.dumps(list(group)),))}
        return [group[key] for key in sorted(group.keys() - known)]

    def _stage(self, dataset: int, code: int, group: Iterable[int]) -> int:
        before = self.connection.total_changes
        table = "assertion" if self._from_nothing else "staged_assertion"
        sql = f"INSERT OR IGNORE INTO {table} (dataset, kind, record) SELECT ?, ?, value FROM json_each(?)"
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
        return (0, before) if self._from_nothing else (before, after)

    def settle(self, dataset: int, *, append: bool) -> dict[str, tuple[int, int]]:
        """Make the staged assertions of a data set its assertions; (added, removed) per kind, all in one step."""
        run = self.connection.execute
        if self._from_nothing:
            counted = run("SELECT kind, count(*) FROM assertion WHERE dataset = ? GROUP BY kind", (dataset,))
            return {KIND_NAMES[kind]: (count, 0) for kind, count in counted}
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
            "UPDATE entity SET name = best.name FROM (SELECT e.pk, "
            "coalesce(s.name, substr(e.id, instr(e.id, ':') + 1)) AS name "
            "FROM entity e LEFT JOIN (SELECT entity, min(name) AS name FROM spelling GROUP BY entity) s "
            "ON s.entity = e.pk) AS best "
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

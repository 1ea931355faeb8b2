"""The tables of `records.sqlite`, and how a record becomes a 64-bit key.

Every asserted record is known by the 64 bits of its content id, shifted to SQLite's signed range so that the order of
keys is the order of ids. Entities have small numbers instead, because facts, aliases and mentions repeat them.

- Asserted: `spelling` (an entity record: two data sets may spell one id differently), `alias`, `do_not_merge`,
  `source`, `fact`, `passage`, `retraction`; `assertion` says which data set asserts which. A record nobody asserts is
  deleted. `review` is a person's word on a finding.
- Quarantine: `held_*` have the columns of the tables they are named after; a row is in one of the two. Nothing that
  reads the knowledge base looks there, so what is held links nowhere and is never cited (`rag/snapshot/held.py`).
- Derived: `entity` (every entity that is asserted or referred to; `name` is the smallest asserted spelling by code
  point, else the name in the id), `name`, `mention`, `indexed`, `relation_stats`, `finding`, `meta`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from rag.domain import (
    Alias,
    DoNotMerge,
    Entity,
    Fact,
    Passage,
    Record,
    Retraction,
    Review,
    Source,
    content_hash,
    fact_hash,
)
from rag.text import TEXT_VERSION
from rag.vocabulary import SORTS

SCHEMA_VERSION = 4

KINDS: tuple[type[Record], ...] = (Entity, Alias, DoNotMerge, Source, Fact, Passage, Retraction, Review)
"""The code of a kind in `assertion` is its place here; never reorder."""
KIND_NAMES = ("entity", "alias", "do_not_merge", "source", "fact", "passage", "retraction", "review")
TABLES = ("spelling", "alias", "do_not_merge", "source", "fact", "passage", "retraction", "review")
ENTITY, ALIAS, DO_NOT_MERGE, SOURCE, FACT, PASSAGE, RETRACTION, REVIEW = range(8)
HELD_TABLES = ("entity", "spelling", "alias", "do_not_merge", "fact", "passage")
"""Tables whose rows can be in quarantine, those that others refer to first."""

PREFIXES: Mapping[type[Record], str] = {Entity: "e", Source: "s", Fact: "f", Passage: "p"}
"""What stands before the key in the ids of the register; `e:` names one spelling of an entity."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE dataset (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE assertion (
    kind INTEGER NOT NULL, record INTEGER NOT NULL, dataset INTEGER NOT NULL REFERENCES dataset,
    PRIMARY KEY (kind, record, dataset)
) STRICT, WITHOUT ROWID;
CREATE TABLE entity (pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE spelling (pk INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES entity, name TEXT NOT NULL) STRICT;
CREATE TABLE alias (
    pk INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES entity, name TEXT NOT NULL, kind TEXT NOT NULL,
    normalised TEXT NOT NULL
) STRICT;
CREATE TABLE do_not_merge (
    pk INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES entity, b INTEGER NOT NULL REFERENCES entity,
    reason TEXT NOT NULL
) STRICT;
CREATE TABLE source (
    pk INTEGER PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL, grade TEXT NOT NULL, rank INTEGER NOT NULL,
    year INTEGER, publisher TEXT, doi TEXT, pmid TEXT, url TEXT, licence TEXT, lineage TEXT
) STRICT;
CREATE TABLE fact (
    pk INTEGER PRIMARY KEY, subject INTEGER NOT NULL REFERENCES entity, relation TEXT NOT NULL,
    object INTEGER REFERENCES entity, literal TEXT, literal_kind TEXT, source INTEGER NOT NULL REFERENCES source,
    severity TEXT, population TEXT, dose TEXT, rank INTEGER NOT NULL,
    CHECK ((object IS NULL) = (literal IS NOT NULL))
) STRICT;
CREATE TABLE passage (
    pk INTEGER PRIMARY KEY, kind TEXT NOT NULL, source INTEGER NOT NULL REFERENCES source, title TEXT, question TEXT,
    locator TEXT, about INTEGER REFERENCES entity, aspect TEXT, text TEXT NOT NULL
) STRICT;
CREATE TABLE retraction (pk INTEGER PRIMARY KEY, target TEXT NOT NULL, stated_by TEXT NOT NULL) STRICT;
CREATE TABLE mention (
    passage INTEGER NOT NULL REFERENCES passage, entity INTEGER NOT NULL REFERENCES entity,
    PRIMARY KEY (passage, entity)
) STRICT, WITHOUT ROWID;
CREATE TABLE name (
    name TEXT NOT NULL, entity TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (name, entity, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE indexed (passage INTEGER PRIMARY KEY, vector INTEGER NOT NULL, document INTEGER NOT NULL) STRICT;
CREATE TABLE relation_stats (relation TEXT PRIMARY KEY, subjects INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE review (
    pk INTEGER PRIMARY KEY, record TEXT NOT NULL, rule TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE finding (
    rule TEXT NOT NULL, record TEXT NOT NULL, severity TEXT NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
    evidence TEXT NOT NULL, released INTEGER NOT NULL, PRIMARY KEY (rule, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE held_entity (pk INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE held_spelling (pk INTEGER PRIMARY KEY, entity INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE held_alias (
    pk INTEGER PRIMARY KEY, entity INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, normalised TEXT NOT NULL
) STRICT;
CREATE TABLE held_do_not_merge (
    pk INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE held_fact (
    pk INTEGER PRIMARY KEY, subject INTEGER NOT NULL, relation TEXT NOT NULL, object INTEGER, literal TEXT,
    literal_kind TEXT, source INTEGER NOT NULL, severity TEXT, population TEXT, dose TEXT, rank INTEGER NOT NULL
) STRICT;
CREATE TABLE held_passage (
    pk INTEGER PRIMARY KEY, kind TEXT NOT NULL, source INTEGER NOT NULL, title TEXT, question TEXT, locator TEXT,
    about INTEGER, aspect TEXT, text TEXT NOT NULL
) STRICT;
"""
SORT_NAMES = "(" + ", ".join(f"'{relation}'" for relation in sorted(SORTS)) + ")"
"""SQLite takes the index `fact_sort` for a query that names the same relations."""
_INDEXES = f"""
CREATE INDEX IF NOT EXISTS finding_record ON finding (record);
CREATE INDEX IF NOT EXISTS assertion_dataset ON assertion (dataset);
CREATE INDEX IF NOT EXISTS spelling_entity ON spelling (entity, name);
CREATE INDEX IF NOT EXISTS alias_entity ON alias (entity, name);
CREATE INDEX IF NOT EXISTS do_not_merge_a ON do_not_merge (a);
CREATE INDEX IF NOT EXISTS do_not_merge_b ON do_not_merge (b);
CREATE INDEX IF NOT EXISTS fact_out ON fact (subject, relation, rank DESC, pk);
CREATE INDEX IF NOT EXISTS fact_in ON fact (object, relation, rank DESC, pk, subject) WHERE object IS NOT NULL;
CREATE INDEX IF NOT EXISTS fact_sort ON fact (relation, literal, subject)
    WHERE relation IN {SORT_NAMES} AND literal IS NOT NULL;
CREATE INDEX IF NOT EXISTS passage_about ON passage (about, aspect, pk) WHERE about IS NOT NULL;
"""

_SHIFT = 1 << 63


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty knowledge base in a new database; its indexes are cheaper made once it is filled."""
    connection.executescript(_TABLES)
    rows = (("schema", str(SCHEMA_VERSION)), ("text_version", str(TEXT_VERSION)))
    connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    connection.commit()


def create_indexes(connection: sqlite3.Connection) -> None:
    """Make those indexes that are not there yet, within the caller's transaction if there is one."""
    for statement in _INDEXES.split(";"):
        connection.execute(statement)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that commits to a write-ahead log: after `kill -9` a batch is there wholly or not at all.

    Raises sqlite3.DatabaseError for a file that is no whole database.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 16384"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_size = -32768")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def key_of_id(identifier: str, prefix: str) -> int | None:
    """The key in `prefix:<16 hex digits>`, or None if it is not such an id."""
    head, _, digits = identifier.partition(":")
    if head != prefix or len(digits) != 16 or not set(digits) <= set("0123456789abcdef"):
        return None
    return int(digits, 16) - _SHIFT


def id_of_key(prefix: str, key: int) -> str:
    """The content id with this key."""
    return f"{prefix}:{key + _SHIFT:016x}"


def hashed(content: dict[str, object]) -> int:
    """The key of content that has no id of its own."""
    return content_hash(content) - _SHIFT


def record_key(record: Record) -> int:
    """The 64 bits that name a record among those of its kind."""
    if isinstance(record, Fact):
        return fact_hash(record) - _SHIFT
    return hashed(record.content() if isinstance(record, (Passage, Source)) else vars(record))

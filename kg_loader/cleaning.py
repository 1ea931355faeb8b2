"""A cleaned copy of one version: the same version without some records, in files that never held them.

Nothing is deleted inside an old file and nothing is linked that might hold what goes: records are vacuumed, vectors
copied row by row, indexes built anew. No embedder is needed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kg_loader.audit import AUDIT_VERSION, audit_again
from kg_loader.mirror_tables import literal_id
from kg_loader.sealing import move_into_place, validate
from rag.linking.names import passage_mentions
from rag.snapshot import dense, sparse
from rag.snapshot.derive import counts, derive
from rag.snapshot.files import link_or_copy
from rag.snapshot.held import finding_counts, held_counts, hold, show_held, take_back
from rag.snapshot.layout import DENSE, RECORDS, SPARSE, VECTORS, Manifest, read_manifest
from rag.snapshot.library import Library
from rag.snapshot.schema import ENTITY, FACT, PASSAGE, SOURCE, id_of_key, key_of_id
from rag.snapshot.vectors import mapped
from rag.snapshot.writer import Writer

_KINDS = {FACT: ("fact", "f"), PASSAGE: ("passage", "p"), SOURCE: ("source", "s"), ENTITY: ("spelling", "e")}
"""Code of a kind to its table and the prefix of its ids; `e:` names one spelling of an entity."""

_ORPHANS = """
WITH touched AS MATERIALIZED (
    SELECT subject AS entity FROM fact JOIN doomed d ON d.kind = :fact AND d.record = fact.pk
    UNION SELECT object FROM fact JOIN doomed d ON d.kind = :fact AND d.record = fact.pk
    UNION SELECT about FROM passage JOIN doomed d ON d.kind = :passage AND d.record = passage.pk
),
used AS MATERIALIZED (
    SELECT entity FROM alias WHERE entity IN touched UNION SELECT a FROM do_not_merge UNION SELECT b FROM do_not_merge
    UNION SELECT subject FROM fact WHERE subject IN touched
        AND pk NOT IN (SELECT record FROM doomed WHERE kind = :fact)
    UNION SELECT object FROM fact WHERE object IN touched AND pk NOT IN (SELECT record FROM doomed WHERE kind = :fact)
    UNION SELECT about FROM passage WHERE about IN touched
        AND pk NOT IN (SELECT record FROM doomed WHERE kind = :passage)
),
asserting AS MATERIALIZED (
    SELECT DISTINCT a.dataset FROM assertion a JOIN doomed d ON d.kind = a.kind AND d.record = a.record
)
SELECT s.pk FROM spelling s WHERE s.entity IN touched AND s.entity NOT IN (SELECT entity FROM used WHERE entity NOTNULL)
    AND NOT EXISTS (
        SELECT 1 FROM assertion a WHERE a.kind = :entity AND a.record = s.pk AND a.dataset NOT IN asserting
    )
"""
"""Names that only what goes has used, stated by nobody but the data sets that stated it."""


@dataclass(frozen=True)
class Text:
    """What must not be found any more: a text, or names that belong together."""

    parts: tuple[str, ...]


def holds(folder: Path, ids: Collection[str]) -> bool:
    """Whether the files of a version may hold something of these ids, be it as leftovers in the word index."""
    with _Marked(folder, ids) as connection:
        for code, (table, _) in _KINDS.items():
            sql = f"SELECT 1 FROM {table} JOIN doomed d ON d.kind = ? AND d.record = {table}.pk LIMIT 1"
            if connection.execute(sql, (code,)).fetchone():
                return True
    return any(identifier.startswith("p:") for identifier in ids) and sparse.has_leftovers(folder / SPARSE)


def leaning(folder: Path, source: str) -> list[str]:
    """Ids of the facts and passages of one source in one version."""
    key = key_of_id(source, "s")
    with _Marked(folder, ()) as connection:
        return [
            id_of_key(prefix, row[0])
            for table, prefix in (("fact", "f"), ("passage", "p"))
            for row in connection.execute(f"SELECT pk FROM {table} WHERE source = ? ORDER BY pk", (key,))
        ]


def orphans(folder: Path, ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Spellings (`e:`) that go with these ids in one version, and all spellings of that version that stay."""
    with _Marked(folder, ids) as connection:
        gone = _orphans(connection)
        kept = {row[0] for row in connection.execute("SELECT pk FROM spelling")} - gone
    return {id_of_key("e", key) for key in gone}, {id_of_key("e", key) for key in kept}


def texts(folder: Path, ids: Collection[str]) -> set[Text]:
    """The content of these ids in one version; a question that is the title of a source that stays, stays too."""
    sql = {
        "SELECT text FROM passage": PASSAGE,
        "SELECT CASE WHEN question <> (SELECT title FROM source WHERE pk = passage.source) THEN question END "
        "FROM passage": PASSAGE,
        "SELECT title FROM source": SOURCE,
        "SELECT s.name, coalesce(o.name, literal) FROM fact JOIN entity s ON s.pk = subject "
        "LEFT JOIN entity o ON o.pk = object": FACT,
    }
    with _Marked(folder, ids) as connection:
        return {text for select, code in sql.items() for text in _columns(connection, code, select)}


def live_ids(folder: Path, ids: Collection[str]) -> set[str]:
    """Ids that nodes in Neo4j have of what these ids stand for: entities by name, texts as objects."""
    with _Marked(folder, ids) as connection:
        entities = connection.execute(
            "SELECT e.id FROM spelling s JOIN doomed d ON d.kind = ? AND d.record = s.pk "
            "JOIN entity e ON e.pk = s.entity",
            (ENTITY,),
        ).fetchall()
        objects = connection.execute(
            "SELECT literal_kind, literal FROM fact JOIN doomed d ON d.kind = ? AND d.record = fact.pk "
            "WHERE literal IS NOT NULL",
            (FACT,),
        ).fetchall()
    return {identifier for (identifier,) in entities} | {literal_id(*row) for row in objects}


def _columns(connection: sqlite3.Connection, code: int, sql: str) -> Iterable[Text]:
    table = _KINDS[code][0]
    rows = connection.execute(f"{sql} WHERE {table}.pk IN (SELECT record FROM doomed WHERE kind = ?)", (code,))
    return (Text(tuple(row)) for row in rows if all(row))


def cleaned_copy(library: Library, folder: Path, ids: Collection[str], reached: Callable[[str], None]) -> Manifest:
    """Put a copy of the version in `folder`, without these ids, beside it; its manifest.

    Raises StorageError, DataError. A crash leaves nothing but the staging folder, or the whole copy.
    """
    old = read_manifest(folder)
    new = library.staging / "seal"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    shutil.copyfile(folder / RECORDS, new / RECORDS)
    before = _passages(folder / RECORDS)
    connection = sqlite3.connect(new / RECORDS, isolation_level=None)
    try:
        digest = _take_out(connection, ids, old.indexed_fields)
        if old.dimension:
            _vectors(folder, new, before, _passages_in(connection), old.dense_index)
        sparse.build(new / SPARSE, connection, old.indexed_fields, old=None, progress=lambda *_: None)
        datasets = tuple(name for (name,) in connection.execute("SELECT name FROM dataset ORDER BY name"))
        manifest = replace(
            old, digest=digest, counts=counts(connection), datasets=datasets, erasures=old.erasures + 1, files={},
            audit_version=AUDIT_VERSION, findings=finding_counts(connection), held=held_counts(connection),
        )  # fmt: skip
        validate(connection, new, manifest)
    finally:
        connection.close()
    reached("erase.cleaned")
    return move_into_place(library, new, manifest, reached)


def _take_out(connection: sqlite3.Connection, ids: Collection[str], fields: tuple[str, ...]) -> str:
    """Remove records, what follows from them, and their bytes; the digest of what is left."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "secure_delete = ON", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    _mark(connection, ids)
    connection.execute("BEGIN")
    take_back(connection)
    connection.execute("DELETE FROM assertion WHERE (kind, record) IN (SELECT kind, record FROM doomed)")
    Writer(connection).sweep()
    audit_again(connection)  # a finding quotes what it speaks of
    hold(connection)
    derive(connection, passage_mentions, fields)
    digest = Writer(connection).digest()
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    return digest


def _vectors(folder: Path, new: Path, before: list[int], after: list[int], kind: str) -> None:
    if before == after:
        for name in (VECTORS, DENSE):
            link_or_copy(folder / name, new / name)
        return
    kept = np.isin(np.array(before, dtype=np.int64), np.array(after, dtype=np.int64), assume_unique=True)
    np.save(new / VECTORS, mapped(folder)[kept], allow_pickle=False)
    dense.write_index(new, kind)


# ---------------------------------------------------------------- one version's records


class _Marked:
    """The records of a sealed version, read only, with the table `doomed` (kind, record) of these ids."""

    def __init__(self, folder: Path, ids: Collection[str]) -> None:
        uri = f"{(folder / RECORDS).absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        self._connection.execute("PRAGMA temp_store = MEMORY")
        show_held(self._connection)
        _mark(self._connection, ids)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _mark(connection: sqlite3.Connection, ids: Collection[str]) -> None:
    connection.execute("CREATE TEMP TABLE doomed (kind INTEGER, record INTEGER, PRIMARY KEY (kind, record))")
    rows = [
        (code, key) for code, (_, prefix) in _KINDS.items() for i in ids if (key := key_of_id(i, prefix)) is not None
    ]
    connection.executemany("INSERT INTO doomed VALUES (?, ?)", rows)


def _orphans(connection: sqlite3.Connection) -> set[int]:
    codes = {"fact": FACT, "passage": PASSAGE, "entity": ENTITY}
    return {key for (key,) in connection.execute(_ORPHANS, codes)}


def _passages(path: Path) -> list[int]:
    with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True) as connection:
        found = _passages_in(connection)
    connection.close()
    return found


def _passages_in(connection: sqlite3.Connection) -> list[int]:
    return [key for (key,) in connection.execute("SELECT pk FROM passage ORDER BY pk")]

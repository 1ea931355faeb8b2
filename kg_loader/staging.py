"""Files to rows in a database set aside, so that a crash anywhere costs at most one batch.

The rows, how many items of each file they came from, the counts and the rejects are committed together. The same
command run again finds its own staging folder (same base version, files by content, data sets, options), skips the
items already consumed and goes on; any other command discards it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from kg_loader.ahead import ahead
from kg_loader.archives import as_packed
from kg_loader.batch import RAW, Batch, Batches
from kg_loader.collecting import collector_off
from kg_loader.plan import Plan
from kg_loader.sources.format import Facts, Item
from rag.errors import TooManyRejectsError
from rag.snapshot.files import storage_errors
from rag.snapshot.held import take_back
from rag.snapshot.library import unobserved
from rag.snapshot.rows import key_of_source
from rag.snapshot.schema import FACT, KIND_NAMES, PASSAGE, create_tables, open_for_writing
from rag.snapshot.writer import Writer

BATCH = 50_000
"""Items between two commits, at most."""
BATCH_CHARS = 8 << 20
"""Characters of texts and of broken rows between two commits, so that memory does not grow with their length."""
_WORTH_KEEPING, _MOST_LOST = 100, 0.5
"""A data set of so many records that would keep less than this share of their number was hardly meant to."""
RECORDS = "records.sqlite"
_BOOKS = """
CREATE TABLE IF NOT EXISTS staged_run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS staged_input (
    number INTEGER PRIMARY KEY, items INTEGER NOT NULL, finished INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS staged_tally (
    outcome TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (outcome, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS staged_reject (
    pk INTEGER PRIMARY KEY, dataset TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
"""
BOOK_TABLES = ("staged_run", "staged_input", "staged_tally", "staged_reject", "staged_assertion")


class Staging:
    """The database set aside. Use as a context manager; leaving it closes the file and keeps the folder."""

    def __init__(self, folder: Path, plan: Plan, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.plan = plan
        self.connection = connection
        self.writer = Writer(connection)

    @classmethod
    def open(cls, folder: Path, plan: Plan, base: Path | None) -> Staging:
        """Go on with the staging folder of this plan, or start one from the records of the base version."""
        with storage_errors(folder):
            connection = _resume(folder, plan)
            if connection is None:
                connection = _start(folder, plan, base)
        staging = cls(folder, plan, connection)
        if base is None:
            staging.writer.begin_from_nothing()
        return staging

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def checkpoint(self) -> Path:
        """Bring everything committed into the database file itself, which then can be copied; its path."""
        with storage_errors(self.folder):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.execute("PRAGMA shrink_memory")  # sealing has a connection of its own
        return self.folder / RECORDS

    def discard(self) -> None:
        """Remove the folder: published, or nothing to publish."""
        self.connection.close()
        discard(self.folder)

    # ------------------------------------------------------------ loading

    def load(
        self,
        number: int,
        items: Iterable[Item | Facts],
        *,
        max_rejects: int,
        progress: Callable[[int], None],
        batch: int = BATCH,
        erased: Collection[str] = (),
        reached: Callable[[str], None] = unobserved,
    ) -> None:
        """Consume the items of input `number` that are not consumed yet, without those that were `erased`.

        Raises TooManyRejectsError, StorageError.
        """
        done, finished = self._position(number)
        source = self.plan.inputs[number]
        dataset = self._prepare_dataset(source.dataset, reached)
        if not finished:
            progress(done)
            batches = Batches(source, erased).read(items, done, batch, BATCH_CHARS)
            with collector_off(), ahead((batch.plain() for batch in batches), source.size) as read:
                for found in map(Batch.of, read):
                    done += found.items
                    with storage_errors(self.folder):
                        self._commit(number, dataset, done, found, reached)
                    progress(done)
                    self._require_few_rejects(source.path, max_rejects)
        self._require_few_rejects(source.path, max_rejects)

    def _require_few_rejects(self, path: str, most: int) -> None:
        if self.rejected_count() > most:
            raise TooManyRejectsError(
                f"{path}: more than {most} rows were rejected, nothing was published; mend the file, "
                "name its --format, or allow more with --max-rejects"
            )

    def _prepare_dataset(self, name: str, reached: Callable[[str], None]) -> int:
        with storage_errors(self.folder):
            reached("staging.opened")
            return self.writer.dataset(name)

    def _position(self, number: int) -> tuple[int, bool]:
        row = self.connection.execute("SELECT items, finished FROM staged_input WHERE number = ?", (number,)).fetchone()
        return (row[0], bool(row[1])) if row else (0, False)

    def _commit(self, number: int, dataset: int, done: int, batch: Batch, reached: Callable[[str], None]) -> None:
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        try:
            self._judge_leaning(dataset, batch)
            new = self.writer.add(dataset, batch.rows, batch.told)
            reached("staging.rows")
            self._count(self.plan.inputs[number].dataset, batch, new)
            run("INSERT OR REPLACE INTO staged_input VALUES (?, ?, ?)", (number, done, not batch.more))
            reached("staging.before_commit")
            run("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                run("ROLLBACK")
            self.writer.forget()
            raise
        reached("staging.committed")

    def _judge_leaning(self, dataset: int, batch: Batch) -> None:
        """Take in what rests on a source that an earlier batch or file stated, refuse what rests on none."""
        for source, leaning in batch.leaning.items():
            if self.writer.states_source(dataset, key_of_source(source), append=self.plan.append):
                for rows, more in zip(batch.rows, leaning.rows, strict=True):
                    rows.update(more)
            else:
                batch.rejected += leaning.rejected
                batch.evidence -= len(leaning.rejected)

    def _count(self, dataset: str, batch: Batch, new: Sequence[int]) -> None:
        counts = [("loaded", kind, count) for kind, count in zip(KIND_NAMES, new, strict=True)]
        counts += [("skipped", "duplicate", batch.evidence - new[FACT] - new[PASSAGE])]
        counts += [("skipped", reason, count) for reason, count in batch.skipped.items()]
        counts += [("rejected", reason, n) for reason, n in Counter(item.reason for item in batch.rejected).items()]
        self.connection.executemany(
            "INSERT INTO staged_tally VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            (row for row in counts if row[2]),
        )
        self.connection.executemany(
            "INSERT INTO staged_reject (dataset, file, line, reason, raw) VALUES (?, ?, ?, ?, ?)",
            ((dataset, as_packed(item.file), item.line, item.reason, item.raw[:RAW]) for item in batch.rejected),
        )

    # ------------------------------------------------------------ results

    def shrinking(self) -> list[tuple[str, int, int]]:
        """(data set, records now asserted, records after) of those about to lose most of what they held."""
        if self.plan.append or self._settled() is not None:
            return []
        sizes = [(name, *self.writer.sizes(self.writer.dataset(name))) for name in self.plan.datasets()]
        return [row for row in sizes if row[1] >= _WORTH_KEEPING and row[2] < row[1] * _MOST_LOST]

    def _settled(self) -> str | None:
        """The change that was settled before a crash, as JSON."""
        row = self.connection.execute("SELECT value FROM staged_run WHERE key = 'change'").fetchone()
        return str(row[0]) if row else None

    def settle(self, reached: Callable[[str], None] = unobserved) -> dict[str, tuple[int, int]]:
        """Replace what the data sets asserted, in one transaction; (added, removed) per kind, also when resumed."""
        known = self._settled()
        if known is not None:
            return {kind: (plus, minus) for kind, (plus, minus) in json.loads(known).items()}
        total: dict[str, tuple[int, int]] = {}
        with storage_errors(self.folder):
            self.connection.execute("BEGIN IMMEDIATE")
            for name in self.plan.datasets():
                for kind, (plus, minus) in self._settle_dataset(name).items():
                    before = total.get(kind, (0, 0))
                    total[kind] = (before[0] + plus, before[1] + minus)
            if total:
                self.writer.sweep(removed=any(minus for _, minus in total.values()))
            self.connection.execute("INSERT INTO staged_run VALUES ('change', ?)", (json.dumps(total),))
            reached("staging.before_settle")
            self.connection.execute("COMMIT")
        reached("staging.settled")
        return total

    def _settle_dataset(self, name: str) -> dict[str, tuple[int, int]]:
        return self.writer.settle(self.writer.dataset(name), append=self.plan.append)

    def tally(self, outcome: str) -> dict[str, int]:
        """Counts of `loaded` (by kind), `skipped` or `rejected` (by reason)."""
        rows = self.connection.execute(
            "SELECT reason, count FROM staged_tally WHERE outcome = ? ORDER BY count DESC, reason", (outcome,)
        )
        return dict(rows.fetchall())

    def rejected_count(self) -> int:
        """Broken rows so far."""
        return int(self.connection.execute("SELECT count(*) FROM staged_reject").fetchone()[0])

    def rejects(self) -> Iterator[tuple[str, str, int, str, str]]:
        """(dataset, file, line, reason, raw) of every broken row."""
        return iter(self.connection.execute("SELECT dataset, file, line, reason, raw FROM staged_reject ORDER BY pk"))


def discard(folder: Path) -> None:
    """Remove a staging folder if there is one."""
    with storage_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)


def _resume(folder: Path, plan: Plan) -> sqlite3.Connection | None:
    path = folder / RECORDS
    if not path.is_file():
        return None
    try:
        connection = open_for_writing(path)
    except sqlite3.OperationalError:
        raise  # the disk is at fault, not the file
    except sqlite3.DatabaseError:
        return None  # killed while the version before was being copied
    try:
        row = connection.execute("SELECT value FROM staged_run WHERE key = 'plan'").fetchone()
    except sqlite3.DatabaseError:
        row = None
    if row is not None and row[0] == plan.identity():
        return connection
    connection.close()
    return None


def _start(folder: Path, plan: Plan, base: Path | None) -> sqlite3.Connection:
    discard(folder)
    folder.mkdir(parents=True)
    if base is not None:
        shutil.copyfile(base, folder / RECORDS)
    connection = open_for_writing(folder / RECORDS)
    if base is None:
        create_tables(connection)
    else:
        take_back(connection)
    connection.executescript(_BOOKS)
    Writer(connection).prepare()
    connection.execute("INSERT INTO staged_run VALUES ('plan', ?)", (plan.identity(),))
    return connection

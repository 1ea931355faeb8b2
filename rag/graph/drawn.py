"""Facts that were read from relations drawn by hand: kept from the first reading, so that a citation always opens.

Nobody may ever adopt such a relation, and its editor may delete it; who was shown it can still look it up.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rag.domain import EDITOR, EntityId, GraphFact, Literal, Qualifiers
from rag.vocabulary import GRADE_RANK, Relation

_LOG = logging.getLogger(__name__)
_BUSY_S = 0.2
"""An answer waits no longer for another process that writes."""
_TABLE = "CREATE TABLE IF NOT EXISTS drawn (id TEXT PRIMARY KEY, version INTEGER NOT NULL, fact TEXT NOT NULL) STRICT"


@dataclass(frozen=True)
class DrawnFact:
    """A fact of the editors, and the version of the knowledge base beside which it was first read."""

    fact: GraphFact
    version: int


class DrawnFacts:
    """The file `<data_dir>/drawn.sqlite`; safe for threads and for several processes."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "drawn.sqlite"
        self._guard = threading.Lock()
        self._known: set[str] = set()

    def keep(self, facts: Iterable[GraphFact], version: int) -> None:
        """Remember those not known yet. A disk that refuses is logged: the answer goes out all the same."""
        with self._guard:
            new = [fact for fact in facts if fact.id not in self._known]
            if not new:
                return
            try:
                with closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection, connection:
                    connection.execute(_TABLE)
                    rows = ((fact.id, version, _encoded(fact)) for fact in new)
                    connection.executemany("INSERT OR IGNORE INTO drawn VALUES (?, ?, ?)", rows)
            except sqlite3.Error as error:
                _LOG.warning("%s: what editors drew is cited but cannot be kept (%s)", self.path, error)
            else:
                self._known |= {fact.id for fact in new}

    def forget(self, identifiers: Collection[str]) -> None:
        """Erase facts from the file, so that none of its bytes holds them any more. Raises sqlite3.Error."""
        if not self.path.is_file():
            return
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(_TABLE)
            connection.execute("PRAGMA secure_delete = ON")
            connection.executemany("DELETE FROM drawn WHERE id = ?", ((identifier,) for identifier in identifiers))
            connection.execute("VACUUM")

    def find(self, identifier: str) -> DrawnFact | None:
        """The fact with this id, if one was ever read."""
        if not self.path.is_file():
            return None
        try:
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                row = connection.execute("SELECT version, fact FROM drawn WHERE id = ?", (identifier,)).fetchone()
        except sqlite3.Error as error:
            _LOG.warning("%s cannot be read (%s)", self.path, error)
            return None
        return DrawnFact(_decoded(identifier, row[1]), row[0]) if row else None


def _encoded(fact: GraphFact) -> str:
    target = vars(fact.object) if isinstance(fact.object, Literal) else fact.object
    content = [fact.subject, fact.subject_name, fact.relation.value, target, fact.object_text, vars(fact.qualifiers)]
    return json.dumps(content, ensure_ascii=False)


def _decoded(identifier: str, text: str) -> GraphFact:
    subject, name, relation, target, shown, limits = json.loads(text)
    end = Literal(**target) if isinstance(target, dict) else EntityId(target)
    rank = GRADE_RANK[EDITOR.grade]
    return GraphFact(identifier, subject, name, Relation(relation), end, shown, EDITOR.id, Qualifiers(**limits), rank)

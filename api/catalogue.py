"""The versions of the knowledge base as the service lists, opens and activates them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from kg_loader import curation, versions
from kg_loader.aliases import Doubted, Standing, doubted
from kg_loader.curation import Curated
from kg_loader.recovery import catch_up
from kg_loader.reviewing import require_reviewable
from kg_loader.versions import Change
from rag.domain import Pointer, Verdict
from rag.graph.drawn import DrawnFact, DrawnFacts
from rag.ports import KnowledgeBase
from rag.register import Register
from rag.settings import Settings
from rag.snapshot import Library, Manifest, open_snapshot
from rag.snapshot.layout import RECORDS
from rag.snapshot.records import Records

_KEPT_OPEN = 3


class Catalogue(Protocol):
    """All retained versions."""

    def pointer(self) -> Pointer | None:
        """What is current, or None before the first version."""
        ...

    def versions(self) -> Sequence[Manifest]:
        """Ascending."""
        ...

    def knowledge_base(self, version: int) -> KnowledgeBase:
        """One version for look-ups. Raises NotFoundError."""
        ...

    def aliases(self, version: int, standing: Standing, *, limit: int, offset: int) -> Sequence[Doubted]:
        """The aliases of a version that its audit doubts. Raises NotFoundError."""
        ...

    def require_reviewable(self, verdict: Verdict, records: Sequence[str]) -> None:
        """Raises NotFoundError for a record of the current version that cannot be decided on so, NotReadyError."""
        ...

    def let_go(self) -> None:
        """Forget opened versions whose files are gone."""
        ...

    def drawn_fact(self, evidence_id: str) -> DrawnFact | None:
        """What an editor drew in Neo4j and somebody was shown, if no version holds it."""
        ...

    def activate(self, version: int) -> Pointer:
        """Make a version current; the new pointer. Raises NotFoundError, ConflictError, CorruptSnapshotError."""
        ...

    def diff(self, a: int, b: int, *, samples: int) -> Mapping[str, Change]:
        """What `b` has that `a` has not, and the reverse, by kind. Raises NotFoundError, CorruptSnapshotError."""
        ...

    def decisions(self) -> Register:
        """What is withdrawn, retracted or erased. Raises CorruptSnapshotError."""
        ...

    def withdraw(self, key: str, reason: str) -> Curated:
        """Let nothing of `key` support. Raises NotFoundError, ErasedError, ConflictError, UsageError, StorageError."""
        ...

    def restore(self, key: str) -> Curated:
        """Take that back. Raises NotFoundError, ErasedError, ConflictError, StorageError."""
        ...


class LibraryCatalogue:
    """Implements `Catalogue` over the data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._library = Library(settings.data_dir)
        self._drawn = DrawnFacts(settings.data_dir)
        self._open: OrderedDict[str, KnowledgeBase] = OrderedDict()
        self._lock = threading.Lock()

    def pointer(self) -> Pointer | None:
        """What `CURRENT` says."""
        return self._library.pointer()

    def versions(self) -> Sequence[Manifest]:
        """The intact ones."""
        return self._library.versions()

    def knowledge_base(self, version: int) -> KnowledgeBase:
        """A snapshot, opened without its checksums; the last few stay open."""
        folder = self._library.snapshot_folder(version)
        with self._lock:
            found = self._open.pop(folder.name, None)
            self._open[folder.name] = found = found if found is not None else open_snapshot(folder, verify=False)
            while len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)
            return found

    def aliases(self, version: int, standing: Standing, *, limit: int, offset: int) -> Sequence[Doubted]:
        """From the database of the snapshot."""
        return doubted(self._library.snapshot_folder(version) / RECORDS, standing, limit=limit, offset=offset)

    def require_reviewable(self, verdict: Verdict, records: Sequence[str]) -> None:
        """By what the audit of the current version says."""
        pointer = versions.current(self._library)
        kb = Records(self._library.snapshot_folder(pointer.version) / RECORDS, held=True)
        try:
            require_reviewable(kb, verdict, records)
        finally:
            kb.close()

    def let_go(self) -> None:
        """Forget what was pruned, or replaced by a copy without erased content."""
        with self._lock:
            for name in [name for name in self._open if not (self._library.snapshots / name).is_dir()]:
                del self._open[name]

    def drawn_fact(self, evidence_id: str) -> DrawnFact | None:
        """From the file of such facts."""
        return self._drawn.find(evidence_id)

    def activate(self, version: int) -> Pointer:
        """Check the files of a sealed snapshot and flip to it; the tuning stays. Neo4j follows when it can."""
        pointer = versions.activate(self._library, version)
        if self._settings.neo4j_uri is not None:
            threading.Thread(target=catch_up, args=(self._library, self._settings), daemon=True).start()
        return pointer

    def diff(self, a: int, b: int, *, samples: int) -> Mapping[str, Change]:
        """Compare two retained versions."""
        return versions.diff(self._library, a, b, samples=samples)

    def decisions(self) -> Register:
        """What `register.json` says."""
        return self._library.register.read()

    def withdraw(self, key: str, reason: str) -> Curated:
        """By the register."""
        return curation.withdraw(self._library, key, reason)

    def restore(self, key: str) -> Curated:
        """By the register."""
        return curation.restore(self._library, key)

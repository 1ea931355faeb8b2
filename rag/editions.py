"""Versions as they are served: everything derived from one snapshot, built once, swapped without a pause.

A question pins one edition for its life. When the pointer moves, the new edition is built beside the old one and then
takes its place; the previous one stays open, so rolling back is a look-up.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from rag.checking.checker import Checker
from rag.domain import Pointer
from rag.errors import CorruptSnapshotError, NotReadyError, StorageError, YiwenError
from rag.linking.linker import Linker
from rag.ports import GraphReader, KnowledgeBase
from rag.register import Withheld
from rag.retrieval.fusion import Tuning
from rag.retrieval.retriever import Retriever
from rag.withholding import VisibleKnowledgeBase, Withholding

KEPT_OPEN = 3
RETRY_S = 10.0


@dataclass(frozen=True)
class Edition:
    """One version with what answering needs of it."""

    pointer: Pointer
    kb: KnowledgeBase
    linker: Linker
    retriever: Retriever
    checker: Checker
    tuning: Tuning
    open_graph: Callable[[Withheld, list[str]], GraphReader]
    """The graph for one answer, without what is withheld; it notes in the list what was missing."""
    withholding: Withholding

    def for_answer(self, degraded: list[str]) -> Edition:
        """The edition as one answer sees it, by the register as it is now; `degraded` grows when something is replaced.

        Here a withdrawal, a retraction or an erasure takes effect, for every step behind the ports. Raises
        CorruptSnapshotError where the register cannot be read.
        """
        withheld = self.withholding.now()
        kb = VisibleKnowledgeBase(self.kb, withheld) if withheld else self.kb
        graph = self.open_graph(withheld, degraded)
        return replace(self, kb=kb, retriever=self.retriever.over(kb, graph))


class Editions:
    """Opens editions on demand and follows the pointer.

    `pointer()` reads what is published now (None before the first version); `load(pointer)` builds an edition;
    `locate(version)` gives the snapshot of an older version as a pointer; `kept(pointer)` says whether its files are
    still there: a snapshot that was pruned, or from which content was erased, must not live on in memory;
    `on_current(edition)` hears of each edition that becomes the served one of a service, see `follow`. All come from
    the wiring.
    """

    def __init__(
        self,
        pointer: Callable[[], Pointer | None],
        load: Callable[[Pointer], Edition],
        locate: Callable[[int, Pointer], Pointer],
        *,
        kept: Callable[[Pointer], bool] = lambda _: True,
        retry_s: float = RETRY_S,
        live_graph_down: Callable[[], bool] = lambda: False,
        on_current: Callable[[Edition], None] = lambda _: None,
    ) -> None:
        self._pointer, self._load, self._locate, self._kept = pointer, load, locate, kept
        self._retry_s, self._on_current = retry_s, on_current
        self.live_graph_down = live_graph_down
        """Whether the breaker of Neo4j is open."""
        self._open: OrderedDict[tuple[str, str | None], Edition] = OrderedDict()
        self._current: Edition | None = None
        self._building = threading.Lock()
        self._looking_back = threading.Lock()
        self._state = threading.Lock()
        self._failed: tuple[Pointer, YiwenError, float] | None = None
        self.last_error: YiwenError | None = None

    def current(self) -> Edition:
        """The edition being served; raises NotReadyError before the first version."""
        edition = self._current
        return edition if edition is not None else self.refresh()

    @property
    def served(self) -> Edition | None:
        """The edition being served, if there is one; opens nothing."""
        return self._current

    def refresh(self) -> Edition:
        """Follow the pointer if it moved. Questions go on with the old edition while the new one is built."""
        with self._building:
            pointer = self._pointer()
            if pointer is None:
                raise NotReadyError("no knowledge base yet; create one with `yiwen ingest FILE` or try `yiwen demo`")
            if self._current is None or pointer != self._current.pointer:
                self._current = self._tried(pointer)
            self._let_go()
            return self._current

    def _let_go(self) -> None:
        """Forget editions whose files are gone; answers that are being written keep theirs."""
        with self._state:
            for key in [key for key, edition in self._open.items() if not self._kept(edition.pointer)]:
                del self._open[key]

    def _tried(self, pointer: Pointer) -> Edition:
        """Build an edition; one that failed is not tried again for `retry_s`, since checking its files costs.

        Whatever goes wrong is a YiwenError: a defect must neither end the thread that follows nor reach a question.
        """
        if self._failed is not None and self._failed[0] == pointer and time.monotonic() < self._failed[2]:
            raise self._failed[1]
        try:
            edition = self._edition(pointer)
        except Exception as error:
            known = error if isinstance(error, YiwenError) else _unexpected(pointer, error)
            self._failed = (pointer, known, time.monotonic() + self._retry_s)
            raise known from error
        self._failed = None
        return edition

    def at(self, version: int | None) -> Edition:
        """The edition of `version`, or the current one; raises NotFoundError for a version that is gone."""
        current = self.current()
        if version is None or version == current.pointer.version:
            return current if self._kept(current.pointer) else self.refresh()
        pointer = self._locate(version, current.pointer)
        with self._looking_back:
            return self._edition(pointer)

    def _edition(self, pointer: Pointer) -> Edition:
        key = (pointer.snapshot, pointer.tuning)
        with self._state:
            known = self._open.get(key)
        edition = known if known is not None and known.pointer == pointer else None
        if edition is None:
            edition = self._rebound(known, pointer) if known is not None else self._load(pointer)
        with self._state:
            self._open[key] = edition
            self._open.move_to_end(key)
            while len(self._open) > KEPT_OPEN:
                self._open.popitem(last=False)
        return edition

    @staticmethod
    def _rebound(known: Edition, pointer: Pointer) -> Edition:
        """The same snapshot under a new revision."""
        return replace(known, pointer=pointer)

    def follow(
        self,
        every_s: float,
        stop: threading.Event,
        on_error: Callable[[YiwenError], None],
        each: Callable[[], None] = lambda: None,
    ) -> None:
        """Look for a new pointer until `stop`, and call `each` with every look.

        A version that cannot be opened is reported and the old one kept. Only who follows, and so stays for a while,
        has `on_current` told.
        """
        told: Pointer | None = None
        while True:
            edition = self._current
            if edition is not None and edition.pointer != told:
                told = edition.pointer
                self._on_current(edition)
            if stop.wait(every_s):
                return
            try:
                each()
                self.refresh()
                self.last_error = None
            except Exception as error:  # the thread has to live, or no later version would be served
                unread = StorageError(f"the pointer cannot be read: {error}")
                known = error if isinstance(error, YiwenError) else unread
                if str(known) != str(self.last_error):
                    on_error(known)
                self.last_error = known


def _unexpected(pointer: Pointer, error: Exception) -> YiwenError:
    return CorruptSnapshotError(
        f"version {pointer.version} cannot be opened ({type(error).__name__}: {error}); "
        "check it with `yiwen kb verify` or go back with `yiwen kb activate`"
    )


def wait_for_revision(editions: Editions, revision: int, timeout_s: float) -> Edition:
    """The current edition once its revision is at least `revision`; raises NotReadyError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        edition = editions.refresh()
        if edition.pointer.revision >= revision:
            return edition
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"revision {revision} was asked for and revision {edition.pointer.revision} is served; try again later"
            )
        time.sleep(0.05)

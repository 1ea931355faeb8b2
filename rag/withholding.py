"""One version without what the register withholds: where a withdrawal takes effect, for every step at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.domain import Alias, DoNotMerge, Entity, EntityId, Evidence, Finding, Held, Passage, Record, Source
from rag.ports import KnowledgeBase, NameRow
from rag.register import EMPTY, NOTHING, Register, Withheld, ids_among, is_publication
from rag.text import Language
from rag.vocabulary import Relation

T = TypeVar("T")
_Hit = tuple[str, float]


def withheld_in(kb: KnowledgeBase, register: Register) -> Withheld:
    """What the register withholds in one version."""
    keys = {*register.entries, *register.tombstones}
    if not keys:
        return NOTHING
    numbers = {key for key in keys if is_publication(key)}
    sources = ids_among(keys, "s") | kb.sources_numbered(numbers)
    return Withheld(ids_among(keys, "f"), ids_among(keys, "p") | kb.leaning(sources), sources)


class Withholding:
    """What is withheld now in one version, worked out once for each state of the register. Safe for threads."""

    def __init__(self, kb: KnowledgeBase, register: Callable[[], Register]) -> None:
        self._kb, self._register = kb, register
        self._guard = threading.Lock()
        self._known: tuple[Register, Withheld] = (EMPTY, NOTHING)

    def now(self) -> Withheld:
        """Raises CorruptSnapshotError where the register cannot be read: nobody knows what may be shown then."""
        register = self._register()
        known, found = self._known
        if register is known:
            return found
        with self._guard:
            if self._known[0] is not register:
                self._known = (register, withheld_in(self._kb, register))
            return self._known[1]


class VisibleKnowledgeBase:
    """Implements `rag.ports.KnowledgeBase`: another one, in which what is withheld does not exist as evidence.

    Names and entities stay: they are no evidence. Searches look so much further that what is withheld takes no place.
    """

    def __init__(self, kb: KnowledgeBase, withheld: Withheld) -> None:
        self._kb, self._withheld = kb, withheld
        self.version, self.digest, self.text_version = kb.version, kb.digest, kb.text_version
        self.passage_count = kb.passage_count

    # ------------------------------------------------------------ names: as they are

    def names(self) -> Iterator[NameRow]:
        """Every name of every entity."""
        return self._kb.names()

    def do_not_merge(self) -> Iterable[DoNotMerge]:
        """Pairs that look alike and are different."""
        return self._kb.do_not_merge()

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist."""
        return self._kb.entities(ids)

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        return self._kb.aliases(entity)

    def named(self, entities: Iterable[EntityId], relation: Relation) -> dict[EntityId, int]:
        """How many facts of a relation have each as their object."""
        return self._kb.named(entities, relation)

    def mentioned(self, entities: Iterable[EntityId]) -> dict[EntityId, int]:
        """About how many passages mention each."""
        return self._kb.mentioned(entities)

    # ------------------------------------------------------------ evidence: without what is withheld

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Those that may support."""
        return self._kb.passages(self._shown(ids))

    def mentions(self, passages: Iterable[str]) -> dict[str, tuple[EntityId, ...]]:
        """Entities that each passage mentions."""
        return self._kb.mentions(self._shown(passages))

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """Those that may support."""
        return self._kb.sources([key for key in ids if key not in self._withheld.sources])

    def sources_numbered(self, keys: Iterable[str]) -> frozenset[str]:
        """Ids of sources with one of these numbers."""
        return self._kb.sources_numbered(keys) - self._withheld.sources

    def leaning(self, sources: Iterable[str]) -> frozenset[str]:
        """Ids of passages of these sources."""
        return self._kb.leaning(sources) - self._withheld.passages

    def evidence(self, ids: Iterable[str]) -> dict[str, Evidence]:
        """Facts and passages that may support."""
        found = self._kb.evidence(self._shown(ids))
        return {key: evidence for key, evidence in found.items() if not self._withheld.hides(evidence)}

    def held(self, ids: Iterable[str]) -> dict[str, Held]:
        """Those in quarantine, which support nothing anyway."""
        return self._kb.held(ids)

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Finding]:
        """What the audit found, the severest first, then by rule and record; `limit` -1: all."""
        return self._kb.findings(rule=rule, severity=severity, limit=limit, offset=offset)

    def search_dense(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """(passage id, inner product), best first."""
        return self._search(lambda most: self._kb.search_dense(vector, limit=most), limit)

    def search_sparse(
        self,
        terms: Sequence[str] | Mapping[str, float],
        *,
        concepts: Sequence[EntityId],
        limit: int,
        concept_boost: float = 1.0,
        language: Language | None = None,
    ) -> list[tuple[str, float]]:
        """(passage id, BM25), best first."""
        return self._search(
            lambda most: self._kb.search_sparse(
                terms, concepts=concepts, limit=most, concept_boost=concept_boost, language=language
            ),
            limit,
        )

    def about(self, entities: Sequence[EntityId], *, limit_each: int) -> list[str]:
        """Ids of passages about each entity in turn, `limit_each` that may support."""
        found: list[str] = []
        for entity in dict.fromkeys(entities):
            found += self._beyond(partial(_about, self._kb, entity), str, limit_each)
        return found

    def scan(self, kind: str) -> Iterator[Record]:
        """All records of one kind, also what is withheld: what is stored is no evidence yet."""
        return self._kb.scan(kind)

    # ------------------------------------------------------------ looking further

    def _shown(self, ids: Iterable[str]) -> list[str]:
        return [key for key in ids if key not in self._withheld.passages and key not in self._withheld.facts]

    def _search(self, ask: Callable[[int], list[_Hit]], limit: int) -> list[_Hit]:
        return self._beyond(ask, itemgetter(0), limit)

    def _beyond(self, ask: Callable[[int], list[T]], identifier: Callable[[T], str], limit: int) -> list[T]:
        """The first `limit` that may support; more is asked for only where something withheld was among them."""
        most = limit
        while True:
            found = ask(most)
            shown = [one for one in found if identifier(one) not in self._withheld.passages]
            if len(shown) >= limit or len(found) < most:
                return shown[:limit]
            most *= 2


def _about(kb: KnowledgeBase, entity: EntityId, most: int) -> list[str]:
    return kb.about([entity], limit_each=most)

"""What the answering path needs from the outside, as protocols. Adapters and their fakes pass one contract suite."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from threading import Event
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.domain import (
    Alias,
    Condition,
    DoNotMerge,
    Entity,
    EntityId,
    Evidence,
    Finding,
    GenerationRequest,
    GraphFact,
    Held,
    Neighbourhood,
    Passage,
    Path,
    RankedSubject,
    Record,
    Source,
)
from rag.text import Language
from rag.vocabulary import Relation


class GraphReader(Protocol):
    """A graph of facts; one round trip a call; facts are ordered by grade (strongest first), then id."""

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity, restricted to its relations (all if empty), `limit_each` a relation."""
        ...

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of idf = ln(N / df) over matched `objects`, counted in the store before any limit.

        Of equal scores first those that most facts name, then by id.
        """
        ...

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """Subjects that meet every condition, the first `limit`; `matched` are the facts that meet them.

        First those that most facts name, then by id.
        At least one condition has objects, or asks for words about what remedies are (their class, their effects),
        else there is nobody. `score` is how many conditions there are.
        """
        ...

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """All facts of `relations` with one end in `left` and the other in `right`, whichever way; no limit."""
        ...

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest paths first."""
        ...


class Embedder(Protocol):
    """Text to vectors; `identity` and `dimension` go into the manifest."""

    identity: str
    dimension: int

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> NDArray[np.float32]:
        """(n, dimension) float32, rows of length 1; a text without known tokens gives a row of zeros."""
        ...


class Reranker(Protocol):
    """Reads a question and a text together; slower than vectors, and for the best of what they found only."""

    identity: str

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) float32, the relevance of each text to the question, 0 to 1."""
        ...


class Generator(Protocol):
    """Writes an answer from evidence, as pieces of text with `[n]` marks, n counting `request.evidence` from 1."""

    identity: str

    def stream(self, request: GenerationRequest, cancel: Event) -> Iterator[str]:
        """Pieces in order; stops soon after `cancel` is set."""
        ...


class NameRow(NamedTuple):
    """A normalised name and the entity it may stand for; `kind` is `name` for its own name, else the alias kind."""

    name: str
    entity: EntityId
    kind: str


class KnowledgeBase(Protocol):
    """One immutable version, as the answering path sees it. `Snapshot` is the real one."""

    version: int
    digest: str
    text_version: int
    """Of the rules by which its texts were cut for the index (`rag.text.TEXT_VERSION` at that time)."""
    passage_count: int
    """Passages held."""

    def names(self) -> Iterator[NameRow]:
        """Every name of every entity: (normalised name, entity id, kind)."""
        ...

    def do_not_merge(self) -> Iterable[DoNotMerge]:
        """Pairs that look alike and are different."""
        ...

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist."""
        ...

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        ...

    def named(self, entities: Iterable[EntityId], relation: Relation) -> dict[EntityId, int]:
        """How many facts of a relation have each as their object, those that are withheld too."""
        ...

    def mentioned(self, entities: Iterable[EntityId]) -> dict[EntityId, int]:
        """About how many passages mention each, those that are withheld too."""
        ...

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Those that exist."""
        ...

    def mentions(self, passages: Iterable[str]) -> dict[str, tuple[EntityId, ...]]:
        """Entities that each passage mentions."""
        ...

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """Those that exist."""
        ...

    def sources_numbered(self, keys: Iterable[str]) -> frozenset[str]:
        """Ids of the sources that carry one of these numbers, `pmid:...` or `doi:...` as `rag.register` writes them."""
        ...

    def leaning(self, sources: Iterable[str]) -> frozenset[str]:
        """Ids of all passages of these sources."""
        ...

    def evidence(self, ids: Iterable[str]) -> dict[str, Evidence]:
        """Facts and passages by id as evidence, score 0; those that exist."""
        ...

    def held(self, ids: Iterable[str]) -> dict[str, Held]:
        """Facts and passages in quarantine by id; those that exist. They are shown, never used."""
        ...

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Finding]:
        """What the audit found, the severest first, then by rule and record; `limit` -1: all."""
        ...

    def search_dense(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """(passage id, inner product), best first; `vector` has shape (dimension,)."""
        ...

    def search_sparse(
        self,
        terms: Sequence[str] | Mapping[str, float],
        *,
        concepts: Sequence[EntityId],
        limit: int,
        concept_boost: float = 1.0,
        language: Language | None = None,
    ) -> list[tuple[str, float]]:
        """(passage id, BM25 of `terms` + boost x BM25 of mentioned `concepts`), best first; one language if given.

        `terms` come from `rag.text.tokens`; a mapping gives each the factor that multiplies its score.
        """
        ...

    def about(self, entities: Sequence[EntityId], *, limit_each: int) -> list[str]:
        """Ids of passages whose `about` is one of `entities`."""
        ...

    def scan(self, kind: str) -> Iterator[Record]:
        """All records of one kind: entity, alias, do_not_merge, source, fact, passage, retraction; ordered by id."""
        ...

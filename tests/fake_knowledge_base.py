"""A knowledge base in memory, over a list of records, with its own sparse and dense search."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.answer.rendering import fact_text
from rag.domain import (
    Alias,
    DoNotMerge,
    Entity,
    EntityId,
    Evidence,
    Fact,
    Finding,
    Held,
    Literal,
    Passage,
    Record,
    Retraction,
    Source,
)
from rag.linking.names import OWN_NAME, passage_mentions
from rag.ports import Embedder, NameRow
from rag.register import NOTHING, Withheld, keys_of_source
from rag.snapshot.layout import Manifest
from rag.text import TEXT_VERSION, Language, language_of, normalise, tokens
from rag.vocabulary import Relation
from tests.fake_graph import FakeGraph, entities_in, of_kind

_K1, _B = 1.2, 0.75
"""BM25 as tantivy has it."""


def fake_manifest(version: int, digest: str, counts: Mapping[str, int]) -> Manifest:
    """The manifest of a version in memory, which has no files."""
    return Manifest(
        kb="fake",
        version=version,
        parent=version - 1 or None,
        digest=digest,
        created="2026-01-01T00:00:00Z",
        counts=counts,
        datasets=("fake",),
        embedder="none",
        dimension=0,
        dense_index="none",
        indexed_fields=("title", "question", "text"),
        text_version=TEXT_VERSION,
        audit_version=1,
        findings={},
        held={},
        files={},
    )


class FakeKnowledgeBase:
    """Implements `rag.ports.KnowledgeBase` over a list of records; dense search only with an `embedder`."""

    def __init__(
        self,
        records: Iterable[Record],
        version: int = 1,
        embedder: Embedder | None = None,
        text_version: int = TEXT_VERSION,
    ) -> None:
        self.records = list(records)
        self.version = version
        self.digest = f"{version:064x}"
        self.text_version = text_version
        self.passage_count = sum(isinstance(record, Passage) for record in self.records)
        self._entities = entities_in(self.records)
        self._sources = {source.id: source for source in of_kind(self.records, Source)}
        passages = {p.id: p for p in of_kind(self.records, Passage) if p.source in self._sources}
        self._passages = dict(sorted(passages.items()))
        finder = passage_mentions(self.names())
        self._mentions = {key: _mentioned(passage, finder) for key, passage in self._passages.items()}
        self._graph = FakeGraph(self.records)
        self._index = _BM25({key: tokens(_indexed(passage), text_version) for key, passage in self._passages.items()})
        self._concepts = _BM25({key: list(found) for key, found in self._mentions.items()})
        self._vectors = self._embedded(embedder) if embedder is not None else None
        counted = {"entity": len(self._entities), "fact": len(self._graph.facts), "passage": len(self._passages)}
        self.manifest = fake_manifest(version, self.digest, counted)

    def _embedded(self, embedder: Embedder) -> NDArray[np.float32]:
        return embedder.encode([_indexed(passage) for passage in self._passages.values()], kind="passage")

    def graph(self, withheld: Withheld = NOTHING) -> FakeGraph:
        """The graph over the same records, without what is withheld."""
        return FakeGraph(self.records, withheld) if withheld else self._graph

    def names(self) -> Iterator[NameRow]:
        """Every name of every entity, normalised."""
        for entity in self._entities.values():
            yield NameRow(entity.id.partition(":")[2], entity.id, OWN_NAME)
        for alias in of_kind(self.records, Alias):
            yield NameRow(normalise(alias.name), alias.entity, alias.kind.value)

    def do_not_merge(self) -> list[DoNotMerge]:
        """Pairs that look alike and are different."""
        return of_kind(self.records, DoNotMerge)

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist."""
        return {key: self._entities[key] for key in ids if key in self._entities}

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        own = {alias for alias in of_kind(self.records, Alias) if alias.entity == entity}
        return sorted(own, key=lambda alias: (alias.name, alias.kind))

    def named(self, entities: Iterable[EntityId], relation: Relation) -> dict[EntityId, int]:
        """How many facts of a relation have each as their object."""
        objects = Counter(fact.object for fact in self._graph.facts.values() if fact.relation is relation)
        return {entity: objects[entity] for entity in entities}

    def mentioned(self, entities: Iterable[EntityId]) -> dict[EntityId, int]:
        """How many passages mention each."""
        counts = Counter(entity for found in self._mentions.values() for entity in found)
        return {entity: counts[entity] for entity in entities}

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Those that exist."""
        return {key: self._passages[key] for key in ids if key in self._passages}

    def mentions(self, passages: Iterable[str]) -> dict[str, tuple[EntityId, ...]]:
        """Entities that each passage mentions."""
        return {key: self._mentions[key] for key in passages if key in self._mentions}

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """Those that exist."""
        return {key: self._sources[key] for key in ids if key in self._sources}

    def sources_numbered(self, keys: Iterable[str]) -> frozenset[str]:
        """Ids of the sources that carry one of these numbers."""
        wanted = set(keys)
        return frozenset(key for key, source in self._sources.items() if wanted.intersection(keys_of_source(source)))

    def leaning(self, sources: Iterable[str]) -> frozenset[str]:
        """Ids of all passages of these sources."""
        wanted = set(sources)
        return frozenset(key for key, passage in self._passages.items() if passage.source in wanted)

    def evidence(self, ids: Iterable[str]) -> dict[str, Evidence]:
        """Facts and passages by id as evidence, score 0; those that exist, in the order asked."""
        found = {key: self._one_evidence(key) for key in ids}
        return {key: evidence for key, evidence in found.items() if evidence is not None}

    def _one_evidence(self, key: str) -> Evidence | None:
        if key in self._graph.facts:
            fact = self._graph.facts[key]
            ends = (fact.subject,) if isinstance(fact.object, Literal) else (fact.subject, fact.object)
            source = self._sources[fact.source]
            return Evidence(key, "fact", fact_text(fact), source, 0.0, {}, fact=fact, entities=ends)
        if key in self._passages:
            passage = self._passages[key]
            source = self._sources[passage.source]
            title = passage.title or source.title
            return Evidence(
                key, passage.kind.value, passage.text, source, 0.0, {}, title, passage=passage,
                entities=self._mentions[key],
            )  # fmt: skip
        return None

    def held(self, ids: Iterable[str]) -> dict[str, Held]:
        """Nothing is in quarantine here."""
        return {}

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Finding]:
        """Nothing audits what is in memory."""
        return []

    def search_dense(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """(passage id, inner product), best first; empty without an embedder."""
        if self._vectors is None:
            return []
        scores = dict(zip(self._passages, (self._vectors @ vector).tolist(), strict=True))
        return sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:limit]

    def search_sparse(
        self,
        terms: Sequence[str] | Mapping[str, float],
        *,
        concepts: Sequence[EntityId],
        limit: int,
        concept_boost: float = 1.0,
        language: Language | None = None,
    ) -> list[tuple[str, float]]:
        """(passage id, BM25 of distinct terms + boost x BM25 of distinct mentioned entities), best first."""
        scores = self._index.scores(list(terms))
        for key, score in self._concepts.scores(concepts).items() if concept_boost > 0 else ():
            scores[key] = scores.get(key, 0.0) + concept_boost * score
        hits = [hit for hit in scores.items() if language in (None, language_of(self._passages[hit[0]].text))]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:limit]

    def about(self, entities: Sequence[EntityId], *, limit_each: int) -> list[str]:
        """Ids of passages about each entity in turn, by aspect and id."""
        found: list[str] = []
        for entity in dict.fromkeys(entities):
            own = [(p.aspect or "", key) for key, p in self._passages.items() if p.about == entity]
            found.extend(key for _, key in sorted(own)[:limit_each])
        return found

    def scan(self, kind: str) -> Iterator[Record]:
        """All records of one kind, ordered by id."""
        tables: Mapping[str, Callable[[], Iterable[Record]]] = {
            "entity": self._entities.values,
            "alias": lambda: sorted(set(of_kind(self.records, Alias)), key=lambda a: (a.entity, a.name)),
            "do_not_merge": lambda: sorted(set(of_kind(self.records, DoNotMerge)), key=lambda d: (d.a, d.b)),
            "source": lambda: sorted(self._sources.values(), key=lambda s: s.id),
            "fact": lambda: sorted(set(of_kind(self.records, Fact)), key=lambda f: f.id),
            "passage": self._passages.values,
            "retraction": lambda: sorted(set(of_kind(self.records, Retraction)), key=lambda r: (r.target, r.stated_by)),
        }
        return iter(tables[kind]())


def _indexed(passage: Passage) -> str:
    return "\n".join(part for part in (passage.title, passage.question, passage.text) if part)


def _mentioned(passage: Passage, finder: Callable[[str], tuple[EntityId, ...]]) -> tuple[EntityId, ...]:
    own = (passage.about,) if passage.about is not None else ()
    return tuple(sorted({*finder(_indexed(passage)), *own}))


class _BM25:
    """A sparse index: document -> terms."""

    def __init__(self, documents: Mapping[str, Sequence[str]]) -> None:
        self._counts = {key: Counter(terms) for key, terms in documents.items()}
        self._mean = sum(len(terms) for terms in documents.values()) / max(1, len(documents)) or 1.0
        self._df = Counter(term for counts in self._counts.values() for term in counts)

    def scores(self, terms: Sequence[str]) -> dict[str, float]:
        """Documents that hold a term, with their score over the distinct `terms`."""
        total: dict[str, float] = defaultdict(float)
        for term in dict.fromkeys(terms):
            idf = math.log(1 + (len(self._counts) - self._df[term] + 0.5) / (self._df[term] + 0.5))
            for key, counts in self._counts.items():
                if counts[term]:
                    length = _K1 * (1 - _B + _B * counts.total() / self._mean)
                    total[key] += idf * counts[term] * (_K1 + 1) / (counts[term] + length)
        return total

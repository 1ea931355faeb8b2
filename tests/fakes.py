"""A knowledge base, its graph and its publishing, in memory: built from domain records, behind the same ports.

`FakeLibrary` publishes versions the way a data folder does, so that a test can flip the pointer under a pipeline:

    library = FakeLibrary()
    library.publish([*records])
    pipeline = fake_pipeline(library)
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kg_loader.aliases import Doubted, Standing
from kg_loader.curation import Curated
from kg_loader.versions import Change
from rag.answer.rendering import fact_text
from rag.checking.checker import Checker
from rag.domain import (
    Alias,
    Condition,
    DoNotMerge,
    Entity,
    EntityId,
    Evidence,
    Fact,
    Finding,
    GenerationRequest,
    GraphFact,
    Held,
    Limits,
    Literal,
    Neighbourhood,
    Passage,
    Path,
    Pointer,
    RankedSubject,
    Record,
    Retraction,
    Source,
    Verdict,
)
from rag.editions import Edition, Editions
from rag.errors import NotFoundError
from rag.generators.extractive import ExtractiveGenerator
from rag.graph.drawn import DrawnFact
from rag.linking.linker import Linker
from rag.linking.names import OWN_NAME, Names, passage_mentions
from rag.pipeline import Pipeline
from rag.ports import Embedder, Generator, NameRow
from rag.register import EMPTY, NOTHING, Entry, EntryKind, Register, Withheld, keys_of_source
from rag.retrieval.fusion import Tuning, default_tuning
from rag.retrieval.retriever import Retriever
from rag.snapshot.layout import Manifest
from rag.text import TEXT_VERSION, Language, language_of, normalise, tokens
from rag.triage.rules import load_rules
from rag.vocabulary import GRADE_RANK, EntityType, Relation
from rag.withholding import Withholding

R = TypeVar("R", Entity, Alias, DoNotMerge, Source, Fact, Passage, Retraction)

_K1, _B = 1.2, 0.75
"""BM25 as tantivy has it."""


def _of(records: Iterable[Record], kind: type[R]) -> list[R]:
    return [record for record in records if isinstance(record, kind)]


def _referred(record: Record) -> list[EntityId]:
    """Entity ids that a record names."""
    match record:
        case Entity():
            return [record.id]
        case Alias():
            return [record.entity]
        case DoNotMerge():
            return [record.a, record.b]
        case Fact(object=Literal()):
            return [record.subject]
        case Fact():
            return [record.subject, EntityId(str(record.object))]
        case Passage(about=str() as about):
            return [EntityId(about)]
        case _:
            return []


def _entities(records: Sequence[Record]) -> dict[EntityId, Entity]:
    """Entities stated, and one for each id that is only referred to, as storage makes them."""
    found = {entity.id: entity for entity in sorted(_of(records, Entity), key=lambda e: e.name, reverse=True)}
    for identifier in (i for record in records for i in _referred(record)):
        kind, _, name = identifier.partition(":")
        found.setdefault(identifier, Entity(identifier, EntityType(kind), name))
    return dict(sorted(found.items()))


class FakeGraph:
    """Implements `rag.ports.GraphReader` over a list of records."""

    def __init__(self, records: Iterable[Record], withheld: Withheld = NOTHING) -> None:
        records = list(records)
        entities = _entities(records)
        sources = {source.id: source for source in _of(records, Source)}
        stated = [fact for fact in _of(records, Fact) if not withheld.hides_fact(fact.id, fact.source)]
        facts = {fact.id: _graph_fact(fact, entities, sources) for fact in stated if fact.source in sources}
        self.facts: Mapping[str, GraphFact] = {fact.id: fact for fact in _ordered(facts.values())}

    def neighbourhood(self, plan: Mapping[EntityId, Collection[Relation]], *, limit_each: int) -> Neighbourhood:
        """Facts from and to each entity; `limit_each` of each relation and direction."""
        taken: Counter[tuple[str, EntityId, Relation]] = Counter()
        outgoing: list[GraphFact] = []
        incoming: list[GraphFact] = []
        for fact in self.facts.values():
            ends = [("out", fact.subject, outgoing)]
            if not isinstance(fact.object, Literal):
                ends.append(("in", fact.object, incoming))
            for way, end, found in ends:
                if end in plan and (not plan[end] or fact.relation in plan[end]):
                    taken[way, end, fact.relation] += 1
                    if taken[way, end, fact.relation] <= limit_each:
                        found.append(fact)
        return Neighbourhood(tuple(outgoing), tuple(incoming))

    def rank_subjects(self, relation: Relation, objects: Sequence[EntityId], *, limit: int) -> list[RankedSubject]:
        """Subjects by the sum of ln(N / df) over matched objects; of equal scores the most named first, then by id."""
        rows = [fact for fact in self.facts.values() if fact.relation == relation]
        subjects = {fact.subject for fact in rows}
        holding: dict[EntityId, set[EntityId]] = defaultdict(set)
        matched: dict[EntityId, dict[EntityId, GraphFact]] = defaultdict(dict)
        for fact in rows:
            if not isinstance(fact.object, Literal) and fact.object in set(objects):
                holding[fact.object].add(fact.subject)
                matched[fact.subject].setdefault(fact.object, fact)
        weight = {target: math.log(len(subjects) / len(having)) for target, having in holding.items()}
        ranked = [
            RankedSubject(
                subject,
                next(iter(hits.values())).subject_name,
                round(sum(weight[target] for target in hits), 9),
                _ordered(hits.values()),
                len({str(fact.object) for fact in rows if fact.subject == subject}),
                self._named(subject),
            )
            for subject, hits in matched.items()
        ]
        return sorted(ranked, key=lambda found: (-found.score, -found.named, found.subject))[:limit]

    def _named(self, subject: EntityId) -> int:
        return sum(fact.object == subject for fact in self.facts.values())

    def subjects_meeting(self, conditions: Sequence[Condition], *, limit: int) -> list[RankedSubject]:
        """Subjects that meet every condition; nobody unless one of them has objects."""
        own: dict[EntityId, list[GraphFact]] = defaultdict(list)
        for fact in self.facts.values():
            if any(condition.met_by(fact) for condition in conditions):
                own[fact.subject].append(fact)
        found = []
        for subject, facts in sorted(own.items()) if any(c.objects for c in conditions) else ():
            if all(any(condition.met_by(fact) for fact in facts) for condition in conditions):
                best = tuple({(f.relation, f.object): f for f in reversed(facts)}.values())[::-1]
                count = self._named(subject)
                found.append(RankedSubject(subject, facts[0].subject_name, len(conditions), best, len(best), count))
        return sorted(found, key=lambda one: (-one.named, one.subject))[:limit]

    def between(
        self, left: Collection[EntityId], right: Collection[EntityId], relations: Collection[Relation]
    ) -> tuple[GraphFact, ...]:
        """Facts with one end in `left` and the other in `right`, all of them."""
        ends = {*((a, b) for a in left for b in right), *((b, a) for a in left for b in right)}
        return tuple(f for f in self.facts.values() if f.relation in relations and (f.subject, f.object) in ends)

    def paths(self, a: EntityId, b: EntityId, *, max_hops: int, limit: int) -> list[Path]:
        """Shortest paths first, equal lengths by the ids of their facts; facts are walked either way."""
        steps: dict[EntityId, list[tuple[EntityId, GraphFact]]] = defaultdict(list)
        for fact in self.facts.values():
            if not isinstance(fact.object, Literal):
                steps[fact.subject].append((fact.object, fact))
                steps[fact.object].append((fact.subject, fact))
        frontier: list[tuple[EntityId, tuple[GraphFact, ...], frozenset[EntityId]]] = [(a, (), frozenset({a}))]
        for _ in range(max_hops if a != b else 0):
            frontier = [
                (target, (*chain, fact), seen | {target})
                for end, chain, seen in frontier
                for target, fact in steps[end]
                if target not in seen
            ]
            found = [Path(chain) for end, chain, _ in frontier if end == b]
            if found:
                return sorted(found, key=lambda path: [fact.id for fact in path.facts])[:limit]
        return []


def _graph_fact(fact: Fact, entities: Mapping[EntityId, Entity], sources: Mapping[str, Source]) -> GraphFact:
    text = fact.object.text if isinstance(fact.object, Literal) else entities[fact.object].name
    rank = GRADE_RANK[sources[fact.source].grade]
    subject = entities[fact.subject].name
    return GraphFact(
        fact.id, fact.subject, subject, fact.relation, fact.object, text, fact.source, fact.qualifiers, rank
    )


def _ordered(facts: Iterable[GraphFact]) -> tuple[GraphFact, ...]:
    return tuple(sorted(facts, key=lambda fact: (-fact.grade_rank, fact.id)))


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
        self._entities = _entities(self.records)
        self._sources = {source.id: source for source in _of(self.records, Source)}
        passages = {p.id: p for p in _of(self.records, Passage) if p.source in self._sources}
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
        for alias in _of(self.records, Alias):
            yield NameRow(normalise(alias.name), alias.entity, alias.kind.value)

    def do_not_merge(self) -> list[DoNotMerge]:
        """Pairs that look alike and are different."""
        return _of(self.records, DoNotMerge)

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist."""
        return {key: self._entities[key] for key in ids if key in self._entities}

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        own = {alias for alias in _of(self.records, Alias) if alias.entity == entity}
        return sorted(own, key=lambda alias: (alias.name, alias.kind))

    def named(self, entities: Iterable[EntityId]) -> dict[EntityId, int]:
        """How many facts have each as their object."""
        objects = Counter(fact.object for fact in self._graph.facts.values())
        return {entity: objects[entity] for entity in entities}

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
            "alias": lambda: sorted(set(_of(self.records, Alias)), key=lambda a: (a.entity, a.name)),
            "do_not_merge": lambda: sorted(set(_of(self.records, DoNotMerge)), key=lambda d: (d.a, d.b)),
            "source": lambda: sorted(self._sources.values(), key=lambda s: s.id),
            "fact": lambda: sorted(set(_of(self.records, Fact)), key=lambda f: f.id),
            "passage": self._passages.values,
            "retraction": lambda: sorted(set(_of(self.records, Retraction)), key=lambda r: (r.target, r.stated_by)),
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


# ---------------------------------------------------------------- publishing and answering


@dataclass
class FakeLibrary:
    """Versions in memory with a pointer; `publish` and `activate` move it as another process would."""

    embedder: Embedder | None = None
    tuning: Tuning = field(default_factory=default_tuning)
    kept: dict[int, FakeKnowledgeBase] = field(default_factory=dict)
    current: Pointer | None = None
    loads: int = 0
    register: Register = EMPTY
    """What is withheld from now on; a test replaces it as another process would."""
    drawn: dict[str, DrawnFact] = field(default_factory=dict)

    def publish(self, records: Iterable[Record]) -> int:
        """A new version with these records, made current; its number."""
        version = max(self.kept, default=0) + 1
        self.kept[version] = FakeKnowledgeBase(records, version, self.embedder)
        self.activate(version)
        return version

    def drawn_fact(self, evidence_id: str) -> DrawnFact | None:
        """What was put into `drawn`."""
        return self.drawn.get(evidence_id)

    def activate(self, version: int) -> Pointer:
        """Point at a kept version. Raises NotFoundError."""
        revision = self.current.revision + 1 if self.current else 1
        self.current = self.locate(version, Pointer(revision, version, ""))
        return self.current

    def knowledge_base(self, version: int) -> FakeKnowledgeBase:
        """A kept version. Raises NotFoundError."""
        self.locate(version, Pointer(0, version, ""))
        return self.kept[version]

    def diff(self, a: int, b: int, *, samples: int) -> dict[str, Change]:
        """What differs, by kind. Raises NotFoundError."""
        old, new = self.knowledge_base(a), self.knowledge_base(b)
        kinds = ("entity", "source", "fact", "passage")
        return {kind: _change(set(old.scan(kind)), set(new.scan(kind)), samples) for kind in kinds}

    def decisions(self) -> Register:
        """What is withdrawn, retracted or erased."""
        return self.register

    def withdraw(self, key: str, reason: str) -> Curated:
        """Let nothing of `key` support. Raises NotFoundError, ErasedError, ConflictError."""
        self.register.require_kept(key)
        if not any(kb.evidence([key]) or kb.sources([key]) for kb in self.kept.values()):
            raise NotFoundError(f"no retained version has {key}")
        entry = Entry(key, EntryKind.WITHDRAWN, reason, "2026-01-01T00:00:00+00:00")
        self.register = self.register.with_entry(entry)
        return Curated(entry, self.register.revision)

    def restore(self, key: str) -> Curated:
        """Take that back. Raises ConflictError."""
        before, self.register = self.register, self.register.without(key)
        return Curated(before.entries[key], self.register.revision)

    def aliases(self, version: int, standing: Standing, *, limit: int, offset: int) -> list[Doubted]:
        """Nothing audits what is in memory. Raises NotFoundError."""
        self.knowledge_base(version)
        return []

    def require_reviewable(self, verdict: Verdict, records: Sequence[str]) -> None:
        """Nothing is held here. Raises NotFoundError."""
        raise NotFoundError(f"there is no record {', '.join(records)}, or nothing holds it")

    def let_go(self) -> None:
        """Nothing is opened twice here."""

    def forget(self, version: int) -> None:
        """What pruning does."""
        del self.kept[version]

    def pointer(self) -> Pointer | None:
        """What is served now."""
        return self.current

    def versions(self) -> list[Manifest]:
        """The manifests of all kept versions, ascending."""
        return [self.kept[version].manifest for version in sorted(self.kept)]

    def locate(self, version: int, current: Pointer) -> Pointer:
        """A kept version as a pointer. Raises NotFoundError."""
        if version not in self.kept:
            raise NotFoundError(f"there is no version {version}; expected one of: {sorted(self.kept)}")
        return Pointer(current.revision, version, self._folder(version), current.tuning)

    def load(self, pointer: Pointer) -> Edition:
        """What answering needs of one version."""
        self.loads += 1
        kb = self.kept[pointer.version]
        names = Names(kb.names(), kb.do_not_merge())
        retriever = Retriever(kb, kb.graph(), names, self.embedder, self.tuning)
        return Edition(
            pointer, kb, Linker(names), retriever, Checker(names), self.tuning,
            lambda withheld, _: kb.graph(withheld), Withholding(kb, lambda: self.register),
        )  # fmt: skip

    def editions(self) -> Editions:
        """Opens versions on demand and follows the pointer."""
        return Editions(self.pointer, self.load, self.locate)

    @staticmethod
    def _folder(version: int) -> str:
        return f"{version:06d}-{version:012x}"


def _change(old: set[Record], new: set[Record], samples: int) -> Change:
    added, removed = sorted(map(repr, new - old)), sorted(map(repr, old - new))
    return Change(len(added), len(removed), tuple(added[:samples]), tuple(removed[:samples]))


@dataclass
class ScriptedGenerator:
    """Implements `rag.ports.Generator`: says its pieces, each after `pause_s`, and remembers what it was asked."""

    pieces: Sequence[str]
    pause_s: float = 0.0
    identity: str = "scripted"
    requests: list[GenerationRequest] = field(default_factory=list)
    said: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        """The pieces in order until `cancel` is set; `cancelled` is set when it was."""
        self.requests.append(request)
        for piece in self.pieces:
            if cancel.wait(self.pause_s) or cancel.is_set():
                self.cancelled.set()
                return
            self.said += 1
            yield piece


_rules = lru_cache(maxsize=1)(load_rules)


def fake_pipeline(library: FakeLibrary, *generators: Generator, question_max_chars: int = 2000) -> Pipeline:
    """A pipeline over `library` with the extractive generator and `generators`; the last one given is the default."""
    known: dict[str, Generator] = {g.identity: g for g in (ExtractiveGenerator(), *generators)}
    return Pipeline(library.editions(), known, _rules(), Limits(), question_max_chars, [*known][-1])

"""One immutable version, opened: the knowledge base as the answering path sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.answer.rendering import fact_text
from rag.domain import (
    Alias,
    DoNotMerge,
    Entity,
    EntityId,
    Evidence,
    Finding,
    GraphFact,
    Held,
    Literal,
    Passage,
    Record,
    Severity,
    Source,
)
from rag.errors import UsageError
from rag.ports import NameRow
from rag.register import NOTHING, Withheld
from rag.snapshot.dense import DenseIndex
from rag.snapshot.files import checksum
from rag.snapshot.layout import RECORDS, SPARSE, Manifest, corrupt, read_manifest
from rag.snapshot.records import Records
from rag.snapshot.schema import FACT, PASSAGE, id_of_key, key_of_id
from rag.snapshot.sparse import SparseIndex
from rag.text import TEXT_VERSION, Language, normalise
from rag.vocabulary import Relation

if TYPE_CHECKING:
    from rag.graph.sqlite import SqliteGraph

CONCEPT_BOOST = 1.0


def check_files(folder: Path, manifest: Manifest, *, sha256: bool = False) -> None:
    """Compare every file with the manifest. Raises CorruptSnapshotError naming the first that differs."""
    for name, entry in manifest.files.items():
        path = folder / name
        try:
            found = checksum(path, sha256=sha256)
        except FileNotFoundError as error:
            raise corrupt(path, "it is missing") from error
        except OSError as error:
            raise corrupt(path, f"it cannot be read ({error.strerror})") from error
        if found.size != entry.size:
            raise corrupt(path, f"it has {found.size} bytes, expected {entry.size}")
        if found.xxh3 != entry.xxh3 or (sha256 and found.sha256 != entry.sha256):
            raise corrupt(path, "its checksum does not match the manifest")


def open_snapshot(folder: Path, *, verify: bool = True) -> Snapshot:
    """Open a sealed snapshot; its files are compared with the manifest first. Raises CorruptSnapshotError."""
    manifest = read_manifest(folder)
    if verify:
        check_files(folder, manifest)
    return Snapshot(folder, manifest)


@dataclass(frozen=True)
class Matrix:
    """The dense index and the passage of each of its rows."""

    index: DenseIndex
    keys: NDArray[np.int64]


class Snapshot:
    """Implements `rag.ports.KnowledgeBase`. Safe for reading from several threads; `close` when none reads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = manifest.version
        self.digest = manifest.digest
        self.text_version = manifest.text_version
        self.records = Records(folder / RECORDS)
        self._all_records = Records(folder / RECORDS, held=True)
        self._sparse = SparseIndex(folder / SPARSE)
        self.passage_count = self._sparse.count
        self._dense = self._open_dense()

    def _open_dense(self) -> Matrix | None:
        if self.manifest.dimension == 0:
            return None
        return Matrix(DenseIndex(self.folder), self.records.passage_keys())

    def close(self) -> None:
        """Let go of the files."""
        self.records.close()
        self._all_records.close()

    def graph(self, withheld: Withheld = NOTHING) -> SqliteGraph:
        """The graph of this version, without what is withheld."""
        from rag.graph.sqlite import SqliteGraph  # that module reads these records: a cycle at import time

        return SqliteGraph(self.records, withheld)

    # ------------------------------------------------------------ records

    def names(self) -> Iterator[NameRow]:
        """Every name of every entity: (normalised name, entity id, `name` or the alias kind)."""
        if self.text_version == TEXT_VERSION:
            return self.records.names()
        return (row._replace(name=normalise(row.name)) for row in self.records.names())

    def do_not_merge(self) -> list[DoNotMerge]:
        """Pairs that look alike and are different."""
        return self.records.do_not_merge()

    def entities(self, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
        """Those that exist."""
        return self.records.entities(ids)

    def aliases(self, entity: EntityId) -> list[Alias]:
        """Other names of one entity, by name."""
        return self.records.aliases(entity)

    def named(self, entities: Iterable[EntityId], relation: Relation) -> dict[EntityId, int]:
        """How many facts of a relation have each as their object."""
        wanted = list(entities)
        return dict.fromkeys(wanted, 0) | self.records.named(wanted, relation)

    def mentioned(self, entities: Iterable[EntityId]) -> dict[EntityId, int]:
        """How many passages mention each."""
        return {entity: self._sparse.mentioning(entity) for entity in entities}

    def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        """Those that exist."""
        return self.records.passages(ids)

    def mentions(self, passages: Iterable[str]) -> dict[str, tuple[EntityId, ...]]:
        """Entities that each passage mentions."""
        return self.records.mentions(passages)

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """Those that exist."""
        return self.records.sources(ids)

    def sources_numbered(self, keys: Iterable[str]) -> frozenset[str]:
        """Ids of the sources that carry one of these numbers (`pmid:...`, `doi:...`)."""
        return self.records.sources_numbered(keys)

    def leaning(self, sources: Iterable[str]) -> frozenset[str]:
        """Ids of all passages of these sources."""
        return self.records.leaning(sources)

    def about(self, entities: Sequence[EntityId], *, limit_each: int) -> list[str]:
        """Ids of passages whose `about` is one of `entities`."""
        return self.records.about(entities, limit_each)

    def scan(self, kind: str) -> Iterator[Record]:
        """All records of one kind, ordered by id."""
        return self.records.scan(kind)

    def datasets(self, evidence_id: str) -> list[str]:
        """Data sets that assert a fact or a passage."""
        for prefix, kind in (("f", FACT), ("p", PASSAGE)):
            key = key_of_id(evidence_id, prefix)
            if key is not None:
                return self.records.asserting(kind, key)
        return []

    # ------------------------------------------------------------ evidence

    def evidence(self, ids: Iterable[str]) -> dict[str, Evidence]:
        """Facts and passages by id as evidence, score 0; those that exist, in the order asked."""
        return self._evidence(self.records, ids)

    def held(self, ids: Iterable[str]) -> dict[str, Held]:
        """Those of `ids` that are in quarantine, with the findings that hold them or an entity they name."""
        found = self._evidence(self._all_records, [one for one in ids if self.records.is_held(one)])
        return {key: Held(evidence, self._holding(evidence)) for key, evidence in found.items()}

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Finding]:
        """What the audit found, the severest first, then by rule and record; `limit` -1: all."""
        return self.records.findings(rule=rule, severity=severity, limit=limit, offset=offset)

    def _holding(self, evidence: Evidence) -> tuple[Finding, ...]:
        about = evidence.passage.about if evidence.passage else None
        named = (about,) if about else evidence.entities if evidence.fact else ()
        findings = self.records.findings_on((evidence.id, *named))
        holding = (one for found in findings.values() for one in found)
        return tuple(one for one in holding if one.severity is Severity.SEVERE and not one.released)

    def _evidence(self, records: Records, ids: Iterable[str]) -> dict[str, Evidence]:
        wanted = list(dict.fromkeys(ids))
        facts = records.facts(wanted)
        passages = records.passages(wanted)
        mentioned = records.mentions(passages)
        sources = self.sources({fact.source for fact in facts.values()} | {p.source for p in passages.values()})
        found = {key: fact_evidence(fact, sources[fact.source]) for key, fact in facts.items()}
        for key, passage in passages.items():
            found[key] = _passage_evidence(key, passage, sources[passage.source], mentioned[key])
        return {key: found[key] for key in wanted if key in found}

    # ------------------------------------------------------------ search

    def search_dense(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[str, float]]:
        """(passage id, inner product), best first; empty where the snapshot was built without an embedder."""
        if self._dense is None or limit < 1:
            return []
        if vector.shape != (self.manifest.dimension,):
            raise UsageError(
                f"the query vector has shape {vector.shape}, expected ({self.manifest.dimension},): "
                f"encode queries with {self.manifest.embedder!r}, the embedder in the manifest"
            )
        hits = self._dense.index.search(vector, min(limit, max(1, self._dense.index.count)))
        return [(id_of_key("p", int(self._dense.keys[row])), score) for row, score in hits]

    def search_sparse(
        self,
        terms: Sequence[str] | Mapping[str, float],
        *,
        concepts: Sequence[EntityId],
        limit: int,
        concept_boost: float = CONCEPT_BOOST,
        language: Language | None = None,
    ) -> list[tuple[str, float]]:
        """(passage id, BM25 over distinct terms + `concept_boost` x BM25 over mentioned entities), best first."""
        return self._sparse.search(terms, concepts, limit, concept_boost, language)

    @property
    def index_sizes(self) -> Mapping[str, int]:
        """Passages in each index; they equal the count of passages in an intact snapshot."""
        return {"sparse": self._sparse.count, "dense": self._dense.index.count if self._dense else 0}


def fact_evidence(fact: GraphFact, source: Source) -> Evidence:
    """A fact as evidence, score 0; also for facts of the live graph."""
    entities = (fact.subject,) if isinstance(fact.object, Literal) else (fact.subject, fact.object)
    return Evidence(fact.id, "fact", fact_text(fact), source, 0.0, {}, fact=fact, entities=entities)


def _passage_evidence(key: str, passage: Passage, source: Source, entities: tuple[EntityId, ...]) -> Evidence:
    title = passage.title or source.title
    return Evidence(key, passage.kind.value, passage.text, source, 0.0, {}, title, passage=passage, entities=entities)

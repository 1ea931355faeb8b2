"""Publishing and answering in memory: versions built from domain records, behind the same ports.

`FakeLibrary` publishes versions the way a data folder does, so that a test can flip the pointer under a pipeline:

    library = FakeLibrary()
    library.publish([*records])
    pipeline = fake_pipeline(library)
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kg_loader.aliases import Doubted, Standing
from kg_loader.curation import Curated
from kg_loader.versions import Change
from rag.checking.checker import Checker
from rag.domain import (
    GenerationRequest,
    Limits,
    Pointer,
    Record,
    Verdict,
)
from rag.editions import Edition, Editions
from rag.errors import NotFoundError
from rag.generators.extractive.generator import ExtractiveGenerator
from rag.graph.drawn import DrawnFact
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.pipeline import Pipeline
from rag.ports import Embedder, Generator
from rag.register import EMPTY, Entry, EntryKind, Register
from rag.retrieval.fusion import Tuning, default_tuning
from rag.retrieval.passages import PassageSearch
from rag.retrieval.retriever import Retriever
from rag.snapshot.layout import Manifest
from rag.triage.rules import load_rules
from rag.withholding import Withholding
from tests.fake_knowledge_base import FakeKnowledgeBase


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
        retriever = Retriever(kb, kb.graph(), names, PassageSearch(kb, names, self.embedder, self.tuning))
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

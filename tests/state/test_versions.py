"""Any history of ingesting, failing, going back and pruning shows what a plain dict of data sets says it must."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kg_loader.publish import POINTS
from kg_loader.versions import activate, prune
from rag import wiring
from rag.domain import Alias, AliasKind, Entity, Fact, Literal, Passage, PassageKind, Record
from rag.errors import StorageError
from rag.snapshot import Library, Snapshot
from rag.snapshot.layout import read_manifest
from rag.snapshot.snapshot import check_files
from rag.text import tokens
from rag.vocabulary import EntityType, Relation
from tests.kb import BOOK, TRIAL, disease, has_symptom, opened, publish, settings_for
from tests.state.model import Shown, State, shown

DISEASES = ("赤热病", "青寒病", "白风症", "玄湿病")
SYMPTOMS = ("头顶发麻", "手指发凉", "夜间多梦")
FLIPPED = ("flip.renamed", "ingest.tidied")

names = st.sampled_from(["a", "b", "c"])
diseases, symptoms, sources = st.sampled_from(DISEASES), st.sampled_from(SYMPTOMS), st.sampled_from([BOOK, TRIAL])
records = st.one_of(
    st.builds(has_symptom, diseases, symptoms, sources),
    st.builds(
        lambda name, rate: Fact(disease(name), Relation.CURE_RATE, Literal(rate, "cure_rate"), BOOK.id),
        diseases, st.sampled_from(["约七成", "约三成"]),
    ),
    st.builds(lambda name, tail: Entity(disease("甲a病"), EntityType.DISEASE, f"甲{name}病{tail}"),
              st.sampled_from("aA"), st.just("")),
    st.builds(lambda n, name: Alias(f"别称之{n}", disease(name), AliasKind.SYNONYM), st.integers(0, 3), diseases),
    st.builds(
        lambda name, symptom, about: Passage(
            f"{name}的患者常有{symptom}，休息后减轻。",
            PassageKind.TEXTBOOK,
            BOOK.id,
            about=disease(name) if about else None,
        ),
        diseases, symptoms, st.booleans(),
    ),
)  # fmt: skip
contents = st.lists(records, max_size=6)
EMBEDDER = wiring.configured_embedder(settings_for(Path(), embedder="static"))
FRESH: dict[frozenset[tuple[str, frozenset[Record]]], str] = {}


def whole(items: list[Record]) -> list[Record]:
    return [BOOK, TRIAL, *items]


def fresh_digest(state: State) -> str:
    """Of a knowledge base that never held anything else."""
    key = frozenset(state.items())
    if key not in FRESH:
        with tempfile.TemporaryDirectory() as folder:
            FRESH[key] = publish(
                Library(Path(folder)), {name: [BOOK, TRIAL, *held] for name, held in state.items()}
            ).digest
    return FRESH[key]


class Versions(RuleBasedStateMachine):
    """The library under test, and beside it the dict that says what each version must show."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.asserted: dict[str, frozenset[Record]] = {}
        self.history: dict[int, dict[str, frozenset[Record]]] = {}
        self.digests: dict[int, str] = {}
        """Of every version that was ever seen in the folder."""
        self.compared: set[int] = set()
        self.pipeline = wiring.build(settings_for(Path(self.folder.name), embedder="static"))

    def teardown(self) -> None:
        self.folder.cleanup()

    # ------------------------------------------------------------ what happens

    @rule(name=names, items=contents, append=st.booleans())
    def ingest(self, name: str, items: list[Record], append: bool) -> None:
        wanted = self.after(name, items, append)
        report = publish(self.library, {name: whole(items)}, append=append, embedder=EMBEDDER, batch=3)
        self.now_serves(report.version, wanted)

    @rule(name=names, items=contents, append=st.booleans(), point=st.sampled_from(POINTS))
    def fail(self, name: str, items: list[Record], append: bool, point: str) -> None:
        wanted, failed = self.after(name, items, append), False

        def reached(passed: str) -> None:
            nonlocal failed
            if passed == point:
                failed = True
                raise OSError(28, os.strerror(28), "somewhere")

        try:
            report = publish(
                self.library, {name: whole(items)}, append=append, embedder=EMBEDDER, batch=3, reached=reached
            )
        except StorageError:
            assert failed
            if point in FLIPPED:
                self.now_serves(self.current(), wanted)
        else:
            assert not failed or report.unchanged
            self.now_serves(report.version, wanted)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.history)))
        activate(self.library, version)
        self.asserted = self.history[version]

    @precondition(lambda self: self.history)
    @rule(keep=st.integers(2, 4))
    def prune(self, keep: int) -> None:
        known, active = list(self.library.folders()), self.current()
        kept = sorted({*known[-keep:], active})
        found = prune(self.library, settings_for(self.library.data_dir, keep_versions=keep))
        assert found.kept == tuple(kept)
        self.history = {version: held for version, held in self.history.items() if version in kept}

    @precondition(lambda self: self.history)
    @rule(name=diseases)
    def ask(self, name: str) -> None:
        self.pipeline.editions.refresh()
        answer = self.pipeline.ask(f"{name}有什么症状？")
        assert answer.kb_version == self.current()
        content = shown(self.asserted)
        known: dict[str, Fact | Passage] = {fact.id: fact for fact in content.facts}
        known |= {passage.id: passage for passage in content.passages}
        cited = [known[citation.evidence_id] for citation in answer.citations]
        stated = {f for f in content.facts if f.subject == disease(name) and f.relation is Relation.SYMPTOM}
        assert not stated or stated & set(cited), "what the knowledge base states about the question is cited"

    # ------------------------------------------------------------ what must hold

    @invariant()
    def the_current_version_shows_the_model(self) -> None:
        if self.history:
            self.compare(self.current(), self.asserted)

    @invariant()
    def older_versions_are_as_they_were(self) -> None:
        folders = self.library.folders()
        assert set(self.history) <= set(folders)
        for version, held in self.history.items():
            self.compare(version, held)
        for version, folder in folders.items():
            assert self.digests.setdefault(version, folder.name) == folder.name, "a number never names two contents"
        assert self.library.next_version() > max(self.digests, default=0), "a number is never given out twice"

    def compare(self, version: int, state: dict[str, frozenset[Record]]) -> None:
        """Its bytes each time, its content once: the checksums show that neither changed since."""
        folder = self.library.snapshot_folder(version)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        assert manifest.digest == fresh_digest(state)
        if version not in self.compared:
            snapshot = opened(self.library, version)
            compare(snapshot, shown(state))
            snapshot.close()
            self.compared.add(version)

    def after(self, name: str, items: list[Record], append: bool) -> dict[str, frozenset[Record]]:
        before = self.asserted.get(name, frozenset()) if append else frozenset()
        return self.asserted | {name: before | frozenset(whole(items))}

    def now_serves(self, version: int, state: dict[str, frozenset[Record]]) -> None:
        self.asserted = self.history[version] = state

    def current(self) -> int:
        pointer = self.library.pointer()
        assert pointer is not None
        return pointer.version


def compare(snapshot: Snapshot, wanted: Shown) -> None:
    """Every view of a version against what it must show."""
    assert {
        entity.id: entity.name for entity in snapshot.scan("entity") if isinstance(entity, Entity)
    } == wanted.entities
    assert {tuple(row) for row in snapshot.names()} == wanted.names
    for kind in ("alias", "source", "fact", "passage"):
        found = list(snapshot.scan(kind))
        expected = {"alias": wanted.aliases, "source": wanted.sources, "fact": wanted.facts, "passage": wanted.passages}
        assert len(found) == len(expected[kind])
        assert set(found) == expected[kind]
    counts = dict(snapshot.manifest.counts)
    counts.pop("mention")
    assert counts == wanted.counts()
    assert snapshot.manifest.datasets == wanted.datasets
    assert snapshot.index_sizes == {"sparse": len(wanted.passages), "dense": len(wanted.passages)}
    for passage in wanted.passages:
        vector = EMBEDDER.encode([passage.text], kind="query")[0]
        for hits in (
            snapshot.search_sparse(tokens(passage.text), concepts=[], limit=50),
            snapshot.search_dense(vector, limit=50),
        ):
            scores = dict(hits)
            assert scores.keys() <= {one.id for one in wanted.passages}
            assert scores[passage.id] >= 0.95 * max(scores.values()), "a passage is found by its own words"


def run(examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Versions, settings=chosen)


def test_any_short_history() -> None:
    run(8, 15)


@pytest.mark.long
def test_any_long_history() -> None:
    run(100, 100)

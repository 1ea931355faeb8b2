"""A state machine over everything that changes a knowledge base, beside a plain dict that says what must be shown."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kg_loader import curation, erasure
from kg_loader.plan import Input, Plan
from kg_loader.publish import POINTS
from kg_loader.recovery import recover
from kg_loader.report import IngestReport
from kg_loader.staging import Staging
from kg_loader.versions import activate, prune
from rag import wiring
from rag.domain import EDITOR, Alias, AliasKind, Entity, Fact, Literal, Passage, PassageKind, Record, Retraction, Source
from rag.errors import ConflictError, StorageError
from rag.ports import KnowledgeBase
from rag.register import EntryKind
from rag.settings import Settings
from rag.snapshot import Library, Snapshot, open_snapshot
from rag.snapshot.layout import read_manifest
from rag.snapshot.snapshot import check_files
from rag.text import tokens
from rag.vocabulary import EntityType, Grade, Relation
from tests.kb import BOOK, TRIAL, disease, has_symptom, publish, settings_for
from tests.state.model import Shown, State, accepted, erased, identifier, shown, taken_along, texts

DISEASES = ("赤热病", "青寒病", "白风症", "玄湿病")
SYMPTOMS = ("头顶发麻", "手指发凉", "夜间多梦")
LETTERS = tuple(Source(f"第{n}封来信谈静养", "letter", Grade.EDITORIAL) for n in "一二三四五")
SPELT = disease("甲a病")
MIRRORED = ("mirror.compared", "mirror.syncing", "mirror.batch", "mirror.ready")
MERGED = (*POINTS[POINTS.index("register.merged") :], *MIRRORED)
FLIPPED = ("flip.renamed", "ingest.tidied")

names = st.sampled_from(["a", "b", "c"])
diseases, symptoms = st.sampled_from(DISEASES), st.sampled_from(SYMPTOMS)
sources = st.sampled_from([BOOK, TRIAL, *LETTERS])
records = st.one_of(
    st.builds(has_symptom, st.sampled_from([*DISEASES, "甲a病"]), symptoms, sources),
    st.builds(
        lambda name, rate, source: Fact(disease(name), Relation.CURE_RATE, Literal(rate, "cure_rate"), source.id),
        diseases, st.sampled_from(["约七成", "约三成", "约百分之五十一"]), sources,
    ),
    st.builds(lambda name: Entity(SPELT, EntityType.DISEASE, f"甲{name}病"), st.sampled_from("aA")),
    st.builds(lambda n, name: Alias(f"别称之{n}", disease(name), AliasKind.SYNONYM), st.integers(0, 3), diseases),
    st.builds(
        lambda name, symptom, about, source: Passage(
            f"{name}的患者常有{symptom}，休息后减轻。",
            PassageKind.TEXTBOOK,
            source.id,
            about=disease(name) if about else None,
        ),
        diseases, symptoms, st.booleans(), sources,
    ),
    st.builds(Retraction, st.sampled_from(["pmid:1", LETTERS[0].id, LETTERS[1].id]), st.just("notice 9")),
)  # fmt: skip
contents = st.lists(records, max_size=8)
EMBEDDER = wiring.configured_embedder(settings_for(Path(), embedder="static"))
SOURCES = {source.id: source for source in (BOOK, TRIAL, *LETTERS)}
FRESH: dict[frozenset[tuple[str, frozenset[Record]]], str] = {}


def whole(items: list[Record]) -> list[Record]:
    """A file that states its sources before what leans on them."""
    leant = {item.source for item in items if isinstance(item, Fact | Passage)}
    return [BOOK, TRIAL, *(SOURCES[one] for one in sorted(leant)), *items]


def fresh_digest(state: State) -> str:
    """Of a knowledge base that never held anything else."""
    key = frozenset((name, held) for name, held in state.items() if held)
    if key not in FRESH:
        inputs = tuple(Input(name, name, "records", None, 0, "") for name, _ in sorted(key))
        held = [sorted(state[one.dataset], key=lambda record: not isinstance(record, Source)) for one in inputs]
        plan = Plan("none", inputs, append=False)
        with tempfile.TemporaryDirectory() as folder, Staging.open(Path(folder), plan, None) as staging:
            for number, stated in enumerate(held):
                staging.load(number, stated, max_rejects=0, progress=lambda _: None)
            staging.settle()
            FRESH[key] = staging.writer.digest()
    return FRESH[key]


class Failing:
    """An observer at whose point the disk is full."""

    def __init__(self, point: str | None) -> None:
        self._point, self.failed = point, False

    def __call__(self, passed: str) -> None:
        if passed == self._point:
            self.failed = True
            raise OSError(28, os.strerror(28), "somewhere")


class Versions(RuleBasedStateMachine):
    """The library under test, and beside it the dict that says what each version must show."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.settings = self.settings_in(Path(self.folder.name))
        self.asserted: dict[str, frozenset[Record]] = {}
        self.history: dict[int, dict[str, frozenset[Record]]] = {}
        """Every sealed version, also one that was never current because its command failed."""
        self.entries: dict[str, EntryKind] = {}
        self.tombstones: set[str] = set()
        self.forgotten: set[str] = set()
        """Texts that were erased and not stated again."""
        self.digests: dict[int, str] = {}
        """Of every version that was ever seen in the folder."""
        self.compared: set[int] = set()
        self.pipeline = wiring.build(self.settings)

    def settings_in(self, folder: Path) -> Settings:
        """Of the commands and of the pipeline."""
        return settings_for(folder, embedder="static", keep_versions=4)

    def teardown(self) -> None:
        self.folder.cleanup()

    # ------------------------------------------------------------ what happens

    @rule(name=names, items=contents, append=st.booleans())
    def ingest(self, name: str, items: list[Record], append: bool) -> None:
        wanted = self.after(name, items, append)
        report = self.publish(name, items, append, Failing(None))
        skipped = len(accepted(whole(items), self.tombstones)) < len(whole(items))
        assert ("erased" in report.skipped) == skipped, "what was erased does not come back"
        self.now_serves(report.version, wanted)

    @rule(name=names, items=contents, append=st.booleans(), point=st.sampled_from(POINTS))
    def fail(self, name: str, items: list[Record], append: bool, point: str) -> None:
        wanted, failing = self.after(name, items, append), Failing(point)
        try:
            report = self.publish(name, items, append, failing)
        except StorageError:
            assert failing.failed
            if point in MERGED:
                self.learn(wanted)
            self.history |= {version: wanted for version in self.library.folders() if version not in self.history}
            if point in FLIPPED:
                self.now_serves(self.current(), wanted)
            self.recovered(wanted)
        else:
            assert not failing.failed or report.unchanged
            self.now_serves(report.version, wanted)

    def recovered(self, wanted: State) -> None:
        """What the next command begins with; nothing to do without Neo4j."""

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(sorted(self.history)))
        if not self.library.was_published(version):
            self.learn(self.history[version])
        activate(self.library, version)
        self.asserted = self.history[version]

    @precondition(lambda self: self.served)
    @rule(keep=st.integers(2, 4))
    def prune(self, keep: int) -> None:
        known, active = list(self.library.folders()), self.current()
        kept = sorted({*known[-keep:], active})
        found = prune(self.library, self.settings.model_copy(update={"keep_versions": keep}))
        assert found.kept == tuple(kept)
        self.history = {version: held for version, held in self.history.items() if version in kept}

    @precondition(lambda self: self.served)
    @rule(name=diseases)
    def ask(self, name: str) -> None:
        self.pipeline.editions.refresh()
        answer = self.pipeline.ask(f"{name}有什么症状？")
        assert (answer.kb_version, answer.degraded) == (self.current(), ())
        content = shown(self.asserted)
        known: dict[str, Fact | Passage] = {fact.id: fact for fact in [*content.facts, *self.drawn_facts()]}
        known |= {passage.id: passage for passage in content.passages}
        cited = {citation.evidence_id for citation in answer.citations}
        assert cited <= known.keys()
        hidden = self.hidden(content)
        assert cited.isdisjoint(hidden), "what is withheld supports nothing"
        facts = {f.id for f in known.values() if isinstance(f, Fact) and f.subject == disease(name)
                 and f.relation is Relation.SYMPTOM}  # fmt: skip
        assert not facts - hidden or facts & cited, "what the knowledge base states about the question is cited"

    # ------------------------------------------------------------ what is decided about evidence

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.keys()))
        try:
            done = curation.withdraw(self.library, key, "有误")
        except ConflictError:
            assert key in self.entries
            return
        assert key not in self.entries
        self.entries[key] = EntryKind.WITHDRAWN
        content = shown(self.asserted)
        assert done.facts == sum(key in content.keys_of(fact) for fact in content.facts)
        assert done.passages == sum(key in content.keys_of(passage) for passage in content.passages)
        self.everywhere_obeyed()

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([*self.entries] or self.keys()))
        try:
            curation.restore(self.library, key)
        except ConflictError:
            assert key not in self.entries
            return
        assert self.entries.pop(key)
        self.everywhere_obeyed()

    @precondition(lambda self: self.served and self.erasable())
    @rule(data=st.data(), point=st.none() | st.sampled_from(erasure.POINTS))
    def erase(self, data: st.DataObject, point: str | None) -> None:
        key, failing = data.draw(st.sampled_from(self.erasable())), Failing(point)
        gone = taken_along([*self.history.values()], key)
        held = {version for version, state in self.history.items() if erased(state, gone) != state}
        goes = {one for state in self.history.values() for stated in state.values() for one in stated
                if identifier(one) in gone}  # fmt: skip
        try:
            done = erasure.erase(self.library, self.settings, key, "本人要求", reached=failing)
        except StorageError:
            assert failing.failed
            if point == "erase.begun":
                return
            self.nowhere_shown(gone)
            with self.library.writing():
                recover(self.library, self.settings)
        else:
            assert held <= set(done.versions)
            after = [erased(state, gone) for state in self.history.values()]
            stated = texts(one for state in after for kept in state.values() for one in kept)
            assert not done.left or texts(goes) & stated, "only where something else says the same"
        entry = self.library.register.read().entries[key]
        assert ({key, *entry.leaning}, entry.done) == (gone, True)
        self.tombstones |= gone
        self.entries = {one: kind for one, kind in self.entries.items() if one not in gone}
        self.forgotten |= texts(goes)
        self.history = {version: erased(state, gone) for version, state in self.history.items()}
        self.asserted = self.history[self.current()]
        self.compared -= held
        for version in self.history:
            self.digests.pop(version, None)
        self.forget(gone)
        self.nowhere_shown(gone)
        self.no_byte_is_left()
        self.everywhere_obeyed()

    def forget(self, gone: set[str]) -> None:
        """What else goes with an erasure; nothing without Neo4j."""

    # ------------------------------------------------------------ what must hold

    @invariant()
    def the_current_version_shows_the_model(self) -> None:
        if self.served:
            self.compare(self.current(), self.asserted)

    @invariant()
    def older_versions_are_as_they_were(self) -> None:
        folders = self.library.folders()
        assert set(self.history) == set(folders)
        for version, held in self.history.items():
            self.compare(version, held)
        for version, folder in folders.items():
            assert self.digests.setdefault(version, folder.name) == folder.name, "a number never names two contents"
        assert len(self.library.all_folders()) == len(folders)
        assert self.library.next_version() > max(self.digests, default=0), "a number is never given out twice"

    @invariant()
    def the_register_says_what_was_decided(self) -> None:
        register = self.library.register.read()
        found = {key: entry.kind for key, entry in register.entries.items() if entry.kind is not EntryKind.ERASED}
        assert (found, set(register.tombstones)) == (self.entries, self.tombstones)

    def compare(self, version: int, state: State) -> None:
        """Its bytes each time, its content once: the checksums show that neither changed since."""
        folder = self.library.snapshot_folder(version)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        assert manifest.digest == fresh_digest(state)
        if version not in self.compared:
            snapshot = open_snapshot(folder)
            compare(snapshot, shown(state))
            snapshot.close()
            self.compared.add(version)

    def everywhere_obeyed(self) -> None:
        """The register takes effect at once, in every version, and what is withheld can still be opened."""
        self.pipeline.editions.refresh()
        for version, state in self.history.items():
            self.obeyed(version, shown(state))

    def obeyed(self, version: int, content: Shown) -> None:
        degraded: list[str] = []
        stored = self.pipeline.editions.at(version)
        edition, hidden = stored.for_answer(degraded), self.hidden(content)
        drawn = self.drawn_facts() if version == self.current() else set()
        facts = {fact.id for fact in content.facts | drawn} - hidden
        plan = dict.fromkeys(content.entities, ())
        seen = edition.retriever.graph.neighbourhood(plan, limit_each=500)
        assert {fact.id for fact in seen.outgoing} == facts
        assert not degraded or version != self.current()
        every = {one.id for one in content.facts | content.passages}
        assert stored.kb.evidence(every).keys() == every, "it is kept"
        assert edition.kb.evidence(every).keys() == every - hidden
        for passage in content.passages:
            found = self.found_by(edition.kb, passage.text)
            assert found.isdisjoint(hidden)
            assert passage.id in found or passage.id in hidden

    def nowhere_shown(self, gone: set[str]) -> None:
        self.pipeline.editions.refresh()
        for version in self.history:
            edition = self.pipeline.editions.at(version).for_answer([])
            assert edition.kb.evidence(gone).keys() == set()
            for text in self.forgotten:
                assert self.found_by(edition.kb, text).isdisjoint(gone)

    @staticmethod
    def found_by(kb: KnowledgeBase, text: str) -> set[str]:
        """Ids of passages that a search for these words finds, in either index."""
        vector = EMBEDDER.encode([text], kind="query")[0]
        hits = kb.search_sparse(tokens(text), concepts=[], limit=50) + kb.search_dense(vector, limit=50)
        return {key for key, _ in hits}

    def no_byte_is_left(self) -> None:
        """Of what no version states any more."""
        stated = texts(one for state in self.history.values() for held in state.values() for one in held)
        needles = [text.encode() for text in self.forgotten - stated]
        for path in self.library.data_dir.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            assert not any(needle in content for needle in needles), path

    # ------------------------------------------------------------ the model

    @property
    def served(self) -> bool:
        return self.library.pointer() is not None

    def keys(self) -> list[str]:
        """What can be withdrawn, the same at every run of the same history."""
        every = {one for state in self.history.values() for held in state.values() for one in held}
        ids = {identifier(one) for one in every if isinstance(one, Fact | Passage | Source)}
        numbers = {f"pmid:{one.pmid}" for one in every if isinstance(one, Source) and one.pmid}
        return sorted(ids | numbers)

    def erasable(self) -> list[str]:
        """Not the two sources of everything, little would be left to look at; nor the one that stays for editors."""
        return [key for key in self.keys() if key not in (BOOK.id, TRIAL.id, EDITOR.id) and not key.startswith("pmid:")]

    def hidden(self, content: Shown) -> set[str]:
        """What must support nothing in a version with this content."""
        beside = {fact.id for fact in self.drawn_facts() if {fact.id, fact.source} & {*self.entries, *self.tombstones}}
        return content.withheld(self.entries) | beside

    def drawn_facts(self) -> set[Fact]:
        """What is read from relations drawn by hand; none without Neo4j."""
        return set()

    def after(self, name: str, items: list[Record], append: bool) -> dict[str, frozenset[Record]]:
        before = self.asserted.get(name, frozenset()) if append else frozenset()
        held = before | frozenset(accepted(whole(items), self.tombstones))
        return {one: kept for one, kept in (self.asserted | {name: held}).items() if kept}

    def publish(self, name: str, items: list[Record], append: bool, reached: Callable[[str], None]) -> IngestReport:
        return publish(
            self.library, {name: whole(items)}, append=append, embedder=EMBEDDER, batch=3, reached=reached,
            recovering=True, settings=self.settings,
        )  # fmt: skip

    def now_serves(self, version: int, state: dict[str, frozenset[Record]]) -> None:
        self.learn(state)
        self.asserted = self.history[version] = state

    def learn(self, state: State) -> None:
        """Retractions take effect when a version states them and the one before did not."""
        for target in sorted({r.target for r in shown(state).retractions - shown(self.asserted).retractions}):
            if target not in self.tombstones:
                self.entries.setdefault(target, EntryKind.RETRACTED)

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
    for kind in ("alias", "source", "fact", "passage", "retraction"):
        found = list(snapshot.scan(kind))
        expected = {"alias": wanted.aliases, "source": wanted.sources, "fact": wanted.facts, "passage": wanted.passages,
                    "retraction": wanted.retractions}  # fmt: skip
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


def run(machine: type[Versions], *, examples: int, steps: int, fixed: bool = False) -> None:
    """So many histories of at most so many steps; `fixed`: the same ones every time."""
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=fixed,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=chosen)

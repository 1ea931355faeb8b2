"""The content digest depends on what is asserted, not on how it came; against random data sets."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kg_loader.verify import verify
from rag.domain import Alias, AliasKind, Entity, Passage, PassageKind, Record
from rag.snapshot import Library
from rag.vocabulary import EntityType
from tests.kb import BOOK, TRIAL, disease, has_symptom, opened, publish

numbers = st.integers(0, 4)
sources = st.sampled_from([BOOK, TRIAL])
spellings = st.sampled_from(["病a", "病A"])
records = st.one_of(
    st.builds(lambda a, b, source: has_symptom(f"病{a}", f"症{b}", source), numbers, numbers, sources),
    st.builds(lambda name: Entity(disease("病a"), EntityType.DISEASE, name), spellings),
    st.builds(lambda a, b: Alias(f"名{a}", disease(f"病{b}"), AliasKind.SYNONYM), numbers, numbers),
    st.builds(lambda a: Passage(f"病{a}与症{a}。", PassageKind.TEXTBOOK, BOOK.id, about=disease(f"病{a}")), numbers),
)
contents = st.lists(records, max_size=8)
names = st.sampled_from(["a", "b", "c"])


def whole(items: Sequence[Record]) -> list[Record]:
    return [BOOK, TRIAL, *items]


def fresh(datasets: Mapping[str, Sequence[Record]]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return publish(Library(Path(folder)), {name: whole(items) for name, items in datasets.items()}).digest


@settings(max_examples=15, deadline=None)
@given(datasets=st.dictionaries(names, contents, min_size=1), data=st.data())
def test_order_of_ingestion_never_changes_the_digest(datasets: dict[str, list[Record]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(datasets)))
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        for name in order:
            shuffled = data.draw(st.permutations(datasets[name]))
            digest = publish(library, {name: whole(shuffled)}, batch=3).digest
    assert digest == fresh(datasets)


@settings(max_examples=10, deadline=None)
@given(before=contents, after=contents)
def test_replacing_equals_starting_afresh(before: list[Record], after: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        publish(library, {"a": whole(before)})
        replaced = publish(library, {"a": whole(after)})
        again = publish(library, {"a": whole(after)})
        scanned = {kind: list(opened(library).scan(kind)) for kind in ("entity", "alias", "fact", "passage")}
    assert again.unchanged
    assert replaced.digest == again.digest == fresh({"a": after})
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        publish(library, {"a": whole(after)})
        assert scanned == {kind: list(opened(library).scan(kind)) for kind in scanned}


def mentioned(library: Library) -> dict[str, tuple[str, ...]]:
    snapshot = opened(library)
    return dict(snapshot.mentions(passage.id for passage in snapshot.scan("passage") if isinstance(passage, Passage)))


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.dictionaries(names, contents, min_size=1), min_size=2, max_size=3))
def test_mentions_kept_from_the_version_before_equal_mentions_found_anew(
    steps: list[dict[str, list[Record]]],
) -> None:
    texts = [Passage(f"病{n}名{n}，症{n}病A。", PassageKind.TEXTBOOK, BOOK.id) for n in range(4)]
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "grown")
        state: dict[str, list[Record]] = {"texts": whole(texts)}
        publish(library, state)
        for step in steps:
            changed = {name: whole(items) for name, items in step.items()}
            state |= changed
            publish(library, changed)
        anew = Library(Path(folder) / "anew")
        publish(anew, state)
        assert mentioned(library) == mentioned(anew)
        assert set(opened(library).names()) == set(opened(anew).names())


class Versions(RuleBasedStateMachine):
    """Ingest, append and go back in any order; the version served always equals a plain model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.asserted: dict[str, frozenset[Record]] = {}
        self.history: dict[int, dict[str, frozenset[Record]]] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=names, items=contents, append=st.booleans())
    def ingest(self, name: str, items: list[Record], append: bool) -> None:
        before = self.asserted.get(name, frozenset()) if append else frozenset()
        self.asserted = self.asserted | {name: before | frozenset(whole(items))}
        report = publish(self.library, {name: whole(items)}, append=append)
        self.history[report.version] = self.asserted

    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        from kg_loader.versions import activate

        if self.history:
            version = data.draw(st.sampled_from(sorted(self.history)))
            activate(self.library, version)
            self.asserted = self.history[version]

    @invariant()
    def serves_what_is_asserted(self) -> None:
        if not self.history:
            return
        snapshot = opened(self.library)
        wanted = {record for held in self.asserted.values() for record in held if not isinstance(record, Entity)}
        found = {record for kind in ("source", "alias", "fact", "passage") for record in snapshot.scan(kind)}
        assert found == wanted
        assert snapshot.index_sizes["sparse"] == sum(isinstance(record, Passage) for record in wanted)

    @rule()
    def verifies(self) -> None:
        for version in self.history:
            assert verify(self.library, version).ok


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=5, stateful_step_count=10, deadline=None)

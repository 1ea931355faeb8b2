"""The same histories with a real Neo4j beside the versions, and an editor who draws in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from kg_loader.adopt import adopt
from kg_loader.live_verify import compare_graphs
from kg_loader.mirror import state_of
from kg_loader.publish import POINTS
from kg_loader.recovery import catch_up, recover
from kg_loader.review import EDITORS
from rag.domain import EDITOR, Entity, EntityId, Fact, Record
from rag.settings import Settings
from rag.snapshot.layout import read_manifest
from rag.vocabulary import EntityType, Relation
from tests.graph.live import connected
from tests.kb import disease, has_symptom, settings_for, symptom
from tests.neo4j_server import Address
from tests.state.machine import (
    DISEASES,
    EMBEDDER,
    MIRRORED,
    SYMPTOMS,
    Versions,
    contents,
    diseases,
    names,
    run,
    symptoms,
)
from tests.state.model import Shown, State, identifier, shown

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(7200), pytest.mark.usefixtures("unclaimed")]
DRAW = "MATCH (a:Disease {kb: $kb, id: $a}), (b:Symptom {kb: $kb, id: $b}) CREATE (a)-[:HAS_SYMPTOM]->(b)"
FORGET = "MATCH (n) WHERE n.kb = $kb OR n.kb_id = $kb OR n.kb IS NULL AND n.kb_id IS NULL DETACH DELETE n"


class LiveVersions(Versions):
    """`drawn`: relations without an id of ours, as the facts that they state; `seen`: those that were ever read."""

    address: ClassVar[Address]

    def __init__(self) -> None:
        self.connection = connected(self.address)
        self.drawn: set[Fact] = set()
        self.seen: set[Fact] = set()
        super().__init__()

    def settings_in(self, folder: Path) -> Settings:
        return settings_for(
            folder, embedder="static", keep_versions=4, neo4j_uri=self.address.uri, neo4j_user=self.address.user,
            neo4j_password=self.address.password, neo4j_timeout_s=30,
        )  # fmt: skip

    def teardown(self) -> None:
        with closing(self.connection), self.connection.writing() as transaction:
            transaction.run(FORGET, {"kb": self.kb})
        super().teardown()

    # ------------------------------------------------------------ what happens

    @initialize()
    def begin(self) -> None:
        """Something to draw between."""
        self.ingest("a", [has_symptom(name, target) for name in DISEASES for target in SYMPTOMS[:1]], False)

    @rule(name=names, items=contents, append=st.booleans(), point=st.sampled_from((*POINTS, *MIRRORED)))
    def fail(self, name: str, items: list[Record], append: bool, point: str) -> None:
        super().fail(name, items, append, point)

    def recovered(self, wanted: State) -> None:
        with self.library.writing():
            pointer = recover(self.library, self.settings)
        assert pointer is not None
        self.asserted = self.history[pointer.version]

    @precondition(lambda self: self.served)
    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        super().go_back(data)
        assert catch_up(self.library, self.settings)

    @rule(name=diseases, sign=symptoms)
    def draw(self, name: str, sign: str) -> None:
        ends = {"kb": self.kb, "a": disease(name), "b": symptom(sign)}
        with self.connection.writing() as transaction:
            transaction.run(DRAW, ends)
        entities = shown(self.asserted).entities
        both = disease(name) in entities and symptom(sign) in entities
        if both:
            self.drawn.add(Fact(disease(name), Relation.SYMPTOM, symptom(sign), EDITOR.id))
            self.everywhere_obeyed()

    @rule()
    def adopt(self) -> None:
        known, drawn = self.asserted.get(EDITORS, frozenset()), self.drawn_facts()
        taken = {fact for fact in drawn if fact.id not in self.tombstones}
        wanted: set[Record] = {*known, *taken, *([EDITOR] if taken else [])}
        entities = shown(self.asserted).entities
        for fact in taken:
            ends = (fact.subject, EntityId(str(fact.object)))
            wanted |= {Entity(end, EntityType(end.split(":")[0]), entities[end]) for end in ends}
        found = adopt(self.library, self.settings, embedder=EMBEDDER)
        assert {edit.evidence_id for edit in found.adopted} == {fact.id for fact in taken}
        assert len(found.refused) == len(drawn - taken)
        held = frozenset(one for one in wanted if identifier(one) not in self.tombstones)
        self.now_serves(found.version, {**self.asserted, EDITORS: held} if held else dict(self.asserted))
        self.drawn -= taken
        self.everywhere_obeyed()

    # ------------------------------------------------------------ what must hold

    @invariant()
    def neo4j_holds_the_current_version(self) -> None:
        if not self.served:
            return
        manifest = read_manifest(self.library.snapshot_folder(self.current()))
        found = compare_graphs(self.connection, self.library, manifest)
        assert (found.problems, found.digest) == ((), found.live_digest)
        state = state_of(self.connection, manifest.kb)
        assert state is not None
        assert (state.version, state.state) == (self.current(), "ready")
        entities = shown(self.asserted).entities
        self.drawn = {fact for fact in self.drawn if fact.subject in entities and fact.object in entities}

    @property
    def kb(self) -> str:
        return read_manifest(self.library.snapshot_folder(self.current())).kb if self.served else ""

    def keys(self) -> list[str]:
        return sorted({*super().keys(), *(fact.id for fact in self.seen)})

    def drawn_facts(self) -> set[Fact]:
        entities = shown(self.asserted).entities
        return {fact for fact in self.drawn if fact.subject in entities and fact.object in entities}

    def obeyed(self, version: int, content: Shown) -> None:
        super().obeyed(version, content)
        if version == self.current():
            self.seen |= {fact for fact in self.drawn_facts() if fact.id not in self.hidden(content)}

    def forget(self, gone: set[str]) -> None:
        """An erased fact leaves Neo4j also where an editor drew it."""
        self.drawn = {fact for fact in self.drawn if fact.id not in gone}
        self.seen = {fact for fact in self.seen if fact.id not in gone}


def beside(server: Address) -> type[LiveVersions]:
    """The machine with this server."""

    class Here(LiveVersions):
        address = server

    return Here


def test_any_short_history(neo4j_address: Address) -> None:
    run(beside(neo4j_address), examples=2, steps=12, fixed=True)


@pytest.mark.long
def test_any_long_history(neo4j_address: Address) -> None:
    run(beside(neo4j_address), examples=20, steps=50)

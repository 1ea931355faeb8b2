"""Adoption on a real Neo4j: what people draw, change and delete; crashes; what may not be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from kg_loader.adopt import Adoption, adopt
from kg_loader.edits import read_edits
from kg_loader.erasure import erase
from kg_loader.ingest import ingest
from kg_loader.live_verify import LiveVerified, compare_graphs
from kg_loader.mirror import snapshot_records
from kg_loader.recovery import recover
from kg_loader.verify import verify
from rag import wiring
from rag.domain import EDITOR, EntityId, Fact, Literal, Qualifiers
from rag.errors import ConfigurationError, StaleGraphError
from rag.graph.bolt import Connection, Row
from rag.graph.drawn import DrawnFacts
from rag.graph.neo4j import Neo4jGraph
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from rag.vocabulary import Relation
from tests.kb import BOOK, disease, opened, publish, settings_for, small_kb, symptom
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300), pytest.mark.usefixtures("unclaimed")]


class Editing:
    """A published knowledge base, its Neo4j, and an editor who writes Cypher there."""

    def __init__(self, settings: Settings, connection: Connection, folder: Path) -> None:
        self.settings, self.connection, self.folder = settings, connection, folder
        self.library = Library(settings.data_dir)
        publish(self.library, {"test": small_kb()})
        with self.library.writing():
            recover(self.library, settings)
        self.kb = self.library.versions()[0].kb

    def draw(self, *statements: LiteralString) -> None:
        with self.connection.writing() as transaction:
            for statement in statements:
                transaction.run(statement, {"kb": self.kb})

    def count(self, query: LiteralString) -> int:
        return int(self.connection.read(query, {"kb": self.kb})[0][0])

    def adopt(self, **options: object) -> Adoption:
        return adopt(self.library, self.settings, **options)  # type: ignore[arg-type]

    def verified(self) -> LiveVerified:
        pointer = self.library.pointer()
        assert pointer is not None
        assert verify(self.library, pointer.version).ok
        return compare_graphs(
            self.connection, self.library, read_manifest(self.library.snapshot_folder(pointer.version))
        )

    def assert_equal(self) -> None:
        found = self.verified()
        assert (found.problems, found.edits) == ((), ())
        assert found.digest == found.live_digest

    def editors_facts(self) -> dict[str, Fact]:
        facts = (record for record in opened(self.library).records.asserted_by("editors"))
        return {fact.id: fact for fact in facts if isinstance(fact, Fact)}


@pytest.fixture
def editing(neo4j_address: Address, connection: Connection, tmp_path: Path) -> Editing:
    settings = settings_for(
        tmp_path / "data", neo4j_uri=neo4j_address.uri, neo4j_user=neo4j_address.user,
        neo4j_password=neo4j_address.password, neo4j_timeout_s=20,
    )  # fmt: skip
    return Editing(settings, connection, tmp_path)


DRAWN = (
    "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
    "CREATE (a)-[:HAS_SYMPTOM {severity: '轻', by: '王医生'}]->(b)"
)
DRAWN_FACT = Fact(disease("乙病"), Relation.SYMPTOM, symptom("恶寒"), EDITOR.id, Qualifiers(severity="轻"))
NEW_NODE = (
    "MATCH (b:Symptom {kb: $kb, name: '头晕'}) CREATE (a:Disease {name: ' 丙病 ', note: '待查'})-[:HAS_SYMPTOM]->(b), "
    "(a)-[:CURE_RATE]->(:Literal {name: '多数可愈'}), (a)-[:SEEN_BY {on: date('2026-01-02')}]->(:Doctor {name: '王'})"
)


def test_a_drawn_relation_keeps_its_id_and_becomes_everybodys(editing: Editing) -> None:
    editing.draw(DRAWN)
    before = Neo4jGraph(editing.connection, editing.kb, 1).neighbourhood({disease("乙病"): ()}, limit_each=9)
    found = editing.adopt()
    assert [edit.evidence_id for edit in found.adopted] == [DRAWN_FACT.id]
    assert found.adopted[0].line == "disease:乙病 -[HAS_SYMPTOM]-> symptom:恶寒 (not read: by)"
    assert (found.version, found.refused, found.unchanged) == (2, (), False)
    assert DRAWN_FACT.id in {fact.id for fact in before.outgoing}
    own = opened(editing.library).graph().neighbourhood({disease("乙病"): ()}, limit_each=9)
    assert own == Neo4jGraph(editing.connection, editing.kb, 2).neighbourhood({disease("乙病"): ()}, limit_each=9)
    assert DRAWN_FACT.id in {fact.id for fact in own.outgoing}
    editing.assert_equal()
    kept = "MATCH (:Disease {kb: $kb})-[r:HAS_SYMPTOM {by: '王医生'}]->() RETURN count(r)"
    assert editing.count(kept) == 1, "what the editor noted beside it is still there"
    again = editing.adopt()
    assert (again.version, again.unchanged, again.adopted, again.refused) == (2, True, (), ())


def test_a_new_node_becomes_an_entity_that_can_be_asked_about(editing: Editing) -> None:
    editing.draw(NEW_NODE)
    assert len(editing.verified().edits) == 3
    found = editing.adopt()
    assert found.refused == ()
    assert [edit.kind for edit in found.adopted] == ["node", "relation", "relation"]
    editing.assert_equal()
    answer = wiring.build(editing.settings).ask("丙病有哪些症状？")
    assert (answer.degraded, "头晕" in answer.text) == ((), True)
    assert answer.citations[0].source.kind == "editor"
    rate = Fact(disease("丙病"), Relation.CURE_RATE, Literal("多数可愈", "cure_rate"), EDITOR.id)
    assert rate.id in editing.editors_facts()
    foreign = "MATCH (:Disease {kb: $kb, id: 'disease:丙病', note: '待查'})-[r:SEEN_BY]->(:Doctor) RETURN count(r)"
    assert editing.count(foreign) == 1, "what is none of ours moved over"
    assert editing.count("MATCH (n {name: ' 丙病 '}) RETURN count(n)") == 0


def test_a_node_with_the_name_of_a_known_entity_is_that_entity(editing: Editing) -> None:
    editing.draw("CREATE (:Entity:Disease {name: '乙病'})-[:HAS_SYMPTOM]->(:Entity:Symptom {name: '恶寒'})")
    found = editing.adopt()
    assert found.refused == ()
    assert set(editing.editors_facts()) == {Fact(disease("乙病"), Relation.SYMPTOM, symptom("恶寒"), EDITOR.id).id}
    editing.assert_equal()
    assert editing.count("MATCH (n:Disease {name: '乙病', kb: $kb}) RETURN count(n)") == 1


def test_a_changed_row_stays_and_the_change_stands_beside_it(editing: Editing) -> None:
    editing.draw("MATCH (:Disease {kb: $kb, name: '甲病'})-[r:CURE_RATE]->() SET r.population = '老人'")
    found = editing.adopt()
    assert found.refused == ()
    said = Literal("约七成", "cure_rate")
    assert set(editing.editors_facts()) == {
        Fact(disease("甲病"), Relation.CURE_RATE, said, EDITOR.id, Qualifiers(population="老人")).id
    }
    editing.assert_equal()
    populations = "MATCH (:Disease {kb: $kb, name: '甲病'})-[r:CURE_RATE]->() RETURN count(r)"
    assert editing.count(populations) == 2


def test_a_changed_text_and_a_changed_name(editing: Editing) -> None:
    editing.draw(
        "MATCH (n:Literal {kb: $kb, name: '约七成'}) SET n.name = '约八成'",
        "MATCH (n:Disease {kb: $kb, name: '甲病'}) SET n.name = '甲型怪病'",
        "MATCH (n:Disease {kb: $kb, name: '乙病'}) SET n.name = '甲病'",
        "MATCH (n:Symptom {kb: $kb, name: '恶寒'}) REMOVE n:Symptom",
    )
    found = editing.adopt()
    assert {edit.kind for edit in found.adopted} >= {"changed"}
    assert any("is the name of disease:甲病" in left.reason for left in found.refused)
    assert any("label was taken away" in left.reason for left in found.refused)
    assert [fact.object for fact in editing.editors_facts().values()] == [Literal("约八成", "cure_rate")]
    assert editing.count("MATCH (n:Literal {kb: $kb}) RETURN count(n)") == 2


def test_another_name_is_an_alias_that_links(editing: Editing) -> None:
    editing.draw("MATCH (n:Disease {kb: $kb, name: '乙病'}) SET n.name = '乙氏综合征'")
    assert [edit.kind for edit in editing.adopt().adopted] == ["alias"]
    editing.assert_equal()
    assert "头晕" in wiring.build(editing.settings).ask("乙氏综合征有哪些症状？").text


def test_what_may_not_stand_is_listed_and_left(editing: Editing) -> None:
    statements = (
        "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
        "CREATE (b)-[:HAS_SYMPTOM]->(a), (a)-[:HAS_SYMPTOMS]->(b), (a)-[:LIKES]->(b), (a)-[:CURE_RATE]->(b), "
        "(a)-[:SYMPTOM]->(b), (a)-[:就诊科室]->(b), (a)-[:HAS_SYMPTOM {dose: '5mg'}]->(b), "
        "(a)-[:HAS_SYMPTOM {severity: 5}]->(b), "
        "(a)-[:HAS_SYMPTOM]->(:Foo {name: '某物'})",
        "CREATE (:Entity:Disease {name: '暂无'}), (:Entity:Disease:Drug {name: '两样'})",
        "CREATE (:Entity:Disease {title: 'x'})",
        "MATCH (p:Passage {kb: $kb, title: '甲病的观察'}) SET p.text = '别的'",
        "MATCH (:Disease {kb: $kb, name: '甲病'})-[r:HAS_SYMPTOM]->(:Symptom {name: '恶寒'}) SET r.rank = 99",
        "MATCH (:Disease {kb: $kb, name: '乙病'})-[r:HAS_SYMPTOM]->(:Symptom {name: '头晕'}) WHERE r.id IS NOT NULL "
        "DELETE r",
    )
    editing.draw(*statements)
    before = editing.connection.read("MATCH (n)-[r]->(m) RETURN n.name, type(r), properties(r), m.name", {})
    found = editing.adopt()
    assert (found.adopted, found.unchanged, found.version) == ((), True, 1)
    reasons = "\n".join(f"{left.line}: {left.reason}" for left in found.refused)
    for expected in (
        "it leads to disease:乙病; expected symptom",
        "1 relations of type HAS_SYMPTOMS: there is no such type; HAS_SYMPTOM is one",
        "1 relations of type SYMPTOM: there is no such type; HAS_SYMPTOM is one",
        "1 relations of type 就诊科室: there is no such type; IN_DEPARTMENT is one",
        "cure_rate leads to a text",
        "a dose needs a named source",
        "severity is not a text",
        "某物 is no entity that can be adopted",
        "'暂无' is no name (placeholder)",
        "it has 2 labels of ours",
        "it has no text under `name`",
        "passages and sources are what their files say",
        "source and rank of a fact are its data set's",
        "was deleted: withdraw it with `yiwen kb withdraw f:",
    ):
        assert expected in reasons
    assert "LIKES" not in reasons
    after = editing.connection.read("MATCH (n)-[r]->(m) RETURN n.name, type(r), properties(r), m.name", {})
    assert sorted(map(repr, after)) == sorted(map(repr, before)), "nothing is lost in Neo4j"


def test_other_applications_are_left_alone(editing: Editing) -> None:
    editing.draw("CREATE (:Disease {name: '别家的病'})-[:HAS_SYMPTOM]->(:Symptom {name: '别家的症'})")
    found = editing.adopt()
    assert (found.adopted, found.refused) == ((), ())
    assert editing.count("MATCH (n:Disease {name: '别家的病'}) WHERE n.kb IS NULL RETURN count(n)") == 1


def test_a_copy_of_a_node_with_our_marks_does_not_block_publishing(editing: Editing) -> None:
    editing.draw("CREATE (:Entity:Disease {kb: $kb, id: 'disease:丁病', name: '丁病'})")
    assert editing.adopt().refused == ()
    editing.assert_equal()
    assert opened(editing.library).entities([EntityId("disease:丁病")]) != {}


def test_editors_may_change_and_delete_what_is_theirs(editing: Editing) -> None:
    editing.draw(NEW_NODE.replace(", (a)-[:SEEN_BY {on: date('2026-01-02')}]->(:Doctor {name: '王'})", ""))
    assert editing.adopt().version == 2
    editing.draw(
        "MATCH (:Disease {kb: $kb, name: '丙病'})-[r:HAS_SYMPTOM]->() SET r.severity = '重'",
        "MATCH (:Disease {kb: $kb, name: '丙病'})-[r:CURE_RATE]->() DELETE r",
    )
    found = editing.adopt()
    assert (sorted(edit.kind for edit in found.adopted), found.refused) == (["changed", "deleted"], ())
    (fact,) = editing.editors_facts().values()
    assert fact.qualifiers == Qualifiers(severity="重")
    editing.draw("MATCH (n:Literal {kb: $kb, name: '多数可愈'}) DELETE n")
    editing.draw("MATCH (n:Disease {kb: $kb, name: '丙病'}) DETACH DELETE n")
    assert editing.adopt().refused == ()
    editing.assert_equal()
    assert opened(editing.library).entities([disease("丙病")]) == {}


def test_a_dry_run_changes_nothing(editing: Editing) -> None:
    editing.draw(DRAWN)
    found = editing.adopt(dry_run=True)
    assert ([edit.evidence_id for edit in found.adopted], found.version, found.dry_run) == ([DRAWN_FACT.id], 1, True)
    assert list(editing.library.folders()) == [1]
    assert len(editing.verified().edits) == 1


class Crash(Exception):
    """The process ends here."""


def crashing_at(point: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == point:
            raise Crash(point)

    return reached


POINTS = (
    "adopt.reviewed", "staging.before_commit", "staging.settled", "seal.renamed", "mirror.compared", "mirror.ready",
    "flip.checked", "flip.renamed", "ingest.tidied", "adopt.published", "adopt.absorbed",
)  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_after_a_crash_anywhere_the_same_command_ends_the_same(editing: Editing, point: str) -> None:
    editing.draw(DRAWN, "CREATE (:Entity:Disease {name: '丙病'})",
                 "MATCH (:Disease {kb: $kb, name: '甲病'})-[r:CURE_RATE]->() SET r.population = '老人'")  # fmt: skip
    with pytest.raises(Crash):
        editing.adopt(reached=crashing_at(point))
    found = editing.adopt()
    assert (found.version, found.refused) == (2, ())
    assert len(editing.editors_facts()) == 2
    editing.assert_equal()
    assert list(editing.library.folders()) == [1, 2], "no version twice"
    facts = editing.count("MATCH (:Entity {kb: $kb})-[r]->() WHERE r.id IS NOT NULL RETURN count(r)")
    assert facts == opened(editing.library).manifest.counts["fact"], "nothing twice"


def test_what_was_adopted_outlives_its_data_set(editing: Editing) -> None:
    editing.draw(DRAWN)
    editing.adopt()
    path = editing.folder / "test.csv"
    path.write_text("subject,subject_type,relation,object,object_type,source\n丁病,disease,has_symptom,咳,symptom,书\n")
    ingest(editing.library, [path], settings=editing.settings)
    assert set(editing.editors_facts()) == {DRAWN_FACT.id}
    editing.assert_equal()


def test_a_name_that_left_does_not_come_back_because_of_what_was_drawn_on_it(editing: Editing) -> None:
    editing.draw(DRAWN)
    path = editing.folder / "test.csv"
    path.write_text("subject,subject_type,relation,object,object_type,source\n乙病,disease,has_symptom,咳,symptom,书\n")
    ingest(editing.library, [path], settings=editing.settings)
    assert editing.count("MATCH (:Disease {kb: $kb})-[r:HAS_SYMPTOM {by: '王医生'}]->(b:Symptom) RETURN count(b)") == 1
    found = editing.adopt()
    assert (found.adopted, found.refused, found.unchanged) == ((), (), True)
    editing.assert_equal()


def test_without_neo4j_or_behind_it_the_way_is_named(editing: Editing) -> None:
    with pytest.raises(ConfigurationError, match="YIWEN_NEO4J_URI"):
        adopt(editing.library, editing.settings.model_copy(update={"neo4j_uri": None}))
    publish(editing.library, {"more": small_kb()[:8]})
    with pytest.raises(StaleGraphError, match="run `yiwen kb mirror` first"):
        editing.adopt(dry_run=True)


def test_a_citation_opens_before_after_and_without_adoption(editing: Editing) -> None:
    editing.draw(DRAWN)
    with TestClient(create_app(editing.settings), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as client:
        cited = client.post("/ask", json={"question": "乙病有哪些症状？"}).json()["citations"]
        assert DRAWN_FACT.id in {citation["evidence_id"] for citation in cited}
        path = f"/v1/evidence/{DRAWN_FACT.id}"
        before = client.get(path).json()
        assert (before["text"], before["source"]["kind"]) == ("乙病的症状：恶寒（严重程度：轻）", "editor")
        edges = client.get("/v1/entities/disease:乙病/graph").json()["edges"]
        assert DRAWN_FACT.id in {edge["id"] for edge in edges}
        page = client.get("/v1/entities/disease:乙病").json()
        assert DRAWN_FACT.id in {fact["id"] for group in page["groups"] for fact in group["facts"]}
        editing.draw("MATCH (:Disease {kb: $kb})-[r:HAS_SYMPTOM {by: '王医生'}]->() DELETE r")
        assert client.get(path).json() == before, "its editor took it back; who was shown it can look it up"
        editing.draw(DRAWN)
        editing.adopt()
        client.post("/ask", json={"question": "乙病有哪些症状？", "min_revision": 2})
        after = client.get(path).json()
        assert (after["text"], after["kb_version"], after["current"]) == (before["text"], 2, True)


def test_what_an_editor_drew_and_somebody_cited_can_be_erased(editing: Editing) -> None:
    """It leaves Neo4j and the file of citations; drawn once more it is neither read nor adopted."""
    editing.draw(DRAWN)
    pipeline = wiring.build(editing.settings)

    def cited() -> set[str]:
        return {citation.evidence_id for citation in pipeline.ask("乙病有哪些症状？").citations}

    assert DRAWN_FACT.id in cited()
    erase(editing.library, editing.settings, DRAWN_FACT.id, "本人要求")
    assert DrawnFacts(editing.library.data_dir).find(DRAWN_FACT.id) is None
    assert editing.count("MATCH (:Disease {kb: $kb})-[r]->() WHERE r.id IS NULL RETURN count(r)") == 0
    editing.assert_equal()
    editing.draw(DRAWN)
    assert DRAWN_FACT.id not in cited()
    assert DrawnFacts(editing.library.data_dir).find(DRAWN_FACT.id) is None
    found = editing.adopt()
    assert (found.adopted, found.unchanged) == ((), True)
    assert "was erased" in found.refused[0].reason


def test_an_adopted_fact_that_is_erased_does_not_live_on_as_a_drawing(editing: Editing) -> None:
    editing.draw(DRAWN)
    editing.adopt()
    editing.draw(DRAWN)
    erase(editing.library, editing.settings, DRAWN_FACT.id, "本人要求")
    assert editing.count("MATCH (:Disease {kb: $kb})-[r:HAS_SYMPTOM {severity: '轻'}]->() RETURN count(r)") == 0
    editing.assert_equal()


def test_what_is_in_quarantine_was_not_deleted_by_anybody(editing: Editing) -> None:
    """Neo4j never held it: a held contradiction and its texts are no edit."""
    said = [Fact(disease("甲病"), Relation.INFECTIVITY, Literal(text, "infectivity"), BOOK.id) for text in _BOTH]
    publish(editing.library, {"both": [BOOK, *said]})
    with editing.library.writing():
        recover(editing.library, editing.settings)
    assert opened(editing.library).held([fact.id for fact in said]), "the audit holds both sides"
    assert editing.adopt().refused == ()
    editing.draw(
        "MATCH (a:Entity {kb: $kb, id: 'disease:乙病'}), (b:Entity {kb: $kb, id: 'symptom:恶寒'}) "
        "CREATE (a)-[:HAS_SYMPTOM]->(b)"
    )
    done = editing.adopt()
    assert (len(done.adopted), done.refused) == (1, ())
    editing.assert_equal()


_BOTH = ("有传染性", "无传染性")


class Alone(Connection):
    """Counts relations as if no other test used the database, and remembers what it was asked."""

    def __init__(self, connection: Connection, kb: str) -> None:
        super().__init__(connection.server)
        self.kb = kb
        self.streamed: list[str] = []

    def read(
        self, query: LiteralString, parameters: Mapping[str, object], *, timeout_s: float | None = None
    ) -> list[Row]:
        if query.startswith("MATCH ()-[r:"):
            query, parameters = query.replace("()-[r:", "({kb: $kb})-[r:"), {"kb": self.kb}
        return super().read(query, parameters, timeout_s=timeout_s)

    def stream(
        self, query: LiteralString, parameters: Mapping[str, object], *, timeout_s: float | None = None
    ) -> Iterator[Row]:
        self.streamed.append(query)
        return super().stream(query, parameters, timeout_s=timeout_s)


def test_mentions_are_compared_only_where_their_number_differs(editing: Editing) -> None:
    records = snapshot_records(editing.library.snapshot_folder(1))
    with closing(records), closing(Alone(editing.connection, editing.kb)) as alone:
        read_edits(alone, editing.kb, records)
        assert not any("(a:Passage)-[r:MENTIONS]" in query for query in alone.streamed)
        editing.draw("MATCH (:Passage {kb: $kb})-[r:MENTIONS]->() WITH r LIMIT 1 DELETE r")
        edits = read_edits(alone, editing.kb, records)
    assert [table.name for table, _ in edits.deleted] == ["MENTIONS to Entity"]
    (refused,) = editing.adopt(dry_run=True).refused
    assert refused.line == "1 relations of mentions and sources were deleted"

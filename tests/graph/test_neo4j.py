"""The live graph on a real Neo4j: the contract, what is read-only, what people add, which version answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from rag.domain import EDITOR, Condition, Fact, Record
from rag.errors import LiveGraphError, StaleGraphError, UsageError
from rag.graph.bolt import Connection, Server
from rag.graph.neo4j import Neo4jGraph
from rag.ports import GraphReader
from rag.register import NOTHING, Withheld
from rag.vocabulary import Relation
from tests.graph.contract import GraphContract
from tests.graph.live import live_graph
from tests.kb import disease, generated, has_symptom, opened, small_kb, symptom
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]


class TestNeo4jGraph(GraphContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path, connection: Connection) -> None:
        self.folder, self.connection = tmp_path, connection

    def graph(self, records: Sequence[Record], withheld: Withheld = NOTHING) -> GraphReader:
        return live_graph(self.connection, self.folder / str(len(list(self.folder.iterdir()))), records, withheld)


def test_agrees_with_the_snapshot(connection: Connection, tmp_path: Path) -> None:
    from rag.snapshot import Library

    live = live_graph(connection, tmp_path, generated(3))
    own = opened(Library(tmp_path)).graph()
    wanted = [symptom(f"症状{n}") for n in range(12)]
    plan = {**{entity: [Relation.SYMPTOM] for entity in wanted}, disease("病3号1"): ()}
    for limit in (1, 3, 200):
        assert live.neighbourhood(plan, limit_each=limit) == own.neighbourhood(plan, limit_each=limit)
        assert live.rank_subjects(Relation.SYMPTOM, wanted, limit=limit) == own.rank_subjects(
            Relation.SYMPTOM, wanted, limit=limit
        )
    for conditions in ([Condition(Relation.SYMPTOM, (one,))] for one in wanted):
        for limit in (1, 200):
            found = live.subjects_meeting(conditions, limit=limit)
            assert found == own.subjects_meeting(conditions, limit=limit)
    ends = (disease("病3号1"), disease("病3号2"))
    assert live.paths(*ends, max_hops=4, limit=5) == own.paths(*ends, max_hops=4, limit=5)


def test_the_server_refuses_a_write_in_a_session_of_the_service(connection: Connection) -> None:
    with pytest.raises(LiveGraphError, match=r"[Ww]rit"):
        connection.read("CREATE (n:Nothing) RETURN n", {})


def test_a_wrong_password_is_said_without_it(neo4j_address: Address) -> None:
    with closing(Connection(Server(neo4j_address.uri, "neo4j", "secret-but-wrong"))) as stranger:
        with pytest.raises(LiveGraphError, match=r"refuses user 'neo4j'.*check YIWEN_NEO4J_USER") as caught:
            stranger.read("RETURN 1", {})
    assert "secret-but-wrong" not in str(caught.value)


def test_another_version_is_refused(connection: Connection, tmp_path: Path) -> None:
    live_graph(connection, tmp_path, small_kb())
    kb = connection.read("MATCH (k:KnowledgeBase) RETURN k.kb_id ORDER BY k.kb_id LIMIT 1", {})[0][0]
    for reader in (Neo4jGraph(connection, kb, 99), Neo4jGraph(connection, "no-such-kb", 1)):
        with pytest.raises(StaleGraphError, match="is not ready at version"):
            reader.neighbourhood({disease("甲病"): ()}, limit_each=5)
        with pytest.raises(StaleGraphError):
            reader.rank_subjects(Relation.SYMPTOM, [symptom("头晕")], limit=5)
        with pytest.raises(StaleGraphError):
            reader.paths(disease("甲病"), disease("乙病"), max_hops=2, limit=5)


def test_a_relation_added_by_hand_is_read_at_once(connection: Connection, tmp_path: Path) -> None:
    graph = live_graph(connection, tmp_path, small_kb())
    with connection.writing() as transaction:
        transaction.run(
            "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
            "CREATE (a)-[:HAS_SYMPTOM {severity: '轻'}]->(b) CREATE (b)-[:HAS_SYMPTOM]->(a) CREATE (a)-[:LIKES]->(b)",
            {"kb": graph.kb},
        )
    found = graph.neighbourhood({disease("乙病"): ()}, limit_each=10)
    (added,) = [fact for fact in found.outgoing if fact.source == EDITOR.id]
    stated = Fact(disease("乙病"), Relation.SYMPTOM, symptom("恶寒"), EDITOR.id, added.qualifiers)
    assert (added.id, added.qualifiers.severity, added.grade_rank) == (stated.id, "轻", 1)
    assert [fact for fact in found.incoming if fact.source == EDITOR.id] == []
    ranked = graph.rank_subjects(Relation.SYMPTOM, [symptom("恶寒")], limit=5)
    assert {subject.name for subject in ranked} == {"甲病", "乙病"}


def test_a_relation_added_by_hand_is_withheld_by_its_id(connection: Connection, tmp_path: Path) -> None:
    graph = live_graph(connection, tmp_path, small_kb())
    with connection.writing() as transaction:
        transaction.run(
            "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
            "CREATE (a)-[:HAS_SYMPTOM]->(b)",
            {"kb": graph.kb},
        )
    drawn = Fact(disease("乙病"), Relation.SYMPTOM, symptom("恶寒"), EDITOR.id).id
    for withheld in (Withheld(facts=frozenset({drawn})), Withheld(sources=frozenset({EDITOR.id}))):
        told: list[object] = []
        kept = Neo4jGraph(connection, graph.kb, 1, withheld, told.extend)
        assert drawn not in {fact.id for fact in kept.neighbourhood({disease("乙病"): ()}, limit_each=9).outgoing}
        ranked = kept.rank_subjects(Relation.SYMPTOM, [symptom("恶寒")], limit=5)
        assert [subject.name for subject in ranked] == ["甲病"]
        assert told == []


@pytest.mark.parametrize("given", [{"severity": 5}, {"dose": "5mg"}])
def test_what_a_rule_forbids_is_not_read(connection: Connection, tmp_path: Path, given: dict[str, object]) -> None:
    graph = live_graph(connection, tmp_path, small_kb())
    with connection.writing() as transaction:
        transaction.run(
            "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b:Symptom {kb: $kb, name: '恶寒'}) "
            "CREATE (a)-[r:HAS_SYMPTOM]->(b) SET r += $given",
            {"kb": graph.kb, "given": given},
        )
    found = graph.neighbourhood({disease("乙病"): ()}, limit_each=10)
    assert EDITOR.id not in {fact.source for fact in found.outgoing}


def test_paths_refuse_more_hops_than_are_bounded(connection: Connection) -> None:
    with pytest.raises(UsageError, match="max_hops is 9; expected 1 to 4"):
        Neo4jGraph(connection, "kb", 1).paths(disease("甲"), disease("乙"), max_hops=9, limit=1)


def test_a_new_reader_sees_facts_of_its_version_only(connection: Connection, tmp_path: Path) -> None:
    graph = live_graph(connection, tmp_path, [*small_kb(), has_symptom("丙病", "头晕")])
    after = live_graph(connection, tmp_path, small_kb())
    assert after.neighbourhood({disease("丙病"): ()}, limit_each=5).outgoing == ()
    with pytest.raises(StaleGraphError):
        graph.neighbourhood({disease("丙病"): ()}, limit_each=5)

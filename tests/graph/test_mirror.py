"""Bringing a real Neo4j to a version: differences, crashes, foreign data, edits by hand, readers meanwhile."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kg_loader import mirror
from kg_loader.ingest import ingest
from kg_loader.live_verify import compare_graphs
from kg_loader.mirror import LiveRows, Sizes, snapshot_records
from kg_loader.mirror_tables import tables
from kg_loader.recovery import catch_up, recover
from kg_loader.versions import activate
from rag.domain import Record
from rag.errors import StaleGraphError
from rag.graph.bolt import Connection
from rag.graph.neo4j import Neo4jGraph
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from rag.vocabulary import Relation
from tests.graph.live import published
from tests.kb import disease, generated, has_symptom, settings_for, small_kb
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300), pytest.mark.usefixtures("unclaimed")]
"""Without nodes that others draw meanwhile, which a comparison lists as not adopted."""
SMALL = Sizes(batch=40, one_transaction=60)


class Crash(Exception):
    """The process ends here."""


def crashing_at(point: str, nth: int = 1) -> Callable[[str], None]:
    seen = [0]

    def reached(name: str) -> None:
        seen[0] += name == point
        if name == point and seen[0] == nth:
            raise Crash(point)

    return reached


def assert_same(connection: Connection, library: Library, version: int) -> None:
    found = compare_graphs(connection, library, read_manifest(library.snapshot_folder(version)))
    assert found.problems == ()
    assert found.ok
    assert (found.digest, found.edits) == (found.live_digest, ())


def test_ordinary_differences_go_in_one_transaction(connection: Connection, tmp_path: Path) -> None:
    library, first = published(tmp_path, small_kb())
    assert mirror.bring(connection, library, first).one_transaction
    assert_same(connection, library, 1)
    records: list[Record] = [*small_kb()[:-2], has_symptom("丙病", "头晕")]
    library, second = published(tmp_path, records)
    done = mirror.bring(connection, library, second)
    assert done.one_transaction
    assert sum(done.rows.values()) < 12
    assert_same(connection, library, 2)
    assert mirror.bring(connection, library, second).rows == {}, "already there"


def test_large_differences_go_in_batches_with_few_queries(connection: Connection, tmp_path: Path) -> None:
    library, first = published(tmp_path, generated(1, 150))
    told: list[tuple[str, int, int]] = []
    done = mirror.bring(
        connection, library, first, sizes=Sizes(batch=100, one_transaction=10), progress=lambda *now: told.append(now)
    )
    assert not done.one_transaction
    assert {(stage, total) for stage, _, total in told} == {("mirror", sum(done.rows.values()))}
    assert [rows for _, rows, _ in told] == sorted({rows for _, rows, _ in told})
    assert told[-1][1] == told[-1][2]
    assert_same(connection, library, 1)
    for table, queries in done.queries.items():
        assert queries <= math.ceil(done.rows[table] / 100)


def test_rows_are_the_same_however_they_are_sent(connection: Connection, tmp_path: Path) -> None:
    library, manifest = published(tmp_path, generated(1, 60))
    mirror.bring(connection, library, manifest)
    with connection.writing() as transaction:
        transaction.run(
            "MATCH (a:Entity {kb: $kb}), (b:Entity {kb: $kb}) WITH a, b LIMIT 3 CREATE (a)-[:HAS_SYMPTOM]->(b)",
            {"kb": manifest.kb},
        )
    together, singly = LiveRows(connection, manifest.kb), LiveRows(connection, manifest.kb, grouped=-1)
    with closing(snapshot_records(library.snapshot_folder(1))) as records:
        for table in tables():
            rows = sorted(singly.rows(table), key=repr)
            assert sorted(together.rows(table), key=repr) == rows
            assert len(rows) == len(list(table.rows(records))), "what was drawn by hand is none of them"


@pytest.mark.parametrize(
    ("point", "nth"),
    [("mirror.compared", 1), ("mirror.syncing", 1), ("mirror.batch", 1), ("mirror.batch", 6), ("mirror.ready", 1)],
)
def test_a_run_that_was_cut_short_is_taken_up(connection: Connection, tmp_path: Path, point: str, nth: int) -> None:
    library, first = published(tmp_path, generated(1, 40))
    mirror.bring(connection, library, first, sizes=SMALL)
    library, second = published(tmp_path, generated(2, 40))
    with pytest.raises(Crash):
        mirror.bring(connection, library, second, sizes=SMALL, reached=crashing_at(point, nth))
    again = mirror.bring(connection, library, second, sizes=SMALL)
    assert_same(connection, library, 2)
    if point == "mirror.ready":
        assert again.rows == {}
    relations = connection.read("MATCH (:Entity {kb: $kb})-[r]->() RETURN count(r)", {"kb": second.kb})[0][0]
    assert relations == second.counts["fact"], "nothing twice"


def test_foreign_data_stays_as_it_is(connection: Connection, tmp_path: Path) -> None:
    foreign = (
        "MATCH (n:Foreign) OPTIONAL MATCH (n)-[r]-(m) WITH n, r, m ORDER BY n.name, type(r) "
        "RETURN n.name, labels(n), properties(n), type(r), m.name"
    )
    library, first = published(tmp_path, small_kb())
    with connection.writing() as transaction:
        transaction.run(
            "CREATE (:Foreign:Entity:Disease {id: 'disease:甲病', name: 'a', kb: null}), "
            "(:Foreign:Passage {id: 1, name: 'b'})-[:MENTIONS]->(:Foreign:Entity {name: 'c'}), "
            "(:Foreign:KnowledgeBase {name: 'd', version: 'x'})",
            {},
        )
    before = connection.read(foreign, {})
    mirror.bring(connection, library, first)
    with connection.writing() as transaction:
        transaction.run(
            "MATCH (c:Foreign {name: 'c'}), (e:Entity {kb: $kb, name: '甲病'}) CREATE (c)-[:NOTE]->(e)",
            {"kb": first.kb},
        )
    tied = connection.read(foreign, {})
    library, second = published(tmp_path, [record for record in small_kb() if "甲病" not in repr(record)])
    mirror.bring(connection, library, second, repair=True)
    assert connection.read(foreign, {}) == tied
    assert len(tied) == len(before) + 1


def test_verify_names_what_was_changed_and_repair_undoes_it(connection: Connection, tmp_path: Path) -> None:
    library, first = published(tmp_path, small_kb())
    mirror.bring(connection, library, first)
    with connection.writing() as transaction:
        for change in (
            "MATCH (n:Disease {kb: $kb, name: '甲病'}) SET n.name = '丁病'",
            "MATCH (:Entity {kb: $kb})-[r:CURE_RATE]->() DELETE r",
            "MATCH (n:Symptom {kb: $kb, name: '恶寒'}) REMOVE n:Symptom",
            "MATCH (a:Disease {kb: $kb, name: '乙病'}), (b {kb: $kb, name: '恶寒'}) CREATE (a)-[:HAS_SYMPTOM]->(b)",
        ):
            transaction.run(change, {"kb": first.kb})
    found = compare_graphs(connection, library, first)
    assert not found.ok
    assert found.digest != found.live_digest
    text = "\n".join(found.problems)
    assert "disease: 1 rows changed in Neo4j (2 of 2), such as disease:甲病" in text
    assert "symptom: 1 rows changed" in text
    assert "CURE_RATE to Literal: 1 rows missing" in text
    assert found.edits == ("disease:乙病 -[HAS_SYMPTOM]-> symptom:恶寒",)
    mirror.bring(connection, library, first, repair=True)
    repaired = compare_graphs(connection, library, first)
    assert (repaired.problems, repaired.edits) == ((), found.edits)


def test_a_person_finds_words_and_mentions(connection: Connection, tmp_path: Path) -> None:
    library, first = published(tmp_path, small_kb())
    mirror.bring(connection, library, first)
    parameters = {"kb": first.kb}
    query = "MATCH (p:Passage {kb: $kb})-[:MENTIONS]->(e:Entity:Disease) RETURN p.title, e.name"
    assert [list(row) for row in connection.read(query, parameters)] == [["甲病的观察", "甲病"]]
    query = "MATCH (:Passage {kb: $kb})-[:FROM_SOURCE]->(s:Source) RETURN DISTINCT s.name"
    assert connection.read(query, parameters)[0][0] == "一项试验"
    analyzer = "SHOW FULLTEXT INDEXES YIELD name, options WHERE name = 'yiwen_text' RETURN options"
    assert connection.read(analyzer, {})[0][0]["indexConfig"]["fulltext.analyzer"] == "cjk"
    connection.read("CALL db.awaitIndexes(60)", {})
    search = (
        "CALL db.index.fulltext.queryNodes('yiwen_text', '头晕') YIELD node WHERE node.kb = $kb "
        "RETURN labels(node), node.name, node.title"
    )
    found = {(*row[0], row[1] or row[2]) for row in connection.read(search, parameters)}
    assert found == {("Entity", "Symptom", "头晕"), ("Passage", "甲病的观察")}


def test_readers_see_one_version_or_none(connection: Connection, tmp_path: Path) -> None:
    one = [*small_kb(), *(has_symptom("甲病", f"旧{n}") for n in range(60))]
    two = [*small_kb(), *(has_symptom("甲病", f"新{n}") for n in range(60))]
    library, first = published(tmp_path, one)
    library, second = published(tmp_path, two)
    mirror.bring(connection, library, first)
    wanted = {1: {f"旧{n}" for n in range(60)}, 2: {f"新{n}" for n in range(60)}}
    mixed: list[set[str]] = []
    answered = {1: 0, 2: 0}
    stop = threading.Event()

    def read(version: int) -> None:
        graph = Neo4jGraph(connection, first.kb, version)
        while not stop.is_set():
            try:
                found = graph.neighbourhood({disease("甲病"): [Relation.SYMPTOM]}, limit_each=500)
            except StaleGraphError:
                continue
            names = {fact.object_text for fact in found.outgoing} - {"头晕", "恶寒"}
            answered[version] += 1
            if names != wanted[version]:
                mixed.append(names)

    readers = [threading.Thread(target=read, args=(version,)) for version in (1, 2, 1, 2)]
    for reader in readers:
        reader.start()
    for number in range(12):
        sizes = Sizes() if number % 4 < 2 else SMALL
        mirror.bring(connection, library, (second, first)[number % 2], sizes=sizes)
    stop.set()
    for reader in readers:
        reader.join()
    assert mixed == []
    assert min(answered.values()) > 0


# ---------------------------------------------------------------- publishing and recovery


@pytest.fixture
def live_settings(neo4j_address: Address, tmp_path: Path) -> Settings:
    return settings_for(
        tmp_path / "data", neo4j_uri=neo4j_address.uri, neo4j_user=neo4j_address.user,
        neo4j_password=neo4j_address.password,
    )  # fmt: skip


def facts_file(folder: Path, *symptoms: str) -> Path:
    path = folder / "facts.csv"
    head = "subject,subject_type,relation,object,object_type,source\n"
    path.write_text(head + "".join(f"甲病,disease,has_symptom,{s},symptom,手册\n" for s in symptoms), encoding="utf-8")
    return path


def neo4j_version(connection: Connection, library: Library) -> tuple[object, str]:
    state = mirror.state_of(connection, library.versions()[0].kb)
    assert state is not None
    return state.version, state.state


@pytest.mark.parametrize(
    ("point", "forward"), [("seal.renamed", False), ("mirror.compared", False), ("mirror.ready", True),
                           ("flip.checked", True)],
)  # fmt: skip
def test_after_a_crash_three_versions_agree(
    connection: Connection, live_settings: Settings, tmp_path: Path, point: str, forward: bool
) -> None:
    library = Library(live_settings.data_dir)
    ingest(library, [facts_file(tmp_path, "头晕")], settings=live_settings)
    with pytest.raises(Crash):
        ingest(
            library, [facts_file(tmp_path, "头晕", "恶寒")], settings=live_settings, reached=crashing_at(point),
        )  # fmt: skip
    with library.writing():
        pointer = recover(library, live_settings)
    assert pointer is not None
    assert pointer.version == (2 if forward else 1)
    assert neo4j_version(connection, library) == (pointer.version, "ready")
    report = ingest(library, [facts_file(tmp_path, "头晕", "恶寒")], settings=live_settings)
    assert (report.version, report.unchanged) == (2, forward)
    assert neo4j_version(connection, library) == (2, "ready")
    assert_same(connection, library, 2)


def test_going_back_is_not_undone_by_recovery(connection: Connection, live_settings: Settings, tmp_path: Path) -> None:
    library = Library(live_settings.data_dir)
    for symptoms in (["头晕"], ["头晕", "恶寒"]):
        ingest(library, [facts_file(tmp_path, *symptoms)], settings=live_settings)
    activate(library, 1)
    with library.writing():
        pointer = recover(library, live_settings)
    assert pointer is not None
    assert pointer.version == 1
    assert neo4j_version(connection, library) == (1, "ready")
    activate(library, 2)
    assert catch_up(library, live_settings)
    assert neo4j_version(connection, library) == (2, "ready")


def test_without_an_answer_going_back_works_all_the_same(live_settings: Settings, tmp_path: Path) -> None:
    quiet = live_settings.model_copy(update={"neo4j_uri": None})
    library = Library(quiet.data_dir)
    ingest(library, [facts_file(tmp_path, "头晕")], settings=quiet)
    assert catch_up(library, quiet)
    assert not catch_up(library, live_settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:1"}))

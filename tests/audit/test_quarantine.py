"""What is held is stored and listed, and comes out nowhere else; releasing undoes holding; order changes nothing."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_loader.erasure import erase
from kg_loader.export import lines
from kg_loader.ingest import ingest
from kg_loader.mirror_tables import prepare, tables
from kg_loader.reviewing import hold, release
from kg_loader.verify import verify
from kg_loader.versions import activate, diff, reindex
from rag.domain import Alias, AliasKind, EntityId, Fact, Literal, Passage, PassageKind, Record, Severity
from rag.errors import NotFoundError, UsageError
from rag.graph.sqlite import SqliteGraph
from rag.snapshot import Library, Snapshot
from rag.snapshot.held import kind_of_id
from rag.vocabulary import EntityType, Relation
from tests.kb import BOOK, TRIAL, HashEmbedder, disease, entity, has_symptom, opened, publish, settings_for, symptom

YES = Fact(disease("甲病"), Relation.INFECTIVITY, Literal("有传染性", "infectivity"), BOOK.id)
NO = Fact(disease("甲病"), Relation.INFECTIVITY, Literal("无传染性", "infectivity"), BOOK.id)
SPLICED = Passage(
    "口服吸收迅速，生物利用度高，治甲病。", PassageKind.MONOGRAPH, BOOK.id, about=EntityId("drug:甲药"), aspect="适应证"
)
FINE = Passage("甲药用于甲病。", PassageKind.MONOGRAPH, BOOK.id, about=EntityId("drug:甲药"), aspect="适应证")
JUNK = entity(EntityType.DISEASE, "3个月")
OF_JUNK = has_symptom("3个月", "头晕")
SHORT = Alias("淋", disease("淋病"), AliasKind.SYNONYM)
KEPT: list[Record] = [BOOK, TRIAL, FINE, has_symptom("甲病", "头晕"), entity(EntityType.DISEASE, "甲病")]
HELD: list[Record] = [YES, NO, SPLICED, JUNK, OF_JUNK, SHORT]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library(tmp_path)
    publish(made, {"a": [*KEPT, *HELD]}, embedder=HashEmbedder())
    return made


def let_go(library: Library, *records: str, rule: str | None = None) -> Snapshot:
    release(library, settings_for(library.data_dir), records, rule=rule, reason="查过了", embedder=HashEmbedder())
    return opened(library)


def put_away(library: Library, *records: str) -> Snapshot:
    hold(library, settings_for(library.data_dir), records, reason="不对", embedder=HashEmbedder())
    return opened(library)


def served(snapshot: Snapshot) -> dict[str, object]:
    """Everything that a reader of the knowledge base can see, however it asks."""
    passages = [p.id for p in snapshot.scan("passage") if isinstance(p, Passage)]
    return {
        **{
            kind: list(snapshot.scan(kind)) for kind in ("entity", "alias", "do_not_merge", "source", "fact", "passage")
        },
        "names": set(snapshot.names()),
        "mentions": snapshot.mentions(passages),
        "counts": {kind: count for kind, count in snapshot.manifest.counts.items() if kind != "review"},
        "held": dict(snapshot.manifest.held),
        "indexes": dict(snapshot.index_sizes),
    }


def test_what_is_held_comes_out_nowhere(library: Library) -> None:
    snapshot = opened(library)
    clean = Library(library.data_dir / "clean")
    publish(clean, {"a": [*KEPT, entity(EntityType.DISEASE, "淋病")]}, embedder=HashEmbedder())
    assert served(snapshot) | {"held": {}} == served(opened(clean))
    graph = SqliteGraph(snapshot.records)
    around = graph.neighbourhood({disease("甲病"): [], JUNK.id: [], symptom("头晕"): []}, limit_each=50)
    assert {fact.id for fact in (*around.outgoing, *around.incoming)} == {has_symptom("甲病", "头晕").id}
    assert [one.subject for one in graph.rank_subjects(Relation.SYMPTOM, [symptom("头晕")], limit=9)] == [
        disease("甲病")
    ]
    assert graph.paths(JUNK.id, disease("甲病"), max_hops=3, limit=3) == []
    assert snapshot.evidence([YES.id, NO.id, SPLICED.id, OF_JUNK.id]) == {}
    assert snapshot.search_sparse(["吸", "收"], concepts=[], limit=9) == []
    vector = HashEmbedder().encode([SPLICED.text], kind="query")[0]
    assert [key for key, _ in snapshot.search_dense(vector, limit=9)] == [FINE.id]


def test_neo4j_gets_no_row_of_it(library: Library) -> None:
    connection = prepare(sqlite3.connect(library.snapshot_folder(1) / "records.sqlite"))
    rows = repr([list(table.rows(connection)) for table in tables()])
    connection.close()
    assert FINE.id in rows
    for held in (YES.id, NO.id, SPLICED.id, JUNK.id, OF_JUNK.id, "有传染性"):
        assert held not in rows


def test_it_is_stored_counted_and_listed(library: Library) -> None:
    manifest = opened(library).manifest
    assert manifest.held == {"entity": 1, "alias": 1, "fact": 3, "passage": 1}
    found = opened(library).records.findings(severity="severe")
    assert {one.record for one in found} >= {YES.id, NO.id, SPLICED.id, JUNK.id}
    assert OF_JUNK.id not in {one.record for one in found}, "it is held with the disease"
    assert verify(library, manifest.version).ok
    rows = [row for row in lines(library.snapshot_folder(1)) if row.get("held")]
    assert sorted(str(row["kind"]) for row in rows) == ["alias", "entity", "fact", "fact", "fact", "passage"]


def test_a_held_record_opens_with_what_holds_it(library: Library) -> None:
    held = opened(library).held([YES.id, OF_JUNK.id, FINE.id, "f:0000000000000000"])
    assert set(held) == {YES.id, OF_JUNK.id}
    assert [one.rule for one in held[YES.id].findings] == ["contradiction"]
    assert [one.record for one in held[OF_JUNK.id].findings] == [JUNK.id]
    assert held[YES.id].evidence.text == "甲病的传染性：有传染性"


def test_a_release_frees_and_survives_the_same_content(library: Library) -> None:
    snapshot = let_go(library, YES.id)
    assert YES.id in snapshot.evidence([YES.id])
    assert NO.id not in snapshot.evidence([NO.id])
    assert verify(library, 2).ok
    again = publish(library, {"a": [*KEPT, *HELD]}, embedder=HashEmbedder())
    assert again.unchanged
    publish(library, {"a": [*KEPT, *HELD, has_symptom("乙病", "恶寒")]}, embedder=HashEmbedder())
    assert YES.id in opened(library).evidence([YES.id])
    publish(library, {"a": KEPT}, embedder=HashEmbedder())
    publish(library, {"a": [*KEPT, *HELD]}, embedder=HashEmbedder())
    assert YES.id in opened(library).evidence([YES.id]), "it was released, whatever came between"


def test_a_release_goes_with_the_version(library: Library) -> None:
    let_go(library, YES.id)
    activate(library, 1)
    assert YES.id not in opened(library).evidence([YES.id])


def test_releasing_an_entity_frees_what_was_held_with_it(library: Library) -> None:
    with pytest.raises(NotFoundError, match="released with it"):
        let_go(library, OF_JUNK.id)
    snapshot = let_go(library, JUNK.id)
    assert OF_JUNK.id in snapshot.evidence([OF_JUNK.id])
    assert "3个月" in {row.name for row in snapshot.names()}


def test_a_whole_rule_is_released(library: Library) -> None:
    snapshot = let_go(library, rule="contradiction")
    assert set(snapshot.evidence([YES.id, NO.id])) == {YES.id, NO.id}
    assert snapshot.manifest.held == {"entity": 1, "alias": 1, "fact": 1, "passage": 1}
    assert "contradiction" not in snapshot.manifest.findings
    with pytest.raises(NotFoundError, match="holds nothing"):
        let_go(library, rule="contradiction")


def test_versions_that_release_differently_are_told_apart(library: Library) -> None:
    let_go(library, YES.id)
    one, two = (manifest for manifest in library.versions())
    assert one.digest != two.digest
    changed = {kind: change for kind, change in diff(library, 1, 2).items() if change.added or change.removed}
    assert set(changed) == {"review", "held", "dataset"}
    assert changed["held"].removed_samples == ("disease:甲病 infectivity 有传染性",)


def test_a_person_can_hold_and_let_go(library: Library) -> None:
    before = served(opened(library))
    snapshot = put_away(library, FINE.id, "disease:甲病")
    assert FINE.id not in snapshot.evidence([FINE.id])
    assert "甲病" not in {row.name for row in snapshot.names()}
    assert [one.detail for one in snapshot.held([FINE.id])[FINE.id].findings] == ["不对"]
    assert served(let_go(library, FINE.id, "disease:甲病")) == before


def test_reindexing_keeps_what_is_held(library: Library) -> None:
    before = served(let_go(library, YES.id))
    reindex(library, settings_for(library.data_dir), embedder=HashEmbedder())
    assert served(opened(library)) == before


@pytest.mark.parametrize("records", [["f:0123456789abcdef"], ["disease:没有"], [FINE.id], ["nonsense"]])
def test_nothing_to_release(library: Library, records: list[str]) -> None:
    with pytest.raises(NotFoundError):
        let_go(library, *records)
    assert len(library.versions()) == 1


def test_what_a_decision_needs(library: Library) -> None:
    with pytest.raises(UsageError, match="name the records to release"):
        release(library, settings_for(library.data_dir), [])
    with pytest.raises(UsageError, match="--reason"):
        hold(library, settings_for(library.data_dir), [FINE.id], reason=" ")


def test_the_kind_of_an_id() -> None:
    assert [kind_of_id(one) for one in (YES.id, FINE.id, "a:0123456789abcdef", "disease:p:1", "f:1")] == [
        "fact", "passage", "alias", "entity", "entity",
    ]  # fmt: skip


# ---------------------------------------------------------------- properties

pool: list[Record] = [*KEPT[2:], *HELD, has_symptom("乙病", "恶寒", TRIAL), entity(EntityType.SYMPTOM, "神经内科")]
contents = st.lists(st.sampled_from(pool), unique=True)


def grown(folder: str, datasets: Mapping[str, Sequence[Record]], order: Sequence[str]) -> Snapshot:
    library = Library(Path(folder))
    for name in order:
        publish(library, {name: [BOOK, TRIAL, *datasets[name]]}, embedder=HashEmbedder())
    return opened(library)


@settings(max_examples=8, deadline=None)
@given(datasets=st.dictionaries(st.sampled_from("abc"), contents, min_size=1), data=st.data())
def test_the_order_of_ingestion_changes_nothing(datasets: dict[str, list[Record]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(datasets)))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = grown(one, datasets, sorted(datasets)), grown(other, datasets, order)
        assert served(first) == served(second)
        assert first.records.findings() == second.records.findings()


@settings(max_examples=8, deadline=None)
@given(items=contents, data=st.data())
def test_holding_and_releasing_are_inverse(items: list[Record], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        publish(library, {"a": [BOOK, TRIAL, *items]}, embedder=HashEmbedder())
        before = opened(library)
        held = sorted({one.record for one in before.records.findings(severity=Severity.SEVERE)})
        if held:
            chosen = data.draw(st.lists(st.sampled_from(held), min_size=1, unique=True))
            let_go(library, *chosen)
            assert served(put_away(library, *chosen)) == served(before)
        free = sorted({one.id for one in before.scan("fact")} | {one.id for one in before.scan("entity")})  # type: ignore[union-attr]
        if free and not held:
            chosen = data.draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
            put_away(library, *chosen)
            assert served(let_go(library, *chosen)) == served(before)
        assert verify(library, library.versions()[-1].version).ok


def test_erasing_reaches_what_is_held_and_frees_nothing(library: Library) -> None:
    erase(library, settings_for(library.data_dir), SPLICED.id, "有误")
    snapshot = opened(library)
    assert snapshot.held([SPLICED.id]) == {}
    assert set(snapshot.held([YES.id, NO.id, OF_JUNK.id])) == {YES.id, NO.id, OF_JUNK.id}
    assert "生物利用度" not in repr(snapshot.records.findings())
    erase(library, settings_for(library.data_dir), YES.id, "有误")
    snapshot = opened(library)
    assert snapshot.evidence([NO.id]) == {}, "the copy holds what the version held"
    assert "有传染性" not in repr(snapshot.records.findings())
    assert verify(library, 1).ok


def test_an_export_carries_what_is_held_and_what_was_decided(library: Library, tmp_path: Path) -> None:
    let_go(library, YES.id)
    rows = "\n".join(json.dumps(row, ensure_ascii=False) for row in lines(library.snapshot_folder(2)))
    (tmp_path / "all.jsonl").write_text(rows, encoding="utf-8")
    copy = Library(tmp_path / "copy")
    report = ingest(copy, [tmp_path / "all.jsonl"], settings=settings_for(tmp_path / "copy"), embedder=HashEmbedder())
    assert report.digest == library.versions()[-1].digest
    assert served(opened(copy)) == served(opened(library))

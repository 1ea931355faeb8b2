"""What a sealed version gives back."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from kg_loader.sources.format import Item
from rag.domain import Alias, AliasKind, Entity, EntityId, Fact, Literal, Passage, PassageKind
from rag.errors import UsageError
from rag.snapshot import Library, Snapshot
from rag.snapshot.schema import KIND_NAMES
from rag.text import tokens
from rag.vocabulary import EntityType, Relation
from tests.kb import BOOK, TRIAL, HashEmbedder, disease, entity, generated, opened, publish, small_kb, symptom


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    library = Library(tmp_path)
    publish(library, {"small": small_kb()}, embedder=HashEmbedder())
    return opened(library)


def passage_about(snapshot: Snapshot) -> str:
    (found,) = snapshot.about([disease("甲病")], limit_each=5)
    return found


def test_every_record_comes_back_as_it_was(snapshot: Snapshot) -> None:
    back = [record for kind in KIND_NAMES for record in snapshot.scan(kind)]
    missing = [record for record in small_kb() if record not in back]
    assert missing == []
    assert len(back) == len(small_kb()) + 1, "and one entity that is only named by a fact"
    assert Entity(symptom("恶寒"), EntityType.SYMPTOM, "恶寒") in back


def test_scan_is_ordered_by_id(snapshot: Snapshot) -> None:
    for kind in ("source", "fact", "passage", "entity"):
        ids = [record.id for record in snapshot.scan(kind)]  # type: ignore[union-attr]
        assert ids == sorted(ids)


def test_scan_of_an_unknown_kind(snapshot: Snapshot) -> None:
    with pytest.raises(UsageError, match="no records of kind 'facts'; expected one of entity"):
        snapshot.scan("facts")


def test_names_hold_own_names_and_aliases(snapshot: Snapshot) -> None:
    names = {(row.name, row.entity, row.kind) for row in snapshot.names()}
    assert ("甲病", disease("甲病"), "name") in names
    assert ("甲氏病", disease("甲病"), "synonym") in names


def test_how_often_an_entity_is_the_object_of_a_fact(snapshot: Snapshot) -> None:
    facts = [record for record in snapshot.scan("fact") if isinstance(record, Fact)]
    asked = [disease("甲病"), symptom("恶寒"), disease("没有")]
    facts = [fact for fact in facts if fact.relation is Relation.SYMPTOM]
    expected = {entity: sum(fact.object == entity for fact in facts) for entity in asked}
    assert snapshot.named(asked, Relation.SYMPTOM) == expected
    assert not any(snapshot.named(asked, Relation.DRUG).values())
    assert expected[disease("没有")] == 0 < max(expected.values())


def test_records_by_id(snapshot: Snapshot) -> None:
    assert list(snapshot.entities([disease("没有"), disease("甲病")])) == [disease("甲病")]
    assert snapshot.aliases(disease("甲病")) == [Alias("甲氏病", disease("甲病"), AliasKind.SYNONYM)]
    assert snapshot.sources([TRIAL.id, "s:0000000000000000", "nonsense"]) == {TRIAL.id: TRIAL}
    assert [pair.reason for pair in snapshot.do_not_merge()] == ["两种病"]
    assert snapshot.datasets(next(iter(snapshot.scan("fact"))).id) == ["small"]  # type: ignore[union-attr]


def test_passages_mention_what_their_text_names_and_what_they_are_about(snapshot: Snapshot) -> None:
    key = passage_about(snapshot)
    assert snapshot.mentions([key, "p:0000000000000000"]) == {key: (disease("甲病"), symptom("头晕"))}
    assert snapshot.passages([key])[key].title == "甲病的观察"


def test_evidence_of_facts_and_passages_in_the_order_asked(snapshot: Snapshot) -> None:
    passage = passage_about(snapshot)
    literal = next(f for f in snapshot.scan("fact") if isinstance(f, Fact) and isinstance(f.object, Literal))
    found = snapshot.evidence([literal.id, "f:ffffffffffffffff", passage, "p:' OR 1=1"])
    assert list(found) == [literal.id, passage]
    assert found[literal.id].text == "甲病的治愈率：约七成（人群：成人）"
    assert found[literal.id].source == BOOK
    assert found[passage].text.startswith("甲病患者")
    assert (found[passage].score, found[passage].kind) == (0.0, "conclusion")


def test_sparse_search_by_words_and_by_mentioned_entities(snapshot: Snapshot) -> None:
    chinese = passage_about(snapshot)
    (by_words, *_) = snapshot.search_sparse(tokens("休息后减轻"), concepts=[], limit=5)
    assert by_words[0] == chinese
    ((english, _),) = snapshot.search_sparse(tokens("treatments"), concepts=[], limit=5)
    assert english != chinese
    ((by_concept, score),) = snapshot.search_sparse([], concepts=[symptom("头晕")], limit=5)
    assert by_concept == chinese
    assert score > 0
    assert snapshot.search_sparse(tokens("休息"), concepts=[], limit=0) == []


def test_sparse_search_in_one_language_only(snapshot: Snapshot) -> None:
    words = tokens("休息 treatment")
    both = dict(snapshot.search_sparse(words, concepts=[], limit=5))
    chinese = snapshot.search_sparse(words, concepts=[], limit=5, language="zh")
    english = snapshot.search_sparse(words, concepts=[], limit=5, language="en")
    assert [key for key, _ in chinese] == [passage_about(snapshot)]
    assert dict(chinese + english) == both
    assert len(both) == 2


def test_sparse_search_adds_concepts_and_counts_terms_once(snapshot: Snapshot) -> None:
    words = tokens("休息")
    alone = snapshot.search_sparse(words, concepts=[], limit=5)[0][1]
    repeated = snapshot.search_sparse(words * 3, concepts=[], limit=5)[0][1]
    both = snapshot.search_sparse(words, concepts=[symptom("头晕")], limit=5)[0][1]
    double = snapshot.search_sparse(words, concepts=[symptom("头晕")], limit=5, concept_boost=2.0)[0][1]
    off = snapshot.search_sparse(words, concepts=[symptom("头晕")], limit=5, concept_boost=0.0)[0][1]
    assert alone == repeated == off
    assert double - alone == pytest.approx(2 * (both - alone), rel=1e-4)


@pytest.mark.parametrize("text", ['"(', "text:x AND NOT *", "a^2~ [1 TO 2]", "'; DROP TABLE", "\x00\u202e", ""])
def test_query_text_has_no_syntax(snapshot: Snapshot, text: str) -> None:
    snapshot.search_sparse([text, *tokens(text)], concepts=[EntityId(text)], limit=5)


def test_dense_search_finds_the_text_itself(snapshot: Snapshot) -> None:
    key = passage_about(snapshot)
    passage = snapshot.passages([key])[key]
    (vector,) = HashEmbedder().encode([f"{passage.title}\n{passage.text}"], kind="query")
    found = snapshot.search_dense(vector, limit=5)
    assert found[0][0] == key
    assert found[0][1] == pytest.approx(1.0, abs=0.02)
    assert len(found) == 2


@pytest.mark.parametrize("kind", ["sq8", "ivf", "hnsw"])
@pytest.mark.parametrize("size", [0, 1, 200])
def test_every_kind_of_vector_index_at_every_size(tmp_path: Path, kind: str, size: int) -> None:
    library = Library(tmp_path)
    publish(library, {"x": generated(1, size)}, embedder=HashEmbedder(), dense_index=kind)
    snapshot = opened(library)
    assert snapshot.manifest.dense_index == kind
    texts = [passage.text for passage in snapshot.scan("passage") if isinstance(passage, Passage)]
    for text, vector in zip(texts[::20], HashEmbedder().encode(texts[::20], kind="query"), strict=True):
        found = snapshot.search_dense(vector, limit=10)
        best = {snapshot.passages([key])[key].text for key, score in found if score > found[0][1] - 0.02}
        assert text in best


def test_dense_search_refuses_a_vector_of_another_embedder(snapshot: Snapshot) -> None:
    with pytest.raises(UsageError, match=r"shape \(3,\), expected \(16,\)"):
        snapshot.search_dense(np.ones(3, dtype=np.float32), limit=5)


def test_without_an_embedder_there_is_no_dense_index(tmp_path: Path) -> None:
    library = Library(tmp_path)
    publish(library, {"small": small_kb()})
    snapshot = opened(library)
    assert (snapshot.manifest.embedder, snapshot.manifest.dimension) == ("none", 0)
    assert snapshot.search_dense(np.ones(3, dtype=np.float32), limit=5) == []
    assert "dense.faiss" not in snapshot.manifest.files


def test_indexing_the_text_only_hides_title_and_question(tmp_path: Path) -> None:
    passage = Passage("正文只说休息。", PassageKind.CONCLUSION, BOOK.id, title="甲病", question="Is rest good?")
    records: list[Item] = [BOOK, entity(EntityType.DISEASE, "甲病"), passage]
    everything, text_only = Library(tmp_path / "a"), Library(tmp_path / "b")
    publish(everything, {"x": records})
    publish(text_only, {"x": records}, indexed_fields=["text"])
    for words, concepts in ((tokens("rest"), []), ([], [disease("甲病")])):
        assert len(opened(everything).search_sparse(words, concepts=concepts, limit=5)) == 1
        assert opened(text_only).search_sparse(words, concepts=concepts, limit=5) == []
    assert opened(text_only).manifest.indexed_fields == ("text",)


def test_an_empty_knowledge_base_answers_everything_with_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path)
    publish(library, {"empty": []}, embedder=HashEmbedder())
    snapshot = opened(library)
    assert list(snapshot.names()) == []
    assert snapshot.search_sparse(["x"], concepts=[], limit=5) == []
    assert snapshot.search_dense(np.ones(16, dtype=np.float32), limit=5) == []
    assert snapshot.graph().neighbourhood({disease("甲病"): ()}, limit_each=5).outgoing == ()


def test_threads_read_at_the_same_time(snapshot: Snapshot) -> None:
    results: list[int] = []

    def read() -> None:
        for _ in range(50):
            found = snapshot.graph().neighbourhood({disease("甲病"): ()}, limit_each=9)
            hits = snapshot.search_sparse(tokens("休息"), concepts=[], limit=3)
            results.append(len(found.outgoing) + len(hits))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {5}
    assert len(results) == 400
    snapshot.close()


def test_an_index_of_many_commits_finds_what_one_commit_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So much waits to be indexed at most, however many passages there are and however long they are."""
    one, many = Library(tmp_path / "one"), Library(tmp_path / "many")
    publish(one, {"a": generated(1)})
    monkeypatch.setattr("rag.snapshot.sparse._QUEUED", 500)
    publish(many, {"a": generated(1)})
    publish(many, {"b": generated(2, 10)})  # adds to the index of the version before
    publish(one, {"b": generated(2, 10)})
    for question in ("病1号7", "症状3", "见于40岁", "病2号5"):
        words = tokens(question)
        found = [opened(library).search_sparse(words, concepts=[], limit=300) for library in (one, many)]
        assert {name: pytest.approx(score) for name, score in found[0]} == dict(found[1])
        assert len(found[0]) > 1


def test_how_many_passages_mention_an_entity(snapshot: Snapshot) -> None:
    asked = [disease("甲病"), disease("没有")]
    held = [passage.id for passage in snapshot.scan("passage") if isinstance(passage, Passage)]
    expected = {entity: sum(entity in found for found in snapshot.mentions(held).values()) for entity in asked}
    assert snapshot.mentioned(asked) == expected
    assert expected[disease("没有")] == 0 < expected[disease("甲病")]

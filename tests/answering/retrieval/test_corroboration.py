"""Drugs that more than one source speaks for come first; what only a compilation names says so."""

from __future__ import annotations

from dataclasses import replace

from rag.domain import EntityId, Passage, PassageKind, Source
from rag.retrieval.corroboration import backed, drugs_in, substances, unbacked
from rag.vocabulary import Grade, Relation
from tests.answering.records import MIGRAINE, names, stated, told

WEB = Source("网络图谱", "graph", Grade.COMPILED, lineage="web")
BOOK = Source("手册", "book", Grade.REFERENCE, lineage="book")
FIRST = replace(stated(MIGRAINE, Relation.DRUG, "drug:可的松", name="f:1"), source=WEB)
SECOND = replace(stated(MIGRAINE, Relation.DRUG, "drug:布洛芬", name="f:2"), source=WEB)
SYMPTOM = replace(stated(MIGRAINE, Relation.SYMPTOM, "symptom:恶心", name="f:3"), source=WEB)
LEAFLET = told(
    Passage("用于偏头痛、牙痛。", PassageKind.MONOGRAPH, BOOK.id, about=EntityId("drug:布洛芬"), aspect="适应证")
)


def test_the_leaflet_that_names_the_illness_bears_a_drug_out() -> None:
    assert [e.id for e in backed([FIRST, SECOND, SYMPTOM], [LEAFLET], {})] == ["f:2", "f:3", "f:1"]
    assert [e.id for e in backed([FIRST, SECOND], [], {})] == ["f:1", "f:2"]


def test_the_leaflet_of_the_substance_counts_for_a_product() -> None:
    product = replace(stated(MIGRAINE, Relation.DRUG, "drug:布洛芬缓释胶囊", name="f:5"), source=WEB)
    holding = {EntityId("drug:布洛芬缓释胶囊"): substances(EntityId("drug:布洛芬缓释胶囊"), names())}
    assert holding[EntityId("drug:布洛芬缓释胶囊")][1:] == ["drug:布洛芬"]
    assert [e.support for e in backed([product], [LEAFLET], holding)] == [1.0]
    assert [e.support for e in backed([product], [LEAFLET], {})] == [0.0]


def test_two_lineages_bear_each_other_out_and_one_in_two_shapes_does_not() -> None:
    other = replace(stated(MIGRAINE, Relation.DRUG, "drug:可的松", name="f:4"), source=BOOK)
    again = replace(other, source=replace(WEB, title="同一图谱的另一份"))
    assert [e.support for e in backed([FIRST, other], [], {})] == [1.0, 1.0]
    assert [e.support for e in backed([FIRST, again], [], {})] == [0.0, 0.0]


def test_what_stands_alone_in_a_compilation_is_said() -> None:
    assert "知识库中没有说明书或其他来源印证" in unbacked([FIRST, SECOND])[0]
    assert "可的松" in unbacked(backed([FIRST, SECOND], [LEAFLET], {}))[0]
    assert "布洛芬" not in unbacked(backed([FIRST, SECOND], [LEAFLET], {}))[0]
    assert unbacked([SYMPTOM]) == unbacked(backed([SECOND], [LEAFLET], {})) == []
    assert unbacked([replace(FIRST, source=BOOK)]) == []


def test_the_drugs_of_what_is_told() -> None:
    assert drugs_in([FIRST, SYMPTOM, FIRST]) == ["drug:可的松"]

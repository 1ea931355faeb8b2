"""Warnings that stand in the graph, and none that do not."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, Patient
from rag.linking import Linker
from rag.pipeline import Options, Pipeline
from rag.safety import patient_entities, remedies_in, safety_facts, warnings_from
from rag.vocabulary import Relation
from tests.answering.records import BOOK, IBUPROFEN, MIGRAINE, RECORDS, fact, names, stated
from tests.fakes import FakeGraph, FakeLibrary, fake_pipeline
from tests.records import entity

GRAPH = FakeGraph(RECORDS)
LINKER = Linker(names(("老年人", "population:老年人", "name"), ("儿童", "population:儿童", "name")))
ASPIRIN = EntityId("drug:阿司匹林")


def texts(drugs: list[EntityId], *concern: str) -> list[str]:
    return [w.text for w in warnings_from(safety_facts(GRAPH, drugs, {EntityId(c) for c in concern}))]


def test_a_contraindication_of_the_patient() -> None:
    assert texts([IBUPROFEN], "population:孕妇") == ["布洛芬的禁忌：孕妇。"]


def test_no_edge_no_warning() -> None:
    assert texts([IBUPROFEN], "disease:高血压") == []
    assert texts([], "population:孕妇") == []
    assert texts([IBUPROFEN]) == []


def test_an_interaction_both_records_state_is_one_warning() -> None:
    assert len(texts([IBUPROFEN, ASPIRIN], IBUPROFEN, ASPIRIN)) == 1


@pytest.mark.parametrize(("asked", "taken"), [("herb:甘草", "herb:甘遂"), ("herb:甘遂", "herb:甘草")])
def test_an_incompatibility_is_found_from_either_side(asked: str, taken: str) -> None:
    assert texts([EntityId(asked)], taken) == ["甘草的配伍禁忌：甘遂。"]


def test_the_patient_becomes_entities() -> None:
    patient = Patient(age=70, pregnant=True, drugs=("芬必得",), conditions=("高血压", "没有这个词"))
    found = patient_entities(patient, LINKER)
    assert {"population:老年人", "population:孕妇", IBUPROFEN, "disease:高血压"} <= found
    assert patient_entities(None, LINKER) == set()
    assert "population:儿童" in patient_entities(Patient(age=2), LINKER)


def test_remedies_come_from_the_question_and_from_what_is_offered() -> None:
    evidence = [stated(MIGRAINE, Relation.DRUG, IBUPROFEN), stated(IBUPROFEN, Relation.INTERACTION, "drug:华法林")]
    assert remedies_in(LINKER.link("阿司匹林"), evidence) == [ASPIRIN, IBUPROFEN]


def test_a_name_with_a_modifier_warns_of_nothing(pipeline: Pipeline) -> None:
    assert remedies_in(LINKER.link("地氯雷他定孕妇能用吗"), []) == []
    answer = pipeline.ask("地氯雷他定孕妇能用吗")
    assert answer.warnings == ()
    assert answer.citations == ()


def test_a_drug_that_the_patient_takes_is_seen_whichever_record_states_it() -> None:
    library = FakeLibrary()
    library.publish(
        [BOOK, entity(MIGRAINE), entity("drug:甲药"), entity("drug:乙药"), fact(MIGRAINE, Relation.DRUG, "drug:甲药"),
         fact("drug:乙药", Relation.INTERACTION, "drug:甲药")]
    )  # fmt: skip
    answer = fake_pipeline(library).ask("偏头痛吃什么药", Options(patient=Patient(drugs=("乙药",))))
    assert answer.text.startswith("注意：乙药的相互作用：甲药[1]。")


def test_many_warnings_leave_room_for_the_answer() -> None:
    groups = [f"population:第{n}类特殊人群患者" for n in range(40)]
    library = FakeLibrary()
    library.publish(
        [BOOK, entity(MIGRAINE), entity(IBUPROFEN), fact(MIGRAINE, Relation.DRUG, IBUPROFEN), *map(entity, groups),
         *(fact(IBUPROFEN, Relation.CONTRAINDICATION, group) for group in groups)]
    )  # fmt: skip
    conditions = tuple(group.partition(":")[2] for group in groups)
    answer = fake_pipeline(library).ask("偏头痛吃什么药", Options(patient=Patient(conditions=conditions)))
    assert len(answer.warnings) == 40
    assert len(answer.text) <= 400
    assert "条用药警示" in answer.text
    assert "偏头痛的药物治疗" in answer.text

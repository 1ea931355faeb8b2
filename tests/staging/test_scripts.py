"""Knowledge in one script, questions in the other; and versions that were made before scripts were read as one."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from kg_loader import versions as kb
from kg_loader.ingest import ingest
from rag.domain import Alias, AliasKind, Entity, EntityId, Fact, Outcome, Passage, PassageKind, Record
from rag.linking.names import Names
from rag.retrieval.fusion import default_tuning
from rag.retrieval.passages import PassageSearch
from rag.snapshot import Library
from rag.snapshot.files import checksum
from rag.snapshot.layout import MANIFEST, RECORDS, read_manifest, write_manifest
from rag.text import TEXT_VERSION
from rag.vocabulary import EntityType, Relation
from rag.wiring import build
from tests.fake_knowledge_base import FakeKnowledgeBase
from tests.kb import BOOK, TRIAL, has_symptom, publish, settings_for
from tests.sources.collect import json_lines, text_file

OLD_TEXT_VERSION = "1"
PASSAGES = [
    {
        "text": "規律運動可以降低高血壓患者的血壓。",
        "kind": "conclusion",
        "source": "一項試驗",
        "about": "disease:高血壓",
    },
    {
        "text": "低盐饮食可以降低糖尿病患者的血压。",
        "kind": "conclusion",
        "source": "另一项试验",
        "about": "disease:糖尿病",
    },
]
FACTS = (
    "subject,subject_type,relation,object,object_type,source\n"
    "高血壓,disease,has_symptom,頭痛,symptom,一本書\n"
    "糖尿病,disease,has_symptom,多饮,symptom,一本书\n"
    "腎結石,disease,就诊科室,泌尿外科,department,一本書\n"
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [json_lines(tmp_path / "passages.jsonl", PASSAGES), text_file(tmp_path / "facts.csv", FACTS)]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("高血压有哪些症状", "頭痛"),
        ("高血壓有哪些症狀", "頭痛"),
        ("糖尿病有什麼症狀", "多饮"),
        ("肾结石挂什么科", "泌尿外科"),
        ("高血压和运动的研究", "規律運動可以降低高血壓患者的血壓"),
        ("高血壓和運動的研究", "規律運動可以降低高血壓患者的血壓"),
        ("糖尿病患者低鹽飲食", "低盐饮食可以降低糖尿病患者的血压"),
    ],
)
def test_either_script_finds_either(library: Library, files: list[Path], question: str, said: str) -> None:
    settings = settings_for(library.data_dir, embedder="static")
    ingest(library, files, settings=settings)
    answer = build(settings).ask(question)
    assert answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL)
    assert said in answer.text
    for citation in answer.citations:
        edition = build(settings).editions.current()
        evidence = edition.kb.evidence([citation.evidence_id])[citation.evidence_id]
        start, end = citation.span
        assert evidence.text[start:end] == citation.quote, "quoted as the source wrote it"


def test_two_scripts_of_one_name_are_one_entity(library: Library, files: list[Path]) -> None:
    ingest(library, files, settings=settings_for(library.data_dir))
    snapshot = build(settings_for(library.data_dir)).editions.current().kb
    ids = {entity.id for entity in snapshot.scan("entity") if isinstance(entity, Entity)}
    assert {"disease:高血压", "disease:肾结石"} <= ids
    assert not any("壓" in name or "腎" in name for name in ids)


# ---------------------------------------------------------------- versions made before

OLD_ID = EntityId("disease:高血壓")
OLD: list[Record] = [
    BOOK,
    TRIAL,
    Entity(OLD_ID, EntityType.DISEASE, "高血壓"),
    Entity(EntityId("symptom:頭痛"), EntityType.SYMPTOM, "頭痛"),
    Alias("高壓病", OLD_ID, AliasKind.SYNONYM),
    Fact(OLD_ID, Relation.SYMPTOM, EntityId("symptom:頭痛"), BOOK.id),
    Passage("高血壓患者應規律運動。", PassageKind.CONCLUSION, TRIAL.id, title="高血壓的觀察"),
]


def aged(library: Library, version: int) -> None:
    """Make a sealed version look as text version 1 left it: names, aliases and manifest as they were written then."""
    folder = library.snapshot_folder(version)
    path = folder / RECORDS
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'text_version'")
        connection.execute("UPDATE meta SET value = replace(value, ?, ?) WHERE key = 'mentions'",
                           (f"{TEXT_VERSION} ", f"{OLD_TEXT_VERSION} "))  # fmt: skip
        connection.execute("UPDATE alias SET normalised = name")
        connection.execute("DELETE FROM name")
        connection.execute("INSERT INTO name SELECT substr(id, instr(id, ':') + 1), id, 'name' FROM entity")
        connection.execute(
            "INSERT INTO name SELECT a.normalised, e.id, a.kind FROM alias a JOIN entity e ON e.pk = a.entity"
        )
    connection.close()
    manifest = read_manifest(folder)
    (folder / MANIFEST).unlink()
    made = {**manifest.files, RECORDS: checksum(path, sha256=True)}
    write_manifest(folder, replace(manifest, text_version=int(OLD_TEXT_VERSION), files=made))


@pytest.fixture
def old(library: Library) -> Library:
    publish(library, {"old": OLD})
    aged(library, 1)
    return library


@pytest.mark.parametrize("question", ["高血压有哪些症状", "高血壓有哪些症狀", "高压病有哪些症状"])
def test_an_older_version_answers_in_both_scripts(old: Library, question: str) -> None:
    answer = build(settings_for(old.data_dir)).ask(question)
    assert (answer.outcome, answer.kb_version) == (Outcome.ANSWERED, 1)
    assert "頭痛" in answer.text


@pytest.mark.parametrize("question", ["高血压有哪些症状", "高壓病有哪些症狀"])
def test_the_next_version_knows_what_the_older_one_asserted(old: Library, question: str) -> None:
    report = publish(old, {"new": [BOOK, has_symptom("甲病", "头晕")]})
    answer = build(settings_for(old.data_dir)).ask(question)
    assert (answer.outcome, answer.kb_version) == (Outcome.ANSWERED, report.version)
    assert "頭痛" in answer.text
    snapshot = build(settings_for(old.data_dir)).editions.current().kb
    assert {row.name for row in snapshot.names()} >= {"高血压", "高压病", "头痛"}
    assert any(OLD_ID in found for found in snapshot.mentions([p.id for p in OLD if isinstance(p, Passage)]).values())
    again = publish(old, {"newer": [BOOK, has_symptom("乙病", "头晕")]})
    assert {row.name for row in build(settings_for(old.data_dir)).editions.current().kb.names()} >= {"高血压", "乙病"}
    assert again.version == report.version + 1


def test_the_same_records_under_newer_rules_are_a_new_version(old: Library) -> None:
    report = publish(old, {"old": OLD})
    assert (report.version, report.unchanged, report.added) == (2, False, {})
    assert read_manifest(old.snapshot_folder(2)).text_version == TEXT_VERSION
    assert read_manifest(old.snapshot_folder(1)).digest == report.digest
    assert publish(old, {"old": OLD}).unchanged


def test_reindexing_brings_a_version_to_the_newer_rules(old: Library) -> None:
    assert kb.reindex(old, settings_for(old.data_dir)).text_version == TEXT_VERSION
    assert "頭痛" in build(settings_for(old.data_dir)).ask("高血压有哪些症状").text


@pytest.mark.parametrize("question", ["運動", "运动"])
def test_words_are_looked_up_as_the_index_holds_them(question: str) -> None:
    made = FakeKnowledgeBase(OLD, text_version=1)
    search = PassageSearch(made, Names(made.names()), None, default_tuning())
    found = [name for name, _ in search.arms(question, ())["sparse"]]
    passages = [record.id for record in OLD if isinstance(record, Passage)]
    assert found == (passages if question == "運動" else []), "an old index knows the script it was made of"

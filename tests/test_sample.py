"""The packaged sample knowledge base: how much it holds, that its readers accept it, that it keeps its own rules."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kg_loader
from kg_loader.sources import FORMATS, guess_format
from kg_loader.sources.format import Item, ReadContext
from rag.domain import Alias, DoNotMerge, Entity, Fact, Passage, PassageKind, Rejected, Skipped, Source
from rag.text import sentence_spans
from rag.vocabulary import RELATIONS, EntityType, Grade, Relation, relation_named
from yiwen.cli import app

SAMPLE = Path(kg_loader.__file__).parent / "sample"
FILES = {
    "facts.csv": "facts-csv",
    "aliases.csv": "aliases-csv",
    "do_not_merge.csv": "do-not-merge-csv",
    "passages.jsonl": "passages",
}
OURS_ZH, OURS_EN = "编者概述：", "Editors' summary: "
DOSE = re.compile(
    r"\d+(?:\.\d+)?\s*(?:mg|g|μg|ug|ml|iu|毫克|克|微克|毫升|单位|片|粒|袋|支|丸|滴)(?![a-z])|[每一]日\S{0,3}次",
    re.IGNORECASE,
)


def items(name: str) -> list[Item]:
    """Everything that the reader of `name` yields."""
    path = SAMPLE / name
    return list(FORMATS[guess_format(path)].read(path, ReadContext("sample")))


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the sample."""
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def conclusions() -> list[dict[str, Any]]:
    """Lines of the passages file."""
    return [json.loads(line) for line in (SAMPLE / "passages.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("name", "format_name"), FILES.items())
def test_reader_recognises_the_file_and_refuses_nothing(name: str, format_name: str) -> None:
    assert guess_format(SAMPLE / name) == format_name
    assert [item for item in items(name) if isinstance(item, Rejected | Skipped)] == []


def test_enough_subjects_of_each_kind() -> None:
    subjects = {fact.subject for fact in items("facts.csv") if isinstance(fact, Fact)}
    counts = Counter(subject.partition(":")[0] for subject in subjects)
    assert counts[EntityType.DISEASE] >= 60
    assert counts[EntityType.DRUG] >= 60
    assert counts[EntityType.HERB] >= 30
    assert counts[EntityType.FORMULA] >= 30
    assert "disease:肝癌" in subjects


def objects_by_relation(kind: EntityType) -> dict[str, Counter[str]]:
    """Subject of type `kind` -> how many facts it has of each relation."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows("facts.csv"):
        if row["subject_type"] == kind:
            found[row["subject"]][row["relation"]] += 1
    return found


def test_diseases_have_enough_symptoms_to_be_told_apart() -> None:
    symptoms = {name: facts[Relation.SYMPTOM] for name, facts in objects_by_relation(EntityType.DISEASE).items()}
    assert {name for name, count in symptoms.items() if not 5 <= count <= 10} == {"高尿酸血症", "高脂血症"}, (
        "five to ten each, save where an illness is mostly felt by nobody"
    )
    shared = Counter(row["object"] for row in rows("facts.csv") if row["relation"] == Relation.SYMPTOM)
    assert sum(count > 1 for count in shared.values()) >= 60


def test_herbs_and_formulas_are_described() -> None:
    described = objects_by_relation(EntityType.HERB).values()
    assert sum(bool(facts[Relation.EFFICACY] and facts[Relation.INDICATION]) for facts in described) >= 30
    for name, facts in objects_by_relation(EntityType.FORMULA).items():
        assert min(facts[Relation.INGREDIENT], facts[Relation.INDICATION], facts[Relation.EFFICACY]) >= 1, name


def test_drugs_are_described() -> None:
    drugs = objects_by_relation(EntityType.DRUG).values()
    wanted = (Relation.INDICATION, Relation.CONTRAINDICATION, Relation.CAUTION, Relation.ADVERSE, Relation.DRUG_CLASS)
    assert sum(all(facts[relation] for relation in wanted) for facts in drugs) >= 60
    assert sum(bool(facts[Relation.INTERACTION]) for facts in drugs) >= 50


def test_a_dose_says_for_whom() -> None:
    doses = [row for row in rows("facts.csv") if row["relation"] == Relation.DOSAGE]
    assert len(doses) >= 30
    assert [row["subject"] for row in doses if not row["population"]] == []
    twice = Counter(row["subject"] for row in doses)
    assert sum(count > 1 for count in twice.values()) >= 2, "two sources that differ, to be shown side by side"


def test_enough_aliases_pairs_and_conclusions() -> None:
    assert sum(isinstance(item, Alias) for item in items("aliases.csv")) >= 120
    assert sum(isinstance(item, DoNotMerge) for item in items("do_not_merge.csv")) >= 20
    found = [item for item in items("passages.jsonl") if isinstance(item, Passage)]
    assert len(found) >= 80
    assert {passage.kind for passage in found} == {PassageKind.CONCLUSION}


def test_a_conclusion_names_one_study_or_says_that_it_is_ours() -> None:
    sources = [item for item in items("passages.jsonl") if isinstance(item, Source)]
    studies = [source for source in sources if source.grade is not Grade.EDITORIAL]
    assert all(study.pmid and study.year and study.title for study in studies)
    assert len({study.pmid for study in studies}) == len(studies)
    ours = [row for row in conclusions() if row["source"] == "editorial"]
    assert len(studies) + len(ours) == len(conclusions())
    for row in ours:
        assert row["text"].startswith((OURS_ZH, OURS_EN)), "the mark travels with every quotation"
        assert row.keys() == {"text", "kind", "source", "title", "about", "grade"}, (
            "no number of a study we do not name"
        )
        assert len(list(sentence_spans(row["text"]))) == 1, "a second sentence could be quoted without the mark"
    assert sum(row["text"].startswith(OURS_EN) for row in ours) >= 15


def test_what_a_conclusion_is_about_has_facts() -> None:
    known = {item.id for item in items("facts.csv") if isinstance(item, Entity)}
    about = {item.about for item in items("passages.jsonl") if isinstance(item, Passage)}
    assert about - known == set()


def test_aliases_and_pairs_speak_of_known_entities() -> None:
    known = {item.id for item in items("facts.csv") if isinstance(item, Entity)}
    used = {item.id for name in ("aliases.csv", "do_not_merge.csv") for item in items(name) if isinstance(item, Entity)}
    assert used - known == set()


def test_no_fact_stands_twice() -> None:
    facts = [item.id for item in items("facts.csv") if isinstance(item, Fact)]
    assert len(facts) == len(set(facts))


def test_no_dose_without_a_named_source() -> None:
    editorial = [row for row in rows("facts.csv") if row["source"] == "editorial"]
    assert editorial
    assert [row for row in editorial if row["dose"] or relation_named(row["relation"]) is Relation.DOSAGE] == []
    texts = [row["object"] for row in editorial] + [row["population"] for row in editorial]
    assert [text for text in texts if DOSE.search(text)] == []


def test_named_sources_have_their_own_grade() -> None:
    for row in rows("facts.csv"):
        assert (row["grade"] == Grade.EDITORIAL) == (row["source"] == "editorial"), row


def test_relations_are_used_broadly() -> None:
    used = {relation_named(row["relation"]) for row in rows("facts.csv")}
    assert None not in used
    assert len(used) >= 36
    assert used <= RELATIONS.keys()


def test_pairs_are_not_each_other_s_aliases() -> None:
    names = {(item.name, item.entity) for item in items("aliases.csv") if isinstance(item, Alias)}
    for pair in (item for item in items("do_not_merge.csv") if isinstance(item, DoNotMerge)):
        assert (pair.a.partition(":")[2], pair.b) not in names
        assert (pair.b.partition(":")[2], pair.a) not in names


def test_the_readme_shows_what_its_ingestion_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [str(SAMPLE / name) for name in ("facts.csv", "passages.jsonl")]
    done = CliRunner().invoke(app, ["--data-dir", str(tmp_path / "kb"), "ingest", *files, "--dataset", "mine"])
    readme = (Path(kg_loader.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert done.exit_code == 0
    assert done.stdout in readme

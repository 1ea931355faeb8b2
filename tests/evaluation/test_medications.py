"""The figures of the medication check: right on a knowledge base that holds the rows, 0 on one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.medications import evaluate, herb_pairs, read_pairs, run
from kg_loader.ingest import ingest
from rag.domain import EntityId, Fact, Qualifiers, Record
from rag.errors import NotFoundError
from rag.settings import Settings
from rag.snapshot import Library
from rag.vocabulary import Relation
from tests.answering.records import BOOK, fact
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

DRUGS = ("alphadrug", "betadrug", "gammadrug", "deltadrug", "epsidrug", "zetadrug", "etadrug", "thetadrug")
ROWS = [(a, b) for n, a in enumerate(DRUGS) for b in DRUGS[n + 1 : n + 4]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "kg").mkdir()
    lines = [f"1,{a.title()},2,{b.title()},{'Major' if n % 2 else 'Minor'}" for n, (a, b) in enumerate(ROWS)]
    text = "\n".join(["DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level", *lines]) + "\n"
    (tmp_path / "kg" / "ddinter_A.csv").write_text(text, encoding="utf-8")
    return tmp_path


def records() -> list[Record]:
    facts: list[Fact] = [
        fact(f"drug:{a}", Relation.INTERACTION, f"drug:{b}", limits=Qualifiers(severity="严重" if n % 2 else "轻微"))
        for n, (a, b) in enumerate(ROWS)
    ]
    herbs = [fact(f"herb:{a}", Relation.INCOMPATIBLE, f"herb:{b}") for a, b in herb_pairs()]
    return [BOOK, *(entity(EntityId(f"drug:{name}")) for name in DRUGS), *facts, *herbs]


def shares(summary: dict[str, object]) -> dict[str, float]:
    return {name: value["share"] for name, value in summary.items() if isinstance(value, dict)}


def test_what_the_rows_state_is_found_and_nothing_else(data: Path) -> None:
    library = FakeLibrary()
    library.publish(records())
    report = evaluate(fake_pipeline(library), data, count=10)
    assert set(shares(report.summary()).values()) == {1.0}
    assert report.wrong == []
    assert "| pairs found | 1.000 | 1.000 to 1.000 | 10 |" in report.markdown()


def test_an_emptied_knowledge_base_scores_nothing(data: Path) -> None:
    library = FakeLibrary()
    library.publish([BOOK, *(entity(EntityId(f"drug:{name}")) for name in DRUGS)])
    report = evaluate(fake_pipeline(library), data, count=10)
    assert (sum(report.recorded), sum(report.graded), report.herbs) == (0, 0, [])
    assert report.absent == len(list(herb_pairs()))
    assert len(report.wrong) == 10


def test_the_draw_is_the_same_each_time_and_without_rows_means_so(data: Path) -> None:
    recorded, unrecorded = read_pairs(data, 8, 1)
    assert (recorded, unrecorded) == read_pairs(data, 8, 1)
    stated = {frozenset((a.title(), b.title())) for a, b in ROWS}
    assert all(frozenset((pair.a, pair.b)) not in stated for pair in unrecorded)


def test_a_folder_without_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ddinter_A"):
        read_pairs(tmp_path, 1, 1)


@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.timeout(600)
def test_real_rows_and_herbs(real_data: Path, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    names = ("ddinter_A.csv", "drug.json", "tcm/textbook_herbs.json", "tcm/tcm-herb-identity-catalog.json")
    ingest(Library(tmp_path), [real_data / "kg" / name for name in names], settings=settings)
    report = run(settings, real_data, count=200, seed=7)
    found = shares(report.summary())
    assert found["pairs found with their severity"] >= 0.99
    assert found["pairs without a row that stay without one"] == 1.0
    assert found["herb pairs found"] >= 0.95
    assert found["lists that read the same backwards"] == 1.0
    assert report.from_nothing == 0

"""An export as JSON Lines, ingested into an empty folder, is the same knowledge base."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg_loader.export import lines
from kg_loader.ingest import ingest
from rag.domain import (
    Alias,
    AliasKind,
    DoNotMerge,
    Entity,
    EntityId,
    Fact,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Source,
)
from rag.errors import DataError, UsageError
from rag.snapshot import Library
from rag.text import clean, normalise
from rag.vocabulary import EntityType, Grade, Relation
from tests.kb import generated, opened, publish, settings_for, small_kb


def exported(library: Library, path: Path) -> Path:
    """The current version as a file."""
    pointer = library.pointer()
    assert pointer is not None
    rows = lines(library.snapshot_folder(pointer.version))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def taken_in(folder: Path, path: Path, **options: Any) -> Library:  # noqa: ANN401 - options of `ingest`
    library = Library(folder)
    settings = settings_for(folder, terms=True)
    ingest(library, [path], settings=settings, **{"max_rejects": 0, **options})
    return library


def digest(library: Library) -> str:
    return opened(library).manifest.digest


def test_several_data_sets_come_back_under_their_names(tmp_path: Path) -> None:
    library = Library(tmp_path / "one")
    spelling = Entity(EntityId("disease:甲病"), EntityType.DISEASE, "甲　病")
    publish(library, {"one": small_kb(), "two": [*generated(1, 20), spelling], "三": small_kb()[:5]})
    publish(library, {"one": small_kb()[:-3]})
    again = taken_in(tmp_path / "two", exported(library, tmp_path / "all.jsonl"))
    assert digest(again) == digest(library)
    assert opened(again).manifest.datasets == ("one", "two", "三")
    pointer = again.pointer()
    assert pointer is not None
    assert taken_in(tmp_path / "two", tmp_path / "all.jsonl").pointer() == pointer, "twice is once"


def test_one_data_set_of_an_export(tmp_path: Path) -> None:
    library = Library(tmp_path / "one")
    publish(library, {"one": small_kb(), "two": generated(1, 20)})
    path = exported(library, tmp_path / "all.jsonl")
    assert opened(taken_in(tmp_path / "two", path, dataset="two")).manifest.datasets == ("two",)
    with pytest.raises(UsageError, match="holds the data sets one, two, not three"):
        taken_in(tmp_path / "three", path, dataset="three")


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=12)
CLEAN = TEXT.map(clean).filter(lambda text: bool(normalise(text)))
NAMED = st.sampled_from(list(EntityType)).flatmap(
    lambda kind: CLEAN.map(lambda name: Entity(EntityId(f"{kind}:{normalise(name)}"), kind, name))
)
MAYBE = st.none() | CLEAN
SOURCES = st.builds(
    Source, CLEAN, CLEAN, st.sampled_from(list(Grade)), st.none() | st.integers(1000, 2100), MAYBE, MAYBE, MAYBE,
    MAYBE, MAYBE, MAYBE,
)  # fmt: skip


@st.composite
def contents(draw: st.DrawFn) -> list[Record]:
    """Records of every kind that lean on each other."""
    sources = draw(st.lists(SOURCES, min_size=1, max_size=3))
    entities = draw(st.lists(NAMED, min_size=2, max_size=5))
    ids = [entity.id for entity in entities]
    one, cited = st.sampled_from(ids), st.sampled_from([source.id for source in sources])
    objects = one | st.builds(Literal, CLEAN, CLEAN)
    facts = st.builds(
        Fact, one, st.sampled_from(list(Relation)), objects, cited, st.builds(Qualifiers, MAYBE, MAYBE, MAYBE)
    )
    passages = st.builds(
        Passage, CLEAN, st.sampled_from(list(PassageKind)), cited, MAYBE, MAYBE, MAYBE, st.none() | one, MAYBE
    )
    others: st.SearchStrategy[Record] = (
        facts | passages | st.builds(Alias, CLEAN, one, st.sampled_from(list(AliasKind)))
    )
    pairs = [DoNotMerge(min(ids[:2]), max(ids[:2]), "不同")] if ids[0] != ids[1] else []
    return [*sources, *entities, *pairs, *draw(st.lists(others, max_size=12))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(datasets=st.dictionaries(CLEAN.filter(str.isprintable), contents(), min_size=1, max_size=3))
def test_exported_and_ingested_is_the_same(
    datasets: dict[str, list[Record]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("round")
    library = Library(folder / "one")
    publish(library, datasets)
    again = taken_in(folder / "two", exported(library, folder / "all.jsonl"))
    assert digest(again) == digest(library)


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    library = Library(tmp_path / "one")
    publish(library, {"one": small_kb()})
    return [json.loads(line) for line in exported(library, tmp_path / "x").read_text("utf-8").splitlines()]


def _write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_copy_that_ends_early_publishes_nothing(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = _write(tmp_path / "all.jsonl", rows[:-3])
    with pytest.raises(DataError, match=r"ends after \d+ rows without the row that counts them"):
        taken_in(tmp_path / "two", path)
    assert Library(tmp_path / "two").pointer() is None


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda row: row.pop(key)


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("fact", lambda row: row.update(severity="重"), "its id is not that of its content"),
        ("source", lambda row: row.update(year="2020"), "a year no number"),
        ("passage", lambda row: row.update(title=[1]), "title is not a text"),
        ("passage", lambda row: row.update(colour="x"), "unexpected keyword argument 'colour'"),
        ("alias", _without("name"), "not a alias: no 'name'"),
        ("fact", lambda row: row.update(relation="likes"), "not a fact: 'likes' is not a valid Relation"),
        ("entity", lambda row: row.update(kind="thing"), "unknown kind 'thing'"),
        ("entity", _without("datasets"), "no list of datasets"),
    ],
)
def test_a_row_that_was_changed_is_rejected_with_its_line(
    tmp_path: Path, rows: list[dict[str, Any]], kind: str, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    number = next(n for n, row in enumerate(rows, start=1) if row["kind"] == kind)
    change(rows[number - 1])
    library = taken_in(tmp_path / "two", _write(tmp_path / "all.jsonl", rows), max_rejects=100)
    (file,) = library.rejects.iterdir()
    refused = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert refused[0]["line"] == number
    assert reason in refused[0]["reason"]


@pytest.mark.parametrize(
    ("header", "message"),
    [({"format_version": 9}, "format_version is 9"), ({"datasets": "one"}, "is no header")],
)
def test_a_header_of_another_program(
    tmp_path: Path, rows: list[dict[str, Any]], header: dict[str, object], message: str
) -> None:
    rows[0].update(header)
    with pytest.raises(DataError, match=message):
        taken_in(tmp_path / "two", _write(tmp_path / "all.jsonl", rows))

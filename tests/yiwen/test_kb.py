"""`kb`: versions, their comparison, roll-back, pruning, verification and export."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

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
from rag.snapshot import Library
from rag.vocabulary import EntityType, Grade, Relation
from tests.kb import generated, publish, small_kb
from tests.yiwen.conftest import ROW_A, ROW_B, Yiwen, facts_file


@pytest.fixture
def two_versions(yiwen: Yiwen, tmp_path: Path) -> Yiwen:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--dataset", "x")
    yiwen("ingest", facts_file(tmp_path / "b.csv", ROW_B), "--dataset", "x")
    return yiwen


def test_versions_are_listed_with_the_current_one(two_versions: Yiwen) -> None:
    found = two_versions("kb", "versions", "--json").json
    assert found["current"] == 2
    assert [row["version"] for row in found["versions"]] == [1, 2]
    assert "2*" in two_versions("kb", "versions").out


def test_no_versions_is_no_error(yiwen: Yiwen) -> None:
    assert yiwen("kb", "versions", "--json").json == {"current": None, "revision": None, "versions": [], "damaged": []}
    assert yiwen("kb", "versions").code == 0


@pytest.mark.parametrize("command", ["info", "verify", "export", "reindex"])
def test_before_the_first_version_the_way_to_one_is_named(yiwen: Yiwen, command: str) -> None:
    done = yiwen("kb", command)
    assert done.code == 6
    assert "yiwen ingest" in done.err


def test_a_difference_shows_what_came_and_went(two_versions: Yiwen) -> None:
    changes = two_versions("kb", "diff", 1, 2, "--json").json["changes"]
    assert (changes["fact"]["added"], changes["fact"]["removed"]) == (1, 1)
    out = two_versions("kb", "diff", 1, 2).out
    assert "+ disease:乙病" in out
    assert "- disease:甲病" in out
    assert two_versions("kb", "diff", 1, 1).out == "no difference\n"
    assert two_versions("kb", "diff", 1, 9).code == 3


def test_an_older_version_can_be_activated(two_versions: Yiwen) -> None:
    assert two_versions("kb", "activate", 1, "--json").json["version"] == 1
    assert two_versions("kb", "info", "--json").json["current"] == 1
    assert two_versions("kb", "activate", 9).code == 3
    assert two_versions("kb", "activate", 0).code == 2


def test_pruning_asks_and_spares_the_current_version(two_versions: Yiwen) -> None:
    refused = two_versions("kb", "prune", "--keep", "2")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert two_versions("kb", "prune", "--keep", "1", "--yes").code == 2
    assert two_versions("kb", "prune", "--keep", "2", "--yes", "--json").json == {"removed": [], "kept": [1, 2]}


def test_reindexing_publishes_the_same_content(two_versions: Yiwen) -> None:
    before = two_versions("kb", "info", "--json").json
    after = two_versions("kb", "reindex", "--json").json
    assert (after["version"], after["digest"]) == (3, before["digest"])


def test_verification_tells_sound_from_damaged(two_versions: Yiwen, data_dir: Path) -> None:
    sound = two_versions("kb", "verify", "--json")
    assert (sound.code, sound.json["ok"]) == (0, True)
    (records,) = data_dir.glob("kb/snapshots/000002-*/records.sqlite")
    records.write_bytes(records.read_bytes()[:-1] + b"x")
    damaged = two_versions("kb", "verify", "--json")
    assert (damaged.code, damaged.json["ok"]) == (5, False)
    assert "records.sqlite" in damaged.json["problems"][0]
    assert two_versions("kb", "verify", 1).code == 0
    assert two_versions("ask", "乙病").code == 5
    assert two_versions("ask", "甲病有什么症状", "--kb-version", 1).code in (0, 5)


# ---------------------------------------------------------------- export


def test_an_export_published_again_has_the_same_digest(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    library = Library(data_dir)
    other_spelling = Entity(EntityId("disease:甲病"), EntityType.DISEASE, "甲　病")
    publish(library, {"one": small_kb(), "two": [*generated(1, size=20), other_spelling]})
    publish(library, {"one": small_kb()[:-3]})
    rows = [json.loads(line) for line in yiwen("kb", "export").out.splitlines()]
    again = publish(Library(tmp_path / "again"), _by_dataset(rows[1:]))
    assert again.digest == rows[0]["digest"]


def test_every_row_names_its_kind_and_who_asserts_it(on_sample: Yiwen) -> None:
    header, *rows = (json.loads(line) for line in on_sample("kb", "export").out.splitlines())
    assert header["kind"] == "header"
    assert {row["kind"] for row in rows} == {"entity", "alias", "do_not_merge", "source", "fact", "passage"}
    assert all(row["datasets"] for row in rows)


def _by_dataset(rows: list[dict[str, Any]]) -> Mapping[str, list[Record]]:
    """The records of an export under each data set that asserts them; sources lie before what cites them."""
    found: dict[str, list[Record]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["kind"] != "source"):
        record = _record(row)
        assert "id" not in row or row["kind"] == "entity" or row["id"] == record.id  # type: ignore[union-attr]
        for name in row["datasets"]:
            found[name].append(record)
    return found


def _record(row: dict[str, Any]) -> Record:
    given = {key: value for key, value in row.items() if key not in ("kind", "id", "datasets")}
    match row["kind"]:
        case "entity":
            return Entity(EntityId(row["id"]), EntityType(given["type"]), given["name"])
        case "alias":
            return Alias(given["name"], given["entity"], AliasKind(given["alias_kind"]))
        case "do_not_merge":
            return DoNotMerge(**given)
        case "source":
            return Source(kind=given.pop("source_kind"), grade=Grade(given.pop("grade")), **given)
        case "passage":
            return Passage(kind=PassageKind(given.pop("passage_kind")), **given)
        case _:
            target = Literal(**given["literal"]) if "literal" in given else given["object"]
            limits = Qualifiers(given.get("severity"), given.get("population"), given.get("dose"))
            return Fact(given["subject"], Relation(given["relation"]), target, given["source"], limits)

"""`kb`: versions, their comparison, roll-back, pruning, verification and export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from rag.settings import Settings
from rag.snapshot import Library
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


def test_a_version_that_waits_for_its_publication_says_so(two_versions: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    def interrupt(point: str) -> None:
        if point == "seal.renamed":
            raise KeyboardInterrupt

    third = facts_file(tmp_path / "c.csv", ROW_A, ROW_B)
    with pytest.raises(KeyboardInterrupt):
        ingest(Library(data_dir), [third], dataset="x", settings=Settings(data_dir=data_dir), reached=interrupt)
    rows = two_versions("kb", "versions", "--json").json["versions"]
    assert [(row["version"], row["published"]) for row in rows] == [(1, True), (2, True), (3, False)]
    assert "3 was sealed and never published" in two_versions("kb", "versions").out
    assert two_versions("ingest", third, "--dataset", "x").code == 0
    assert "never published" not in two_versions("kb", "versions").out


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


def test_every_row_names_its_kind_and_who_asserts_it(on_sample: Yiwen) -> None:
    header, *rows, end = (json.loads(line) for line in on_sample("kb", "export").out.splitlines())
    assert (header["kind"], end) == ("header", {"kind": "end", "rows": len(rows)})
    assert {row["kind"] for row in rows} == {"entity", "alias", "do_not_merge", "source", "fact", "passage"}
    assert all(row["datasets"] for row in rows)

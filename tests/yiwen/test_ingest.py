"""`ingest`: its report, its exit codes, and files that are not what they seem."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.yiwen.conftest import ROW_A, ROW_B, Yiwen, facts_file

BROKEN = "丙病,no-such-type,has_symptom,头晕,symptom,editorial"
REPORT = {"version", "digest", "loaded", "skipped", "rejected", "rejects_file", "unchanged"}


def test_the_report_has_the_shape_of_the_contract(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--json")
    assert done.code == 0
    assert done.json.keys() >= REPORT
    assert (done.json["version"], done.json["unchanged"], done.json["rejects_file"]) == (1, False, None)


def test_the_same_file_again_changes_nothing(yiwen: Yiwen, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A)
    first, second = yiwen("ingest", file, "--json").json, yiwen("ingest", file, "--json").json
    assert second["unchanged"] is True
    assert (second["version"], second["digest"]) == (first["version"], first["digest"])


def test_broken_rows_are_counted_and_kept_for_reading(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, BROKEN), "--json")
    assert done.code == 7
    assert sum(done.json["rejected"].values()) == 1
    assert "丙病" in Path(done.json["rejects_file"]).read_text(encoding="utf-8")


def test_people_read_what_was_loaded_and_why_rows_were_left_out(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, BROKEN))
    assert done.code == 7
    for part in ("1 fact", "rejected  1 ", "rejects   ", "version   1 (added"):
        assert part in done.out


def test_too_many_broken_rows_stop_the_file(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, BROKEN, BROKEN), "--max-rejects", "1")
    assert done.code == 5
    assert yiwen("kb", "versions", "--json").json["versions"] == []


def test_a_file_is_a_data_set_unless_one_is_named(yiwen: Yiwen, tmp_path: Path) -> None:
    files = [facts_file(tmp_path / "a.csv", ROW_A), facts_file(tmp_path / "b.csv", ROW_B)]
    yiwen("ingest", *files)
    assert yiwen("kb", "info", "--json").json["datasets"] == ["a", "b"]
    yiwen("ingest", files[0], "--dataset", "mine")
    assert yiwen("kb", "info", "--json").json["datasets"] == ["a", "b", "mine"]


def test_append_adds_to_a_data_set(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--dataset", "x")
    yiwen("ingest", facts_file(tmp_path / "b.csv", ROW_B), "--dataset", "x", "--append")
    assert yiwen("kb", "info", "--json").json["counts"]["fact"] == 2


def test_a_dry_run_tells_and_changes_nothing(yiwen: Yiwen, tmp_path: Path) -> None:
    yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--dataset", "x")
    before = yiwen("kb", "versions", "--json").json
    file = facts_file(tmp_path / "b.csv", ROW_B, BROKEN)
    dry = yiwen("ingest", file, "--dataset", "x", "--dry-run", "--json")
    assert (dry.code, dry.json["dry_run"], dry.json["rejects_file"]) == (7, True, None)
    assert yiwen("kb", "versions", "--json").json == before
    real = yiwen("ingest", file, "--dataset", "x", "--json").json
    assert {key: real[key] for key in ("version", "digest", "loaded", "removed")} == {
        key: dry.json[key] for key in ("version", "digest", "loaded", "removed")
    }


def test_a_dry_run_needs_no_data_folder(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    assert yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--dry-run").code == 0
    assert list(data_dir.iterdir()) == []


MAP = """\
subject: {column: 病, type: disease}
facts: [{relation: 症状, column: 表现, type: symptom, separators: 、}]
source: {title: 一本书}
"""


def _table(folder: Path, text: str = "病,表现\n甲病,头晕、恶寒\n,头晕\n") -> tuple[Path, Path]:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    (folder / "m.yaml").write_text(MAP, encoding="utf-8")
    return folder / "t.csv", folder / "m.yaml"


def test_any_table_by_a_map(yiwen: Yiwen, tmp_path: Path) -> None:
    table, table_map = _table(tmp_path)
    done = yiwen("ingest", table, "--map", table_map, "--json")
    assert (done.code, done.json["loaded_by_kind"]["fact"], done.json["rejected"]) == (7, 2, {"no 病": 1})
    assert yiwen("ingest", table, "--map", table_map, "--json").json["unchanged"] is True
    table_map.write_text(MAP.replace("separators: 、", ""), encoding="utf-8")
    changed = yiwen("ingest", table, "--map", table_map, "--json").json
    assert (changed["version"], changed["added"]["fact"], changed["removed"]["fact"]) == (2, 1, 2)


def test_a_wrong_map_is_one_line_that_names_its_own(yiwen: Yiwen, tmp_path: Path) -> None:
    table, table_map = _table(tmp_path)
    table_map.write_text(MAP.replace("relation", "relaton"), encoding="utf-8")
    done = yiwen("ingest", table, "--map", table_map)
    assert (done.code, len(done.err.splitlines())) == (5, 1)
    assert "m.yaml: line 2: facts.0.relaton: unknown key; did you mean 'relation'" in done.err
    assert yiwen("ingest", table, "--map", tmp_path / "none.yaml").code == 3
    table_map.write_text(MAP, encoding="utf-8")
    assert yiwen("ingest", table, "--map", table_map, "--format", "csl").code == 2
    assert yiwen("ingest", table, "--format", "mapped").code == 2


def test_a_preview_shows_rows_as_they_would_be_stored_and_stores_nothing(
    yiwen: Yiwen, data_dir: Path, tmp_path: Path
) -> None:
    table, table_map = _table(tmp_path)
    done = yiwen("ingest", table, "--map", table_map, "--preview", "5")
    assert done.code == 7
    for part in (
        "row 2     来源  一本书（网络整理，未经审校）",
        "事实  甲病（疾病）的症状：头晕（症状）〔一本书〕",
        "row 3     退回  no 病",
        "rejected  line 3: no 病",
        "records   3 entities, 1 source, 2 facts",
        "nothing was stored",
    ):
        assert part in done.out
    assert list(data_dir.iterdir()) == []


def test_a_preview_of_any_format(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, ROW_B, BROKEN), "--preview", "3", "--json")
    assert done.code == 7
    (found,) = done.json["preview"]
    assert (found["format"], found["records"]["fact"], len(found["rows"])) == ("facts-csv", 2, 3)
    assert found["rejects"][0]["line"] == 4


def _folder(path: Path) -> None:
    path.mkdir()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.touch()


def _unknown(path: Path) -> None:
    path.write_text("hello\n", encoding="utf-8")


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def _missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "code"),
    [(_missing, 3), (_folder, 2), (_fifo, 2), (_empty, 5), (_unknown, 5), (_binary, 5)],
    ids=["missing", "folder", "fifo", "empty", "unknown", "binary"],
)
def test_what_cannot_be_ingested_is_one_line_and_a_code(yiwen: Yiwen, tmp_path: Path, make: object, code: int) -> None:
    path = tmp_path / "input.csv"
    assert callable(make)
    make(path)
    done = yiwen("ingest", path)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("yiwen: ")
    assert len(done.err.splitlines()) == 1
    assert "input.csv" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_invalid_data(yiwen: Yiwen, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A)
    file.chmod(0)
    assert yiwen("ingest", file).code == 5


def test_unknown_formats_and_encodings_are_named(yiwen: Yiwen, tmp_path: Path) -> None:
    file = facts_file(tmp_path / "a.csv", ROW_A)
    wrong = yiwen("ingest", file, "--format", "xlsx")
    assert wrong.code == 2
    assert "facts-csv" in wrong.err
    assert yiwen("ingest", file, "--encoding", "klingon").code in (2, 5)
    assert yiwen("ingest").code == 2


def test_a_second_writer_is_turned_away(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    from rag.snapshot import Library

    with Library(data_dir).writing():
        done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    assert done.code == 4
    assert "is writing to" in done.err


def test_a_data_folder_that_is_a_file_is_a_storage_error(yiwen: Yiwen, data_dir: Path, tmp_path: Path) -> None:
    data_dir.rmdir()
    data_dir.write_text("", encoding="utf-8")
    assert yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A)).code == 6

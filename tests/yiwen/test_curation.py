"""`kb withdraw`, `restore` and `register` as commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yiwen.conftest import ROW_A, ROW_B, Yiwen, facts_file


@pytest.fixture
def kb(yiwen: Yiwen, tmp_path: Path) -> Yiwen:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, ROW_B), "--dataset", "x")
    assert done.code == 0, done.err
    return yiwen


def cited(kb: Yiwen) -> list[str]:
    return [citation["evidence_id"] for citation in kb("ask", "甲病有什么症状", "--json").json["citations"]]


def test_withdrawn_evidence_is_no_longer_cited(kb: Yiwen) -> None:
    (fact,) = cited(kb)
    done = kb("kb", "withdraw", fact, "--reason", "录入错误", "--json")
    assert done.code == 0
    assert {key: done.json[key] for key in ("key", "kind", "reason", "revision", "current_version")} == {
        "key": fact, "kind": "withdrawn", "reason": "录入错误", "revision": 1,
        "current_version": {"facts": 1, "passages": 0},
    }  # fmt: skip
    assert cited(kb) == []
    listed = kb("kb", "register")
    assert fact in listed.out
    assert "录入错误" in listed.out
    assert [entry["key"] for entry in kb("kb", "register", "--json").json["entries"]] == [fact]
    assert kb("kb", "restore", fact).out == f"{fact} is restored: 1 facts and 0 passages of the current version\n"
    assert cited(kb) == [fact]
    assert kb("kb", "register").out == "nothing is withdrawn, retracted or erased\n"


def test_errors_say_what_to_do(kb: Yiwen) -> None:
    (fact,) = cited(kb)
    unknown = kb("kb", "withdraw", "p:0000000000000000", "--reason", "x")
    assert (unknown.code, unknown.err.count("\n")) == (3, 1)
    assert kb("kb", "withdraw", "nonsense", "--reason", "x").code == 3
    assert kb("kb", "withdraw", fact).code == 2
    assert kb("kb", "withdraw", fact, "--reason", "  ").code == 2
    assert kb("kb", "restore", fact).code == 4
    assert kb("kb", "restore", "pmid:12").code == 3
    kb("kb", "withdraw", fact, "--reason", "x")
    assert kb("kb", "withdraw", fact, "--reason", "x").code == 4


def test_a_damaged_register_answers_nothing(kb: Yiwen, data_dir: Path) -> None:
    (fact,) = cited(kb)
    kb("kb", "withdraw", fact, "--reason", "x")
    path = data_dir / "kb" / "register.json"
    path.write_bytes(path.read_bytes()[:-9])
    assert kb("doctor").code == 6
    for arguments in (("ask", "甲病有什么症状"), ("kb", "register"), ("kb", "restore", fact)):
        done = kb(*arguments)
        assert done.code == 5
        assert "register.previous.json" in done.err
    path.write_bytes((data_dir / "kb" / "register.previous.json").read_bytes())
    assert cited(kb) == [fact]


def test_a_dry_run_knows_the_register_and_leaves_it_alone(kb: Yiwen, tmp_path: Path, data_dir: Path) -> None:
    (fact,) = cited(kb)
    kb("kb", "withdraw", fact, "--reason", "x")
    before = (data_dir / "kb" / "register.json").read_bytes()
    done = kb("ingest", facts_file(tmp_path / "b.csv", ROW_A), "--dataset", "y", "--dry-run")
    assert done.code == 0
    assert (data_dir / "kb" / "register.json").read_bytes() == before


def test_erasing_asks_first_and_leaves_a_tombstone(kb: Yiwen, data_dir: Path) -> None:
    (fact,) = cited(kb)
    refused = kb("kb", "erase", fact, "--reason", "本人要求")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert cited(kb) == [fact]
    done = kb("kb", "erase", fact, "--reason", "本人要求", "--yes", "--json")
    assert done.code == 0
    assert {key: done.json[key] for key in ("key", "kind", "facts", "passages", "versions", "reject_rows", "left")} == {
        "key": fact, "kind": "erased", "facts": 1, "passages": 0, "versions": [1], "reject_rows": 0, "left": [],
    }  # fmt: skip
    assert cited(kb) == []
    gone = kb("kb", "erase", fact, "--reason", "x", "--yes")
    assert (gone.code, "was erased" in gone.err, "本人要求" in gone.err) == (3, True, True)
    assert kb("kb", "withdraw", fact, "--reason", "x").code == 3
    assert kb("kb", "verify").code == 0
    assert "erased" in kb("kb", "register").out
    assert "甲病".encode() not in b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())


def test_erasing_what_is_not_there(kb: Yiwen) -> None:
    assert kb("kb", "erase", "p:0000000000000000", "--reason", "x", "--yes").code == 3
    assert kb("kb", "erase", "pmid:1", "--reason", "x", "--yes").code == 2
    (fact,) = cited(kb)
    assert kb("kb", "erase", fact, "--yes").code == 2


def test_erased_rows_are_skipped_when_they_come_again(kb: Yiwen, tmp_path: Path) -> None:
    (fact,) = cited(kb)
    kb("kb", "erase", fact, "--reason", "x", "--yes")
    done = kb("ingest", facts_file(tmp_path / "a.csv", ROW_A, ROW_B), "--dataset", "x", "--json")
    assert done.code == 0
    assert done.json["skipped"] == {"erased": 2}
    assert done.json["unchanged"]
    assert cited(kb) == []

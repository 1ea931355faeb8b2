"""`kb audit`, `kb release` and `kb hold` as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yiwen.conftest import ROW_A, Yiwen, facts_file

CONTAGIOUS = "破伤风,disease,infectivity,有传染性,literal,某网站"
NOT_CONTAGIOUS = "破伤风,disease,infectivity,无传染性,literal,某网站"
JUNK = "3个月,disease,has_symptom,头晕,symptom,某网站"


@pytest.fixture
def dirty(yiwen: Yiwen, tmp_path: Path) -> Yiwen:
    done = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, CONTAGIOUS, NOT_CONTAGIOUS, JUNK))
    assert "findings  3 severe; see `yiwen kb audit`" in done.out
    assert "held      1 entity, 3 facts" in done.out
    return yiwen


def test_the_report_of_an_ingestion_counts_what_was_found(yiwen: Yiwen, tmp_path: Path) -> None:
    report = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A, CONTAGIOUS, NOT_CONTAGIOUS), "--json").json
    assert report["findings"] == {"contradiction": {"severe": 2}}
    assert report["held"] == {"fact": 2}
    clean = yiwen("ingest", facts_file(tmp_path / "a.csv", ROW_A), "--json").json
    assert (clean["findings"], clean["held"]) == ({}, {})


def test_audit_counts_by_rule_and_shows_findings(dirty: Yiwen) -> None:
    shown = dirty("kb", "audit")
    assert "junk-name" in shown.out
    assert "破伤风 传染性: one source says 无传染性 / 有传染性" in shown.out
    found = dirty("kb", "audit", "--json", "--limit", 1).json
    assert found["findings"] == {"contradiction": {"severe": 2}, "junk-name": {"severe": 1}}
    assert found["held"] == {"entity": 1, "fact": 3}
    assert [one["rule"] for one in found["samples"]] == ["junk-name", "contradiction"]
    assert found["samples"][0]["record"] == "disease:3个月"


def test_audit_of_one_rule_severity_or_version(dirty: Yiwen, tmp_path: Path) -> None:
    one = dirty("kb", "audit", "--rule", "junk-name", "--json").json
    assert list(one["findings"]) == ["junk-name"]
    assert dirty("kb", "audit", "--severity", "info", "--json").json["samples"] == []
    dirty("ingest", facts_file(tmp_path / "a.csv", ROW_A))
    assert "nothing was found" in dirty("kb", "audit").out
    assert dirty("kb", "audit", "--version", 1, "--json").json["held"] == {"entity": 1, "fact": 3}


def test_an_unknown_rule_names_the_known_ones(dirty: Yiwen) -> None:
    done = dirty("kb", "audit", "--rule", "nonsense")
    assert done.code == 3
    assert "expected one of junk-name, " in done.err


def test_held_facts_answer_nothing_until_they_are_released(dirty: Yiwen) -> None:
    assert dirty("ask", "破伤风会传染吗", "--json").json["citations"] == []
    sides = [one["record"] for one in dirty("kb", "audit", "--rule", "contradiction", "--json").json["samples"]]
    done = dirty("kb", "release", sides[0], "--reason", "查过教科书", "--json").json
    assert (done["version"], done["released"], done["in_quarantine"]) == (2, [sides[0]], {"entity": 1, "fact": 2})
    cited = dirty("ask", "破伤风会传染吗", "--json").json["citations"]
    assert [one["evidence_id"] for one in cited] == [sides[0]]
    shown = dirty("kb", "audit", "--rule", "contradiction").out
    assert "released" in shown


def test_a_rule_is_released_and_a_record_is_held_again(dirty: Yiwen) -> None:
    assert "released 2 records; version 2" in dirty("kb", "release", "--rule", "contradiction").out
    side = dirty("ask", "破伤风会传染吗", "--json").json["citations"][0]["evidence_id"]
    assert "held 1 record; version 3" in dirty("kb", "hold", side, "--reason", "教科书说相反").out
    assert side not in [one["evidence_id"] for one in dirty("ask", "破伤风会传染吗", "--json").json["citations"]]
    assert dirty("kb", "audit", "--rule", "editor", "--json").json["samples"][0]["detail"] == "教科书说相反"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["release"], 2),
        (["release", "f:0000000000000000"], 3),
        (["release", "--rule", "spliced-text"], 3),
        (["hold", "disease:甲病"], 2),
    ],
)
def test_what_a_decision_needs(dirty: Yiwen, arguments: list[str], code: int) -> None:
    assert dirty("kb", *arguments).code == code


def test_the_data_set_of_releases_belongs_to_nobody_else(yiwen: Yiwen, tmp_path: Path) -> None:
    done = yiwen("ingest", facts_file(tmp_path / "reviews.csv", ROW_A))
    assert done.code == 2
    assert "data set of releases" in done.err

from __future__ import annotations

from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.domain import Fact
from rag.errors import DataError
from tests.sources.collect import Collected, collect, text_file

HEADER = "DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level\n"


def _read(tmp_path: Path, *rows: str, header: str = HEADER) -> Collected:
    return collect("ddinter", text_file(tmp_path / "pairs.csv", header + "".join(f"{row}\n" for row in rows)))


def _severities(found: Collected) -> list[str | None]:
    return [one.qualifiers.severity for one in found.records if isinstance(one, Fact)]


def test_english_names_become_the_chinese_drugs(tmp_path: Path) -> None:
    found = _read(tmp_path, "DDInter1,Aspirin,DDInter2,Warfarin,Major")
    assert found.facts == {("华法林", "interacts_with", "阿司匹林")}
    assert _severities(found) == ["严重"]
    assert found.skipped == {}
    assert {one.licence for one in found.sources} == {"CC BY-NC-SA 4.0"}


def test_a_pair_is_one_fact_in_either_order(tmp_path: Path) -> None:
    found = _read(tmp_path, "1,Aspirin,2,Warfarin,Major", "2,Warfarin,1,Aspirin,Major")
    facts = [one for one in found.records if isinstance(one, Fact)]
    assert (len(facts), len({one.id for one in facts})) == (2, 1)


def test_an_unknown_drug_keeps_its_english_name_and_is_counted_once(tmp_path: Path) -> None:
    found = _read(tmp_path, "1,Fakezumab,2,Aspirin,Minor", "1,Fakezumab,3,Warfarin,Moderate")
    assert "drug:fakezumab" in found.entities
    assert found.skipped == {"drug without a Chinese name": 1}
    assert _severities(found) == ["轻微", "中等"]


def test_a_preparation_with_a_route_is_not_the_drug(tmp_path: Path) -> None:
    found = _read(tmp_path, "1,Betamethasone (topical),2,Aspirin,Minor")
    assert "drug:betamethasone (topical)" in found.entities


def test_case_and_width_of_names_do_not_matter(tmp_path: Path) -> None:
    found = _read(tmp_path, "1,ＡＳＰＩＲＩＮ,2,warfarin ,MAJOR")
    assert found.entities == {"drug:阿司匹林", "drug:华法林"}


def test_a_name_with_a_comma_in_quotes(tmp_path: Path) -> None:
    found = _read(tmp_path, '1,"Fakulin (human, rapid acting)",2,Aspirin,Moderate')
    assert "drug:fakulin (human, rapid acting)" in found.entities


def test_two_names_of_one_drug_are_no_pair(tmp_path: Path) -> None:
    found = _read(tmp_path, "1,Aspirin,2,Acetylsalicylic acid,Major")
    assert (found.facts, found.skipped) == (set(), {"duplicate": 1})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,Aspirin,2,Warfarin,Deadly", "unknown level 'deadly'"),
        ("1,Aspirin,2,Warfarin,", "no level"),
        ("1,,2,Warfarin,Major", "no drug_a"),
        ("1,Aspirin,2,12345,Major", "not a name"),
        (f"1,Aspirin,2,{'x' * 121},Major", "not a name"),
        ("1,Aspirin,2,Warfarin,Major,extra", "more cells than columns"),
    ],
)
def test_a_broken_pair_costs_its_row(tmp_path: Path, row: str, reason: str) -> None:
    found = _read(tmp_path, row, "1,Aspirin,2,Warfarin,Unknown")
    assert [line for line, _ in found.reasons] == [2]
    assert found.rejected[0].reason.startswith(reason)
    assert _severities(found) == ["未分级"]


def test_long_names_of_vaccines_are_names(tmp_path: Path) -> None:
    name = "Fake virus A/Nowhere/7/2009 (H1N1)-like antigen (propiolactone inactivated)"
    assert f"drug:{name.lower()}" in _read(tmp_path, f"1,Aspirin,2,{name},Moderate").entities


def test_it_is_known_by_its_header_and_needs_it(tmp_path: Path) -> None:
    assert guess_format(text_file(tmp_path / "x", HEADER + "1,a,2,b,Major\n")) == "ddinter"
    with pytest.raises(DataError, match="columns missing: level"):
        _read(tmp_path, header="Drug_A,Drug_B\n")

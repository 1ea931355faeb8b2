from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from kg_loader.sources.drug_text import MAX_PIECE, pieces, split_aliases
from rag.domain import Skipped
from tests.sources.collect import Collected, collect


def _read(tmp_path: Path, *monographs: object) -> Collected:
    path = tmp_path / "drugs.json"
    path.write_text(json.dumps(monographs, ensure_ascii=False, indent=1), encoding="utf-8")
    return collect("drug-json", path)


def test_fields_become_passages_literals_and_aliases(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "安神灵\n药品类型:镇静药\n英文名:Anshenling\n别名:安眠素；静宁；Ansen\n剂型:片剂：10mg。\n适应证:用于失眠。\n用法用量:口服，一次1片。",
    )
    assert {(one.locator, one.text) for one in found.passages} == {
        ("适应证", "用于失眠。"),
        ("用法用量", "口服，一次1片。"),
    }
    assert {one.about for one in found.passages} == {"drug:安神灵"}
    assert found.facts == {
        ("安神灵", "drug_class", "镇静药"),
        ("安神灵", "dosage_form", "片剂：10mg。"),
        ("安神灵", "dosage", "口服，一次1片。"),
    }
    assert found.aliases == {"Anshenling": "english", "安眠素": "synonym", "静宁": "trade", "Ansen": "english"}


@pytest.mark.parametrize("first", ["药品类型:镇静药", "【别名】安眠素；", "【英文名】Ansen", "适应证：失眠"])
def test_a_field_line_in_place_of_the_name_is_refused(tmp_path: Path, first: str) -> None:
    found = _read(tmp_path, f"{first}\n适应证:失眠。", "安神灵\n适应证:失眠。")
    assert found.reasons == [(1, "first line is a field, not a name")]
    assert found.entities == {"drug:安神灵"}


@pytest.mark.parametrize("value", [None, 3, {}, [], ""])
def test_what_is_no_monograph_is_refused(tmp_path: Path, value: object) -> None:
    assert [line for line, _ in _read(tmp_path, "安神灵\n适应证:失眠。", value).reasons] == [2]


@pytest.mark.parametrize("value", ["尚不明确。", "(尚不明确)", "尚不明确", "无", "", "参见氢氯噻嗪。"])
def test_a_placeholder_is_no_text(tmp_path: Path, value: str) -> None:
    found = _read(tmp_path, f"安神灵\n禁忌证:{value}")
    assert (found.passages, found.skipped) == ([], {"placeholder": 1})


def test_an_unknown_field_loses_itself_only(tmp_path: Path) -> None:
    found = _read(tmp_path, "安神灵\n价格表:三元\n适应证:用于失眠。")
    assert found.reasons == [(1, "unknown field '价格表'")]
    assert len(found.passages) == 1


def test_a_line_that_is_no_field_continues_the_one_before(tmp_path: Path) -> None:
    found = _read(tmp_path, "安神灵\n适应证:用于失眠，\n以及焦虑。")
    assert found.passages[0].text == "用于失眠，以及焦虑。"


def test_the_same_alias_twice_and_the_name_itself(tmp_path: Path) -> None:
    found = _read(tmp_path, "安神灵\n别名:安神灵；静宁；静宁；气喘；A")
    assert found.aliases == {"静宁": "trade"}
    assert found.skipped == {"duplicate": 2, "unsafe alias": 1, "junk name": 1}


def test_everyday_words_stay_trade_names(tmp_path: Path) -> None:
    assert _read(tmp_path, "安神灵\n别名:特可靠；得力；怡宝").aliases == {
        "特可靠": "trade",
        "得力": "trade",
        "怡宝": "trade",
    }


def test_a_name_with_lost_characters_is_skipped(tmp_path: Path) -> None:
    found = _read(tmp_path, "地尔硫\ue001\n适应证:用于心绞痛。", "安神灵\n别名:地尔硫\ue001")
    assert (found.entities, found.skipped) == ({"drug:安神灵"}, {"junk name": 2})


@pytest.mark.parametrize(
    ("field", "text", "kept"),
    [
        ("用法用量", "口服：100mg/m，每周1次。", []),
        ("不良反应", "可见皮疹。停药后白细胞降至1.0×10/L。", []),
        ("药物相互作用", "与地尔硫\ue001合用时浓度升高。", []),
        ("用法用量", "口服。每次注射5mg／", []),
        ("不良反应", "可见皮疹。有的产品含有微", ["可见皮疹。"]),
        ("禁忌证", "孕妇", ["孕妇"]),
        ("适应证", "用于阴虚者。具体应用如下：", ["用于阴虚者。"]),
        ("适应证", "口服后半衰期约4小时。", []),
    ],
)
def test_damaged_text_is_left_out(field: str, text: str, kept: list[str]) -> None:
    assert [one for one in pieces(field, text) if isinstance(one, str)] == kept


def test_a_dose_keeps_the_route_that_leads_its_list_in() -> None:
    text = "口服给药：" + "".join(
        f"{n}.成人第{n}种情况：每次{n}0mg，每天3次，{'饭后服用，' * 12}不可间断。" for n in range(1, 9)
    )
    found = [one for one in pieces("用法用量", text) if isinstance(one, str)]
    assert len(found) > 2
    assert all(one.startswith("口服给药：") for one in found)
    assert all(len(one) <= MAX_PIECE for one in found)


def test_a_long_item_is_cut_between_sentences_and_keeps_its_head() -> None:
    text = "1.静脉滴注：" + "每次0.5g，每8小时1次，缓慢滴注不少于30分钟。" * 40 + "2.口服：每次1片。"
    found = [one for one in pieces("用法用量", text) if isinstance(one, str)]
    assert all(one.startswith(("1.静脉滴注：", "2.口服：")) for one in found)
    assert all(one.endswith("。") for one in found)


def test_no_number_is_cut() -> None:
    text = "".join(f"第{n}组用药0.{n}g，每日1.5～2.5g。" for n in range(100))
    found = [one for one in pieces("用法用量", text) if isinstance(one, str)]
    assert "".join(found) == text
    assert all(not (a[-1].isdigit() or b[0] in ".g") for a, b in pairwise(found))


def test_lists_that_are_nothing_else_become_facts(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "平喘灵\n适应证:1.用于支气管哮喘、喘息性支气管炎。2.用于肺热所致的咳嗽、气喘等。\n禁忌证:孕妇、哺乳期妇女禁用。\n注意事项:老年人慎用。儿童应在医生指导下使用。",
    )
    assert {fact for fact in found.facts if fact[1] != "dosage"} == {
        ("平喘灵", "indicated_for", "支气管哮喘"),
        ("平喘灵", "indicated_for", "喘息性支气管炎"),
        ("平喘灵", "contraindicated_for", "孕妇"),
        ("平喘灵", "contraindicated_for", "哺乳期妇女"),
        ("平喘灵", "caution_for", "老年人"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "用于各种原因引起的水肿。",
        "用于感冒，症见发热头痛。",
        "用于预防哮喘。",
        "本品不用于哮喘。",
        "用于哮喘(12岁以上)。",
    ],
)
def test_what_is_more_than_a_list_gives_no_fact(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, f"平喘灵\n适应证:{text}").facts == set()


def test_commas_inside_chemical_names_do_not_split() -> None:
    assert split_aliases("1,2-丙二醇；Fe2+,Zn；甲,乙") == ["1,2-丙二醇", "Fe2+,Zn", "甲", "乙"]


def test_negated_sentences_keep_their_sense() -> None:
    assert [one for one in pieces("禁忌证", "无绝对禁忌。但孕妇不宜使用。") if not isinstance(one, Skipped)] == [
        "无绝对禁忌。但孕妇不宜使用。"
    ]

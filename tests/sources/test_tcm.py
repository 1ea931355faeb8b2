from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from kg_loader.sources import guess_format
from rag.domain import Fact, PassageKind
from rag.errors import DataError
from rag.vocabulary import Grade
from tests.sources.collect import Collected, collect

SAMPLE = Path(__file__).parents[2] / "kg_loader" / "sample"


def _book(tmp_path: Path, *entries: dict[str, object], chapter: str = "某章") -> Collected:
    whole = {
        "categories": [{"id": "c", "name": "卷", "subCategoryIds": ["s"]}],
        "subCategories": [{"id": "s", "name": chapter, "categoryId": "c", "herbIds": []}],
        "herbs": [{"id": f"i{n}", "subCategoryId": "s", **entry} for n, entry in enumerate(entries)],
        "searchIndex": [],
    }
    return collect("tcm-textbook", _json(tmp_path, whole))


def _json(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    assert value == {} or guess_format(path).startswith("tcm-")
    return path


def _entry(name: str, **properties: object) -> dict[str, object]:
    return {"name": name, "properties": properties}


# ---------------------------------------------------------------- textbook entries


def test_a_herb(tmp_path: Path) -> None:
    found = _book(
        tmp_path,
        _entry("甲草", 药性="辛，温。归肺经。", 功效="散寒。", 用法用量="煎服，3～6g。", 使用注意="孕妇慎用。"),
    )
    assert found.facts == {
        ("甲草", "nature_and_flavour", "辛，温。归肺经"),
        ("甲草", "efficacy", "散寒"),
        ("甲草", "dosage", "煎服，3～6g"),
        ("甲草", "caution_for", "孕妇"),
    }
    assert {(one.aspect, one.about, one.kind) for one in found.passages} == {
        (aspect, "herb:甲草", PassageKind.TEXTBOOK) for aspect in ("性味归经", "功效", "用法用量", "注意事项")
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("甲 草", "甲草"),
        ("甲草Jiacao（《某书》）", "甲草"),
        ("甲草（附药）", "甲草"),
        ("附药：甲草", "甲草"),
        ("[附]甲草", "甲草"),
        ("（一）甲草", "甲草"),
        ("(3)甲草", "甲草"),
    ],
)
def test_names_lose_numbers_notes_and_pinyin(tmp_path: Path, written: str, name: str) -> None:
    assert f"herb:{name}" in _book(tmp_path, _entry(written, 功效="散寒。")).entities


@pytest.mark.parametrize("written", ["附药：甲草、乙草", "甲", "甲草，录自某书", "", "123"])
def test_what_is_more_or_less_than_a_name_is_counted(tmp_path: Path, written: str) -> None:
    found = _book(tmp_path, _entry(written, 功效="散寒。"))
    assert (found.records, found.skipped) == ([], {"junk name": 1})


def test_herbs_that_must_not_go_together(tmp_path: Path) -> None:
    found = _book(tmp_path, _entry("甲草", 使用注意="不宜与乙石、丙木同用。"), _entry("甘草", 功效="补脾。"))
    pairs = {
        (one.subject, one.object)
        for one in found.records
        if isinstance(one, Fact)
        if one.relation == "incompatible_with"
    }
    assert ("herb:甲草", "herb:乙石") in pairs
    assert ("herb:甲草", "herb:丙木") in pairs
    assert ("herb:甘草", "herb:甘遂") in pairs
    assert {one.title for one in found.sources if one.grade is not Grade.REFERENCE} == {"儒门事亲·十八反歌", "编者整理"}


def test_each_pair_of_the_packaged_table_stands_once() -> None:
    with (SAMPLE / "incompatible_herbs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = [frozenset((row["herb"], row["other"])) for row in rows]
    assert len(pairs) == len(set(pairs))
    assert {row["rule"] for row in rows} == {"十八反", "十九畏", "今用"}
    assert frozenset(("川乌", "半夏")) in pairs
    assert frozenset(("人参", "五灵脂")) in pairs


def test_a_formula(tmp_path: Path) -> None:
    found = _book(
        tmp_path,
        _entry(
            "甲乙汤（又名《某书》丙丁汤、戊己饮）",
            组成="甲草三两（9g）",
            功用="解表。",
            主治="外感风寒表实证。头痛。",
            医案举例="某人。",
        ),
    )
    assert found.facts == {("甲乙汤", "efficacy", "解表"), ("甲乙汤", "indicated_for", "外感风寒表实证")}
    assert {"丙丁汤", "戊己饮"} <= found.aliases.keys()
    assert found.aliases["外感风寒表实"] == "synonym"
    assert found.skipped == {"case history": 1}


def test_texts_about_other_entries_are_about_none(tmp_path: Path) -> None:
    found = _book(tmp_path, _entry("甲乙汤", 方解="甲草为君药。", 附方="丙丁汤由甲草组成。"))
    assert {one.locator: one.about for one in found.passages} == {"方解": "formula:甲乙汤", "附方": None}


def test_remains_of_typesetting_and_empty_fields(tmp_path: Path) -> None:
    found = _book(tmp_path, _entry("甲草", 功效="", 应用="煎服 $( 9 \\mathrm { g } )$。", 药性="温。"), _entry("乙草"))
    assert found.skipped == {"placeholder": 2, "damaged text": 1}
    assert [one.locator for one in found.passages] == ["药性"]


def test_an_acupoint(tmp_path: Path) -> None:
    found = _book(
        tmp_path,
        _entry(
            "甲乙", 定位="在某处。", 主治="①咳嗽、哮喘等胸肺病证；②肩背痛；③虚劳诸证，为强壮要穴。", 操作="直刺0.5寸。"
        ),
    )
    assert found.facts == {("甲乙", "indicated_for", name) for name in ("咳嗽", "哮喘", "肩背痛")}
    assert "disease:哮喘" in found.entities
    assert "symptom:肩背痛" in found.entities


def test_a_syndrome_under_its_disease(tmp_path: Path) -> None:
    found = _book(
        tmp_path,
        _entry(
            "风寒束表",
            临床表现="恶寒重，无汗，甚则疼痛。",
            证机概要="风寒外束。",
            代表方="甲乙汤或丙丁散加减。前方轻。",
        ),
        chapter="感 冒",
    )
    assert ("感冒", "has_syndrome", "风寒束表证") in found.facts
    assert ("风寒束表证", "has_symptom", "恶寒重") in found.facts
    assert ("感冒", "treated_with_drug", "丙丁散") in found.facts
    assert found.skipped == {"part of a sentence": 1}
    limits = {
        one.qualifiers.population for one in found.records if isinstance(one, Fact) if one.subject == "disease:感冒"
    }
    assert limits == {None, "风寒束表证"}
    assert found.passages[0].title == "感冒·风寒束表证"


def test_a_syndrome_of_several_diseases_has_no_signs_of_its_own(tmp_path: Path) -> None:
    entry = _entry("气虚血瘀", 临床表现="神疲乏力，胸闷。", 证机概要="气虚。", 代表方="甲乙汤。")
    found = _book(tmp_path, entry, entry, chapter="胸痹")
    assert {verb for subject, verb, _ in found.facts if subject == "气虚血瘀证"} == set()
    assert len(found.passages) == 6


def test_a_stage_is_named_with_its_disease(tmp_path: Path) -> None:
    found = _book(tmp_path, _entry("初期", 证机概要="风热。", 临床表现="恶寒。"), chapter="肺痈")
    assert ("肺痈", "has_syndrome", "肺痈初期证") in found.facts


def test_acupuncture_of_two_diseases(tmp_path: Path) -> None:
    text = "1. 基本治疗\n治法养窍。\n主穴 听宫 翳风 天突尺泽 阿是穴\n配穴肾虚配太溪。"
    found = _book(tmp_path, _entry("耳鸣、耳聋", 概述="耳内鸣响。", 治疗=text))
    assert found.facts == {(ear, "treated_by", point) for ear in ("耳鸣", "耳聋") for point in ("听宫", "翳风")}
    assert found.skipped["part of a sentence"] == 4


def test_entries_that_are_broken(tmp_path: Path) -> None:
    found = _book(
        tmp_path,
        {"name": 3, "properties": {}},
        {"name": "甲草"},
        _entry("甲草", 颜色="红"),
        _entry("乙草", 功效=["散寒"]),
    )
    assert [line for line, _ in found.reasons] == [1, 2, 3, 4]
    assert found.rejected[3].reason == "功效 is not a text"


def test_no_list_of_entries(tmp_path: Path) -> None:
    for name in ("tcm-textbook", "tcm-lexicon"):
        assert [reason for _, reason in collect(name, _json(tmp_path, {})).reasons] == ["no list of entries"]


# ---------------------------------------------------------------- standards and lexicons


def _lexicon(tmp_path: Path, *entries: object, **beside: object) -> Collected:
    return collect(
        "tcm-lexicon", _json(tmp_path, {"schemaVersion": "v1", "summary": {}, **beside, "entries": list(entries)})
    )


def test_a_formula_of_a_standard_cites_the_standard(tmp_path: Path) -> None:
    entry = {
        "code": "06", "name": "甲乙汤", "ingredients": ["甲草", "炙乙草", "甲草", ""], "functions": ["解表", "平喘"],
        "indications": ["外感风寒表实证。恶寒，无汗"],
    }  # fmt: skip
    found = _lexicon(tmp_path, entry, source={"title": "某标准", "url": "https://example.org/a.pdf"})
    assert {(one.title, one.url) for one in found.sources} == {("某标准", "https://example.org/a.pdf")}
    assert found.facts == {
        ("甲乙汤", "has_ingredient", "甲草"),
        ("甲乙汤", "has_ingredient", "炙乙草"),
        ("甲乙汤", "efficacy", "解表，平喘"),
        ("甲乙汤", "indicated_for", "外感风寒表实证"),
    }
    assert [one.text for one in found.passages] == ["外感风寒表实证。恶寒，无汗。"]
    assert found.skipped == {"junk name": 1}


def test_syndromes(tmp_path: Path) -> None:
    found = _lexicon(
        tmp_path,
        {"canonical": "八纲证候类术语", "termClass": "category_heading", "aliases": []},
        {"canonical": "肺虚邪恋", "termClass": "clinical_term", "aliases": ["肺虚邪滞"],
         "standardAliases": ["肺虚邪滞证"], "english": "syndrome/pattern of lung deficiency"},
    )  # fmt: skip
    assert found.entities == {"syndrome:肺虚邪恋证"}
    assert found.aliases == {
        "肺虚邪恋": "synonym", "肺虚邪滞": "synonym", "肺虚邪滞证": "synonym", "lung deficiency": "english",
    }  # fmt: skip
    assert found.skipped == {"heading of a category": 1}


def test_diseases_and_their_unclear_aliases(tmp_path: Path) -> None:
    found = _lexicon(
        tmp_path,
        {"canonical": "外感时令类病", "aliases": [], "isCategoryHeading": False},
        {"canonical": "白疕", "aliases": ["牛皮癣", "松皮癣", "病", "头痛", "白疕"]},
        {"canonical": "呃 逆", "aliases": None},
        ambiguousAliases=[{"alias": "牛皮癣", "candidates": ["白疕", "摄领疮"]}],
    )
    assert found.entities == {"disease:白疕", "disease:呃逆"}
    assert found.aliases == {"松皮癣": "synonym"}
    assert found.skipped == {
        "heading of a category": 1,
        "ambiguous alias": 1,
        "unsafe alias": 2,
        "duplicate": 1,
    }


def test_the_identity_catalogue_of_herbs(tmp_path: Path) -> None:
    def variant(name: str, kind: str = "ALIAS_OR_SYNONYM") -> dict[str, str]:
        return {"name": name, "mappingType": kind}

    resolved = {"canonicalName": "甲草", "status": "unique_source_backed", "autoResolvable": True}
    found = _lexicon(
        tmp_path,
        {
            "standardName": "甲草",
            "variants": [
                variant("甲草", "SELF_STANDARD_NAME"), variant("山甲叶"), variant("一把抓"),
                variant("甲草霜", "PROCESSED_VARIANT"), variant("蜜甲草"), variant("申草", "OCR_OR_INPUT_ERROR"),
                variant("头痛"), {"mappingType": "x"},
            ],
        },
        resolutionIndex={
            "山甲叶": resolved, "头痛": resolved,
            "一把抓": {"canonicalName": None, "status": "ambiguous", "autoResolvable": False},
            "蜜甲草": resolved | {"status": "source_backed_preparation_form"},
        },
    )  # fmt: skip
    assert found.aliases == {"山甲叶": "synonym"}
    assert found.entities == {"herb:甲草", "herb:甲草霜", "herb:蜜甲草"}
    assert found.skipped == {"ambiguous alias": 1, "junk name": 1, "unsafe alias": 1}
    assert [reason for _, reason in found.reasons] == ["a variant without a name"]


def test_entries_of_an_unknown_shape(tmp_path: Path) -> None:
    found = _lexicon(tmp_path, 3, {"title": "x"})
    assert [line for line, _ in found.reasons] == [1, 2]


def test_a_file_cut_off_gives_what_stood_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text('{"schemaVersion": "v1", "entries": [{"canonical": "呃逆"}', encoding="utf-8")
    found = collect("tcm-lexicon", path)
    assert len(found.rejected) == 1
    assert found.rejected[0].reason.startswith("broken JSON")


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "e").write_text(" \n")
    with pytest.raises(DataError, match="white space"):
        collect("tcm-textbook", tmp_path / "e")


# ---------------------------------------------------------------- what printing leaves in a text


def test_running_heads_figures_and_captions_are_no_text(tmp_path: Path) -> None:
    entries = [
        _entry(
            f"甲{name}",
            定位=f"在{name}侧，横纹上（图3-{n}）。\n{n}某某学",
            解剖=f"{name}有甲神\n第三章 各论\n经。",
            主治="①咳嗽。",
        )
        for n, name in enumerate(("上", "下", "左"), start=1)
    ]
    found = _book(tmp_path, *entries)
    assert [one.text for one in found.passages if one.locator == "定位"] == [
        f"在{side}侧，横纹上。" for side in "上下左"
    ]
    assert {one.text for one in found.passages if one.locator == "解剖"} == {f"{side}有甲神经。" for side in "上下左"}


def test_a_line_that_only_one_entry_has_stays(tmp_path: Path) -> None:
    found = _book(tmp_path, _entry("甲上", 定位="在肘\n横纹桡侧端", 解剖="有甲神经。"))
    assert [one.text for one in found.passages if one.locator == "定位"] == ["在肘横纹桡侧端"]


def test_points_of_a_treatment_are_a_passage_of_their_own(tmp_path: Path) -> None:
    lines = [
        "1. 基本治疗", "治法调气止痛，每次1～", "1.5寸。", "主穴 甲痛：甲谷 乙泽", "乙痛：丙池 丁冲",
        "配穴寒证配戊", "门。", "方义略。", "2. 其他治疗", "(1)耳针法心。",
    ]  # fmt: skip
    found = _book(tmp_path, _entry("甲痛", 概述="甲痛是痛。", 治疗="\n".join(lines)))
    points = [one.text for one in found.passages if one.aspect == "针灸取穴"]
    assert points == ["主穴：甲痛：甲谷 乙泽；乙痛：丙池 丁冲；配穴：寒证配戊门。"]
    whole = "".join(one.text for one in found.passages if one.aspect == "治疗方案")
    assert "治法：调气止痛，每次1～1.5寸。" in whole


def test_the_verses_themselves_can_be_read(tmp_path: Path) -> None:
    verses = {
        one.title: one.text for one in _book(tmp_path, _entry("甘草", 功效="补脾。")).passages if one.title == "十八反"
    }
    assert verses == {"十八反": "十八反：半蒌贝蔹及攻乌；藻戟遂芫俱战草；诸参辛芍叛藜芦。"}

from __future__ import annotations

import pytest

from kg_loader.sources.naming import (
    JUNK,
    PLACEHOLDER,
    TRUNCATED,
    alias_kind,
    broken_alias,
    entity,
    fault,
    joined_latin,
    named,
    rejoined,
    trimmed,
    unsafe_alias,
    whole_text,
)
from rag.domain import Skipped
from rag.vocabulary import EntityType

DISEASE, SYMPTOM, DRUG, TEST = EntityType.DISEASE, EntityType.SYMPTOM, EntityType.DRUG, EntityType.EXAMINATION


def test_an_entity_is_named_by_its_type_and_normalised_name() -> None:
    found = entity(" ２型\u3000糖尿病\u200b ", DISEASE)
    assert (found.id, found.name) == ("disease:2型糖尿病", "２型 糖尿病")


def test_a_plain_name_is_what_cleaning_and_folding_would_make_of_it() -> None:
    """Such names are not cleaned and folded again, so no letter may come out changed."""
    letters = (*range(ord("A"), ord("z") + 1), *range(0x3400, 0xA000), *range(0xF900, 0xFB00))
    made = {name: named(name, DISEASE) for name in (chr(letter) * 2 for letter in letters)}
    entities = {name: found for name, found in made.items() if not isinstance(found, Skipped)}
    assert entities == {name: entity(name, DISEASE) for name in entities}
    assert len(entities) > 20_000


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("应该如何用药？用什么药？", DRUG, PLACEHOLDER),
        ("暂无相关资料", TEST, PLACEHOLDER),
        ("暂无", DISEASE, PLACEHOLDER),
        (">>", DRUG, PLACEHOLDER),
        ("——", TEST, PLACEHOLDER),
        ("无", SYMPTOM, PLACEHOLDER),
        ("不详", SYMPTOM, PLACEHOLDER),
        ("其他", EntityType.BODY_PART, PLACEHOLDER),
        ("尚不明确", DRUG, PLACEHOLDER),
        ("[详细]", DRUG, PLACEHOLDER),
        ("null", DRUG, PLACEHOLDER),
        ("食物变应性和...", DISEASE, TRUNCATED),
        ("Castle…", DISEASE, TRUNCATED),
        ("3个月", DISEASE, JUNK),
        ("2-10天", DISEASE, JUNK),
        ("6个月-2年以上", DISEASE, JUNK),
        ("终身治疗", DISEASE, JUNK),
        ("?耳", DISEASE, JUNK),
        ("盐酸地尔硫\ue006片", DRUG, JUNK),
        ("40%", DISEASE, JUNK),
        ("小", DISEASE, JUNK),
        ("C", DRUG, JUNK),
        ("血清镁(Mg2+", TEST, JUNK),
        ("15000元）", TEST, JUNK),
        ("市三甲医院约（1000——5000元）", TEST, JUNK),
        ("50-60岁发病多见", EntityType.DEPARTMENT, JUNK),
        ("在足部骨折中发病率最高", DISEASE, JUNK),
        ("病情稳定。可以出院", SYMPTOM, JUNK),
        ("长" * 61, DISEASE, JUNK),
        ("123", DISEASE, JUNK),
    ],
)
def test_what_is_not_a_name(name: str, kind: EntityType, reason: str) -> None:
    assert fault(trimmed(name), kind) == reason


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("疖", DISEASE),
        ("痔", DISEASE),
        ("肝", EntityType.BODY_PART),
        ("2型糖尿病", DISEASE),
        ("SARS", DISEASE),
        ("胃、十二指肠溃疡出血", DISEASE),
        ("桡骨干下1/3骨折合并下尺桡关节脱位", DISEASE),
        ("人类疱疹病毒6，7，8型感染性疾病", DISEASE),
        ("妇女多毛症", DISEASE),
        ("无精症", DISEASE),
        ("无痛性甲状腺炎", DISEASE),
        ("其他原因不明的肝炎", DISEASE),
        ("阿莫西林克拉维酸钾(4:1)分散片", DRUG),
        ("14C呼气试验", TEST),
        ("1分钟胆红素", TEST),
        ("50克葡萄糖耐量检查", TEST),
        ("抗“O”试验", TEST),
        ("21-羟化酶缺陷症", DISEASE),
    ],
)
def test_what_is_a_name(name: str, kind: EntityType) -> None:
    assert fault(trimmed(name), kind) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("手术治疗。", "手术治疗"),
        ("②视觉训练", "视觉训练"),
        ("1.药物治疗", "药物治疗"),
        ("1.5T磁共振", "1.5T磁共振"),
        (" 、乏力 ", "乏力"),
    ],
)
def test_bullets_and_stops_around_a_name(written: str, name: str) -> None:
    assert trimmed(written) == name


@pytest.mark.parametrize(
    "name",
    ["病", "小", "-", "of", "第三", "第3", "Ⅱ型", "老年人", "综合征", "综合症", "肿瘤", "急性", "12", "syndrome"],
)
def test_an_alias_that_may_not_link(name: str) -> None:
    assert unsafe_alias(name)


@pytest.mark.parametrize("name", ["阑尾炎", "香港脚", "SLE", "乙肝", "羊癫疯", "AD", "flu", "高血压病"])
def test_an_alias_that_may(name: str) -> None:
    assert not unsafe_alias(name)


@pytest.mark.parametrize(
    ("name", "kind", "broken"),
    [
        ("小儿von", DISEASE, True),
        ("Cronkhite-", DISEASE, True),
        ("-Burford-Mayer综合征", DISEASE, True),
        ("Marie", DISEASE, True),
        ("of", DISEASE, True),
        ("气喘", DRUG, True),
        ("Lasix", DRUG, False),
        ("止咳", DRUG, False),
        ("Marable Syndrome", DISEASE, False),
    ],
)
def test_what_is_left_of_a_longer_alias(name: str, kind: EntityType, broken: bool) -> None:
    assert broken_alias(name, kind) is broken


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        (["ovarian", "cell", "tumors"], ["ovarian cell tumors"]),
        (["挛缩", "contracture", "of", "neck", "颈"], ["挛缩", "contracture of neck", "颈"]),
        (["AD", "SLE"], ["AD", "SLE"]),
        (["Marable", "Syndrome"], ["Marable Syndrome"]),
        (["earlybreastcancer", "early-stagebreastcancer"], ["earlybreastcancer", "early-stagebreastcancer"]),
        ([], []),
    ],
)
def test_english_names_split_at_spaces(names: list[str], joined: list[str]) -> None:
    assert list(joined_latin(names)) == joined


def test_names_split_inside_are_joined_if_the_file_knows_them() -> None:
    known = frozenset({"脊柱、脊髓损伤"})
    assert list(rejoined(["褥疮", "脊柱", "脊髓损伤", "截瘫"], known)) == ["褥疮", "脊柱、脊髓损伤", "截瘫"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("80%(当今的治疗手段可使", "80%"),
        ("85%(一般可以缓解)", "85%(一般可以缓解)"),
        ("治愈率（", "治愈率"),
        ("（全文", ""),
    ],
)
def test_a_text_cut_inside_brackets(text: str, whole: str) -> None:
    assert whole_text(text) == whole


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SLE", "abbreviation"), ("H7N9", "abbreviation"), ("heart attack", "english"), ("狼疮", "synonym")],
)
def test_the_kind_of_an_alias(name: str, kind: str) -> None:
    assert alias_kind(name) == kind

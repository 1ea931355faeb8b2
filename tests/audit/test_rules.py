"""What each rule finds and what it leaves alone, on knowledge bases of a few records."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_loader.sources import naming
from rag.domain import (
    Alias,
    AliasKind,
    Entity,
    EntityId,
    Fact,
    Finding,
    Literal,
    Passage,
    PassageKind,
    Qualifiers,
    Record,
    Severity,
    Source,
)
from rag.snapshot import Library
from rag.text import normalise
from rag.vocabulary import RELATIONS, EntityType, Grade, Relation
from tests.kb import BOOK, TRIAL, disease, entity, opened, publish

SITE = Source("一个网站", "website", Grade.COMPILED, lineage="site")
SAME_SITE = Source("同一网站的另一份", "website", Grade.COMPILED, lineage="site")
T = EntityType


def findings(folder: Path, records: Iterable[Record]) -> list[Finding]:
    library = Library(folder)
    report = publish(library, {"a": [BOOK, TRIAL, SITE, SAME_SITE, *records]})
    assert not report.rejected
    return opened(library).records.findings()


def found(folder: Path, records: Iterable[Record], rule: str) -> dict[str, Severity]:
    return {one.record: one.severity for one in findings(folder, records) if one.rule == rule}


def fact(subject: str, relation: Relation, target: str, source: Source = BOOK, **limits: str) -> Fact:
    return Fact(EntityId(subject), relation, EntityId(target), source.id, Qualifiers(**limits))


def states(subject: str, relation: Relation, text: str, source: Source = BOOK) -> Fact:
    return Fact(EntityId(subject), relation, Literal(text, relation.value), source.id)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name", ["3个月", "80%", "约5000元", "?耳", "不详", "7-14天", "某病……", "1～3岁儿童，男女均可，多见"]
)
def test_a_name_of_no_thing_is_severe(tmp_path: Path, name: str) -> None:
    odd = entity(T.DISEASE, name)
    assert found(tmp_path, [odd], "junk-name") == {odd.id: Severity.SEVERE}


PIECES = [
    *"病药炎无约的男女人群期周占例天0123%（）?？、，。A本并",
    "多见",
    "治疗",
    "什么",
    "暂无",
    "其他",
    "收费",
    "周期",
]


@given(name=st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_names_that_are_passed_over_are_no_junk(name: str) -> None:
    if naming.PLAIN.fullmatch(name):
        assert naming.trimmed(name) == name
        assert not naming.suspicious(name, normalise(name), T.DISEASE)


def test_one_character_is_odd_but_may_be_a_symptom(tmp_path: Path) -> None:
    one = entity(T.SYMPTOM, "口")
    assert found(tmp_path, [one], "junk-name") == {one.id: Severity.WARNING}


@pytest.mark.parametrize(
    "identifier",
    [
        "disease:21三体综合征",
        "drug:硒",
        "population:肥胖人群",
        "indicator:发病率",
        "body_part:口",
        "disease:疖",
        "drug:维生素b12",
    ],
)
def test_real_names_are_left_alone(tmp_path: Path, identifier: str) -> None:
    kind, _, name = identifier.partition(":")
    assert findings(tmp_path, [entity(EntityType(kind), name)]) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (T.SYMPTOM, "神经内科"),
        (T.DISEASE, "药物治疗"),
        (T.DISEASE, "某某胶囊"),
        (T.SYMPTOM, "血常规检查"),
        (T.DRUG, "老年人"),
        (T.DISEASE, "非医保疾病"),
        (T.DISEASE, "无传染性"),
        (T.SYMPTOM, "胃切除术"),
    ],
)
def test_a_name_that_belongs_to_another_column_is_severe(tmp_path: Path, kind: EntityType, name: str) -> None:
    odd = entity(kind, name)
    assert found(tmp_path, [odd], "misplaced-name") == {odd.id: Severity.SEVERE}


def test_what_stands_in_a_field_again_and_again_is_no_name(tmp_path: Path) -> None:
    said = [states(f"disease:病{n}", Relation.DURATION, "终身随访") for n in "甲乙丙"]
    odd = entity(T.DISEASE, "终身随访")
    assert found(tmp_path, [*said, odd], "misplaced-name") == {odd.id: Severity.SEVERE}


def test_a_treatment_called_like_a_known_disease(tmp_path: Path) -> None:
    known = [fact("disease:关节炎", Relation.SYMPTOM, f"symptom:症{n}") for n in "甲乙丙"]
    assert found(
        tmp_path, [*known, fact("disease:痛风", Relation.TREATMENT, "treatment:关节炎")], "misplaced-name"
    ) == {"treatment:关节炎": Severity.SEVERE}


def test_a_disease_and_its_department_may_share_a_name(tmp_path: Path) -> None:
    facts = [fact(f"disease:病{n}", Relation.DEPARTMENT, "department:肝病") for n in "甲乙丙"]
    assert findings(tmp_path, [*facts, entity(T.DISEASE, "肝病")]) == []


# ---------------------------------------------------------------- aliases


def alias(name: str, owner: str) -> Alias:
    return Alias(name, EntityId(owner), AliasKind.SYNONYM)


def by_rule(folder: Path, records: Iterable[Record]) -> set[tuple[str, Severity, str]]:
    return {(one.rule, one.severity, one.detail.split(" ->")[0]) for one in findings(folder, records)}


def test_dangerous_aliases(tmp_path: Path) -> None:
    records = [
        alias("淋", "disease:淋病"),
        alias("突出", "disease:疝气"),
        alias("安定", "drug:地西泮"),
        alias("负担", "herb:夏枯草"),
        Alias("枸杞", EntityId("herb:枸杞子"), AliasKind.COLLOQUIAL),
        Alias("非典", EntityId("disease:严重急性呼吸综合征"), AliasKind.COLLOQUIAL),
        alias("孩子", "population:儿童"),
        alias("老年人", "disease:老年人紫癜"),
        alias("第三", "disease:某综合征"),
        alias("syndrome", "disease:某综合征"),
        alias("疖", "disease:毛囊炎"),
        alias("扑热息痛", "drug:对乙酰氨基酚"),
    ]
    assert by_rule(tmp_path, records) == {
        ("alias-one-character", Severity.SEVERE, "淋"),
        ("alias-one-character", Severity.WARNING, "疖"),
        *(("alias-everyday-word", Severity.SEVERE, name) for name in ("突出", "负担", "老年人", "第三", "syndrome")),
        ("alias-everyday-word", Severity.WARNING, "枸杞"),
        ("alias-everyday-word", Severity.WARNING, "安定"),
        ("alias-everyday-word", Severity.WARNING, "非典"),
    }


def test_an_alias_that_is_another_diseases_own_name(tmp_path: Path) -> None:
    described = fact("disease:结核病", Relation.SYMPTOM, "symptom:盗汗")
    records: list[Record] = [described, alias("结核病", "disease:慢性肺结核病"), alias("结核病", "disease:痨病")]
    assert ("alias-own-name", Severity.WARNING, "结核病") in by_rule(tmp_path, records)


def test_an_alias_whose_own_thing_has_another_code(tmp_path: Path) -> None:
    own = states("disease:鼻炎", Relation.CODE, "ICD-10 J31.001")
    records: list[Record] = [own, states("disease:鼻窦炎", Relation.CODE, "ICD-10 J32.901")]
    assert ("alias-own-name", Severity.WARNING, "鼻炎") in by_rule(
        tmp_path, [*records, alias("鼻炎", "disease:鼻窦炎")]
    )
    records[1] = states("disease:鼻窦炎", Relation.CODE, "ICD-10 J31.901")
    again = by_rule(tmp_path / "again", [*records, alias("鼻炎", "disease:鼻窦炎")])
    assert ("alias-own-name", Severity.INFO, "鼻炎") in again


def test_the_broader_term(tmp_path: Path) -> None:
    records = [
        alias("阑尾炎", "disease:急性阑尾炎"),
        alias("阑尾炎", "disease:慢性阑尾炎"),
        alias("盲肠炎", "disease:阑尾炎症"),
    ]
    assert ("alias-broader-term", Severity.WARNING, "阑尾炎") in by_rule(tmp_path, records)
    assert not any(name == "盲肠炎" for _, _, name in by_rule(tmp_path / "again", records))


def test_a_name_of_several_strangers_is_severe(tmp_path: Path) -> None:
    owners = {
        "disease:胃溃疡": "department:消化科",
        "disease:白内障": "department:眼科",
        "disease:足癣": "department:皮肤科",
    }
    records: list[Record] = [fact(one, Relation.DEPARTMENT, place) for one, place in owners.items()]
    shared = [alias("奇怪名", one) for one in owners]
    assert set(found(tmp_path, [*records, *shared], "alias-shared").values()) == {Severity.SEVERE}
    related = [alias("奇怪名", "disease:胃炎"), alias("奇怪名", "disease:胃溃疡")]
    assert set(found(tmp_path / "again", [*records, *related], "alias-shared").values()) == {Severity.INFO}


# ---------------------------------------------------------------- contradictions


def test_contagious_and_not_in_one_lineage_holds_every_side(tmp_path: Path) -> None:
    sides = [
        states("disease:甲病", Relation.INFECTIVITY, "有传染性", SITE),
        states("disease:甲病", Relation.INFECTIVITY, "无传染性", SAME_SITE),
        states("disease:甲病", Relation.INFECTIVITY, "呼吸道传播", SITE),
    ]
    assert found(tmp_path, sides, "contradiction") == {one.id: Severity.SEVERE for one in sides}


def test_two_lineages_may_differ_and_one_may_say_more(tmp_path: Path) -> None:
    records = [
        states("disease:甲病", Relation.INFECTIVITY, "有传染性", SITE),
        states("disease:甲病", Relation.INFECTIVITY, "无传染性", BOOK),
        states("disease:乙病", Relation.INFECTIVITY, "有传染性", SITE),
        states("disease:乙病", Relation.INFECTIVITY, "呼吸道传播", SITE),
        states("disease:丙病", Relation.INFECTIVITY, "无传染性", SITE),
        states("disease:丙病", Relation.INFECTIVITY, "有某菌者传染，其他无传染", SITE),
    ]
    assert findings(tmp_path, records) == []


@pytest.mark.parametrize("relation", [relation for relation, info in RELATIONS.items() if info.literal])
def test_a_thing_where_a_text_is_expected_says_nothing(tmp_path: Path, relation: Relation) -> None:
    """An export of the graph may hold it; the rules that read the text of such facts pass it over."""
    records: list[Record] = [fact("disease:甲病", relation, f"disease:{name}") for name in ("乙病", "丙病", "丁病")]
    assert findings(tmp_path, [*records, alias("甲症", "disease:甲病")]) == []


@pytest.mark.parametrize(
    ("rates", "severity"),
    [
        (("5%", "95%"), Severity.SEVERE),
        (("治愈率10%-20%", "约90%"), Severity.SEVERE),
        (("30%", "70%"), Severity.WARNING),
        (("70-80%", "85%"), None),
        (("早期90%，晚期10%", "85%"), None),
        (("40-90%", "85%"), None),
    ],
)
def test_rates_far_apart(tmp_path: Path, rates: tuple[str, str], severity: Severity | None) -> None:
    facts = [states("disease:甲病", Relation.CURE_RATE, rate, SITE) for rate in rates]
    assert set(found(tmp_path, facts, "contradiction").values()) == ({severity} if severity else set())


# ---------------------------------------------------------------- texts


def monograph(aspect: str, text: str, about: str = "drug:甲药") -> Passage:
    return Passage(text, PassageKind.MONOGRAPH, BOOK.id, about=EntityId(about), aspect=aspect)


@pytest.mark.parametrize(
    ("aspect", "text"),
    [
        ("适应证", "口服吸收迅速，血浆蛋白结合率约为90%。"),
        ("适应证", "用于咳嗽。青光眼患者禁用。"),
        ("禁忌证", "口服，每次10mg。"),
        ("不良反应", "偶见恶心。【用法用量】口服。"),
    ],
)
def test_a_field_that_holds_another(tmp_path: Path, aspect: str, text: str) -> None:
    one = monograph(aspect, text)
    assert found(tmp_path, [one], "spliced-text") == {one.id: Severity.SEVERE}


@pytest.mark.parametrize(
    ("aspect", "text"),
    [
        ("适应证", "用于无缺血的心绞痛，也用于忌用口服铁剂者。"),
        ("药物相互作用", "与甲药合用可延长其半衰期。"),
        ("药动学", "消除半衰期为5小时。"),
        ("用法用量", "口服，每次10mg，禁用茶水送服。"),
    ],
)
def test_a_field_that_keeps_to_itself(tmp_path: Path, aspect: str, text: str) -> None:
    assert found(tmp_path, [monograph(aspect, text)], "spliced-text") == {}


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("白细胞低于3.0×10/L时停药。", Severity.SEVERE),
        ("剂量为100mg/m，静脉滴注。", Severity.SEVERE),
        ("白细胞低于3.0×109/L时停药。", Severity.WARNING),
        ("白细胞低于3.0×10^9/L时停药。", None),
        ("100mg/m²，静脉滴注。", None),
        ("血压10/6kPa时停药。", None),
        ("白细胞低于3.0×10⁹/L时停药。", None),
    ],
)
def test_lost_exponents(tmp_path: Path, text: str, severity: Severity | None) -> None:
    one = monograph("注意事项", text)
    assert found(tmp_path, [one], "lost-exponent") == ({one.id: severity} if severity else {})


def test_texts_and_values_that_break_off(tmp_path: Path) -> None:
    cut: list[Passage | Fact] = [
        monograph("注意事项", "肝功能不全者应当，"),
        states("disease:甲病", Relation.COST, "约（1000"),
    ]
    whole: list[Passage | Fact] = [
        monograph("注意事项", "肝功能不全者慎用。"),
        states("disease:乙病", Relation.COST, "约（1000元）"),
    ]
    assert set(found(tmp_path, [*cut, *whole], "truncated-text")) == {one.id for one in cut}


# ---------------------------------------------------------------- doses


def dose(text: str, drug: str = "drug:甲药", year: int = 2000) -> tuple[Source, Fact]:
    source = Source(f"说明书{text}{year}", "monograph", Grade.REFERENCE, year=year)
    return source, Fact(EntityId(drug), Relation.DOSAGE, Literal(text, "dosage"), source.id)


def test_a_dose_far_from_the_others(tmp_path: Path) -> None:
    usual = [
        dose("口服，每次12.5mg，每日3次。"),
        dose("口服，一次12.5～25mg。"),
        dose("口服：每次25mg。"),
        dose("口服，每次10mg。"),
    ]
    unit, far = dose("口服，每次12.5g。"), dose("口服，每次125mg。")
    records = [one for pair in (*usual, unit, far) for one in pair]
    assert found(tmp_path, records, "dose-outlier") == {
        unit[1].id: Severity.SEVERE,
        far[1].id: Severity.WARNING,
    }


def test_routes_people_and_drugs_have_their_own_doses(tmp_path: Path) -> None:
    doses = [
        dose("口服，每次100mg。"),
        dose("口服，一次100～200mg。"),
        dose("口服：每次150mg。"),
        dose("口服，每次120mg。"),
        dose("静脉注射，每次1mg。"),
        dose("儿童口服，每次5mg。"),
        dose("口服，每次1mg。", "drug:乙药"),
        dose("口服，每次1mg/kg。"),
    ]
    assert found(tmp_path, [one for pair in doses for one in pair], "dose-outlier") == {}


def test_doses_of_treatment_facts_are_compared_too(tmp_path: Path) -> None:
    given = [
        fact(f"disease:病{n}", Relation.DRUG, "drug:甲药", dose=f"每次{mg}mg")
        for n, mg in zip("甲乙丙丁", (50, 40, 60, 50000), strict=True)
    ]
    assert found(tmp_path, given, "dose-outlier") == {given[-1].id: Severity.SEVERE}


def test_more_times_than_a_day_holds(tmp_path: Path) -> None:
    often, drops, usual = dose("口服，一次1片，一日30次。"), dose("滴眼，一次1滴，一日24次。"), dose("口服，一日3次。")
    assert found(tmp_path, [*often, *drops, *usual], "frequency-outlier") == {often[1].id: Severity.WARNING}


# ---------------------------------------------------------------- harm


def test_a_drug_for_what_another_record_forbids(tmp_path: Path) -> None:
    given = fact("disease:青光眼", Relation.DRUG, "drug:甲药片")
    against = fact("drug:甲药", Relation.CONTRAINDICATION, "disease:青光眼", TRIAL)
    assert found(tmp_path, [given, against], "contraindicated-treatment") == {given.id: Severity.SEVERE}


def test_a_drug_for_what_its_monograph_forbids(tmp_path: Path) -> None:
    given = [fact(f"disease:{name}", Relation.DRUG, "drug:甲药片") for name in ("闭角型青光眼", "呼吸衰竭", "胃溃疡")]
    text = monograph("禁忌证", "1.闭角型青光眼患者禁用。2.小儿无呼吸衰竭时禁用。")
    assert found(tmp_path, [*given, text], "contraindicated-treatment") == {given[0].id: Severity.WARNING}


def test_a_remedy_of_the_other_sex(tmp_path: Path) -> None:
    women = [
        record
        for n in "甲乙丙丁戊己"
        for record in (
            fact(f"disease:月经病{n}", Relation.DEPARTMENT, "department:妇科"),
            fact(f"disease:月经病{n}", Relation.DRUG, "drug:黄体酮胶囊"),
        )
    ]
    place = fact("disease:睾丸扭转", Relation.BODY_PART, "body_part:睾丸")
    odd = fact("disease:睾丸扭转", Relation.DRUG, "drug:黄体酮胶丸")
    other = fact("disease:睾丸扭转", Relation.DRUG, "drug:头孢氨苄片")
    assert found(tmp_path, [*women, place, odd, other], "remedy-of-the-other-sex") == {odd.id: Severity.WARNING}


# ---------------------------------------------------------------- company


def placed(number: int, place: int) -> Fact:
    return fact(f"disease:病{number}", Relation.DEPARTMENT, f"department:第{place}门诊")


def test_objects_pasted_together_under_strangers(tmp_path: Path) -> None:
    strangers = [placed(number, number) for number in range(12)]
    pasted = [
        fact(f"disease:病{n}", Relation.COMPLICATION, f"disease:{name}")
        for n in range(12)
        for name in ("怪癌", "怪虫病")
    ]
    honest = [fact(f"disease:病{n}", Relation.COMPLICATION, f"disease:后果{n}") for n in range(12)]
    assert found(tmp_path, [*strangers, *pasted, *honest], "pasted-objects") == {
        one.id: Severity.SEVERE for one in pasted
    }


def test_objects_that_go_together_for_a_reason(tmp_path: Path) -> None:
    related = [placed(number, 1) for number in range(12)]
    both = [
        fact(f"disease:病{n}", Relation.COMPLICATION, f"disease:{name}")
        for n in range(12)
        for name in ("肠套叠", "肠梗阻")
    ]
    assert found(tmp_path, [*related, *both], "pasted-objects") == {}


def test_an_object_under_subjects_drawn_by_lot(tmp_path: Path) -> None:
    places = [placed(number, number % 20) for number in range(100)]
    anywhere = [fact(f"disease:病{n}", Relation.COMPLICATION, "disease:怪癌") for n in range(0, 100, 3)]
    near = [fact(f"disease:病{n}", Relation.COMPLICATION, "disease:近病") for n in range(0, 100, 20)]
    assert set(found(tmp_path, [*places, *anywhere, *near], "pasted-objects")) == {one.id for one in anywhere}


def test_an_object_far_from_its_others(tmp_path: Path) -> None:
    places = [placed(number, 1) for number in range(9)] + [placed(9, 2)]
    facts = [fact(f"disease:病{n}", Relation.DRUG, "drug:甲药") for n in range(10)]
    assert found(tmp_path, [*places, *facts], "out-of-place") == {facts[9].id: Severity.INFO}


def test_an_ointment_where_hardly_one_is_given(tmp_path: Path) -> None:
    places = [placed(number, number % 2) for number in range(40)]
    skin = [fact(f"disease:病{n}", Relation.DRUG, f"drug:药{n}软膏") for n in range(1, 40, 2)]
    inside = [fact(f"disease:病{n}", Relation.DRUG, f"drug:药{n}片") for n in range(0, 40, 2)]
    odd = fact("disease:病0", Relation.DRUG, "drug:应急软膏")
    assert found(tmp_path, [*places, *skin, *inside, odd], "out-of-place") == {odd.id: Severity.WARNING}


def test_doses_against_one_piece_and_against_weight(tmp_path: Path) -> None:
    granules = dose("口服：每次5～10mg。", "drug:甲颗粒")
    tablets = dose("口服，每次50mg。", "drug:乙片")
    forms = [
        states("drug:甲颗粒", Relation.DOSAGE_FORM, "冲剂：10g。"),
        states("drug:乙片", Relation.DOSAGE_FORM, "片剂：25mg，50mg。"),
    ]
    syrup = dose("1.口服：每次125mg；儿童每次0.125mg/kg。", "drug:丙药")
    fine = dose("1.口服：每次10mg；儿童每次0.125mg/kg。", "drug:丁药")
    assert found(tmp_path, [*granules, *tablets, *forms, *syrup, *fine], "dose-outlier") == {
        one.id: Severity.SEVERE for one in (granules[1], syrup[1])
    }


def test_a_remedy_named_for_another_ailment(tmp_path: Path) -> None:
    places = [
        fact("disease:气管炎", Relation.DEPARTMENT, "department:呼吸科"),
        fact("disease:高血压", Relation.DEPARTMENT, "department:心内科"),
        fact("disease:哮喘", Relation.DEPARTMENT, "department:呼吸科"),
    ]
    odd = fact("disease:高血压", Relation.DRUG, "drug:复方气管炎胶囊")
    fine = fact("disease:哮喘", Relation.DRUG, "drug:复方气管炎胶囊")
    assert found(tmp_path, [*places, odd, fine], "named-for-another") == {odd.id: Severity.WARNING}


# ---------------------------------------------------------------- the whole


def test_every_rule_says_what_it_finds(tmp_path: Path) -> None:
    from kg_loader.audit import MEANINGS

    records: list[Record] = [
        entity(T.DISEASE, "3个月"),
        alias("淋", "disease:淋病"),
        Entity(disease("甲病"), T.DISEASE, "甲病"),
    ]
    assert {one.rule for one in findings(tmp_path, records)} <= set(MEANINGS)

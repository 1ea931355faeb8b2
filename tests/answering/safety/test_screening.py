"""The medication check: what is found, by which path, and what must hold for every list of drugs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.domain import Alias, AliasKind, EntityId, Literal, Passage, PassageKind, Patient, Qualifiers, Record, Source
from rag.errors import UsageError
from rag.pipeline import Pipeline
from rag.safety.hazards import Kind
from rag.safety.leaflets import statements
from rag.safety.levels import Level
from rag.safety.medications import MOST_DRUGS, Report
from rag.vocabulary import Grade, Relation
from tests.answering.records import BOOK, fact
from tests.answering.test_round_trips import counted_check
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

OTHER = Source("另一本书", "book", Grade.GUIDELINE, year=2022)


def leaflet(drug: str, aspect: str, text: str) -> Passage:
    return Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=drug[5:], about=EntityId(drug), aspect=aspect)


RECORDS: tuple[Record, ...] = (
    BOOK,
    OTHER,
    *map(
        entity,
        (
            "drug:阿莫西林",
            "drug:头孢甲",
            "drug:阿司匹林",
            "drug:阿司匹林肠溶片",
            "drug:布洛芬",
            "drug:华法林",
            "drug:感冒甲片",
            "drug:对乙酰氨基酚",
            "drug:呋塞米",
            "herb:半夏",
            "herb:法半夏",
            "herb:川乌",
            "herb:甘草",
            "formula:甲汤",
            "formula:乙汤",
            "food:酒",
            "drug:舒马普坦",
        ),
    ),
    Alias("芬必得", EntityId("drug:布洛芬"), AliasKind.TRADE),
    Alias("泰诺甲", EntityId("drug:感冒甲片"), AliasKind.TRADE),
    fact("drug:阿莫西林", Relation.DRUG_CLASS, Literal("抗感染药，青霉素类抗生素", "drug_class")),
    fact("drug:布洛芬", Relation.DRUG_CLASS, Literal("非甾体抗炎药", "drug_class")),
    fact("drug:阿司匹林", Relation.DRUG_CLASS, Literal("抗血小板药；非甾体抗炎药", "drug_class")),
    fact("drug:布洛芬", Relation.CONTRAINDICATION, "disease:非甾体抗炎药过敏"),
    fact("drug:布洛芬", Relation.CONTRAINDICATION, "population:妊娠晚期"),
    fact("drug:布洛芬", Relation.CAUTION, "disease:肾功能不全"),
    fact("drug:布洛芬", Relation.INTERACTION, "food:酒", limits=Qualifiers(severity="轻微")),
    fact("drug:阿司匹林", Relation.INTERACTION, "drug:华法林", limits=Qualifiers(severity="严重")),
    fact("drug:华法林", Relation.INTERACTION, "drug:阿司匹林", limits=Qualifiers(severity="严重")),
    fact("drug:阿司匹林", Relation.INTERACTION, "drug:布洛芬", OTHER, limits=Qualifiers(severity="中等")),
    fact("drug:感冒甲片", Relation.INGREDIENT, "drug:对乙酰氨基酚"),
    fact("drug:对乙酰氨基酚", Relation.CAUTION, "disease:肝功能不全"),
    fact("herb:半夏", Relation.INCOMPATIBLE, "herb:川乌"),
    fact("herb:川乌", Relation.CONTRAINDICATION, "population:孕妇"),
    fact("formula:甲汤", Relation.INGREDIENT, "herb:川乌"),
    fact("formula:甲汤", Relation.INGREDIENT, "herb:甘草"),
    fact("formula:乙汤", Relation.INGREDIENT, "herb:法半夏"),
    fact("formula:乙汤", Relation.INGREDIENT, "herb:甘草"),
    leaflet(
        "drug:呋塞米",
        "注意事项",
        "1.慎用：(1)糖尿病；(2)痛风。与磺胺药有交叉过敏反应，对磺胺药过敏者慎用或禁用。2.老年患者应减量。",
    ),
    leaflet(
        "drug:呋塞米",
        "药物相互作用",
        "1.与阿司匹林合用可增加水杨酸中毒。2.与头孢甲合用无相互作用。3.与非甾体抗炎药合用疗效降低，不宜合用。",
    ),
    leaflet("drug:头孢甲", "禁忌证", "对本品过敏者禁用，过敏体质者慎用。"),
    leaflet("drug:头孢甲", "注意事项", "孕妇可以使用。哺乳期妇女慎用，2岁以下婴儿禁用。放在儿童不能接触的地方。"),
)


@lru_cache(maxsize=1)
def _pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(RECORDS)
    return fake_pipeline(library)


@pytest.fixture
def pipeline() -> Pipeline:
    return _pipeline()


def check(pipeline: Pipeline, *drugs: str, **patient: object) -> Report:
    return pipeline.check(drugs, Patient(**patient) if patient else None)[1]  # type: ignore[arg-type]  # by name


def told(report: Report) -> list[tuple[Kind, Level, str]]:
    return [(hazard.kind, hazard.level, hazard.text) for hazard in report.hazards]


# ---------------------------------------------------------------- between drugs


def test_an_interaction_with_its_severity_once_for_each_source(pipeline: Pipeline) -> None:
    assert told(check(pipeline, "华法林", "阿司匹林")) == [
        (Kind.INTERACTION, Level.MAJOR, "阿司匹林的相互作用：华法林（严重程度：严重）。")
    ]


def test_the_gravest_comes_first(pipeline: Pipeline) -> None:
    levels = [level for _, level, _ in told(check(pipeline, "酒", "芬必得", "阿司匹林", "华法林"))]
    assert levels == [Level.MAJOR, Level.MODERATE, Level.MINOR]


def test_herbs_under_the_name_of_a_preparation(pipeline: Pipeline) -> None:
    (hazard,) = check(pipeline, "法半夏", "川乌").hazards
    assert hazard.kind is Kind.INCOMPATIBILITY
    assert [step.text for step in hazard.path] == ["半夏的配伍禁忌：川乌", "法半夏按名称含半夏"]
    assert check(pipeline, "制川乌", "姜半夏").hazards[0].kind is Kind.INCOMPATIBILITY


def test_two_formulas_by_what_is_in_them(pipeline: Pipeline) -> None:
    (hazard,) = check(pipeline, "甲汤", "乙汤").hazards
    assert hazard.text == "乙汤的组成：法半夏；法半夏按名称含半夏；半夏的配伍禁忌：川乌；甲汤的组成：川乌。"
    assert len(hazard.evidence_ids) == 3


def test_sentences_of_monographs(pipeline: Pipeline) -> None:
    by_class, by_name = check(pipeline, "呋塞米", "阿司匹林").hazards
    assert by_name.text == "呋塞米的药物相互作用：“与阿司匹林合用可增加水杨酸中毒”。"
    assert (by_name.level, by_class.level) == (Level.UNKNOWN, Level.CAUTION)
    assert check(pipeline, "呋塞米", "头孢甲").hazards == (), "it says that there is none"


def test_a_sentence_that_names_the_class_of_the_other_drug(pipeline: Pipeline) -> None:
    (hazard,) = check(pipeline, "呋塞米", "布洛芬").hazards
    assert [step.text for step in hazard.path] == [
        "呋塞米的药物相互作用：“与非甾体抗炎药合用疗效降低，不宜合用”", "布洛芬的药品类型：非甾体抗炎药"
    ]  # fmt: skip


def test_one_source_that_says_it_twice_is_told_once_with_both_records() -> None:
    said = "与非甾体抗炎药合用疗效降低，不宜合用。"
    library = FakeLibrary()
    library.publish([*RECORDS, leaflet("drug:呋塞米", "药物相互作用", f"{said}另见他处。")])
    (hazard,) = check(fake_pipeline(library), "呋塞米", "布洛芬").hazards
    assert len(hazard.evidence_ids) == 3


@pytest.mark.parametrize(
    ("names", "because"),
    [
        (("芬必得", "布洛芬"), "布洛芬与芬必得"),
        (("感冒甲片", "对乙酰氨基酚"), "都含对乙酰氨基酚"),
        (("泰诺甲", "对乙酰氨基酚片"), "都含对乙酰氨基酚"),
        (("阿司匹林肠溶片", "阿司匹林"), "都含阿司匹林"),
    ],
)
def test_one_substance_twice(pipeline: Pipeline, names: tuple[str, ...], because: str) -> None:
    (hazard,) = check(pipeline, *names).hazards
    assert (hazard.kind, hazard.because) == (Kind.DUPLICATE, because)
    assert hazard.path


def test_two_formulas_may_share_a_herb(pipeline: Pipeline) -> None:
    assert all(hazard.kind is not Kind.DUPLICATE for hazard in check(pipeline, "甲汤", "乙汤").hazards)


# ---------------------------------------------------------------- for the patient


def test_an_ingredient_is_looked_at_for_the_patient(pipeline: Pipeline) -> None:
    assert told(check(pipeline, "甲汤", pregnant=True)) == [
        (Kind.CONTRAINDICATION, Level.CONTRAINDICATED, "甲汤的组成：川乌；川乌的禁忌：孕妇。")
    ]


def test_populations_of_a_monograph(pipeline: Pipeline) -> None:
    def levels(**patient: object) -> list[Level]:
        return [hazard.level for hazard in check(pipeline, "头孢甲", **patient).hazards]

    assert levels(conditions=("哺乳期",)) == [Level.CAUTION]
    assert levels(age=1.0) == [Level.CONTRAINDICATED]
    assert levels(age=5.0) == []
    assert levels(pregnant=True) == [], "it says that they may take it"
    (old,) = check(pipeline, "呋塞米", age=80).hazards
    assert old.text == "呋塞米的注意事项：“老年患者应减量”。"


@pytest.mark.parametrize(
    ("drug", "allergy", "level", "said"),
    [
        ("阿莫西林", "阿莫西林", Level.CONTRAINDICATED, "是同一种"),
        ("阿莫西林", "青霉素", Level.MAJOR, "青霉素类抗生素"),
        ("布洛芬", "阿司匹林", Level.CONTRAINDICATED, "布洛芬的禁忌：非甾体抗炎药过敏；阿司匹林的药品类型"),
        ("芬必得", "非甾体抗炎药", Level.CONTRAINDICATED, "非甾体抗炎药过敏"),
        ("呋塞米", "磺胺类", Level.CAUTION, "对磺胺药过敏者慎用或禁用"),
        ("头孢甲", "头孢甲", Level.CONTRAINDICATED, "对本品过敏者禁用"),
        ("头孢甲", "花生", Level.CAUTION, "过敏体质者慎用"),
    ],
)
def test_allergies(pipeline: Pipeline, drug: str, allergy: str, level: Level, said: str) -> None:
    found = [hazard for hazard in check(pipeline, drug, allergies=(allergy,)).hazards if said in hazard.text]
    assert [(hazard.kind, hazard.level) for hazard in found] == [(Kind.ALLERGY, level)]


def test_another_class_is_no_allergy(pipeline: Pipeline) -> None:
    assert check(pipeline, "华法林", "布洛芬", allergies=("青霉素",)).hazards == ()


# ---------------------------------------------------------------- what is not known


def test_unknown_names_are_listed_with_near_ones(pipeline: Pipeline) -> None:
    report = check(pipeline, "阿司匹", "没有这种药", "布洛芬")
    assert [(m.given, [c.name for c in m.near][:1]) for m in report.unknown] == [
        ("没有这种药", []), ("阿司匹", ["阿司匹林"])
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["阿司匹林 100mg 每日一次", "阿司匹林片", " 阿司匹林 ", "阿司匹林分散片 25mg*2片 bid", "盐酸阿司匹林"]
)
def test_names_as_a_prescription_writes_them(pipeline: Pipeline, name: str) -> None:
    report = check(pipeline, name, "华法林")
    assert report.unknown == ()
    assert report.hazards[0].level is Level.MAJOR


def test_what_has_no_record_is_said(pipeline: Pipeline) -> None:
    report = check(pipeline, "舒马普坦", "布洛芬", conditions=("肾功能不全",))
    assert {(one.drugs, one.about) for one in report.unrecorded} == {
        (("布洛芬", "舒马普坦"), None), (("舒马普坦",), "肾功能不全")
    }  # fmt: skip


@pytest.mark.parametrize("names", [(), ("", " ", "\u202e"), tuple(f"药{n}" for n in range(MOST_DRUGS + 1))])
def test_no_name_and_too_many_are_refused(pipeline: Pipeline, names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="drug"):
        check(pipeline, *names)


# ---------------------------------------------------------------- for every list

NAMES = [
    "阿莫西林",
    "头孢甲",
    "阿司匹林",
    "阿司匹林肠溶片",
    "芬必得",
    "布洛芬",
    "华法林",
    "感冒甲片",
    "对乙酰氨基酚",
    "呋塞米",
    "法半夏",
    "川乌",
    "甲汤",
    "乙汤",
    "酒",
    "舒马普坦",
    "没有这种药",
]
LISTS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True)
PATIENTS = st.builds(
    Patient,
    age=st.sampled_from([None, 0.5, 5.0, 80.0]),
    pregnant=st.sampled_from([None, True]),
    allergies=st.sets(st.sampled_from(["青霉素", "阿司匹林", "磺胺"])).map(lambda names: tuple(sorted(names))),
    conditions=st.sets(st.sampled_from(["肾功能不全", "肝功能不全", "哺乳期"])).map(lambda names: tuple(sorted(names))),
)


@settings(max_examples=60, deadline=None)
@given(names=LISTS, patient=PATIENTS, data=st.data())
def test_the_order_of_the_list_changes_nothing(names: list[str], patient: Patient, data: st.DataObject) -> None:
    one, other = (_pipeline().check(drugs, patient)[1] for drugs in (names, data.draw(st.permutations(names))))
    assert replace(one, concerns=()) == replace(other, concerns=())


@settings(max_examples=60, deadline=None)
@given(names=LISTS, patient=PATIENTS, more=st.sampled_from(NAMES))
def test_one_more_drug_removes_nothing(names: list[str], patient: Patient, more: str) -> None:
    before, after = (_pipeline().check(drugs, patient)[1] for drugs in (names, [*names, more]))
    assert set(before.hazards) <= set(after.hazards)
    assert {m.given for m in before.unknown} <= {m.given for m in after.unknown}


@settings(max_examples=30, deadline=None)
@given(names=LISTS, patient=PATIENTS)
def test_every_finding_has_a_path_and_its_records_are_there(names: list[str], patient: Patient) -> None:
    report = _pipeline().check(names, patient)[1]
    for hazard in report.hazards:
        assert hazard.path
        assert set(hazard.evidence_ids) <= set(report.evidence)


@pytest.mark.parametrize("count", [1, 2, 7, len(NAMES)])
def test_at_most_three_reads_of_the_graph(pipeline: Pipeline, count: int) -> None:
    patient = Patient(age=70, allergies=("青霉素",), conditions=("肾功能不全",))
    assert counted_check(pipeline, NAMES[:count], patient) <= 3


def test_what_the_patient_takes_is_checked_too(pipeline: Pipeline) -> None:
    assert check(pipeline, "华法林", drugs=("阿司匹林",)).hazards == check(pipeline, "阿司匹林", "华法林").hazards


def test_what_is_withdrawn_is_not_found(tmp_path: Path) -> None:
    library = FakeLibrary()
    library.publish(RECORDS)
    library.withdraw(OTHER.id, "测试")
    report = check(fake_pipeline(library), "阿司匹林", "布洛芬")
    assert report.hazards == ()
    assert report.unrecorded[0].drugs == ("布洛芬", "阿司匹林")
    assert replace(report, unrecorded=()).evidence == {}


# ---------------------------------------------------------------- classes of faults found by hand on real records

FOUND: tuple[Record, ...] = (
    BOOK,
    *map(entity, ("drug:止痛甲", "drug:止痛甲控释片", "drug:降压甲", "drug:布洛芬")),
    Alias("好得甲", EntityId("drug:止痛甲"), AliasKind.TRADE),
    Alias("好得甲", EntityId("drug:止痛甲控释片"), AliasKind.TRADE),
    fact("drug:止痛甲", Relation.CONTRAINDICATION, "disease:消化性溃疡"),
    leaflet("drug:止痛甲", "注意事项", "有消化道溃疡史者慎用。22.1岁以下婴儿不宜用。过量时可用血液透析清除。"),
    leaflet("drug:降压甲", "禁忌证", "肾病患者排泄较慢，t1/2为2小时，CL每分钟12ml/kg。严重肾功能不全者禁用。"),
)


@pytest.fixture
def mended() -> Pipeline:
    library = FakeLibrary()
    library.publish(FOUND)
    return fake_pipeline(library)


def test_a_condition_meets_what_records_say_of_its_kind(mended: Pipeline) -> None:
    levels = {hazard.level for hazard in check(mended, "止痛甲", conditions=("胃溃疡",)).hazards}
    assert levels == {Level.CONTRAINDICATED, Level.CAUTION}
    assert not check(mended, "止痛甲", conditions=("胃息肉",)).hazards


def test_the_number_of_an_item_is_no_part_of_an_age(mended: Pipeline) -> None:
    assert not check(mended, "止痛甲", age=6).hazards
    assert check(mended, "止痛甲", age=0.5).hazards


def test_what_an_overdose_does_warns_nobody_who_has_it_already() -> None:
    text = "约两成用药过量者出现头痛、抽搐。过量可选用受体阻断药，但哮喘患者慎用。头痛者慎用。"
    assert [said.raw for said in statements("p:1", leaflet("drug:止痛乙", "注意事项", text))] == [
        "过量可选用受体阻断药，但哮喘患者慎用。", "头痛者慎用。",
    ]  # fmt: skip


def test_what_is_removed_by_dialysis_warns_nobody(mended: Pipeline) -> None:
    assert not check(mended, "止痛甲", conditions=("肾功能不全",)).hazards


def test_pharmacokinetics_among_contraindications_forbid_nothing(mended: Pipeline) -> None:
    (hazard,) = check(mended, "降压甲", conditions=("肾功能不全",)).hazards
    assert "严重肾功能不全者禁用" in hazard.text


def test_one_name_for_a_substance_and_its_tablet_is_no_duplicate(mended: Pipeline) -> None:
    assert not check(mended, "好得甲", "布洛芬").hazards
    assert check(mended, "止痛甲", "止痛甲控释片").hazards[0].kind is Kind.DUPLICATE


def test_directions_warn_only_by_what_they_forbid() -> None:
    library = FakeLibrary()
    text = "儿童用量：6～12岁，每次0.25g。6岁以下儿童不使用。血液透析可增加清除。"
    library.publish([*RECORDS, leaflet("drug:呋塞米", "用法用量", text)])
    pipeline = fake_pipeline(library)
    (hazard,) = check(pipeline, "呋塞米", age=3.0).hazards
    assert hazard.text == "呋塞米的用法用量：“6岁以下儿童不使用”。"
    assert check(pipeline, "呋塞米", age=9.0).hazards == ()
    assert not any("透析" in hazard.text for hazard in check(pipeline, "呋塞米", conditions=("肾功能不全",)).hazards)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("透析患者慎用", True),
        ("接受血液透析者减量", True),
        ("过量时可考虑进行血液透析", False),
        ("透析液的浓度", False),
    ],
)
def test_who_is_on_dialysis(text: str, met: bool) -> None:
    library = FakeLibrary()
    library.publish([*RECORDS, leaflet("drug:乙片", "注意事项", f"{text}。")])
    found = check(fake_pipeline(library), "乙片", conditions=("肾功能不全",)).hazards
    assert any("透析" in hazard.text for hazard in found) is met

"""Knowledge questions end to end: what is told of a drug, an illness under another name, two that are compared."""

from __future__ import annotations

import pytest

from rag.domain import (
    Alias,
    AliasKind,
    Answer,
    EntityId,
    Literal,
    Outcome,
    Passage,
    PassageKind,
    Record,
    Turn,
    YesNo,
)
from rag.pipeline import Options
from rag.vocabulary import Relation
from tests.answering.records import BOOK
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity, fact_of

DOSE = "口服：1.每次4mg，早晚各服。2.7～11岁儿童每次2mg，早晚各服。3.7岁以下儿童一日0.1mg/kg。"


def field(drug: str, aspect: str, text: str) -> Passage:
    """One field of the monograph of `drug`."""
    return Passage(text, PassageKind.MONOGRAPH, BOOK.id, title=drug, about=EntityId(f"drug:{drug}"), aspect=aspect)


RECORDS: tuple[Record, ...] = (
    BOOK,
    entity("disease:气喘症"),
    entity("disease:支气管气喘"),
    entity("disease:寒喘"),
    Alias("支气管气喘", EntityId("disease:气喘症"), AliasKind.SYNONYM),
    fact_of("disease:支气管气喘", Relation.CODE, Literal("J99.9", "code"), BOOK),
    *(fact_of("disease:气喘症", Relation.SYMPTOM, f"symptom:{name}", BOOK) for name in ("夜间憋醒", "胸闷")),
    *(entity(f"symptom:{name}") for name in ("夜间憋醒", "胸闷", "晨起咳痰")),
    fact_of("disease:寒喘", Relation.SYMPTOM, "symptom:晨起咳痰", BOOK),
    *(entity(f"drug:{name}") for name in ("利他明", "苏敏定", "止痛芬", "抗凝灵")),
    entity("population:儿童"),
    fact_of("drug:利他明", Relation.DOSAGE, Literal(DOSE, "dosage"), BOOK),
    field("利他明", "用法用量", DOSE),
    field("利他明", "适应证", "用于过敏性鼻炎。"),
    field("利他明", "不良反应", "镇静作用与苏敏定相似。"),
    fact_of("drug:苏敏定", Relation.DOSAGE, Literal("口服，一日一粒。", "dosage"), BOOK),
    field("苏敏定", "用法用量", "口服，一日一粒。"),
    field("苏敏定", "适应证", "用于荨麻疹。"),
    field("苏敏定", "不良反应", "偶见头晕。致死量为250mg。"),
    field("苏敏定", "药物相互作用", "同时饮酒会更困倦。"),
    entity("formula:清肺散"),
    fact_of("formula:清肺散", Relation.INDICATION, "disease:寒喘", BOOK),
    *(
        fact_of(subject, Relation.CONTRAINDICATION, "population:孕妇", BOOK)
        for subject in ("drug:苏敏定", "herb:走黄草", "formula:清肺散")
    ),
    *(entity(name) for name in ("herb:走黄草", "population:孕妇", "therapy:针灸", "acupoint:定喘穴", "treatment:理疗")),
    *(fact_of("disease:寒喘", Relation.TREATMENT, name, BOOK) for name in ("acupoint:定喘穴", "treatment:理疗")),
    *(entity(f"drug:{name}") for name in ("肝宁素", "肝宁素钠", "苯苄洛", "盐酸苯苄洛", "苯苄洛钠")),
    field("肝宁素钠", "禁忌证", "活动性出血者禁用。"),
    field("盐酸苯苄洛", "禁忌证", "心动过缓者禁用。"),
    field("苯苄洛钠", "禁忌证", "低血压者禁用。"),
    fact_of("disease:寒喘", Relation.DRUG, "drug:利他明", BOOK),
    fact_of("disease:寒喘", Relation.COST, Literal("约一千元", "cost"), BOOK),
    entity("examination:胸片"),
    fact_of("disease:寒喘", Relation.EXAMINATION, "examination:胸片", BOOK),
    fact_of("disease:寒喘", Relation.COMPLICATION, "disease:气喘症", BOOK),
    field("止痛芬", "禁忌证", "1.溃疡病发作期禁用。2.血管水肿时禁用。"),
    field("止痛芬", "药物相互作用", "1.与抗凝药同服容易出血。2.与地高辛同服要调整剂量。"),
    fact_of("drug:抗凝灵", Relation.DRUG_CLASS, Literal("血液系统药物，抗凝血药", "drug_class"), BOOK),
)


def ask(question: str, *turns: str) -> Answer:
    library = FakeLibrary()
    library.publish(RECORDS)
    history = tuple(Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(turns))
    return fake_pipeline(library).ask(question, Options(history=history))


def test_a_code_alone_does_not_keep_the_record_of_a_synonym_away() -> None:
    answer = ask("支气管气喘有哪些症状")
    assert "夜间憋醒" in answer.text
    assert answer.outcome is Outcome.ANSWERED


def test_a_code_is_still_told_where_it_is_asked_for() -> None:
    assert "J99.9" in ask("支气管气喘的疾病编码是什么").text


def test_both_sides_of_a_comparison_are_told() -> None:
    answer = ask("寒喘和支气管气喘有什么区别")
    assert "夜间憋醒" in answer.text
    assert "晨起咳痰" in answer.text


def test_drugs_are_compared_by_their_records_even_if_one_names_the_other() -> None:
    answer = ask("利他明和苏敏定有什么区别")
    assert "过敏性鼻炎" in answer.text
    assert "荨麻疹" in answer.text


def test_a_direction_is_told_once_and_ages_are_not_glued_to_item_numbers() -> None:
    answer = ask("利他明一天吃几次")
    assert answer.text.count("每次4mg") == 1
    assert "2.7～11岁" not in answer.text
    assert "“7～11岁儿童每次2mg，早晚各服”" in answer.text
    assert "“7岁以下儿童一日0.1mg/kg”" in answer.text


def test_of_a_direction_what_is_for_the_people_asked_about() -> None:
    answer = ask("儿童利他明怎么吃")
    assert "每次2mg" in answer.text
    assert "每次4mg" not in answer.text


@pytest.mark.parametrize("question", ["止痛芬儿童能吃吗", "儿童可以用止痛芬吗", "止痛芬和利他明儿童能吃吗"])
def test_whom_else_a_drug_is_not_for_is_no_answer(question: str) -> None:
    answer = ask(question)
    assert "溃疡" not in answer.text
    assert "没有记录不等于安全" in answer.text
    assert answer.outcome is Outcome.NOT_IN_KB


def test_a_class_is_found_under_its_other_word_and_nothing_else_is_told() -> None:
    answer = ask("止痛芬和抗凝灵能一起吃吗")
    assert "容易出血" in answer.text
    assert "地高辛" not in answer.text


def test_what_goes_with_the_remedy_of_before() -> None:
    answer = ask("和抗凝灵一起呢", "止痛芬能治什么", "……")
    assert "容易出血" in answer.text


@pytest.mark.parametrize(
    ("question", "told"),
    [("What is the dose of 利他明 for children?", "每次2mg"), ("What is 苏敏定 used for?", "荨麻疹")],
)
def test_english_questions_about_a_drug(question: str, told: str) -> None:
    assert told in ask(question).text


@pytest.mark.parametrize("question", ["寒喘的发病率", "寒喘复发率是多少"])
def test_a_rate_that_no_record_holds_is_not_answered_by_an_overview(question: str) -> None:
    answer = ask(question)
    assert "晨起咳痰" not in answer.text
    assert answer.outcome is Outcome.NOT_IN_KB


def test_of_a_kind_of_remedies_no_other_is_listed_as_one_to_avoid() -> None:
    answer = ask("孕妇不能用哪些中药")
    assert "走黄草" in answer.text
    assert "清肺散" in answer.text
    assert "苏敏定" not in answer.text
    assert "苏敏定" in ask("孕妇不能用哪些药").text


def test_points_of_a_record_are_acupuncture() -> None:
    answer = ask("寒喘可以针灸吗")
    assert answer.verdict is YesNo.YES
    assert "定喘穴" in answer.text


def test_costs_in_a_sentence_of_their_own_are_told_as_well() -> None:
    answer = ask("寒喘要做哪些检查？费用大概多少？")
    assert "胸片" in answer.text
    assert "约一千元" in answer.text


def test_lethal_amounts_are_not_quoted() -> None:
    answer = ask("苏敏定有什么不良反应")
    assert "头晕" in answer.text
    assert "250mg" not in answer.text


@pytest.mark.parametrize("question", ["疫苗会导致寒喘吗", "转基因会引起寒喘吗"])
def test_what_may_cause_an_illness_is_not_answered_by_what_it_leads_to(question: str) -> None:
    answer = ask(question)
    assert answer.outcome is Outcome.NOT_IN_KB
    assert answer.citations == ()


def test_alcohol_beside_a_drug() -> None:
    assert "饮酒" in ask("苏敏定能和酒一起吗").text


def test_a_dose_for_children_is_a_record_on_children() -> None:
    answer = ask("儿童利他明怎么吃")
    assert "无此信息" not in answer.text


def test_a_drug_may_be_told_by_its_only_salt_which_is_said() -> None:
    answer = ask("什么情况不能打肝宁素")
    assert "活动性出血" in answer.text
    assert "引用的是“肝宁素钠”的" in answer.text
    assert answer.outcome is Outcome.PARTIAL


def test_of_two_salts_none_stands_for_the_drug() -> None:
    answer = ask("苯苄洛的禁忌证")
    assert answer.citations == ()


def test_who_asks_for_an_operation_is_not_told_drugs() -> None:
    answer = ask("寒喘需要手术吗")
    assert "理疗" in answer.text
    assert "利他明" not in answer.text


def test_a_direction_of_one_sentence_is_told() -> None:
    answer = ask("苏敏定的用法用量")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.count("一日一粒") == 1


def test_a_study_of_a_germ_takes_no_place_of_what_is_on_record_of_its_infection() -> None:
    library = FakeLibrary()
    germ, ill = EntityId("pathogen:甲菌"), EntityId("disease:甲菌感染")
    study = Passage("甲菌与翼状胬肉无明显关系，不严重。", PassageKind.CONCLUSION, BOOK.id, title="甲菌", about=germ)
    library.publish([BOOK, entity(germ), fact_of(ill, Relation.COMPLICATION, "disease:乙疣", BOOK), study])
    answer = fake_pipeline(library).ask("甲菌严重吗")
    assert "甲菌感染可能的并发症有：乙疣[1]" in answer.text

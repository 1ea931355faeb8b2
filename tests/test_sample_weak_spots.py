"""Questions of kinds that were answered badly, on the sample: what their answers cite and say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from rag.domain import Outcome, YesNo
from rag.pipeline import Options, Pipeline
from rag.settings import Settings
from rag.snapshot import Library
from rag.vocabulary import Relation
from rag.wiring import build
from tests.conftest import MadeOnce
from tests.kb import publish_sample


@pytest.fixture(scope="module")
def sample(made_once: MadeOnce) -> Pipeline:
    return build(Settings(_env_file=None, data_dir=made_once("sample", publish_sample)))


@pytest.mark.parametrize("question", ["甲硝唑能喝酒吗", "吃甲硝唑可以喝点酒吗", "吃着甲硝唑喝酒会怎么样"])
def test_an_interaction_with_what_is_drunk_is_warned_of(sample: Pipeline, question: str) -> None:
    texts = [warning.text for warning in sample.ask(question).warnings if warning.severity == "major"]
    assert [text for text in texts if text.startswith("甲硝唑的相互作用：酒")]


def test_a_grave_interaction_with_a_food_says_no(sample: Pipeline) -> None:
    assert sample.ask("甲硝唑能喝酒吗").verdict is YesNo.NO


def test_what_has_no_record_with_a_food_is_not_called_safe(sample: Pipeline) -> None:
    answer = sample.ask("阿莫西林能喝牛奶吗")
    assert answer.verdict is YesNo.NOT_STATED
    assert "没有记录不等于安全" in answer.text


def test_cautions_are_told_where_no_contraindication_is_recorded(sample: Pipeline) -> None:
    answer = sample.ask("红花有什么禁忌")
    assert answer.outcome is Outcome.PARTIAL
    assert "慎用" in answer.text
    assert "孕妇" in answer.text
    assert "月经过多者" in answer.text
    assert "未收录红花的禁忌" in answer.text
    assert "慎用" not in sample.ask("丙戊酸钠有什么禁忌").text


@pytest.mark.parametrize("question", ["肾功能不全能用二甲双胍吗", "青霉素过敏能吃阿莫西林吗", "哮喘患者能用普萘洛尔吗"])
def test_a_condition_that_decides_is_no_subject_of_what_is_missing(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    assert answer.warnings
    assert answer.verdict is YesNo.NO
    assert "未收录" not in answer.text


def test_a_drug_without_a_record_for_a_condition_is_said_so(sample: Pipeline) -> None:
    text = sample.ask("青霉素过敏能吃左甲状腺素吗").text
    assert "未收录青霉素过敏" not in text
    assert "没有记录不等于安全" in text


@pytest.mark.parametrize("name", ["麻黄杏仁甘草石膏汤", "麻杏石甘汤"])
def test_either_name_of_a_formula_answers(sample: Pipeline, name: str) -> None:
    answer = sample.ask(f"{name}由什么组成")
    assert answer.outcome is Outcome.ANSWERED
    assert "麻黄" in answer.text
    assert "石膏" in answer.text


@pytest.mark.parametrize("name", ["酸枣仁", "龙胆泻肝汤", "黄芪"])
def test_actions_are_told_first_where_they_are_asked_for(sample: Pipeline, name: str) -> None:
    assert sample.ask(f"{name}的功效").text.startswith(f"{name}的功效：")


@pytest.mark.parametrize("question", ["风热感冒吃什么中成药", "风热感冒用哪种成药好", "风热感冒喝什么颗粒"])
def test_kinds_of_medicine_are_no_food(sample: Pipeline, question: str) -> None:
    text = sample.ask(question).text
    assert "银翘散" in text
    assert "宜吃" not in text


def test_an_operation_does_not_hide_the_illness(sample: Pipeline) -> None:
    assert "白内障的医保" in sample.ask("白内障手术能报销吗").text
    assert "眼科" in sample.ask("白内障手术挂什么科").text
    assert sample.ask("白内障手术有什么并发症").outcome is Outcome.NOT_IN_KB


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("哮喘吸入激素有什么作用", "吸入性糖皮质激素"),
        ("骨质疏松吃双膦酸盐有什么用", "骨折的风险"),
        ("痛风降尿酸治疗能减少发作吗", "可以减少急性发作"),
        ("癫痫能自己停药吗", "自行减药或停药"),
        ("限盐能降血压吗", "有助于降低血压"),
    ],
)
def test_a_conclusion_answers_and_no_verdict_on_something_else_stands_beside_it(
    sample: Pipeline, question: str, said: str
) -> None:
    answer = sample.ask(question)
    assert said in answer.text
    assert answer.verdict is None


def test_what_one_illness_leads_to(sample: Pipeline) -> None:
    answer = sample.ask("深静脉血栓会引起肺栓塞吗")
    assert answer.verdict is YesNo.YES
    assert "深静脉血栓形成可能的并发症有：肺栓塞" in answer.text


@pytest.mark.parametrize(
    "question", ["How is asthma treated?", "How do you treat asthma", "How can asthma be managed?"]
)
def test_english_questions_for_treatment_get_the_facts(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    assert "布地奈德" in answer.text
    assert "Treatment of asthma (哮喘)" in answer.text


def test_remedies_that_are_for_all_symptoms_named(sample: Pipeline) -> None:
    answer = sample.ask("失眠心烦用什么方剂")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.startswith("酸枣仁汤的适应证有：")
    assert "归脾汤" not in answer.text  # for one of the two


def test_drugs_before_herbs_where_drugs_are_asked_for(sample: Pipeline) -> None:
    text = sample.ask("拉肚子吃什么药").text
    assert "蒙脱石散" in text
    assert "口服补液盐" in text
    assert "黄连" not in text
    herbs = sample.ask("拉肚子用什么草药").text
    assert "黄连" in herbs
    assert "蒙脱石散" not in herbs


def test_bare_symptoms_get_remedies_and_no_ranking(sample: Pipeline) -> None:
    answer = sample.ask("发烧吃什么药")
    assert "对乙酰氨基酚的适应证" in answer.text
    assert "相符的症状" not in answer.text


@pytest.mark.parametrize(
    ("question", "other"), [("痔疮和直肠癌怎么区分", "直肠癌"), ("痔疮和肛周脓包怎么区分", "肛周脓包")]
)
def test_the_known_side_of_a_comparison_is_told_and_the_other_named(
    sample: Pipeline, question: str, other: str
) -> None:
    answer = sample.ask(question)
    assert answer.outcome is Outcome.PARTIAL
    assert "痔疮的常见症状有" in answer.text
    assert f"未收录“{other}”" in answer.text


@pytest.mark.parametrize(
    "question", ["手足口病要隔离多久", "手足口病多久能上学", "水痘潜伏期是几天", "感冒休息几天可以上班"]
)
def test_how_long_something_else_takes_is_no_question_for_the_treatment(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    assert "治疗周期" not in "".join(c.quote for c in answer.citations)


def test_how_long_the_illness_takes_is_still_told(sample: Pipeline) -> None:
    assert "治疗周期" in sample.ask("手足口病多久能好").text


def test_what_editors_wrote_is_called_so(sample: Pipeline) -> None:
    text = sample.ask("癫痫能自己停药吗").text
    assert text.startswith("编者整理：")
    assert "文献结论" not in text
    assert "编者整理，英文原文：" in sample.ask("深静脉血栓怎么治疗").text


@pytest.mark.parametrize("name", ["二氯秋水仙碱", "羟基秋水仙碱", "三氟秋水仙碱", "去氢秋水仙碱", "氯化秋水仙碱"])
def test_what_chemistry_puts_before_a_name_makes_another_drug(sample: Pipeline, name: str) -> None:
    answer = sample.ask(f"{name}有什么不良反应")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert answer.citations == ()


@pytest.mark.parametrize("before", ["我吃了", "服用", "二十天前开始用", "每周一次"])
def test_ordinary_words_before_a_drug_make_no_other_drug(sample: Pipeline, before: str) -> None:
    assert sample.ask(f"{before}秋水仙碱有什么不良反应").citations


def test_nothing_found_names_what_there_is_and_whom_to_ask(sample: Pipeline) -> None:
    answer = sample.ask("偏头痛能坐飞机吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "知识库中关于“偏头痛”的记录有：症状" in answer.text
    assert "可咨询：神经内科。" in answer.text
    assert answer.citations == ()


def test_nothing_known_names_nothing(sample: Pipeline) -> None:
    text = sample.ask("量子纠缠是什么").text
    assert "记录有" not in text
    assert "可咨询" not in text


def test_relations_of_no_question_stay_out_of_full_answers(sample: Pipeline) -> None:
    cited = sample.ask("丙戊酸钠的禁忌有哪些？", Options(detail="full")).citations
    assert cited
    assert {c.quote.partition("：")[0].partition("的")[2] for c in cited if c.kind == "fact"} <= {
        "禁忌",
        Relation.CONTRAINDICATION.value,
    }


@pytest.mark.parametrize("question", ["哮喘不能用什么药", "哪些药哮喘患者禁用", "哮喘患者要避免使用哪些药物"])
def test_what_must_not_be_taken_is_no_list_of_what_treats(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.startswith("普萘洛尔的禁忌：哮喘")
    assert "布洛芬的慎用：哮喘" in answer.text
    assert "沙丁胺醇" not in answer.text
    assert "没有列出的药物不等于可以用" in answer.text


def test_a_group_of_people_is_found_under_its_other_names(sample: Pipeline) -> None:
    text = sample.ask("怀孕了哪些药不能吃").text
    assert "丙戊酸钠的禁忌：孕妇" in text
    assert "塞来昔布的禁忌：妊娠晚期" in text


def test_nothing_recorded_against_it_is_not_called_safe(sample: Pipeline) -> None:
    answer = sample.ask("风热感冒禁用哪些药")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "没有记录不等于都可以用" in answer.text


@pytest.mark.parametrize(
    "question", ["孕妇偏头痛可以吃什么药", "偏头痛好几年了吃什么药", "偏头痛能用哪些药", "病人偏头痛吃什么药"]
)
def test_who_is_ill_and_for_how_long_changes_no_name_and_no_question(sample: Pipeline, question: str) -> None:
    answer = sample.ask(question)
    assert "偏头痛的药物治疗" in answer.text
    assert "治疗周期" not in answer.text
    assert "不能互相代替" not in answer.text


def test_a_temperature_is_no_degree_of_an_illness(sample: Pipeline) -> None:
    assert "不能互相代替" not in sample.ask("发烧39度咳嗽两天了怎么办").text


def test_two_drugs_without_a_record_between_them_are_said_so(sample: Pipeline) -> None:
    answer = sample.ask("左甲状腺素和舒马普坦能一起吃吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "之间的相互作用；没有记录不等于安全" in answer.text


@pytest.mark.parametrize("question", ["2型糖尿病的ICD编码是什么", "哮喘的icd-10代码"])
def test_a_code_that_no_table_gave_is_no_overview(sample: Pipeline, question: str) -> None:
    assert sample.ask(question).outcome is Outcome.NOT_IN_KB


def test_toxicity_and_decoction_of_a_herb(sample: Pipeline) -> None:
    text = sample.ask("附子有毒吗，怎么煎").text
    assert "附子的性味归经" in text or "附子的用法用量" in text or "附子的慎用" in text


def test_two_remedies_of_which_one_has_no_record_are_said_so(sample: Pipeline) -> None:
    answer = sample.ask("布洛芬和头孢能一起吃吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "未收录布洛芬与头孢菌素之间的相互作用；没有记录不等于安全" in answer.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("甲减要吃一辈子药吗", "甲状腺功能减退症的治疗周期"),
        ("二甲双胍什么时候吃", "二甲双胍的用法用量"),
        ("乙肝会遗传给孩子吗", "乙型肝炎的病因"),
        ("胃食管反流吃什么药好得快", "胃食管反流病的药物治疗"),
    ],
)
def test_everyday_ways_of_asking(sample: Pipeline, question: str, said: str) -> None:
    text = sample.ask(question).text
    assert text.startswith(said)
    assert "易感人群" not in text or "遗传" in question


def test_what_a_drug_is_for_is_no_unknown_risk(sample: Pipeline) -> None:
    answer = sample.ask("孕妇偏头痛能吃布洛芬吗？")
    assert "布洛芬的适应证有：偏头痛" in answer.text
    assert "知识库无此信息" not in answer.text
    assert any(w.severity == "contraindicated" for w in answer.warnings)


def test_what_monographs_hold_is_among_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "drug.json"
    file.write_text(json.dumps([MONOGRAPH], ensure_ascii=False), encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    ingest(Library(settings.data_dir), [file], settings=settings)
    text = build(settings).ask("某甲素和可乐能一起喝吗").text
    assert "知识库未收录某甲素与“可乐”之间的相互作用" in text
    assert "知识库中关于“某甲素”的记录有：适应证、用法用量、药品类型；可以改问这些。" in text


MONOGRAPH = "某甲素\n药品类型:某系统药物\n适应证:用于甲病的治疗。\n用法用量:口服，每次1片，每天2次。"

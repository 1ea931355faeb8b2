"""What a question asks for."""

from __future__ import annotations

import pytest

from rag.domain import Intent
from rag.linking.linker import Linker
from rag.pipeline import Pipeline
from rag.question.intent import COMPARED_OVERVIEW, DISEASE_OVERVIEW, DRUG_OVERVIEW, read_intent
from rag.vocabulary import Relation
from tests.answering.records import names

LINKER = Linker(names(("发热", "symptom:发热", "name"), ("咳嗽药", "drug:咳嗽药", "name")))


def intent(question: str) -> Intent:
    return read_intent(question, LINKER.link(question))


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("偏头痛吃什么药", Relation.DRUG),
        ("偏头痛能吃什么药", Relation.DRUG),
        ("偏头痛用啥药好", Relation.DRUG),
        ("偏头痛挂什么科", Relation.DEPARTMENT),
        ("偏头痛能治好吗", Relation.CURE_RATE),
        ("偏头痛会传染吗", Relation.INFECTIVITY),
        ("偏头痛要治多久", Relation.DURATION),
        ("偏头痛有哪些症状", Relation.SYMPTOM),
        ("偏头痛怎么治疗", Relation.TREATMENT),
        ("偏头痛吃什么止痛药", Relation.DRUG),
        ("偏头痛喝哪种颗粒", Relation.DRUG),
        ("偏头痛的高危人群有谁", Relation.POPULATION),
        ("偏头痛要治到什么时候", Relation.DURATION),
        ("How is migraine treated?", Relation.TREATMENT),
        ("How is migraine diagnosed", Relation.EXAMINATION),
        ("Is migraine contagious?", Relation.INFECTIVITY),
        ("布洛芬的功效", Relation.EFFICACY),
        ("怎么判断是不是偏头痛", Relation.SYMPTOM),
        ("布洛芬不适合哪些人", Relation.CONTRAINDICATION),
        ("布洛芬吃完会有什么不舒服", Relation.ADVERSE),
        ("布洛芬是哪一类的药", Relation.DRUG_CLASS),
        ("偏头痛咋治", Relation.TREATMENT),
        ("偏头痛老不吃药会拖出什么毛病", Relation.COMPLICATION),
        ("偏头痛一次治疗大概要多少天", Relation.DURATION),
        ("偏头痛一定得手术吗", Relation.TREATMENT),
        ("偏头痛外用什么软膏", Relation.DRUG),
        ("偏头痛吃什么咳嗽药", Relation.DRUG),
        ("哪些情况不能打布洛芬", Relation.CONTRAINDICATION),
        ("布洛芬给什么病人用", Relation.INDICATION),
        ("偏头痛要做什么检查", Relation.EXAMINATION),
        ("偏头痛忌吃什么", Relation.FOOD_BAD),
        ("偏头痛不能吃什么", Relation.FOOD_BAD),
        ("偏头痛吃什么好", Relation.FOOD_GOOD),
        ("偏头痛吃什么", Relation.FOOD_GOOD),
        ("偏头痛的病因", Relation.CAUSE),
        ("布洛芬有什么副作用", Relation.ADVERSE),
        ("布洛芬怎么吃", Relation.DOSAGE),
        ("布洛芬和阿司匹林能一起吃吗", Relation.INTERACTION),
        ("孕妇能用布洛芬吗", Relation.CONTRAINDICATION),
        ("What are the symptoms of migraine?", Relation.SYMPTOM),
        ("Which drugs are used, and what causes migraine", Relation.DRUG),
        ("treatment of migraine", Relation.TREATMENT),
    ],
)
def test_cues(question: str, first: Relation) -> None:
    found = intent(question)
    assert found.explicit
    assert found.relations[0] is first
    assert not found.reverse


def test_several_cues_in_the_order_asked() -> None:
    found = intent("偏头痛挂什么科，有什么症状，能治好吗")
    assert [group[0] for group in found.groups] == [Relation.DEPARTMENT, Relation.SYMPTOM, Relation.CURE_RATE]


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("偏头痛的检查、并发症和治疗有哪些", [Relation.EXAMINATION, Relation.COMPLICATION, Relation.TREATMENT]),
        ("偏头痛的症状和治疗", [Relation.SYMPTOM, Relation.TREATMENT]),
        ("偏头痛检查和治疗方法", [Relation.EXAMINATION, Relation.TREATMENT]),
        ("偏头痛治疗多久", [Relation.DURATION]),
    ],
)
def test_each_of_a_list_is_asked_for(question: str, groups: list[Relation]) -> None:
    """A plain `检查` or `治疗` gives way to a more telling cue, but not to one that stands beside it in a list."""
    assert [group[0] for group in intent(question).groups] == groups


@pytest.mark.parametrize("question", ["我头疼恶心怕光是什么病", "头疼、恶心、怕光，是怎么回事", "头疼 恶心 怕光"])
def test_symptoms_ask_for_the_disease(question: str) -> None:
    assert intent(question).reverse


def test_symptoms_beside_a_disease_are_its_context() -> None:
    assert not intent("偏头痛头疼恶心吃什么药").reverse


@pytest.mark.parametrize(
    "question", ["偏头痛怎么治疗，不用列药名", "偏头痛怎么治，不要写药物名称", "偏头痛怎么办，药名就不用列了"]
)
def test_drugs_that_are_not_wanted_are_not_asked_for(question: str) -> None:
    found = intent(question)
    assert Relation.TREATMENT in found.relations
    assert Relation.DRUG not in found.relations
    assert all(Relation.DRUG not in group for group in found.groups)


@pytest.mark.parametrize(
    "question", ["偏头痛", "介绍一下偏头痛", "什么是偏头痛？", "请问偏头痛是什么", "tell me about migraine"]
)
def test_a_bare_disease_asks_for_an_overview(question: str) -> None:
    assert intent(question).relations == DISEASE_OVERVIEW
    assert not intent(question).explicit


def test_asking_whether_drugs_help_is_asking_for_drugs() -> None:
    assert Relation.DRUG in intent("能不能用药物治疗偏头痛").relations


def test_a_bare_drug_asks_for_its_own_overview() -> None:
    assert intent("介绍一下布洛芬").relations == DRUG_OVERVIEW


@pytest.mark.parametrize(
    "question", ["偏头痛与卵圆孔未闭有没有关联", "Does ibuprofen increase the risk of stroke in migraine?"]
)
def test_a_specific_question_without_a_cue_asks_for_no_overview(question: str) -> None:
    assert intent(question).relations == ()


def test_a_comparison_asks_for_an_overview_of_both() -> None:
    found = intent("偏头痛和紧张型头痛有什么区别")
    assert found.comparison
    assert found.relations == COMPARED_OVERVIEW
    assert intent("偏头痛和紧张型头痛有哪些共同点").comparison


def test_a_case_history_tells_and_does_not_ask() -> None:
    found = intent("患者有偏头痛，出现恶心等症状，治疗后好转，经头颅检查未见异常，请问能治好吗")
    assert found.relations == (Relation.CURE_RATE,)


def test_a_cue_inside_a_name_does_not_count() -> None:
    assert Relation.DRUG not in intent("咳嗽药挂什么科").relations


def test_a_question_without_names_is_read_too() -> None:
    assert intent("今天天气怎么样").relations == ()


@pytest.mark.parametrize(
    "question",
    ["孩子出现发热症状，查出来有恶心，怀疑患上了什么病？", "张女士，27岁，最近有发热和恶心的症状。"],
)
def test_symptoms_that_are_told_are_not_asked_for(question: str) -> None:
    assert intent(question).reverse
    assert not intent("偏头痛有恶心的症状吗").reverse


@pytest.mark.parametrize(
    ("question", "reverse"),
    [("房性心动过缓常用药有哪些", False), ("阵发性心动过缓怎么办", True), ("心动过缓挂什么科", True)],
)
def test_a_symptom_inside_the_name_of_a_disease_leads_nowhere(question: str, reverse: bool) -> None:
    linker = Linker(names(("心动过缓", "symptom:心动过缓", "name")))
    assert read_intent(question, linker.link(question)).reverse is reverse


def test_this_medicine_asks_for_no_others() -> None:
    assert Relation.DRUG not in intent("医生开了偏头痛颗粒，这药有什么作用？").relations
    assert Relation.DRUG in intent("治偏头痛的药有什么").relations


@pytest.mark.parametrize(
    "question", ["偏头痛要休息多久", "偏头痛多久能上班", "偏头痛复查间隔多长时间", "偏头痛后多久可以走路"]
)
def test_how_long_something_else_takes_asks_for_no_duration(question: str) -> None:
    found = intent(question)
    assert Relation.DURATION not in found.relations
    assert not found.explicit


@pytest.mark.parametrize("question", ["偏头痛能不能跑步", "偏头痛可以坐飞机吗", "偏头痛能正常上班吗"])
def test_what_somebody_may_do_asks_for_no_relation(question: str) -> None:
    found = intent(question)
    assert found.settled
    assert not found.relations


def test_fewer_attacks_are_no_low_value() -> None:
    assert Relation.LOWERED_IN not in intent("偏头痛能减少发作吗").relations


@pytest.mark.parametrize(
    ("question", "unknown"),
    [("偏头痛和某某综合怎么区分", "某某综合"), ("丛集样痛跟偏头痛的区别", "丛集样痛"), ("偏头痛有什么症状", "")],
)
def test_the_side_of_a_comparison_that_is_no_known_name(question: str, unknown: str) -> None:
    found = intent(question)
    assert found.unknown == unknown
    assert not found.comparison


def test_what_lowers_a_measure_is_not_what_a_low_one_is_seen_in() -> None:
    linker = Linker(names(("死亡率", "indicator:死亡率", "name")))
    for question, asked in (("筛查能降低死亡率吗", False), ("死亡率降低见于什么", True)):
        found = read_intent(question, linker.link(question))
        assert (Relation.LOWERED_IN in found.relations) is asked


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("布洛芬慎用于什么", Relation.CAUTION),
        ("布洛芬慎用人群", Relation.CAUTION),
        ("布洛芬忌用于哪些人", Relation.CONTRAINDICATION),
        ("布洛芬不宜用于哪些人", Relation.CONTRAINDICATION),
        ("布洛芬不适用于哪些患者", Relation.CONTRAINDICATION),
        ("布洛芬不能给什么人用", Relation.CONTRAINDICATION),
        ("布洛芬哪些情况不适宜用", Relation.CONTRAINDICATION),
        ("布洛芬什么人忌服", Relation.CONTRAINDICATION),
        ("布洛芬用于什么病", Relation.INDICATION),
        ("布洛芬适用于哪些人", Relation.INDICATION),
    ],
)
def test_what_a_drug_is_not_for_is_never_read_as_what_it_is_for(question: str, first: Relation) -> None:
    assert intent(question).relations[0] is first
    against = first is not Relation.INDICATION
    assert (Relation.INDICATION in intent(question).relations) is not against


@pytest.mark.parametrize(
    "question", ["头痛可能是什么病", "头痛见于哪些疾病", "哪些病会引起头痛", "什么病会出现头痛", "头痛是什么病的症状"]
)
def test_diseases_are_asked_for_even_of_one_complaint(question: str) -> None:
    assert intent(question).reverse


def test_healing_by_itself_is_asked_as_an_outlook_and_criteria_as_examinations() -> None:
    assert intent("偏头痛不治疗会好吗").relations == (Relation.CURE_RATE,)
    assert Relation.EXAMINATION in intent("偏头痛多少算高").relations
    assert Relation.TREATMENT in intent("偏头痛要不要做手术").relations


def test_what_cures_is_asked_with_how_often_it_is_cured() -> None:
    assert intent("偏头痛中药可以治好吗").relations == (Relation.TREATMENT, Relation.DRUG, Relation.CURE_RATE)
    assert intent("偏头痛能用中药根治吗").relations == (Relation.TREATMENT, Relation.DRUG, Relation.CURE_RATE)
    assert intent("偏头痛不吃药能治好吗").relations[0] is not Relation.TREATMENT


@pytest.mark.parametrize("question", ["偏头痛会哪里疼", "偏头痛是哪个地方不舒服", "偏头痛哪儿难受"])
def test_where_it_hurts_is_a_symptom(question: str) -> None:
    assert intent(question).relations == (Relation.SYMPTOM,)


@pytest.mark.parametrize(
    "question", ["哺乳期偏头痛对宝宝有影响吗", "偏头痛对胎儿的发育有什么危害", "偏头痛会影响孩子吗"]
)
def test_what_an_illness_does_to_somebody_else_is_no_complication_of_it(question: str) -> None:
    assert intent(question).relations == ()
    assert intent("偏头痛有什么危害").relations


def test_a_statement_about_one_illness_is_given_an_overview() -> None:
    found = intent("孩子从上个星期开始就有偏头痛，一直在家休息")
    assert found.relations == DISEASE_OVERVIEW
    assert (found.explicit, found.guessed) == (False, True)


@pytest.mark.parametrize(
    "question",
    [
        "孩子从上个星期开始就有偏头痛，在家休息好不好",
        "孩子从上个星期开始就有偏头痛，后来又查出高血压",
        "孩子从上个星期开始就有偏头痛，一直在吃布洛芬",
        "孩子从上个星期开始就没有上学，一直在家休息",
        "某患者患有偏头痛，请列出治疗方式的种类",
    ],
)
def test_a_question_or_several_things_are_not(question: str) -> None:
    assert not (intent(question).guessed and intent(question).relations)


@pytest.mark.parametrize(
    "question",
    ["I have a headache, what is it?", "headache and nausea - what could it be", "My headache will not go away"],
)
def test_english_complaints_ask_for_the_disease(question: str) -> None:
    linker = Linker(names(("headache", "symptom:头痛", "english"), ("nausea", "symptom:恶心", "english")))
    assert read_intent(question, linker.link(question)).reverse


@pytest.mark.parametrize(
    ("question", "reverse"),
    [
        ("妈妈70岁，有高血压，最近脚肿，怎么回事", True),
        ("我有2型糖尿病，这几天老是头晕，是什么原因", True),
        ("高血压引起的头晕是怎么回事", False),
        ("高血压为什么会头晕", False),
    ],
)
def test_a_complaint_beside_known_illnesses_is_asked_about(sample: Pipeline, question: str, reverse: bool) -> None:
    assert read_intent(question, sample.editions.at(None).linker.link(question)).reverse is reverse


@pytest.mark.parametrize(
    ("question", "relations"),
    [
        ("做完手术没多久就有偏头痛，偏头痛有哪些症状", (Relation.SYMPTOM,)),
        ("一不小心又犯了偏头痛，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛去年已经治好了，现在又疼，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛经过药物治疗好转，这几年没事，要做什么检查", (Relation.EXAMINATION, Relation.HISTOLOGY)),
        ("偏头痛，没有别的症状，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛现在人很难受，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛可能引起的并发症有哪些", (Relation.COMPLICATION,)),
        ("偏头痛哪些检查可以用于确诊", (Relation.EXAMINATION, Relation.HISTOLOGY)),
        ("治好偏头痛要多少钱", (Relation.COST,)),
        ("治好偏头痛要多久", (Relation.DURATION,)),
        ("偏头痛的孩子怎么去上学", ()),
        ("头痛是偏头痛引起的，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛，主要症状是恶心，挂什么科", (Relation.DEPARTMENT,)),
        ("全部症状：恶心，发病时间及原因：偏头痛，挂什么科", (Relation.DEPARTMENT,)),
        ("偏头痛以前输液几天就好了，现在挂什么科", (Relation.DEPARTMENT,)),
    ],
)
def test_what_is_told_does_not_ask(question: str, relations: tuple[Relation, ...]) -> None:
    assert intent(question).relations == relations


def test_how_long_a_drug_takes_is_no_harm_of_it() -> None:
    assert Relation.ADVERSE not in intent("布洛芬吃多久有效果").relations
    assert Relation.ADVERSE in intent("布洛芬吃多了会怎么样").relations


def test_what_comes_after_a_drug_was_taken_is_asked_of_the_drug() -> None:
    asked = intent("我吃了布洛芬以后恶心，还能继续吃吗")
    assert Relation.ADVERSE in asked.relations
    assert asked.object == ()
    assert Relation.ADVERSE not in intent("吃了布洛芬后还头痛怎么办").relations


def test_what_an_illness_is_told_from_is_no_overview() -> None:
    asked = intent("偏头痛的鉴别诊断")
    assert asked.explicit
    assert Relation.EXAMINATION in asked.relations


@pytest.mark.parametrize(
    "question",
    [
        "去医院检查出偏头痛，又做了别的处理，还是难受",
        "偏头痛，疼痛部位在左边太阳穴",
        "多发性的偏头痛",
        "表现出害怕，还有偏头痛",
    ],
)
def test_what_a_story_tells_of_tests_places_and_behaviour_is_not_asked(question: str) -> None:
    assert not set(intent(question).relations) & {
        Relation.EXAMINATION, Relation.BODY_PART, Relation.POPULATION,
    } or not intent(question).explicit  # fmt: skip
    assert not (intent(question).explicit and Relation.SYMPTOM in intent(question).relations)


@pytest.mark.parametrize("question", ["偏头痛检查出来了怎么治", "偏头痛怎么检查出来", "偏头痛的部位在哪里"])
def test_the_same_words_still_ask(question: str) -> None:
    assert intent(question).explicit
    assert intent(question).relations


@pytest.mark.parametrize(
    "question", ["偏头痛的脑电图表现", "偏头痛的MRI有什么特点", "偏头痛患者的血气分析结果", "偏头痛的CT影像学特征"]
)
def test_what_a_test_shows_is_no_relation(question: str) -> None:
    found = intent(question)
    assert found.relations == ()
    assert found.settled


def test_how_long_until_something_that_is_a_name_too() -> None:
    linker = Linker(names(("运动", "treatment:运动", "name")))
    question = "偏头痛后多久能运动"
    assert read_intent(question, linker.link(question)).settled


@pytest.mark.parametrize("question", ["偏头痛咱办", "偏头痛肿么办"])
def test_sounds_that_stand_for_asking_words(question: str) -> None:
    assert Relation.TREATMENT in intent(question).relations


@pytest.mark.parametrize("question", ["头痛、恶心，诊断为什么？", "头痛、恶心，诊断是什么病"])
def test_a_diagnosis_is_asked_for(question: str) -> None:
    assert intent(question).reverse


@pytest.mark.parametrize(
    ("question", "dosage"), [("饭后疼，恶心", False), ("饭后胃不舒服", False), ("布洛芬饭前还是饭后吃", True)]
)
def test_after_a_meal_it_hurts_or_is_taken(question: str, dosage: bool) -> None:
    assert (Relation.DOSAGE in intent(question).relations) is dosage


@pytest.mark.parametrize(
    ("question", "compared"), [("偏头痛、头痛，两个医院都查过了能治吗", False), ("偏头痛和头痛都是病吗", True)]
)
def test_all_of_something_else_compares_nothing(question: str, compared: bool) -> None:
    linker = Linker(names(("头痛", "disease:头痛", "name")))
    assert read_intent(question, linker.link(question)).comparison is compared


@pytest.mark.parametrize("question", ["证明布洛芬会导致偏头痛", "请论证某食物能治好偏头痛", "偏头痛能做俯卧撑吗"])
def test_a_claim_to_be_proved_is_no_question_for_an_overview(question: str) -> None:
    assert Relation.SYMPTOM not in intent(question).relations
    assert not intent(question).reverse


def test_rather_good_compares_nothing() -> None:
    assert not intent("偏头痛和高血压怎么治疗比较好").comparison
    assert intent("偏头痛和高血压哪个比较严重").comparison


def test_which_is_graver_asks_for_what_it_leads_to() -> None:
    found = intent("偏头痛和高血压哪个严重")
    assert found.comparison
    assert Relation.COMPLICATION in found.relations


def test_one_complaint_named_twice_is_not_several() -> None:
    row = ("高血压", "symptom:高血压", "name")
    question = "高血压能做仰卧起坐吗？我想锻炼，高血压能做吗"
    assert not read_intent(question, Linker(names(row)).link(question)).reverse


def test_what_comes_once_it_is_taken_is_an_adverse_effect() -> None:
    assert intent("布洛芬吃了会恶心吗").relations[0] is Relation.ADVERSE


def test_what_something_has_to_do_with_it_asks_for_a_cause() -> None:
    assert Relation.CAUSE in intent("偏头痛跟喝酒有关系吗").relations

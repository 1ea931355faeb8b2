"""First aid after accidents, and values that are dangerous by themselves."""

from __future__ import annotations

import re

import pytest

from rag.domain import Outcome, Triage
from rag.errors import ConfigurationError
from rag.pipeline import Pipeline
from rag.triage.rules import TriageRules, first_aid, load_rules
from rag.triage.values import parse_values

MEASURES = "measures: [{id: a, names: 血压, low: 50, high: 300, bounds: [{from: 180, label: L, action: A, source: S}]}]"


@pytest.fixture(scope="module")
def rules() -> TriageRules:
    return load_rules()


@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("孩子被邻居的狗咬了一口怎么办", "animal_bite"),
        ("猫抓出血了用不用打狂犬疫苗", "animal_bite"),
        ("吃鱼的时候鱼刺卡在嗓子里了", "throat_foreign_body"),
        ("开水烫伤手背怎么处理", "small_scald"),
        ("鼻子流血怎么止住", "nosebleed"),
        ("被马蜂蜇了怎么办", "sting"),
        ("打球崴了脚，冰敷还是热敷", "sprain"),
        ("脚从楼梯上摔的，几块淤青要涂什么药", "sprain"),
        ("胳膊撞门上了，一大片乌青", "sprain"),
        ("附子中毒怎么办", "poisoned"),
        ("孩子三岁半夜突然喉咙像狗叫一样咳嗽怎么办", "croup"),
        ("踩到生锈的钉子了", "wound"),
        ("采血时被针头扎到了手", "needlestick"),
        ("无套高危行为担心艾滋怎么阻断", "hiv_exposure"),
        ("被蛇咬伤怎么急救", "snake_bite"),
        ("有人触电了怎么救", "electric_shock"),
        ("门牙磕掉了怎么办", "knocked_tooth"),
        ("小飞虫进耳朵里了，耳朵里进了虫子", "ear_nose_foreign_body"),
        ("小孩误吞了一枚硬币", "swallowed_object"),
        ("心肺复苏怎么做", "cpr"),
        ("过敏性休克怎么抢救", "anaphylaxis_care"),
        ("心梗怎么急救", "heart_attack_care"),
        ("中风急救方法", "stroke_care"),
        ("癫痫发作时怎么处理", "seizure_care"),
        ("哮喘发作了怎么办", "asthma_care"),
        ("低血糖怎么急救", "low_sugar_care"),
        ("打石膏后手指肿怎么办", "tight_cast"),
        ("做完人流五天，肚子疼，还掉出来一块肉一样的东西", "after_abortion"),
        ("脚上打着夹板，脚趾有点发紫发麻", "tight_cast"),
        ("糖尿病人低血糖了怎么办", "low_sugar_care"),
        ("我爸糖尿病，脚趾发黑怎么办", "black_toe"),
        ("老人两个脚趾头变黑了，没知觉", "black_toe"),
        ("手指尖冰凉发黑，要去哪个科", "black_toe"),
        ("孕早期出血怎么办", "pregnancy_bleeding"),
        ("孕妇血压有点高怎么办", "pregnancy_pressure"),
        ("喝了酒多久可以吃头孢", "alcohol_with_antibiotics"),
        ("洗洁精溅到眼睛里了", "eye_accident"),
        ("眼睛里进了洗发膏怎么办", "eye_accident"),
        ("老太太滑倒后胯骨疼，站不起来", "fall_of_the_old"),
        ("从昨天起拉肚子，一天四五次稀水", "diarrhoea"),
        ("聚餐回来又吐又拉", "diarrhoea"),
        ("宝宝拉稀两天了怎么办", "diarrhoea"),
        ("咳嗽，痰里带血丝，要紧吗", "blood_in_sputum"),
        ("擦屁股纸上有鲜血是怎么回事", "blood_in_stool"),
        ("小便是红色的，不疼", "blood_in_urine"),
        ("洗澡摸到乳房有个硬块，看什么科", "lump"),
        ("脖子上长了个包，不痛", "lump"),
        ("没减肥，半年瘦了二十斤", "weight_loss"),
        ("绝经五年了又来血", "bleeding_after_menopause"),
        ("腰疼，右腿后面一直麻到脚", "sciatica"),
        ("怀孕两个月小肚子隐隐作痛，要紧吗", "pregnancy_pain"),
        ("喂奶的妈妈乳房胀痛发烧", "breast_feeding_mastitis"),
        ("是不是得了抑郁症，天天什么都不想干", "low_mood"),
        ("吃完降压药头晕", "ill_from_a_medicine"),
        ("喝了止咳糖浆以后一直犯困正常吗", "ill_from_a_medicine"),
        ("吃了布洛芬以后胃疼", "ill_from_a_medicine"),
        ("吃阿莫西林起疹子了", "ill_from_a_medicine"),
        ("打完流感疫苗胳膊疼发烧", "ill_from_a_vaccine"),
        ("破伤风疫苗什么时候打", "tetanus"),
        ("新生儿黄疸三周还没退", "newborn_jaundice"),
        ("孩子拉肚子一天没小便", "dehydrated_child"),
        ("娃发烧，十个小时没尿了", "dehydrated_child"),
        ("宝宝尿布一上午都是干的", "dehydrated_child"),
        ("三个月大的宝宝体重下降还吐", "infant_losing_weight"),
        ("宝宝吐奶，精神差，嗜睡", "dull_infant"),
        ("婴儿囟门鼓起来了", "dull_infant"),
        ("我爸糖尿病，脚底磨破了一直长不好", "diabetic_foot"),
        ("孕八个月两只脚都肿了", "pregnancy_swelling"),
        ("不小心吞了一根牙签", "swallowed_object"),
    ],
)
def test_an_accident_is_met_with_what_to_do_and_where_to_go(rules: TriageRules, question: str, category: str) -> None:
    verdict = first_aid(question, None, rules)
    assert (verdict.category, verdict.red_flag) == (category, False)
    assert verdict.action is not None
    assert "依据" in verdict.action
    assert any(place in verdict.action for place in ("急诊", "120", "门诊", "疾控"))


@pytest.mark.parametrize(
    "question",
    [
        "烫伤有哪些并发症",
        "最近忙炸了，头疼怎么办",
        "狂犬病会传染吗",
        "没有被狗咬，只是看见狗",
        "烧心怎么办",
        "发烧怎么办",
        "骨折多久能好",
        "异物感是什么病",
        "针灸治头痛有效吗",
        "喝多少水合适",
        "对猫毛过敏怎么办",
        "怀孕牙龈出血怎么办",
        "脑梗怎么治疗",
        "心绞痛吃什么药",
        "癫痫怎么治",
        "妊娠期高血压的并发症有哪些",
        "患者因毒蛇咬伤入院，诊断为卵巢绒癌，是否具有传染性？",
        "腹泻的病因有哪些",
        "小儿腹泻的治疗方案",
        "没有拉肚子，只是肚子胀",
        "抑郁症吃什么药",
        "抑郁症的症状有哪些",
        "新生儿黄疸做什么检查",
        "坐骨神经痛的治愈率",
        "我想减肥，怎么瘦二十斤",
        "降压药有哪些",
        "乳腺肿块要做什么检查",
        "血尿的病因",
        "破伤风会传染吗",
        "孩子五岁还尿床",
        "糖尿病足的症状有哪些",
        "怀孕牙龈肿",
        "打鼾的病因",
        "痛经吃什么药",
        "手上石膏都拆了，还有点肿",
    ],
)
def test_knowledge_and_other_things_are_no_accident(rules: TriageRules, question: str) -> None:
    assert first_aid(question, None, rules) == Triage()


@pytest.mark.parametrize(
    ("question", "category", "red"),
    [
        ("血压190怎么办", "blood_pressure_value", False),
        ("血压150/112要紧吗", "blood_pressure_value", False),
        ("血压230/130", "blood_pressure_value", True),
        ("血压在100/185要紧吗", "blood_pressure_value", False),
        ("餐后血糖20.5", "blood_glucose_value", False),
        ("体温39.5怎么办", "temperature_value", False),
        ("孩子发烧39度8", "temperature_value", False),
        ("血氧85", "oxygen_value", True),
        ("血钾6.8是什么情况", "potassium_value", False),
        ("心率35", "heart_rate_value", False),
    ],
)
def test_a_dangerous_value_is_seen_in_the_number(rules: TriageRules, question: str, category: str, red: bool) -> None:
    verdict = first_aid(question, None, rules)
    assert (verdict.category, verdict.red_flag) == (category, red)


@pytest.mark.parametrize(
    "question",
    [
        "血压120/80正常吗",
        "血压在100/160，六十二岁",
        "空腹血糖7.8严重吗",
        "高血压10年了",
        "发烧3天",
        "以前血压190，现在130",
        "血糖正常值是3.9-6.1吗",
        "血压高30年",
        "血氧99",
        "孕8月，胎心率163次",
        "没有发烧到39度",
    ],
)
def test_other_numbers_are_no_danger(rules: TriageRules, question: str) -> None:
    assert first_aid(question, None, rules) == Triage()


def test_every_action_of_first_aid_names_its_guidance_and_no_dose(rules: TriageRules) -> None:
    for rule in rules.aid:
        assert rule.source
        assert not re.search(r"[0-9一二三半]\s?(?:mg|毫克|克|片|粒|ml|毫升)", rule.action), rule.id


@pytest.mark.parametrize("broken", ["measures: 3", "rows: []", MEASURES.replace("id: a, ", ""), "measures: [{"])
def test_a_table_of_values_that_cannot_be_meant_is_refused(broken: str) -> None:
    assert parse_values(MEASURES, "t")[0].bounds[0].least == 180
    with pytest.raises(ConfigurationError, match="t: "):
        parse_values(broken, "t")


def test_first_aid_comes_first_and_is_no_emergency(pipeline: Pipeline) -> None:
    answer = pipeline.ask("被狗咬了怎么办")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert answer.triage.action is not None
    assert answer.text.startswith(answer.triage.action)
    assert "犬伤处置门诊" in answer.text
    assert "请咨询医生" not in answer.text


def test_a_red_flag_goes_before_first_aid(pipeline: Pipeline) -> None:
    answer = pipeline.ask("被马蜂蜇了，嘴唇肿，喘不上气")
    assert (answer.outcome, answer.triage.category) == (Outcome.EMERGENCY, "anaphylaxis")


def test_no_drugs_are_listed_beside_first_aid_unless_asked_for(sample: Pipeline) -> None:
    handled, asked = sample.ask("偏头痛，崴脚了怎么处理"), sample.ask("偏头痛吃什么药，崴脚了")
    assert handled.triage.aid
    assert asked.triage.aid
    assert "的药物治疗" not in handled.text
    assert "的药物治疗" in asked.text

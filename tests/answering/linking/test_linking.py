"""Linking: longest match, aliases, hard features, negation, modifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import DoNotMerge, EntityId, Mention
from rag.linking.features import compatible, counterparts, opposed
from rag.linking.linker import Linker
from rag.linking.names import Names, passage_mentions
from rag.ports import NameRow

ROWS = [
    ("阑尾炎", "disease:急性阑尾炎", "synonym"),
    ("阑尾炎", "disease:慢性阑尾炎", "synonym"),
    ("急性阑尾炎", "disease:急性阑尾炎", "name"),
    ("慢性阑尾炎", "disease:慢性阑尾炎", "name"),
    ("偏头痛", "disease:偏头痛", "name"),
    ("migraine", "disease:偏头痛", "english"),
    ("头痛", "symptom:头痛", "name"),
    ("头疼", "symptom:头痛", "synonym"),
    ("发热", "symptom:发热", "name"),
    ("咳嗽", "symptom:咳嗽", "name"),
    ("高血压", "disease:高血压", "name"),
    ("糖尿病", "disease:2型糖尿病", "synonym"),
    ("2型糖尿病", "disease:2型糖尿病", "name"),
    ("心梗", "disease:急性心肌梗死", "abbreviation"),
    ("急性心肌梗死", "disease:急性心肌梗死", "name"),
    ("氯雷他定", "drug:氯雷他定", "name"),
    ("肺炎", "disease:肺炎", "name"),
    ("病", "disease:肺炎", "synonym"),
    ("综合征", "disease:肺炎", "synonym"),
    ("123", "disease:肺炎", "synonym"),
    ("of", "disease:肺炎", "english"),
]


@given(
    names=st.lists(st.text("甲乙丙 ab", min_size=2, max_size=5).filter(lambda name: name == name.strip()), max_size=12),
    text=st.text("甲乙丙 ab", max_size=30),
    part=st.integers(1, 3),
)
def test_an_automaton_in_parts_finds_what_a_whole_one_finds(names: list[str], text: str, part: int) -> None:
    rows = [NameRow(name, EntityId(f"disease:{name}"), "name") for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.linking.names._PART", part)
        patch.setattr("rag.linking.names._MOST_PARTS", 100)
        parts = Names(rows, rest=lambda: None)
    assert parts.find(text) == Names(rows).find(text)


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in ROWS]))


def only(linker: Linker, question: str) -> Mention:
    mentions = linker.link(question)
    assert len(mentions) == 1, mentions
    return mentions[0]


def test_nested_names_prefer_the_longer(linker: Linker) -> None:
    assert only(linker, "偏头痛怎么办").best.entity == "disease:偏头痛"


def test_surface_is_the_slice_of_the_question_as_typed(linker: Linker) -> None:
    question = "  ２ 型糖尿病 能治好吗"
    mention = only(linker, question)
    assert question[mention.start : mention.end] == mention.surface == "２ 型糖尿病"
    assert mention.best.entity == "disease:2型糖尿病"


def test_an_alias_of_two_diseases_is_asked_about(linker: Linker) -> None:
    mention = only(linker, "阑尾炎吃什么药")
    assert {c.entity for c in mention.candidates} == {"disease:急性阑尾炎", "disease:慢性阑尾炎"}
    assert all(c.score < 0.5 for c in mention.candidates)


def test_an_alias_that_lacks_a_hard_feature_is_asked_about(linker: Linker) -> None:
    assert only(linker, "糖尿病吃什么").best.score < 0.5


def test_a_curated_abbreviation_may_leave_features_out(linker: Linker) -> None:
    assert only(linker, "心梗的症状").best.score >= 0.5


@pytest.mark.parametrize("name", ["病", "综合征", "123", "of"])
def test_dangerous_names_never_link(linker: Linker, name: str) -> None:
    assert linker.link(f"这个{name}是什么 {name}") == ()


@pytest.mark.parametrize(
    ("question", "modifier"),
    [
        ("继发性高血压怎么治", "继发性"),
        ("地氯雷他定的作用", "地"),
        ("小儿肺炎吃什么药", "小儿"),
        ("高血压性心脏病的症状", "性"),
        ("氯雷他定缓释片能吃吗", "缓释"),
        ("我有高血压怎么办", ""),
        ("高血压病人能吃盐吗", ""),
        ("得了肺炎怎么办", ""),
    ],
)
def test_a_modifier_makes_it_another_thing(linker: Linker, question: str, modifier: str) -> None:
    assert only(linker, question).modifier == modifier


@pytest.mark.parametrize(
    ("question", "negated"),
    [
        ("没有发热、咳嗽", [True, True]),
        ("发热但不咳嗽", [False, True]),
        ("会不会发热", [False]),
        ("无发热，咳嗽三天", [True, False]),
        ("有没有发热", [False]),
        ("是不是头痛", [False]),
        ("头痛没有，发热", [True, False]),
        ("不是偏头痛", [True]),
    ],
)
def test_negation(linker: Linker, question: str, negated: list[bool]) -> None:
    assert [m.negated for m in linker.link(question)] == negated


def test_latin_names_match_whole_words_and_plurals(linker: Linker) -> None:
    assert only(linker, "Treatment of Migraines?").surface == "Migraines"
    assert linker.link("antimigraine") == ()


def test_do_not_merge_pairs_make_an_alias_unsure() -> None:
    rows = [
        NameRow("甲减", EntityId("disease:甲减"), "name"),
        NameRow("甲减", EntityId("disease:桥本甲状腺炎"), "synonym"),
    ]
    apart = DoNotMerge(EntityId("disease:桥本甲状腺炎"), EntityId("disease:甲减"), "病因与功能状态不同")
    scores = {c.entity: c.score for c in Names(rows, [apart]).candidates("甲减")}
    assert scores[EntityId("disease:甲减")] == 1.0
    assert scores[EntityId("disease:桥本甲状腺炎")] < 0.5


def test_order_of_names_does_not_matter() -> None:
    rows = [NameRow(name, EntityId(entity), kind) for name, entity, kind in ROWS]
    question = "阑尾炎和头疼，没有发热"
    assert Linker(Names(rows)).link(question) == Linker(Names(reversed(rows))).link(question)


@given(st.text(max_size=60))
def test_every_mention_is_a_slice_of_the_question(text: str) -> None:
    linker = Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in ROWS]))
    for mention in linker.link(text + "偏头 痛" + text):
        assert (text + "偏头 痛" + text)[mention.start : mention.end] == mention.surface


def test_passage_mentions_leave_unsure_aliases_out() -> None:
    mentions = passage_mentions([NameRow(name, EntityId(entity), kind) for name, entity, kind in ROWS])
    assert mentions("Migraine and 阑尾炎 in 高血压") == ("disease:偏头痛", "disease:高血压")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("急性阑尾炎", "慢性阑尾炎"),
        ("甲型肝炎", "乙型肝炎"),
        ("1型糖尿病", "2型糖尿病"),
        ("原发性高血压", "继发性高血压"),
        ("甲亢", "甲减"),
        ("高血压", "低血压"),
        ("左心衰竭", "右心衰竭"),
        ("氯雷他定", "地氯雷他定"),
        ("左氧氟沙星", "氧氟沙星"),
        ("硝苯地平片", "硝苯地平控释片"),
        ("内痔", "外痔"),
        ("良性肿瘤", "恶性肿瘤"),
        ("糖尿病", "2型糖尿病"),
    ],
)
def test_opposites_are_never_compatible(a: str, b: str) -> None:
    assert not compatible(a, b)
    assert not compatible(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [("乙肝", "乙型肝炎"), ("ii型糖尿病", "2型糖尿病"), ("小儿肺炎", "儿童肺炎"), ("氯雷他定", "氯雷他定片")],
)
def test_spellings_of_one_thing_are_compatible(a: str, b: str) -> None:
    assert compatible(a, b)


@pytest.mark.parametrize(
    ("question", "surface", "modifier"),
    [
        ("甲减眼突应该挂什么科", "甲减", "眼突"),
        ("血友病丙会传染吗", "血友病", "丙"),
        ("胆囊恶性肿瘤吃什么药", "恶性肿瘤", "胆囊"),
        ("慢性早幼粒细胞白血病能治好吗", "白血病", "慢性早幼粒细胞"),
        ("得了甲减应该挂什么科", "甲减", ""),
        ("白血病会传染吗", "白血病", ""),
        ("恶性肿瘤和胆囊的关系", "恶性肿瘤", ""),
        ("未见恶性肿瘤", "恶性肿瘤", ""),
        ("武汉白血病医院", "白血病", ""),
        ("血友病合并白血病吃什么", "白血病", ""),
        ("恶性肿瘤病能治好吗", "恶性肿瘤", ""),
        ("恶性肿瘤病毒", "恶性肿瘤", "病"),
        ("白血病后遗症", "白血病", ""),
        ("白血病后遗症怎么治", "白血病", "后遗症"),
        ("白血病灵能吃吗", "白血病", "灵"),
        ("白血病片", "白血病", "片"),
        ("白血病清楚了吗", "白血病", ""),
        ("甲减，眼突三天", "甲减", ""),
    ],
)
def test_a_name_built_like_a_known_one_is_not_its_part(question: str, surface: str, modifier: str) -> None:
    known = ["甲减", "甲亢眼突", "血友病", "血友病甲", "恶性肿瘤", "胆囊良性肿瘤", "白血病", "急性早幼粒细胞白血病"]
    linker = Linker(Names([NameRow(name, EntityId(f"disease:{name}"), "name") for name in known]))
    mention = next(m for m in linker.link(question) if m.surface == surface)
    assert mention.modifier == modifier


@pytest.mark.parametrize(
    ("question", "modifier"),
    [
        ("己型肺炎的症状", "己型"),
        ("Ⅳ型肺炎的症状", "iv型"),
        ("肺炎Ⅰ型的症状", "i型"),
        ("氯雷他定口服溶液", "口服溶液"),
        ("氯雷他定锌有什么作用", "锌"),
        ("复方氯雷他定的禁忌", "复方"),
        ("肺炎钙化", ""),
    ],
)
def test_types_and_forms_beside_a_name_are_modifiers(linker: Linker, question: str, modifier: str) -> None:
    assert only(linker, question).modifier == modifier


def test_counterparts_put_every_other_value_in_place() -> None:
    assert [text for _, _, text in counterparts("急性胃炎")] == ["慢", "亚急"]
    assert list(counterparts("胃炎12天")) == []


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("1型糖尿病", "2型糖尿病", True),
        ("急性胃炎", "慢性胃炎", True),
        ("糖尿病", "2型糖尿病", False),
        ("急性胃炎", "慢性肠炎", False),
        ("急性胃炎", "急性胃炎", False),
    ],
)
def test_opposed_names_differ_in_a_feature_only(a: str, b: str, expected: bool) -> None:
    assert opposed(a, b) is expected


SPOKEN = [
    ("癫痫", "disease:癫痫", "name"),
    ("羊癫疯", "disease:癫痫", "colloquial"),
    ("羊癫疯", "disease:癫病", "synonym"),
    ("荨麻疹", "disease:荨麻疹", "name"),
    ("骨质疏松症", "disease:骨质疏松症", "name"),
    ("2型糖尿病", "disease:2型糖尿病", "name"),
    ("头痛", "symptom:头痛", "name"),
    ("瘙痒", "symptom:瘙痒", "name"),
    ("疼痛", "symptom:疼痛", "name"),
    ("发烧", "symptom:发烧", "name"),
    ("ct检查", "examination:ct检查", "name"),
    ("ct", "examination:ct检查", "abbreviation"),
    ("hpv", "pathogen:人乳头瘤病毒", "abbreviation"),
    ("雷诺嗪", "drug:雷诺嗪", "name"),
    ("腹泻", "disease:腹泻", "name"),
    ("肠易激综合征", "disease:肠易激综合征", "name"),
    ("地中海贫血", "disease:地中海贫血", "name"),
    ("烧伤", "disease:烧伤", "name"),
    ("昏迷", "symptom:昏迷", "name"),
    ("体检", "examination:体格检查", "synonym"),
    ("中年男性体检", "examination:中年男性体检", "name"),
]


@pytest.fixture(scope="module")
def spoken() -> Linker:
    return Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in SPOKEN]))


@pytest.mark.parametrize(
    ("question", "surface", "entity"),
    [
        ("羊癫疯犯了", "羊癫疯", "disease:癫痫"),
        ("寻麻疹怎么治", "寻麻疹", "disease:荨麻疹"),
        ("骨质疏松吃什么", "骨质疏松", "disease:骨质疏松症"),
        ("Ⅱ型糖尿病", "Ⅱ型糖尿病", "disease:2型糖尿病"),
        ("二型糖尿病", "二型糖尿病", "disease:2型糖尿病"),
        ("頭疼", "頭疼", "symptom:头痛"),
        ("ＣＴ要空腹吗", "ＣＴ", "examination:ct检查"),
        ("HPV16阳性", "HPV", "pathogen:人乳头瘤病毒"),
        ("一直很痒", "痒", "symptom:瘙痒"),
        ("怎么退烧", "烧", "symptom:发烧"),
    ],
)
def test_names_in_other_words(spoken: Linker, question: str, surface: str, entity: str) -> None:
    mention = only(spoken, question)
    assert (mention.surface, mention.best.entity) == (surface, entity)
    assert mention.best.score >= 0.5
    assert question[mention.start : mention.end] == surface


@pytest.mark.parametrize("question", ["ct", "act now", "痛苦的回忆", "喝了吐槽", "烧烤好吃", "隔壁疼爱孩子"])
def test_words_that_only_look_like_names(spoken: Linker, question: str) -> None:
    assert spoken.link(question) == ()


@pytest.mark.parametrize(
    ("question", "surface", "modifier"),
    [
        ("听说替雷诺嗪有效", "雷诺嗪", "替"),
        ("腹泻型肠易激综合征", "腹泻", "型"),
        ("α地中海贫血", "地中海贫血", "α"),
        ("三度烧伤", "烧伤", "三度"),
        ("腹泻伴头痛", "腹泻", ""),
        ("腹泻伴脱水热", "腹泻", "伴"),
        ("并非腹泻", "腹泻", ""),
        ("HPV16阳性", "HPV", "16"),
        ("hpv 52型", "hpv", "52型"),
        ("HPV 3个月后复查", "HPV", ""),
        ("高血糖昏迷怎么办", "昏迷", "高血糖"),
        ("脑出血后昏迷", "昏迷", ""),
        ("腹泻针多少钱", "腹泻", "针"),
        ("肠易激综合征腹泻型", "腹泻", "型"),
        ("腹泻相关性肾炎", "腹泻", "相关性"),
        ("腹泻酮症", "腹泻", "酮症"),
        ("丁酸雷诺嗪", "雷诺嗪", "丁酸"),
        ("雷诺嗪舒巴坦钠", "雷诺嗪", "舒巴坦"),
        ("地中海贫血抗体阳性", "地中海贫血", "抗体"),
        ("地中海贫血核心抗体", "地中海贫血", "核心抗体"),
    ],
)
def test_more_of_what_makes_it_another_thing(spoken: Linker, question: str, surface: str, modifier: str) -> None:
    assert next(m for m in spoken.link(question) if m.surface == surface).modifier == modifier


def test_who_is_examined_is_no_part_of_the_examination(spoken: Linker) -> None:
    assert "中年男性体检" not in {m.surface for m in spoken.link("一名中年男性体检发现腹泻")}
    assert only(spoken, "中年男性体检查什么").best.name == "中年男性体检"


def test_of_aliases_alike_the_stated_and_the_likest_come_first() -> None:
    rows = [
        ("声嘶", "disease:喉喑", "synonym"), ("声嘶", "symptom:声音嘶哑", "synonym"),
        ("泄泻", "disease:早泄", "synonym"), ("泄泻", "symptom:腹泻", "synonym"),
        ("心梗", "disease:心肌梗塞", "synonym"), ("心梗", "symptom:心肌梗死", "abbreviation"),
    ]  # fmt: skip
    names = Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in rows])
    assert names.candidates("声嘶")[0].name == "声音嘶哑"
    assert names.candidates("心梗")[0].name == "心肌梗死"
    assert names.candidates("泄泻")[0].name == "腹泻"


def test_a_linker_that_rests_while_it_builds_links_alike(spoken: Linker, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[None] = []
    question = "寻麻疹，骨质疏松"
    expected = spoken.link(question)
    eager = Linker(spoken.names, rest=lambda: rests.append(None))
    monkeypatch.delattr("rag.linking.variants.NearNames")  # nothing is left for the first question
    monkeypatch.delattr("rag.linking.modifiers.NameEndings")
    assert eager.link(question) == expected


def test_a_drug_is_nobody_else_s(spoken: Linker) -> None:
    marks = {m.surface: m.third_person for m in spoken.link("孩子头痛能吃雷诺嗪吗")}
    assert marks == {"头痛": True, "雷诺嗪": False}


def test_drugs_in_a_row_are_no_part_of_each_other() -> None:
    rows = [NameRow(name, EntityId(f"drug:{name}"), "name") for name in ("缬沙坦", "二甲双胍")]
    assert [m.modifier for m in Linker(Names(rows)).link("缬沙坦 二甲双胍")] == ["", ""]


def test_a_side_is_no_face() -> None:
    linker = Linker(Names([NameRow("面痛", EntityId("symptom:面痛"), "name")]))
    assert linker.link("肚子下面痛") == ()
    assert [m.surface for m in linker.link("下午面痛")] == ["面痛"]


@pytest.mark.parametrize(
    ("question", "surface"), [("布洛芬能喝酒吗", "酒"), ("吃布洛芬可以喝点酒么", "酒"), ("布洛芬和酒一起行吗", "酒")]
)
def test_a_food_of_one_character_is_linked_where_it_is_taken(question: str, surface: str) -> None:
    linker = Linker(
        Names([NameRow("布洛芬", EntityId("drug:布洛芬"), "name"), NameRow("酒", EntityId("food:酒"), "name")])
    )
    assert [m.surface for m in linker.link(question)][-1] == surface


@pytest.mark.parametrize("question", ["布洛芬酒石酸盐", "能喝酒精吗", "和酒石酸一起", "我叫酒儿"])
def test_and_nowhere_else(question: str) -> None:
    linker = Linker(
        Names([NameRow("酒", EntityId("food:酒"), "name"), NameRow("布洛芬", EntityId("drug:布洛芬"), "name")])
    )
    assert all(m.surface != "酒" for m in linker.link(question))


def test_a_habit_also_names_the_food() -> None:
    linker = Linker(
        Names([NameRow("饮酒", EntityId("cause:饮酒"), "name"), NameRow("酒", EntityId("food:酒"), "name")])
    )
    (mention,) = linker.link("能不能饮酒")
    assert [c.entity for c in mention.candidates] == ["cause:饮酒", "food:酒"]


def test_a_form_ends_a_name() -> None:
    assert compatible("麻黄杏仁甘草石膏汤", "麻杏石甘汤")
    assert compatible("睾丸扭转", "睾丸蒂扭转")
    assert not compatible("硝苯地平片", "硝苯地平胶囊")
    assert not compatible("逍遥丸", "逍遥散")


def test_two_complaints_in_one_breath_are_two() -> None:
    linker = Linker(
        Names([NameRow(name, EntityId(f"symptom:{name}"), "name") for name in ("胸闷", "气短", "胸闷气短")])
    )
    first, second = linker.link("胸闷气短看哪个科")
    assert (first.surface, second.surface) == ("胸闷", "气短")
    assert [c.name for c in first.candidates] == ["胸闷", "胸闷气短"]


def test_one_drug_of_a_compound_is_not_the_compound() -> None:
    rows = [
        ("奈玛特韦利托那韦", "奈玛特韦利托那韦", "name"),
        ("利托那韦", "利托那韦", "name"),
        ("奈玛特韦", "奈玛特韦利托那韦", "synonym"),
    ]
    (mention,) = Linker(Names([NameRow(n, EntityId(f"drug:{e}"), k) for n, e, k in rows])).link("奈玛特韦老人能吃吗")
    assert max(c.score for c in mention.candidates) < 0.5


def test_a_part_of_the_body_is_no_complaint() -> None:
    found = Names([NameRow("指甲", EntityId(f"{kind}:指甲"), "name") for kind in ("symptom", "body_part")])
    assert [c.entity for c in found.candidates("指甲")] == ["body_part:指甲"]


def test_a_remedy_for_a_face() -> None:
    linker = Linker(Names([NameRow("面瘫", EntityId("disease:面瘫"), "name")]))
    assert [m.surface for m in linker.link("针灸对面瘫有效吗")] == ["面瘫"]


@pytest.mark.parametrize(
    ("name", "target", "own", "sure"),
    [
        ("脂肪瘤", "结肠脂肪瘤", True, False),
        ("脂肪瘤", "结肠脂肪瘤", False, True),  # nothing else bears the name
        ("滑膜炎", "滑膜炎、痤疮综合征", True, False),
        ("青光眼", "伴有炎症的青光眼", False, False),
        ("骨质疏松", "骨质疏松症", True, True),
        ("心肌梗塞", "心肌梗死", True, True),
    ],
)
def test_one_kind_of_a_disease_is_not_the_disease(name: str, target: str, *, own: bool, sure: bool) -> None:
    rows = [NameRow(name, EntityId(f"disease:{target}"), "synonym")]
    rows += [NameRow(name, EntityId(f"disease:{name}"), "name")] if own else []
    scores = {c.name: c.score for c in Names(rows).candidates(name)}
    assert (scores[target] >= 0.5) is sure


@pytest.mark.parametrize(
    ("typed", "surface", "entity"),
    [
        ("piantoutong怎么办", "piantoutong", "disease:偏头痛"),
        ("Pian Tou Tong zenme zhi", "Pian Tou Tong", "disease:偏头痛"),
        ("gaoxueya", "gaoxueya", "disease:高血压"),
    ],
)
def test_names_typed_as_they_sound(linker: Linker, typed: str, surface: str, entity: str) -> None:
    mention = only(linker, typed)
    assert (mention.surface, mention.best.entity) == (surface, entity)
    assert mention.best.score >= 0.5


def test_latin_words_that_only_begin_like_a_name(linker: Linker) -> None:
    assert linker.link("gaoxueyas feiyan2 xyz") == ()


def test_what_sounds_alike_is_asked_about() -> None:
    rows = [NameRow(name, EntityId(f"disease:{name}"), "name") for name in ("干癣病", "肝炫病")]
    assert only(Linker(Names(rows)), "ganxuanbing").best.score < 0.5


@pytest.mark.parametrize("question", ["持续性头痛", "阵发性头痛"])
def test_a_complaint_that_comes_and_goes_is_the_complaint(question: str) -> None:
    rows = [NameRow("头痛", EntityId(f"{kind}:头痛"), "name") for kind in ("disease", "symptom")]
    assert not only(Linker(Names(rows)), question).modifier


def test_a_part_of_a_hyphenated_name(linker: Linker) -> None:
    assert only(linker, "肌-眼-肺炎是什么").modifier == "-眼-"


@pytest.fixture(scope="module")
def shelf() -> Linker:
    """Remedies, tumours and organs that names are built from."""
    diseases = ("腺癌", "肺癌", "肾结石", "消渴", "白内障", "左心衰", "心衰", "纤维瘤", "黑色素瘤")
    drugs = ("逍遥丸", "六味地黄丸", "通脉", "养血饮片", "头孢", "头孢克肟", "感冒灵颗粒")
    known = [*(f"disease:{name}" for name in diseases), *(f"drug:{name}" for name in drugs)]
    return Linker(Names([NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in known]))


@pytest.mark.parametrize(
    ("question", "modifier"),
    [
        ("胃腺癌怎么治", "胃"),
        ("腺癌怎么治", ""),
        ("乳房纤维瘤", "乳房"),
        ("右肺癌怎么治", ""),  # of one side, the same illness
        ("双肾结石", ""),
        ("右眼白内障", ""),
        ("右心衰", "右"),  # another chamber, another illness
        ("六味逍遥丸", "六味"),
        ("吃逍遥丸", ""),
        ("同仁堂逍遥丸", ""),
        ("养血通脉丸", "养血"),
        ("消渴降糖胶囊", "降糖胶囊"),
        ("消渴吃六味地黄丸", ""),
        ("头孢维泰胶囊", "维泰胶囊"),
        ("头孢胶囊", ""),
        ("头孢克肟胶囊", ""),
    ],
)
def test_what_belongs_to_a_longer_name_of_a_tumour_or_a_product(shelf: Linker, question: str, modifier: str) -> None:
    assert [m.modifier for m in shelf.link(question)][:1] == [modifier]


@pytest.mark.parametrize(
    ("question", "modifier"),
    [
        ("宫血宁能吃多久", "宫"),
        ("吃血宁多久", ""),
        ("中药远志", ""),
        ("膝关节炎怎么治", "膝"),
        ("关节炎怎么治", ""),
        ("桥本氏甲亢", "氏"),
    ],
)
def test_short_names_of_remedies_joints_and_eponyms(question: str, modifier: str) -> None:
    known = ("drug:血宁", "drug:远志", "disease:关节炎", "disease:桥本")
    shelf = Linker(Names([NameRow(entity.partition(":")[2], EntityId(entity), "name") for entity in known]))
    assert only(shelf, question).modifier == modifier

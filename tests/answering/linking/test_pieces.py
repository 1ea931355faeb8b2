"""What a name only seems to be: a piece of a longer one, a folk name cut from a sentence, a scolding."""

from __future__ import annotations

import pytest

from rag.domain import AliasKind, EntityId
from rag.linking.features import icd_category
from rag.linking.figures import figurative
from rag.linking.linker import Linker
from rag.linking.longer_names import unknown_complaint
from rag.linking.names import OWN_NAME, Names
from rag.ports import NameRow

NAME, LISTED = OWN_NAME, AliasKind.SYNONYM
ROWS = [
    ("胰腺", "body_part:胰腺", NAME),
    ("腹部", "body_part:腹部", NAME),
    ("血清", "body_part:血清", NAME),
    ("关节", "body_part:关节", NAME),
    ("头发", "body_part:头发", NAME),
    ("胆红素", "indicator:胆红素", NAME),
    ("疼痛", "symptom:疼痛", NAME),
    ("腹痛", "symptom:腹痛", NAME),
    ("发烧", "symptom:发烧", NAME),
    ("便血", "symptom:便血", NAME),
    ("风湿", "disease:风湿", NAME),
    ("内风", "disease:脑瘤", LISTED),
    ("经疼", "disease:痛经", LISTED),
    ("异位妊娠", "disease:异位妊娠", NAME),
    ("强迫症", "disease:强迫症", NAME),
    ("红眼病", "disease:红眼病", NAME),
    ("痔疮", "disease:痔疮", NAME),
]


@pytest.fixture(scope="module")
def linker() -> Linker:
    return Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in ROWS]))


def names(linker: Linker, text: str) -> list[tuple[str, str]]:
    return [(m.surface, m.candidates[0].name) for m in linker.link(text) if not m.modifier]


@pytest.mark.parametrize(
    "text", ["胰腺肿大怎么办", "骶髂关节有问题", "大脚趾头发麻", "有些烧灼感", "内风湿吃什么药", "已经疼了一周"]
)
def test_a_piece_of_something_else_is_not_linked(linker: Linker, text: str) -> None:
    assert names(linker, text) == []


def test_a_part_of_the_body_by_itself_is(linker: Linker) -> None:
    assert names(linker, "胰腺在哪里") == [("胰腺", "胰腺")]
    assert names(linker, "胰腺有问题吗") == [("胰腺", "胰腺")]


def test_a_complaint_holds_its_place(linker: Linker) -> None:
    assert names(linker, "腹部疼痛三天") == [("腹部疼痛", "腹痛")]


def test_what_is_measured_in_does_not_count(linker: Linker) -> None:
    assert names(linker, "血清胆红素正常吗") == [("胆红素", "胆红素")]


def test_a_finding_said_to_be_a_symptom_is_found(linker: Linker) -> None:
    assert names(linker, "出现便血症状") == [("便血", "便血")]


def test_a_number_before_a_word_is_no_slip(linker: Linker) -> None:
    assert names(linker, "一位妊娠三十周的孕妇") == []


def test_an_ointment_is_named_for_an_illness(linker: Linker) -> None:
    assert names(linker, "马应龙痔疮膏行不行") == []


@pytest.mark.parametrize("text", ["你有强迫症吧非要把图标排整齐", "有人得了红眼病，见不得别人升职"])
def test_scolding_is_no_illness(linker: Linker, text: str) -> None:
    assert names(linker, text) == []


@pytest.mark.parametrize("text", ["强迫症怎么治", "你有强迫症吗", "同事得了红眼病会传染吗"])
def test_the_same_words_asked_about_are(linker: Linker, text: str) -> None:
    assert len(names(linker, text)) == 1


def test_a_figure_needs_its_company() -> None:
    assert figurative("逼死强迫症", 2, 5)
    assert not figurative("得了强迫症", 2, 5)


def test_what_follows_a_part_of_the_body() -> None:
    assert unknown_complaint("", "胸骨", "后烧灼感")
    assert not unknown_complaint("", "胸骨", "在哪")


def test_an_alias_coded_elsewhere_is_not_sure() -> None:
    rows = [
        ("鼻炎", "disease:鼻炎", NAME),
        ("j31.001", "disease:鼻炎", AliasKind.ABBREVIATION),
        ("鼻窦炎", "disease:鼻窦炎", NAME),
        ("j32.901", "disease:鼻窦炎", AliasKind.ABBREVIATION),
        ("鼻炎", "disease:鼻窦炎", LISTED),
    ]
    found = Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in rows]).candidates("鼻炎")
    assert [(c.entity, c.score) for c in found] == [("disease:鼻炎", 1.0), ("disease:鼻窦炎", 0.4)]


@pytest.mark.parametrize(
    ("code", "category"),
    [("j31.001", "j31"), ("d65xx07", "d65"), ("r07.0", ""), ("m986303/3", ""), ("b12", "b12"), ("ct", "")],
)
def test_the_category_of_a_code(code: str, category: str) -> None:
    assert icd_category(code) == category


MORE = [
    ("天突", "acupoint:天突", NAME),
    ("咖啡", "food:咖啡", NAME),
    ("鸡蛋", "food:鸡蛋", NAME),
    ("子宫内膜", "body_part:子宫内膜", NAME),
    ("腰椎", "body_part:腰椎", NAME),
    ("骨质增生", "disease:骨质增生", NAME),
    ("ct检查", "examination:ct检查", NAME),
    ("ct", "examination:ct检查", AliasKind.ABBREVIATION),
    ("面痛", "disease:面痛", NAME),
    ("神经病", "disease:神经病", NAME),
]


@pytest.fixture(scope="module")
def other() -> Linker:
    return Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in MORE]))


@pytest.mark.parametrize(
    "text", ["前几天突然好了", "恶露呈咖啡色", "有鸡蛋那么大", "抗子宫内膜抗体阳性", "脚面疼了半年", "像神经病一样"]
)
def test_likenesses_and_chance_words_are_not_linked(other: Linker, text: str) -> None:
    assert names(other, text) == []


@pytest.mark.parametrize(
    ("text", "surface"),
    [("天突穴怎么按", "天突"), ("天突在什么位置", "天突"), ("能喝咖啡吗", "咖啡"), ("吃鸡蛋可以吗", "鸡蛋")],
)
def test_the_same_things_meant_are(other: Linker, text: str, surface: str) -> None:
    assert [surface for surface, _ in names(other, text)] == [surface]


def test_an_abbreviation_within_a_name_is_no_second_mention(other: Linker) -> None:
    assert names(other, "做CT检查") == [("CT检查", "ct检查")]


def test_where_an_illness_is_belongs_to_it(other: Linker) -> None:
    assert [surface for surface, _ in names(other, "腰椎骨质增生")] in ([], ["骨质增生"])


def test_two_findings_under_one_name_are_two() -> None:
    rows = [
        ("压痛及反跳痛", "examination:压痛及反跳痛", NAME),
        ("压痛", "symptom:压痛", NAME),
        ("反跳痛", "symptom:反跳痛", NAME),
        ("腰背痛", "symptom:腰背痛", NAME),
        ("背部疼痛", "symptom:背痛", AliasKind.COLLOQUIAL),
    ]
    linker = Linker(Names([NameRow(name, EntityId(entity), kind) for name, entity, kind in rows]))
    assert names(linker, "有压痛及反跳痛") == [("压痛", "压痛"), ("反跳痛", "反跳痛")]
    assert names(linker, "腰背部疼痛半年") == [("腰背部疼痛", "腰背痛")]


@pytest.mark.parametrize("after", ["毛病都有啥", "什么病", "出现炎症", "有肿瘤吗", "的病"])
def test_what_is_asked_about_a_part_of_the_body(after: str) -> None:
    assert not unknown_complaint("", "肌肉", after)


def test_an_illness_named_for_a_part_of_the_body() -> None:
    assert unknown_complaint("", "肺泡", "微石症怎么办")
    assert unknown_complaint("", "主动脉瓣", "窦动脉瘤")

"""What a question says of the patient, and which texts of the knowledge base speak of such people."""

from __future__ import annotations

import pytest

from rag.domain import Patient
from rag.linking.linker import Linker
from rag.question.concerns import concerns_of
from rag.question.patient import is_child, joined, patient_in
from rag.question.patient_groups import age_text, for_mothers_alone
from rag.safety.contraindications import meets
from rag.vocabulary import Relation
from tests.answering.records import names, stated

NAMES = names(
    ("阿莫西林", "drug:阿莫西林", "name"),
    ("青霉素", "drug:青霉素", "name"),
    ("消化性溃疡", "disease:消化性溃疡", "name"),
    ("小儿氨酚黄那敏颗粒", "drug:小儿氨酚黄那敏颗粒", "name"),
    ("老年痴呆", "disease:老年痴呆", "name"),
)
LINKER = Linker(NAMES)


def read(question: str) -> Patient:
    return patient_in(question, LINKER.link(question), NAMES)


@pytest.mark.parametrize(
    ("question", "age"),
    [
        ("3岁能吃布洛芬吗", 3),
        ("孩子三岁半发烧", 3.5),
        ("孩子三岁半夜咳嗽", 3),
        ("我妈今年七十二岁", 72),
        ("8个月的宝宝能用吗", 8 / 12),
        ("18个月大的孩子", 1.5),
        ("12岁以下能用吗", None),
        ("吃了3个月", None),
        ("孩子5岁，我35岁", None),
        ("头痛3天", None),
    ],
)
def test_age(question: str, age: float | None) -> None:
    assert read(question).age == (pytest.approx(age) if age is not None else None)


@pytest.mark.parametrize(
    "question", ["孕妇能吃吗", "怀孕3个月能吃吗", "妊娠期能用吗", "孕早期感冒", "孕32周发烧", "我怀了孕"]
)
def test_pregnant(question: str) -> None:
    assert read(question).pregnant is True


@pytest.mark.parametrize(
    "question",
    [
        "宝宝6个月母乳喂养，能吃布洛芬吗",
        "我家宝宝吃母乳，能用吗",
        "喂奶期间宝宝发烧，能给他吃布洛芬吗",
        "宝宝哺乳期能吃吗",
        "8个月宝宝喂母乳可以吃吗",
    ],
)
def test_a_child_that_is_nursed_does_not_nurse(question: str) -> None:
    patient = read(question)
    assert "哺乳期妇女" not in patient.conditions
    assert is_child(patient)


@pytest.mark.parametrize(
    "question",
    [
        "我哺乳期宝宝两个月能吃吗",
        "宝宝3个月，我感冒了，喂奶能吃吗",
        "哺乳期，宝宝4个月，能吃布洛芬吗",
        "哺乳期吃布洛芬对宝宝有影响吗",
        "我母乳喂养，孩子三个月，能吃吗",
        "母乳喂养能吃吗",
    ],
)
def test_who_nurses_a_child_is_no_child(question: str) -> None:
    patient = read(question)
    assert "哺乳期妇女" in patient.conditions
    assert not is_child(patient)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("孕妇及哺乳期妇女禁用", True),
        ("哺乳期妇女", True),
        ("孕妇、哺乳期妇女及儿童慎用", False),
        ("对本品过敏者及孕妇禁用", False),
        ("肝病患者禁用", False),
    ],
)
def test_what_speaks_of_mothers_alone(text: str, alone: bool) -> None:
    assert for_mothers_alone(text) is alone


@pytest.mark.parametrize("question", ["备孕能吃吗", "避孕药怎么吃", "不孕怎么治", "准备怀孕", "头痛"])
def test_not_said_to_be_pregnant(question: str) -> None:
    assert read(question).pregnant is None


@pytest.mark.parametrize("question", ["没有怀孕", "我不是孕妇", "我不是孕妇，是哺乳期"])
def test_said_not_to_be_pregnant_whatever_was_said_before(question: str) -> None:
    assert read(question).pregnant is False
    assert joined(read(question), read("怀孕3个月能吃吗")).pregnant is False  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("question", "group"),
    [
        ("哺乳期能吃吗", "哺乳期妇女"),
        ("还在喂奶", "哺乳期妇女"),
        ("老人能吃吗", "老年人"),
        ("宝宝能吃吗", "儿童"),
        ("肾功能不全的人能吃吗", "肾功能不全"),
        ("我肝功能不好", "肝功能不全"),
        ("正在透析", "肾功能不全"),
    ],
)
def test_groups(question: str, group: str) -> None:
    assert group in read(question).conditions
    assert [c.label for c in concerns_of(read(question), NAMES)] == [group]


@pytest.mark.parametrize("question", ["小儿氨酚黄那敏颗粒怎么吃", "老年痴呆吃什么药", "感冒吃什么"])
def test_names_of_drugs_and_diseases_are_no_people(question: str) -> None:
    assert not {"儿童", "老年人"} & set(read(question).conditions)


@pytest.mark.parametrize(
    ("question", "allergens"),
    [
        ("青霉素过敏能吃阿莫西林吗", ("青霉素",)),
        ("我对青霉素和头孢过敏", ("青霉素", "头孢")),
        ("对磺胺类药物过敏", ("磺胺类药物",)),
        ("孩子对花生过敏", ("花生",)),
        ("没有青霉素过敏", ()),
        ("无药物过敏史", ()),
        ("过敏性鼻炎吃什么药", ()),
        ("皮肤过敏怎么办", ()),
        ("吃阿莫西林会过敏吗", ()),
        ("头孢过敏怎么办", ("头孢",)),
    ],
)
def test_allergies(question: str, allergens: tuple[str, ...]) -> None:
    assert read(question).allergies == allergens


def test_a_disease_beside_a_remedy_is_a_condition() -> None:
    assert read("消化性溃疡能吃布洛芬吗").conditions == ("消化性溃疡",)
    assert read("消化性溃疡吃什么药").conditions == ()
    assert read("我有消化性溃疡，偏头痛怎么治").conditions == ("消化性溃疡",)


def test_what_the_form_says_is_completed_not_replaced() -> None:
    given = Patient(age=40, allergies=("磺胺",))
    assert joined(given, Patient(age=3, pregnant=True, allergies=("青霉素",))) == Patient(
        age=40, pregnant=True, allergies=("磺胺", "青霉素")
    )
    assert joined(None, Patient()) is None
    assert joined(None, Patient(age=3)) == Patient(age=3)


# ---------------------------------------------------------------- which records speak of them

P = Patient


@pytest.mark.parametrize(
    ("patient", "target", "met"),
    [
        (P(pregnant=True), "population:孕妇", True),
        (P(pregnant=True), "population:妊娠晚期", True),
        (P(pregnant=False, conditions=("孕妇",)), "population:孕妇", False),
        (P(pregnant=True, conditions=("孕早期",)), "population:妊娠晚期", False),
        (P(pregnant=True, conditions=("妊娠晚期",)), "population:妊娠末期妇女", True),
        (P(pregnant=True), "disease:妊娠期高血压疾病", False),
        (P(pregnant=True), "population:儿童", False),
        (P(age=3), "population:儿童", True),
        (P(age=3), "population:新生儿", False),
        (P(age=0.5), "population:婴幼儿", True),
        (P(age=3), "population:2岁以下儿童", False),
        (P(age=3), "population:12岁以下儿童", True),
        (P(age=20), "population:儿童", False),
        (P(age=0.02), "population:早产儿", True),
        (P(age=15), "population:儿童和青少年", True),
        (P(age=70), "population:老年人", True),
        (P(age=62), "population:65岁以上老年人", False),
        (P(age=50), "population:老年人", False),
        (P(conditions=("老人",)), "population:老年患者", True),
        (P(conditions=("哺乳期",)), "population:哺乳期妇女", True),
        (P(conditions=("哺乳期",)), "population:孕妇", False),
        (P(conditions=("肾功能不全",)), "disease:严重肾功能不全", True),
        (P(conditions=("尿毒症",)), "disease:肾功能减退", True),
        (P(conditions=("肾功能不全",)), "disease:肝功能不全", False),
        (P(conditions=("肝功能不全",)), "disease:肝肾功能不全", True),
        (P(conditions=("消化性溃疡",)), "disease:活动性消化性溃疡", True),
        (P(conditions=("高血压",)), "disease:肺动脉高血压", False),
        (P(allergies=("青霉素",)), "disease:青霉素过敏", True),
        (P(allergies=("青霉素过敏",)), "disease:青霉素类药物过敏", True),
        (P(allergies=("青霉素",)), "disease:头孢菌素过敏", False),
    ],
)
def test_which_objects_are_met(patient: Patient, target: str, met: bool) -> None:
    fact = stated("drug:甲药", Relation.CONTRAINDICATION, target).fact
    assert fact is not None
    assert any(meets(concern, fact) for concern in concerns_of(patient, NAMES)) is met


@pytest.mark.parametrize(
    ("age", "text"), [(3, "3岁"), (3.5, "3.5岁"), (8 / 12, "8个月"), (0.02, "新生儿"), (0, "新生儿")]
)
def test_ages_are_shown_as_people_say_them(age: float, text: str) -> None:
    assert age_text(age) == text


@pytest.mark.parametrize(
    ("question", "age"),
    [("Can a 70 year old man take it?", 70), ("my 3-year-old daughter", 3), ("an 8-month-old", 8 / 12), ("aged 65", 65),
     ("5 y/o", 5), ("aged 40 to 60", None), ("it took 3 years", None)],
)  # fmt: skip
def test_age_in_english(question: str, age: float | None) -> None:
    assert read(question).age == (pytest.approx(age) if age is not None else None)


@pytest.mark.parametrize(
    ("question", "group"),
    [
        ("can I take it while breastfeeding", "哺乳期妇女"),
        ("is it safe for children", "儿童"),
        ("patients with kidney failure", "肾功能不全"),
        ("with liver disease", "肝功能不全"),
        ("in older adults", "老年人"),
    ],
)
def test_groups_in_english(question: str, group: str) -> None:
    assert group in read(question).conditions


@pytest.mark.parametrize(
    ("question", "known"),
    [
        ("I am allergic to penicillin, can I take it", True),
        ("she has a penicillin allergy", True),
        ("I am not allergic to penicillin", False),
        ("no penicillin allergy", False),
    ],
)
def test_allergies_in_english(question: str, known: bool) -> None:
    spoken = names(("penicillin", "drug:青霉素", "english"))
    assert (patient_in(question, (), spoken).allergies == ("penicillin",)) is known

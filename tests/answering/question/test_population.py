"""Who a question is about, and whom a disease concerns."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, GraphFact, Patient, Sex
from rag.question.population import NOBODY, Group, Person, groups_preferred, limited_to, person_of, suited
from rag.vocabulary import Relation

FEMALE, MALE = Sex.FEMALE, Sex.MALE


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("头痛、恶心是什么病", Person()),
        ("患者女性，五十二岁，关节肿痛", Person(52, FEMALE)),
        ("男，30岁，下腹痛", Person(30, MALE)),
        ("我女儿五岁，发烧", Person(5, FEMALE)),
        ("孩子三个月大，吐奶", Person(0.25)),
        ("我家宝宝咳嗽", Person(1)),
        ("老人七十八岁，说话含糊", Person(78)),
        ("我奶奶头晕", Person(70, FEMALE)),
        ("孕妇头晕乏力", Person(None, FEMALE, True)),
        ("怀孕三个月，恶心", Person(None, FEMALE, True)),
        ("没怀孕，月经推迟", Person(None, FEMALE)),
        ("备孕半年，月经不规律", Person(None, FEMALE)),
        ("产后四个月，晚上孩子睡了我也睡不着", Person(None, FEMALE)),
        ("一百零二岁", Person(102)),
        ("我和老公都咳嗽，他发烧，我妈妈也是", Person()),
    ],
)
def test_a_question_tells_of_the_person(text: str, person: Person) -> None:
    assert person_of(text, None) == person


def test_what_the_request_states_outweighs_the_words() -> None:
    assert person_of("孩子五岁，咳嗽", Patient(age=40, sex=MALE)) == Person(40, MALE)
    assert person_of("头晕", Patient(sex=FEMALE, pregnant=False)) == Person(None, FEMALE, False)


@pytest.mark.parametrize(
    ("name", "departments", "groups"),
    [
        ("小儿肺炎", (), {Group.CHILD}),
        ("妊娠合并贫血", (), {Group.PREGNANT}),
        ("前列腺炎", (), {Group.MALE}),
        ("不孕症", ("妇产科",), {Group.FEMALE}),
        ("肺炎", ("呼吸内科", "儿科"), set()),
        ("麻疹", ("儿科", "小儿内科"), {Group.CHILD}),
        ("老年性痴呆", (), {Group.ELDERLY}),
        ("感冒", (), set()),
    ],
)
def test_a_name_or_all_departments_limit_a_disease(name: str, departments: tuple[str, ...], groups: set[Group]) -> None:
    assert limited_to(name, departments) >= groups
    assert bool(limited_to(name, departments)) is bool(groups)


def test_groups_that_a_record_prefers() -> None:
    assert groups_preferred("多见于婴幼儿") == {Group.CHILD}
    assert groups_preferred("中老年女性") == {Group.ELDERLY, Group.FEMALE}
    assert groups_preferred("无特定人群") == set()


def test_what_a_person_is_not() -> None:
    assert Person(30).outside >= {Group.CHILD, Group.ELDERLY}
    assert Group.PREGNANT not in Person(30, FEMALE).outside
    assert Person(30, MALE).outside >= {Group.FEMALE, Group.PREGNANT}
    assert Person(None, FEMALE, True).outside >= {Group.CHILD, Group.MALE}
    assert Person().outside == set()


def listed(name: str, subject: str = "肺炎") -> GraphFact:
    ends = EntityId(f"disease:{subject}"), EntityId(f"symptom:{name}")
    return GraphFact(f"f:{name}", ends[0], subject, Relation.SYMPTOM, ends[1], name, "s:1")


def test_what_only_others_have_comes_last_and_what_this_person_cannot_have_goes() -> None:
    facts = [listed("小儿发热"), listed("咳嗽")]
    assert [f.object_text for f in suited(facts, NOBODY)] == ["咳嗽", "小儿发热"]
    assert [f.object_text for f in suited(facts, Person(age=4))] == ["小儿发热", "咳嗽"]
    assert [f.object_text for f in suited(facts, Person(age=40))] == ["咳嗽"]
    assert len(suited([listed("小儿发热", "小儿肺炎"), listed("咳嗽", "小儿肺炎")], Person(age=40))) == 2


def test_what_is_for_who_nurses_is_not_told_of_a_child_or_a_man() -> None:
    facts = [listed("哺乳期妇女"), listed("新生儿")]
    assert [f.object_text for f in suited(facts, Person(age=0.5))] == ["新生儿"]
    assert [f.object_text for f in suited(facts, Person(30, MALE))] == []
    assert len(suited(facts, Person(30, FEMALE))) == len(suited(facts, NOBODY)) - 1 == 1


def test_a_child_that_is_nursed_is_a_child() -> None:
    assert person_of("宝宝哺乳期能吃吗", None).groups == {Group.CHILD}
    assert person_of("我哺乳期，宝宝两个月能吃吗", None).groups == frozenset()


def test_who_is_pregnant_has_no_illness_of_missing_periods() -> None:
    expecting = Person(30, FEMALE, True)
    assert limited_to("避孕后闭经综合征", []) & expecting.outside
    assert not limited_to("妊娠剧吐", []) & expecting.outside
    assert not limited_to("避孕后闭经综合征", []) & Person(30, FEMALE).outside


def test_fits_of_pregnancy_are_no_illness_of_anybody_else() -> None:
    assert Group.PREGNANT in limited_to("子痫", ["妇产科", "中医科"])
    assert person_of("足月儿出生后2周", None).age == 1.0

"""The order of diseases that match, and the question that best tells them apart."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rag.domain import EntityId, GraphFact, RankedSubject, Sex
from rag.question.population import NOBODY, Group, Person, person_of
from rag.retrieval.differential import (
    MISSED,
    Contender,
    Told,
    best_question,
    by_department,
    information_gain,
    likelihoods,
    order,
)
from rag.vocabulary import Relation


def contender(name: str, score: float, *symptoms: str, denied: tuple[str, ...] = (), limited: Group | None = None,
              preferred: Group | None = None, total: int = 5) -> Contender:  # fmt: skip
    ranked = RankedSubject(EntityId(f"disease:{name}"), name, score, (), total)
    listed = {EntityId(f"symptom:{s}"): s for s in symptoms}
    return Contender(
        ranked,
        listed,
        limited=frozenset({limited} if limited else ()),
        preferred=frozenset({preferred} if preferred else ()),
        denied=frozenset(map(symptom, denied)),
    )


def in_department(treated: Contender, department: str) -> GraphFact:
    disease = treated.ranked
    place = EntityId(f"department:{department}")
    return GraphFact("f:1", disease.subject, disease.name, Relation.DEPARTMENT, place, department, "s:1")


def named(contenders: list[Contender]) -> list[str]:
    return [c.ranked.name for c in contenders]


def symptom(name: str) -> EntityId:
    return EntityId(f"symptom:{name}")


def test_a_denied_symptom_costs_what_it_is_worth() -> None:
    with_it, without = contender("甲病", 3.0, "咳嗽", denied=("咳嗽",)), contender("乙病", 3.0)
    assert named(order([with_it, without], NOBODY)) == ["乙病", "甲病"]
    assert with_it.score == pytest.approx(3.0 + math.log(MISSED))


def test_who_cannot_have_it_comes_last_and_who_usually_has_it_first_among_equals() -> None:
    rows = [
        contender("小儿甲病", 9.0, limited=Group.CHILD),
        contender("丙病", 2.0),
        contender("乙病", 2.0, preferred=Group.ELDERLY, total=9),
    ]
    assert named(order(rows, Person(age=70))) == ["乙病", "丙病", "小儿甲病"]
    assert named(order(rows, Person(age=6)))[0] == "小儿甲病"
    assert named(order(rows, NOBODY)) == ["小儿甲病", "丙病", "乙病"]


def test_among_equals_comes_first_what_more_is_said_of() -> None:
    rare, common = contender("甲病", 2.0, total=1), contender("乙病", 2.0, total=9)
    assert named(order([rare, replace(common, ranked=replace(common.ranked, named=50))], NOBODY)) == ["乙病", "甲病"]
    assert named(order([replace(rare, ranked=replace(rare.ranked, score=3.0)), common], NOBODY)) == ["甲病", "乙病"]


def test_sex_leaves_out_but_prefers_nothing() -> None:
    rows = [contender("卵巢病", 2.0, limited=Group.FEMALE, total=9), contender("丙病", 2.0)]
    assert named(order(rows, Person(sex=Sex.FEMALE))) == ["丙病", "卵巢病"]
    assert likelihoods(rows, Person(sex=Sex.MALE)).tolist() == [0.0, 1.0]


def test_the_question_halves_what_is_left() -> None:
    rows = [
        contender("甲病", 1.0, "头痛", "咳嗽", "口干"),
        contender("乙病", 1.0, "头痛", "咳嗽"),
        contender("丙病", 1.0, "头痛", "耳鸣"),
        contender("丁病", 1.0, "头痛"),
    ]
    assert best_question(rows, NOBODY, Told((symptom("头痛"),))) == "咳嗽"
    assert best_question(rows, NOBODY, Told((symptom("头痛"),), (symptom("咳嗽"),))) in {"口干", "耳鸣"}
    assert best_question(rows, NOBODY, Told((symptom("头痛"),), unclear=("咳嗽", "口干", "耳鸣"))) is None


def test_likely_ones_weigh_more() -> None:
    rows = [
        contender("甲病", 5.0, "咳嗽"),
        contender("乙病", 5.0),
        contender("丙病", 0.0, "口干"),
        contender("丁病", 0.0, "口干"),
    ]
    assert best_question(rows, NOBODY, Told()) == "咳嗽"


def test_nothing_is_asked_where_it_is_clear() -> None:
    assert best_question([], NOBODY, Told()) is None
    assert best_question([contender("甲病", 1.0, "咳嗽")], NOBODY, Told()) is None
    assert best_question([contender("甲病", 9.0, "咳嗽"), contender("乙病", 1.0, "口干")], NOBODY, Told()) is None
    assert best_question([contender("甲病", 1.0, "咳嗽"), contender("乙病", 1.0, "咳嗽")], NOBODY, Told()) is None


@pytest.mark.parametrize(
    "name",
    [
        "白细胞增多症",
        "巴氏征阳性",
        "肺炎",
        "心脏病",
        "肝囊肿",
        "CT示阴影",
        "一侧面部突然不能活动",
        "痛",
        "流清涕",
        "恶心与呕吐",
    ],
)
def test_what_a_patient_cannot_tell_or_has_told_is_not_asked(name: str) -> None:
    rows = [contender("甲病", 1.0, name), contender("乙病", 1.0)]
    told = Told((symptom("流清鼻涕"), symptom("恶心"), symptom("呕吐")))
    assert best_question(rows, NOBODY, told) is None


def test_another_name_of_what_was_told_is_not_asked() -> None:
    rows = [contender("甲病", 1.0, "心悸"), contender("乙病", 1.0)]
    assert best_question(rows, NOBODY, Told((symptom("心慌"),))) == "心悸"
    assert best_question(rows, NOBODY, Told((symptom("心慌"),), others=frozenset({"心悸"}))) is None


@given(
    arrays.arrays(np.float64, 5, elements=st.floats(0.01, 1)),
    arrays.arrays(np.float64, (5, 4), elements=st.floats(0, 1)),
)
def test_information_gain_lies_between_nothing_and_one_bit(weights: np.ndarray, yes: np.ndarray) -> None:
    gains = information_gain(weights / weights.sum(), yes)
    assert gains.shape == (4,)
    assert (gains >= -1e-9).all()
    assert (gains <= 1 + 1e-9).all()


def test_an_even_sure_split_is_worth_one_bit_and_a_guess_nothing() -> None:
    shares = np.array([0.5, 0.5])
    assert information_gain(shares, np.array([[1.0, 0.3], [0.0, 0.3]])) == pytest.approx([1.0, 0.0], abs=1e-6)


def test_among_equals_come_first_those_treated_where_most_are() -> None:
    rows = [contender("甲病", 2.0), contender("乙病", 2.0), contender("丙病", 2.0), contender("丁病", 3.0)]
    where = {"甲病": "针灸科", "乙病": "神经内科", "丙病": "神经内科", "丁病": "骨科"}
    facts = {c.ranked.subject: [in_department(c, where[c.ranked.name])] for c in rows}
    assert named(by_department(rows, facts, NOBODY)) == ["丁病", "乙病", "丙病", "甲病"]


def test_among_equals_come_first_those_treated_where_the_complaint_is_taken() -> None:
    there = replace(contender("乙病", 2.0), seen_there=True)
    rows = [contender("甲病", 2.0), there, contender("丙病", 2.0, preferred=Group.ELDERLY), contender("丁病", 3.0)]
    assert named(order(rows, NOBODY)) == ["丁病", "乙病", "丙病", "甲病"]
    assert named(order(rows, Person(age=70))) == ["丁病", "丙病", "乙病", "甲病"]
    both = replace(contender("戊病", 2.0, preferred=Group.ELDERLY), seen_there=True)
    assert named(order([*rows, both], Person(age=70))) == ["丁病", "戊病", "丙病", "乙病", "甲病"]


def test_a_syndrome_stands_behind_the_diseases_that_match_as_well() -> None:
    syndrome = contender("发热证", 2.0)
    syndrome = replace(syndrome, ranked=replace(syndrome.ranked, subject=EntityId("syndrome:发热证"), named=90))
    assert named(order([syndrome, contender("甲病", 2.0)], NOBODY)) == ["甲病", "发热证"]


def test_among_equals_what_passages_speak_of_comes_first() -> None:
    rare, common = contender("甲病", 2.0), replace(contender("乙病", 2.0), mentioned=40)
    assert named(order([rare, common], NOBODY)) == ["乙病", "甲病"]


def test_what_something_outside_brings_on_waits_until_that_is_told() -> None:
    rows = [replace(contender("磷中毒", 2.0), mentioned=40), contender("甲病", 2.0), contender("食物中毒", 2.0)]
    assert named(order(rows, NOBODY))[-1] == "磷中毒"
    assert named(order(rows, person_of("误服农药后头晕", None)))[0] == "磷中毒"
    treated = {c.ranked.subject: [in_department(c, "急诊科")] for c in rows}
    assert named(by_department(rows, treated, NOBODY))[-1] == "磷中毒"


def test_illnesses_of_chinese_medicine_alone_come_after_their_equals() -> None:
    rows = [replace(contender("脾水", 2.0), traditional=True, mentioned=40), contender("甲病", 2.0)]
    assert named(order(rows, NOBODY)) == ["甲病", "脾水"]


def test_what_only_pregnant_women_have_comes_after_its_equals() -> None:
    rows = [replace(contender("甲病", 2.0, limited=Group.PREGNANT), mentioned=40), contender("乙病", 2.0)]
    assert named(order(rows, NOBODY)) == ["乙病", "甲病"]
    assert named(order(rows, Person(pregnant=True)))[0] == "甲病"


def test_of_what_lacks_a_complaint_a_common_illness_comes_before_a_rare_one_that_lacks_less() -> None:
    """Fever tells little: a common illness without it on record stands before a rare one with it."""
    rare = replace(contender("甲罕见病", 8.7), partly=True)
    common = replace(contender("乙常见病", 5.8), partly=True, mentioned=50)
    whole = contender("丙病", 4.0)
    assert named(order([rare, common, whole], NOBODY)) == ["丙病", "乙常见病", "甲罕见病"]


def test_how_common_something_is_does_not_bury_what_was_told() -> None:
    flood = replace(contender("甲病", 2.0), partly=True, mentioned=200)
    telling = replace(contender("乙病", 7.0), partly=True)
    assert named(order([flood, telling], NOBODY)) == ["乙病", "甲病"]


def test_what_is_malignant_is_spoken_of_more_than_it_is_common() -> None:
    sarcoma, sprain = contender("甲肉瘤", 3.0, "膝痛"), contender("乙滑膜炎", 3.0, "膝痛")
    often, seldom = replace(sarcoma, mentioned=300), replace(sprain, mentioned=40)
    assert named(order([often, seldom], NOBODY)) == ["乙滑膜炎", "甲肉瘤"]
    assert named(order([often, replace(seldom, mentioned=5)], NOBODY)) == ["甲肉瘤", "乙滑膜炎"]

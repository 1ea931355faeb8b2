"""Questions of yes or no: whose record is asked, for what, and what it says."""

from __future__ import annotations

import pytest

from rag.domain import EntityId, GraphFact, Intent, Literal, Qualifiers, YesNo
from rag.linking.linker import Linker
from rag.pipeline import Options, Pipeline
from rag.question.deciding import decide, not_listed, suspected
from rag.question.intent import read_intent
from rag.vocabulary import Relation
from tests.answering.records import names, stated

LINKER = Linker(
    names(
        ("肾衰竭", "disease:肾衰竭", "name"),
        ("糖尿病", "disease:糖尿病", "name"),
        ("西瓜", "food:西瓜", "name"),
        ("血糖测定", "examination:血糖测定", "name"),
        ("内分泌科", "department:内分泌科", "name"),
    )
)


def intent(question: str) -> Intent:
    return read_intent(question, LINKER.link(question))


def fact(subject: str, relation: Relation, target: str | Literal) -> GraphFact:
    found = stated(subject, relation, target, name=f"f:{subject}{relation}{target}").fact
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("question", "relation", "object_"),
    [
        ("糖尿病会引起肾衰竭吗", Relation.COMPLICATION, "disease:肾衰竭"),
        ("我有糖尿病，会得肾衰竭不", Relation.COMPLICATION, "disease:肾衰竭"),
        ("肾衰竭是糖尿病的并发症吗？", Relation.COMPLICATION, "disease:肾衰竭"),
        ("肾衰竭是糖尿病引起的吗", Relation.COMPLICATION, "disease:肾衰竭"),
        ("偏头痛会恶心吗", Relation.SYMPTOM, "symptom:恶心"),
        ("恶心是偏头痛的症状吗", Relation.SYMPTOM, "symptom:恶心"),
        ("查糖尿病需不需要血糖测定？", Relation.EXAMINATION, "examination:血糖测定"),
        ("血糖测定能查糖尿病吗", Relation.EXAMINATION, "examination:血糖测定"),
        ("看糖尿病去内分泌科行不行", Relation.DEPARTMENT, "department:内分泌科"),
        ("布洛芬能治偏头痛吗", Relation.DRUG, "drug:布洛芬"),
        ("偏头痛可以吃布洛芬不", Relation.DRUG, "drug:布洛芬"),
        ("糖尿病能吃西瓜吗", Relation.FOOD_GOOD, "food:西瓜"),
        ("孕妇能用布洛芬吗", Relation.CONTRAINDICATION, "population:孕妇"),
        ("布洛芬会头痛吗", Relation.ADVERSE, "symptom:头痛"),
        ("我头痛恶心，是糖尿病吗", Relation.SYMPTOM, "symptom:头痛"),
    ],
)
def test_the_object_and_the_relation_that_may_hold_it(question: str, relation: Relation, object_: str) -> None:
    found = intent(question)
    assert found.relations[0] is relation
    assert found.object[0] == object_


@pytest.mark.parametrize(
    "question",
    [
        "糖尿病头晕怎么办，能治好吗",
        "糖尿病能治好吗",
        "糖尿病和肾衰竭都传染吗",
        "糖尿病和肾衰竭是看同一个科吗",
        "头痛恶心是什么病，严重吗",
        "糖尿病有哪些症状",
        "静养能减轻偏头痛的恶心吗",
        "多喝水能缓解糖尿病的头痛吗",
    ],
)
def test_other_questions_ask_for_no_object(question: str) -> None:
    assert intent(question).object == ()


@pytest.mark.parametrize(
    "question",
    ["糖尿病做血糖测定手指要消毒吗", "糖尿病吃西瓜晚上起夜正常吗", "布洛芬吃急了浑身起疹，是糖尿病吗"],
)
def test_what_is_said_of_the_object_is_not_whether_it_is_listed(question: str) -> None:
    found = intent(question)
    assert found.object == () or found.explicit


@pytest.mark.parametrize(
    "question", ["糖尿病患者一般会不会出现肾衰竭呢", "请问糖尿病需要去内分泌科看吗", "偏头痛的人往往会恶心吗"]
)
def test_words_of_such_questions_are_no_other_question(question: str) -> None:
    assert intent(question).object


def test_one_treatment_by_two_endings_is_the_same() -> None:
    asked = Intent((Relation.TREATMENT,), ((Relation.TREATMENT,),), yes_no=True, object=(EntityId("treatment:针灸"),))
    listed = fact("disease:面瘫", Relation.TREATMENT, "treatment:针灸治疗")
    other = fact("disease:面瘫", Relation.TREATMENT, "treatment:物理治疗")
    decision = decide(asked, "针灸能治面瘫吗", [listed, other])
    assert decision is not None
    assert (decision.verdict, decision.facts) == (YesNo.YES, (listed,))


def test_the_record_of_the_object_may_name_its_cause() -> None:
    asked = intent("糖尿病会引起肾衰竭吗")
    cause = fact("disease:肾衰竭", Relation.CAUSE, "disease:糖尿病")
    decision = decide(asked, "糖尿病会引起肾衰竭吗", [cause])
    assert decision is not None
    assert decision.verdict is YesNo.YES


def test_a_slight_interaction_with_a_food_forbids_nothing() -> None:
    asked = intent("布洛芬能吃西瓜吗")
    assert asked.relations == (Relation.INTERACTION,)
    for severity, verdict in (("轻微", None), ("严重", YesNo.NO)):
        found = stated("drug:布洛芬", Relation.INTERACTION, "food:西瓜", Qualifiers(severity=severity)).fact
        assert found is not None
        decision = decide(asked, "布洛芬能吃西瓜吗", [found])
        assert (decision.verdict if decision else None) is verdict


def test_a_listed_object_is_a_yes_and_another_is_not_stated() -> None:
    asked = intent("糖尿病会引起肾衰竭吗")
    listed = fact("disease:糖尿病", Relation.COMPLICATION, "disease:肾衰竭")
    other = fact("disease:糖尿病", Relation.COMPLICATION, "disease:白内障")
    found = decide(asked, "糖尿病会引起肾衰竭吗", [other, listed])
    assert found is not None
    assert (found.verdict, found.facts) == (YesNo.YES, (listed,))
    found = decide(asked, "糖尿病会引起肾衰竭吗", [other])
    assert found is not None
    assert found.verdict is YesNo.NOT_STATED
    assert decide(asked, "糖尿病会引起肾衰竭吗", []) is None


@pytest.mark.parametrize(
    ("question", "verdict"),
    [("糖尿病能吃西瓜吗", YesNo.NO), ("糖尿病是不是不能吃西瓜", YesNo.YES), ("糖尿病忌吃西瓜吗", YesNo.YES)],
)
def test_what_is_forbidden_is_a_no_to_who_asks_for_leave(question: str, verdict: YesNo) -> None:
    found = decide(intent(question), question, [fact("disease:糖尿病", Relation.FOOD_BAD, "food:西瓜")])
    assert found is not None
    assert found.verdict is verdict


def test_a_record_that_says_both_decides_nothing() -> None:
    both = [fact("disease:糖尿病", r, "food:西瓜") for r in (Relation.FOOD_BAD, Relation.FOOD_GOOD)]
    assert decide(intent("糖尿病能吃西瓜吗"), "糖尿病能吃西瓜吗", both) is None


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [(["有传染性"], YesNo.YES), (["无传染性"], YesNo.NO), (["有传染性", "无传染性"], None), ([], None)],
)
def test_texts_that_say_yes_or_no_themselves(texts: list[str], verdict: YesNo | None) -> None:
    facts = [fact("disease:糖尿病", Relation.INFECTIVITY, Literal(text, "infectivity")) for text in texts]
    found = decide(intent("糖尿病会传染吗"), "糖尿病会传染吗", facts)
    assert (found.verdict if found else None) is verdict


def test_nothing_is_denied_that_is_only_not_listed() -> None:
    question = "糖尿病会引起肾衰竭吗"
    facts = [fact("disease:糖尿病", Relation.COMPLICATION, "disease:白内障")]
    said = not_listed(intent(question), LINKER.link(question), facts)
    assert said == "知识库所列的糖尿病的并发症中没有“肾衰竭”；没有记录不等于没有。\n"


def test_the_object_asked_for_is_stated_first(pipeline: Pipeline) -> None:
    answer = pipeline.ask("偏头痛会怕光吗", Options(detail="full"))
    assert answer.verdict is YesNo.YES
    assert answer.text.startswith("偏头痛的常见症状有：畏光[1]。\n偏头痛的症状还有：")
    assert not answer.dropped


def test_an_object_that_is_not_listed_leaves_the_answer_partial(pipeline: Pipeline) -> None:
    answer = pipeline.ask("偏头痛会咳嗽吗")
    assert (answer.verdict, answer.outcome.value) == (YesNo.NOT_STATED, "partial")
    assert answer.text.startswith("知识库所列的偏头痛的症状中没有“咳嗽”；没有记录不等于没有。\n偏头痛的常见症状有：")


def test_a_drug_that_is_asked_about_is_no_subject_of_its_own(pipeline: Pipeline) -> None:
    answer = pipeline.ask("芬必得能治偏头痛吗", Options(detail="full"))
    assert answer.verdict is YesNo.YES
    assert "偏头痛的药物治疗，知识库记载有：布洛芬[2]。" in answer.text


def test_a_comparison_says_what_both_have_before_the_rest(pipeline: Pipeline) -> None:
    answer = pipeline.ask("偏头痛和紧张型头痛的症状有什么不同", Options(detail="full"))
    assert answer.text.startswith("偏头痛与紧张型头痛都有的症状：头痛[1][2]。\n偏头痛的症状还有：")
    assert not answer.dropped
    assert answer.verdict is None


@pytest.mark.parametrize("question", ["偏头痛会通过吃饭传染吗", "偏头痛接吻会传染吗"])
def test_that_an_illness_is_catching_decides_nothing_of_one_way(question: str) -> None:
    catching = fact("disease:偏头痛", Relation.INFECTIVITY, Literal("有传染性", "infectivity"))
    assert decide(intent("偏头痛会传染吗"), "偏头痛会传染吗", [catching]) is not None
    assert decide(intent(question), question, [catching]) is None


def test_what_may_have_caused_an_illness_is_looked_for_among_its_causes() -> None:
    linker = Linker(names(("高血压", "disease:高血压", "name")))
    question = "偏头痛是不是由于高血压所致"
    assert read_intent(question, linker.link(question)).relations == (Relation.CAUSE, Relation.RISK_FACTOR)


def test_a_class_of_drugs_is_no_object() -> None:
    linker = Linker(names(("止痛药", "drug:止痛药", "name")))
    question = "偏头痛可以用止痛药吗"
    assert read_intent(question, linker.link(question)).object == ()


@pytest.mark.parametrize(
    ("question", "is_one"),
    [
        ("头痛，是否可以被诊断为偏头痛", True),
        ("头痛，被诊断为偏头痛", False),
        ("头痛，去医院查了说是偏头痛", False),
        ("头痛，都是偏头痛吗", True),
    ],
)
def test_only_a_guess_is_a_suspicion(question: str, is_one: bool) -> None:
    linker = Linker(names(("头痛", "symptom:头痛", "name")))
    assert suspected(question, linker.link(question)) is is_one


@pytest.mark.parametrize(
    ("question", "objects"),
    [
        ("我有偏头痛，高血压。服用别的东西有益吗", ()),
        ("偏头痛，有高血压。是否需要做头颅磁共振", ("examination:头颅磁共振",)),
        ("偏头痛会引起恶心吗", ("symptom:恶心",)),
    ],
)
def test_what_a_story_names_before_the_question_is_not_asked_about(question: str, objects: tuple[str, ...]) -> None:
    linker = Linker(names())
    assert read_intent(question, linker.link(question)).object == objects


def test_a_kind_of_illness_is_decided_by_its_members() -> None:
    asked = Intent(
        (Relation.COMPLICATION,), ((Relation.COMPLICATION,),), yes_no=True, object=(EntityId("disease:癌症"),)
    )
    cancer, bleeding = (fact("disease:胃溃疡", Relation.COMPLICATION, f"disease:{name}") for name in ("胃癌", "胃出血"))
    found = decide(asked, "胃溃疡会变成癌症吗", [bleeding, cancer])
    assert found is not None
    assert (found.verdict, found.facts) == (YesNo.YES, (cancer,))
    without = decide(asked, "胃溃疡会变成癌症吗", [bleeding])
    assert without is not None
    assert without.verdict is YesNo.NOT_STATED

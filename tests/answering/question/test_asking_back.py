"""A consultation over the whole path: asked back, answered, ended; nothing is kept between its turns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from rag.domain import Answer, Evidence, Fact, Literal, Outcome, Patient, Record, Sex, Turn
from rag.pipeline import Options, Pipeline
from rag.question.dialogue import MORE_WANTED
from rag.vocabulary import Relation
from tests.answering.records import BOOK, fact
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity

SYMPTOMS = {
    "流行感冒": ("头痛", "乏力", "咳嗽", "发热", "咽痛"),
    "慢性贫血": ("头痛", "乏力", "面色苍白", "心慌"),
    "紧张头痛症": ("头痛", "乏力", "颈部发紧"),
    "小儿营养不良": ("头痛", "乏力", "体重不增"),
    "肾上腺功能减退症": ("头痛", "乏力", "咳嗽", "皮肤变黑"),
}
DEPARTMENTS = {"流行感冒": "呼吸内科", "慢性贫血": "血液科", "小儿营养不良": "儿科"}
OPENING = "头痛、乏力是什么病"


def records() -> Iterator[Record]:
    yield BOOK
    for name, symptoms in SYMPTOMS.items():
        yield entity(f"disease:{name}")
        yield from (fact(f"disease:{name}", Relation.SYMPTOM, f"symptom:{symptom}") for symptom in symptoms)
    yield fact("disease:慢性贫血", Relation.POPULATION, Literal("多见于女性、老年人", "population"))
    for n in range(12):  # others, so that a symptom is worth something
        yield fact(f"disease:别的病{n}", Relation.SYMPTOM, f"symptom:别的症状{n}")
    for name, department in DEPARTMENTS.items():
        yield fact(f"disease:{name}", Relation.DEPARTMENT, f"department:{department}")
    yield fact("disease:流行感冒", Relation.DRUG, "drug:退热片")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(list(records()))
    return fake_pipeline(library)


def talk(pipeline: Pipeline, *messages: str, patient: Patient | None = None) -> list[Answer]:
    """Each turn is a request of its own, with the turns before it as a program would send them back."""
    history: tuple[Turn, ...] = ()
    answers = []
    for message in messages:
        answers.append(pipeline.ask(message, Options(patient=patient, history=history, detail="full")))
        history = (*history, Turn("user", message), Turn("assistant", answers[-1].text))
    return answers


def asked(answer: Answer) -> str:
    (question,) = answer.questions
    assert answer.text.splitlines()[-1].startswith(question)
    assert answer.outcome is Outcome.NEED_MORE_INFO
    match = re.search("“(.+?)”", question)
    assert match is not None
    return match[1]


def ranking(answer: Answer) -> list[str]:
    return re.findall("^(.+?)，相符的症状", answer.text, re.MULTILINE)


def is_last(answer: Answer) -> bool:
    return answer.outcome is Outcome.ANSWERED and answer.questions == () and "请问有没有" not in answer.text


def test_candidates_are_cited_with_the_question(pipeline: Pipeline) -> None:
    (answer,) = talk(pipeline, OPENING)
    assert asked(answer) == "咳嗽"
    assert set(ranking(answer)) == SYMPTOMS.keys()
    assert answer.citations
    assert "可能相关" in answer.text
    assert "不能据此诊断" in answer.text


@pytest.mark.parametrize("yes", ["有", "有咳嗽", "嗯，是有咳嗽", "对"])
def test_a_yes_moves_up_what_has_it(pipeline: Pipeline, yes: str) -> None:
    _, second = talk(pipeline, OPENING, yes)
    assert ranking(second)[:2] == ["肾上腺功能减退症", "流行感冒"]
    assert asked(second) in {"皮肤变黑", "发热", "咽痛"}


@pytest.mark.parametrize("no", ["没有", "没觉得有咳嗽", "不咳嗽", "不，没有咳嗽"])
def test_a_no_moves_down_what_has_it_and_says_so(pipeline: Pipeline, no: str) -> None:
    _, second = talk(pipeline, OPENING, no)
    assert set(ranking(second)[-2:]) == {"肾上腺功能减退症", "流行感冒"}
    assert asked(second) != "咳嗽"


def test_not_knowing_changes_nothing_and_the_next_is_asked(pipeline: Pipeline) -> None:
    first, second = talk(pipeline, OPENING, "不知道")
    assert ranking(second) == ranking(first)
    assert asked(second) != asked(first)


def test_a_reply_may_deny_one_and_add_another(pipeline: Pipeline) -> None:
    _, second = talk(pipeline, OPENING, "没有咳嗽，但是有面色苍白")
    assert ranking(second)[0] == "慢性贫血"
    assert {(m.surface, m.negated) for m in second.mentions} == {
        ("头痛", False), ("乏力", False), ("咳嗽", True), ("面色苍白", False),
    }  # fmt: skip
    for mention in second.mentions:
        if not mention.carried:
            assert "没有咳嗽，但是有面色苍白"[mention.start : mention.end] == mention.surface


def test_three_questions_are_the_most(pipeline: Pipeline) -> None:
    answers = talk(pipeline, OPENING, "不知道", "不知道", "不知道", "不知道")
    assert len({asked(answer) for answer in answers[:3]}) == 3
    assert is_last(answers[3])
    assert is_last(answers[4]), "the consultation is over"


@pytest.mark.parametrize("message", ["直接告诉我", OPENING, "头痛、乏力到底是什么病", "随便吧"])
def test_who_presses_or_asks_again_gets_the_answer(pipeline: Pipeline, message: str) -> None:
    first, second = talk(pipeline, OPENING, message)
    assert is_last(second)
    assert ranking(second) == ranking(first)


def test_who_wants_no_question_at_first_is_asked_none(pipeline: Pipeline) -> None:
    assert is_last(talk(pipeline, OPENING + "，直接告诉我")[0])


def test_another_question_is_answered_for_itself(pipeline: Pipeline) -> None:
    _, second = talk(pipeline, OPENING, "流行感冒吃什么药")
    assert second.outcome is Outcome.ANSWERED
    assert "退热片" in second.text
    assert ranking(second) == []


@pytest.mark.parametrize("at", ["then", "at once"])
def test_the_department_may_be_asked_of_what_was_told(pipeline: Pipeline, at: str) -> None:
    replies = ["有", "不知道", "不知道"] if at == "then" else []
    answer = talk(pipeline, OPENING, *replies, "那挂什么科")[-1]
    assert "的就诊科室" in answer.text
    assert ranking(answer)
    assert answer.questions == ()


def test_a_reply_may_ask_too(pipeline: Pipeline) -> None:
    _, second = talk(pipeline, OPENING, "有咳嗽，挂什么科")
    assert "流行感冒的就诊科室：呼吸内科" in second.text
    assert second.questions == ()


@pytest.mark.parametrize(
    "question",
    [
        "流行感冒有什么症状",
        "流行感冒吃什么药",
        "头痛、乏力挂什么科",
        "头痛、乏力能不能吃退热片",
        "头痛乏力要不要挂号",
        "你好",
    ],
)
def test_a_clear_question_is_not_asked_back(pipeline: Pipeline, question: str) -> None:
    assert talk(pipeline, question)[0].questions == ()


def test_what_is_settled_is_not_asked_back(pipeline: Pipeline) -> None:
    assert is_last(talk(pipeline, "面色苍白、心慌、乏力是什么病")[0])


@pytest.mark.parametrize("question", ["头痛、乏力是什么原因引起的？", "头痛、乏力有几天了，要紧吗"])
def test_the_cause_of_symptoms_is_asked_of_diseases(pipeline: Pipeline, question: str) -> None:
    answer = talk(pipeline, question)[0]
    assert set(ranking(answer)) == SYMPTOMS.keys()
    assert asked(answer) == "咳嗽"


def test_a_red_flag_comes_first_and_is_never_asked_back(pipeline: Pipeline) -> None:
    (answer,) = talk(pipeline, OPENING + "，胸口剧痛，大汗淋漓，喘不上气")
    assert answer.outcome is Outcome.EMERGENCY
    assert answer.questions == ()


def test_a_red_flag_may_lie_in_question_and_reply_together(pipeline: Pipeline) -> None:
    history = (
        Turn("user", "胸口痛，出大汗，是什么病"),
        Turn("assistant", "为了区分这些疾病，请问有没有“呼吸困难”？"),
    )
    answer = pipeline.ask("有", Options(history=history))
    assert answer.outcome is Outcome.EMERGENCY
    assert answer.triage.action is not None
    assert answer.text.startswith(answer.triage.action)


def test_an_emergency_instead_of_a_reply_leaves_the_consultation(pipeline: Pipeline) -> None:
    _, second = talk(pipeline, OPENING, "我不想活了，已经吃了一瓶安眠药")
    assert second.outcome is Outcome.EMERGENCY
    assert ranking(second) == []
    assert second.questions == ()


@pytest.mark.parametrize(
    ("question", "patient", "last"),
    [
        ("我今年40岁，头痛、乏力是什么病", None, True),
        (OPENING, Patient(age=40), True),
        (OPENING, Patient(age=40, sex=Sex.MALE), True),
        ("孩子五岁，头痛、乏力是什么病", None, False),
    ],
)
def test_the_age_says_who_may_have_a_disease_of_children(
    pipeline: Pipeline, question: str, patient: Patient | None, last: bool
) -> None:
    found = ranking(talk(pipeline, question, patient=patient)[0])
    assert (found[-1] == "小儿营养不良") is last
    assert (found[0] == "小儿营养不良") is not last


def test_of_equals_the_one_that_the_age_has_oftener_is_first(pipeline: Pipeline) -> None:
    assert ranking(talk(pipeline, OPENING, patient=Patient(age=75))[0])[0] == "慢性贫血"


def test_what_a_disease_does_not_list_is_said(pipeline: Pipeline) -> None:
    (answer,) = talk(pipeline, "头痛、乏力、发热是什么病")
    assert re.search(r"您说的症状中，知识库未记录的：.*（发热）。", answer.text)
    _, second = talk(pipeline, "头痛、乏力、发热是什么病", "没有")
    assert second.text.count("您否认、而知识库有记录的") <= 1


def test_a_short_answer_names_departments_and_ends_in_the_question(pipeline: Pipeline) -> None:
    answer = pipeline.ask(OPENING)
    assert len(answer.text) <= 400
    assert "就诊科室" in answer.text
    assert answer.questions[0] in answer.text


def test_every_citation_of_a_turn_opens(pipeline: Pipeline) -> None:
    kb = pipeline.editions.current().kb
    for answer in talk(pipeline, OPENING, "有", "没有"):
        found: Sequence[Evidence] = list(kb.evidence([c.evidence_id for c in answer.citations]).values())
        assert len(found) == len(answer.citations)


# ---------------------------------------------------------------- complaints that could be anywhere


@pytest.fixture(scope="module")
def aching() -> Pipeline:
    """Many diseases that hurt; two of the knee, one that itches at the foot, one known by its part alone."""
    library = FakeLibrary()
    rows: list[Record] = [BOOK]
    for n in range(15):
        rows += [fact(f"disease:痛病{n}", Relation.SYMPTOM, "symptom:疼痛")]
        rows += [fact(f"disease:痛病{n}", Relation.BODY_PART, "body_part:口")]
    for name in ("膝滑膜炎", "半月板损伤"):
        rows += [fact(f"disease:{name}", Relation.SYMPTOM, "symptom:膝关节疼痛")]
    rows += [fact("disease:半月板损伤", Relation.SYMPTOM, "symptom:弹响")]
    rows += [fact("disease:梨状肌综合征", Relation.SYMPTOM, "symptom:疼痛")]
    rows += [fact("disease:梨状肌综合征", Relation.BODY_PART, "body_part:臀部")]
    rows += [entity("body_part:皮肤")]
    library.publish([*rows, *(entity(e) for e in sorted({x for r in rows for x in _ends(r)}))])
    return fake_pipeline(library)


def _ends(record: Record) -> Iterator[str]:
    if isinstance(record, Fact):
        yield record.subject
        if not isinstance(record.object, Literal):
            yield record.object


def test_where_it_hurts_is_asked_before_anything_is_listed(aching: Pipeline) -> None:
    first, second = talk(aching, "疼得厉害是怎么回事", "膝盖")
    assert first.outcome is Outcome.NEED_MORE_INFO
    assert not first.citations
    assert first.questions == ("请问“疼痛”在身体的哪个部位？",)
    assert "痛病" not in first.text
    assert {"膝滑膜炎", "半月板损伤"} <= {line.split("，")[0] for line in second.text.splitlines()}
    assert "痛病" not in second.text


def test_the_place_holds_in_later_turns(aching: Pipeline) -> None:
    *_, last = talk(aching, "疼得厉害是怎么回事", "膝盖", "没有")
    assert "膝滑膜炎" in last.text
    assert "痛病" not in last.text


def test_without_a_name_for_it_the_recorded_part_decides(aching: Pipeline) -> None:
    (answer,) = talk(aching, "屁股疼是怎么回事")
    assert "梨状肌综合征的" in answer.text
    assert "臀部" in answer.text
    assert "痛病" not in answer.text


def test_another_patients_complaints_count_beside_a_part_of_the_body(aching: Pipeline) -> None:
    """A part is nobody's: it hid the complaints of the patient, as if they were those of somebody else."""
    (answer,) = talk(aching, "一位60岁女性反复出现膝关节疼痛、弹响，皮肤完好，请问她可能患的是什么疾病？")
    assert "半月板损伤，相符的症状：弹响[1]、膝关节疼痛[2]" in answer.text


def test_a_complaint_that_the_graph_calls_otherwise() -> None:
    library = FakeLibrary()
    library.publish([
        BOOK,
        *(entity(e) for e in ("symptom:面部潮红", "symptom:颜面潮红", "disease:酒渣鼻")),
        fact("disease:酒渣鼻", Relation.SYMPTOM, "symptom:颜面潮红"),
    ])  # fmt: skip
    (answer,) = talk(fake_pipeline(library), "面部潮红是怎么回事")
    assert "酒渣鼻，相符的症状：颜面潮红[1]" in answer.text
    assert "未记录" not in answer.text


def test_a_list_of_all_that_hurts_is_given_if_asked_for(aching: Pipeline) -> None:
    (answer,) = talk(aching, "哪些疾病会引起疼痛")
    assert "痛病" in answer.text


def test_what_is_added_where_more_was_wanted_joins_what_was_told() -> None:
    library = FakeLibrary()
    listed = {"胃炎": ("胃疼", "反酸"), "胃癌": ("胃疼", "黑便"), "食管炎": ("反酸", "胸痛")}
    rows = [fact(f"disease:{d}", Relation.SYMPTOM, f"symptom:{s}") for d, own in listed.items() for s in own]
    rows += [fact(f"disease:别的病{n}", Relation.SYMPTOM, f"symptom:别的症状{n}") for n in range(9)]
    library.publish([BOOK, *rows, *(entity(e) for e in sorted({x for r in rows for x in _ends(r)}))])
    pipeline = fake_pipeline(library)
    first = pipeline.ask("胃疼是什么病，直接告诉我")
    assert MORE_WANTED in first.text
    history = (Turn("user", "胃疼是什么病，直接告诉我"), Turn("assistant", first.text))
    added = pipeline.ask("饭后疼，反酸", Options(history=history))
    assert ranking(added)[0] == "胃炎"
    assert "胃炎，相符的症状：反酸[1]、胃疼[2]" in added.text or "胃炎，相符的症状：胃疼[1]、反酸[2]" in added.text
    other = pipeline.ask("食管炎有什么症状", Options(history=history))
    assert "食管炎的常见症状有" in other.text


def test_a_supposed_illness_is_held_against_what_was_told(pipeline: Pipeline) -> None:
    *_, last = talk(pipeline, "我头痛乏力，是什么病", "会不会是慢性贫血")
    assert last.rewritten is not None
    assert "慢性贫血的常见症状有：头痛" in last.text
    assert "不能据此诊断" in last.text

"""Diseases and remedies that are asked for by conditions: which question does, and what the answer lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rag.domain import EntityId, Literal, Outcome, Passage, PassageKind, Record
from rag.linking.linker import Linker
from rag.pipeline import Options, Pipeline
from rag.question.conditions import asks_for_diseases, conditions_of, sort_of_remedy
from rag.vocabulary import EntityType, Relation
from tests.answering.records import BOOK, fact, names
from tests.fakes import FakeLibrary, fake_pipeline

ROWS = {
    "甲肌病": ("风湿科", "肌肉", "老年人", ("无力症状", "疼痛症状")),
    "乙肌病": ("风湿科", "肌肉", "中老年人群", ("无力症状",)),
    "丙骨病": ("风湿科", "骨骼", "儿童", ("无力症状",)),
    "丁肌病": ("骨科", "肌肉", "所有人群", ("疼痛症状",)),
}


def records() -> Iterator[Record]:
    yield BOOK
    for name, (department, part, people, symptoms) in ROWS.items():
        yield fact(f"disease:{name}", Relation.DEPARTMENT, f"department:{department}")
        yield fact(f"disease:{name}", Relation.BODY_PART, f"body_part:{part}")
        yield fact(f"disease:{name}", Relation.POPULATION, Literal(people, "population"))
        yield from (fact(f"disease:{name}", Relation.SYMPTOM, f"symptom:{symptom}") for symptom in symptoms)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    library = FakeLibrary()
    library.publish(list(records()))
    return fake_pipeline(library)


LINKER = Linker(
    names(
        ("风湿科", "department:风湿科", "name"),
        ("肌肉", "body_part:肌肉", "name"),
        ("女性生殖", "body_part:女性生殖", "name"),
        ("孕妇", "population:孕妇", "name"),
    )
)


def kinds(question: str) -> set[Relation]:
    return {condition.relation for condition in conditions_of(question, LINKER.link(question))}


@pytest.mark.parametrize(
    "question",
    [
        "风湿科看的病里，哪些是肌肉上的？",
        "肌肉的病归风湿科的有哪些",
        "请列举由风湿科诊治、发生于肌肉的疾病。",
        "风湿科能看的肌肉毛病都有啥",
    ],
)
def test_a_department_and_a_part_of_the_body(question: str) -> None:
    assert kinds(question) == {Relation.DEPARTMENT, Relation.BODY_PART}


@pytest.mark.parametrize(
    "question",
    [
        "风湿科看哪些病",
        "哪些疾病属于风湿科",
        "风湿科是看什么的",
        "风湿科常见的病有哪些",
        "风湿科都治什么毛病",
        "列举风湿科的疾病",
    ],
)
def test_a_department_alone(question: str) -> None:
    assert kinds(question) == {Relation.DEPARTMENT}


@pytest.mark.parametrize(
    "question",
    [
        "老年人得的病里哪些会咳嗽？",
        "孕妇有咳嗽，可能是哪些病",
        "儿童咳嗽一般是什么病引起的",
        "男性出现咳嗽应考虑什么疾病",
    ],
)
def test_a_group_of_people_and_a_symptom(question: str) -> None:
    assert kinds(question) == {Relation.SYMPTOM, Relation.POPULATION}


@pytest.mark.parametrize(
    "question",
    [
        "偏头痛挂什么科", "风湿科哪家医院好", "风湿科看病要带什么",
        "咳嗽、头痛可能是哪些病", "老年人咳嗽是什么病", "肌肉咳嗽要考虑哪些疾病",
        "老年人容易得哪些病",
        "没有咳嗽的老年人得哪些病", "老年人咳嗽吃什么药", "老年人有偏头痛，咳嗽是哪些病", "女性生殖的病有哪些",
    ],
)  # fmt: skip
def test_other_questions_set_no_conditions(question: str) -> None:
    assert kinds(question) == set()


def listed(pipeline: Pipeline, question: str) -> list[str]:
    answer = pipeline.ask(question, Options(detail="full"))
    assert answer.outcome is Outcome.ANSWERED
    assert answer.dropped == ()
    assert answer.questions == ()
    assert "不能据此诊断" in answer.text
    return re.findall("^(..病)的", answer.text, re.MULTILINE)


def test_what_meets_both_is_listed_with_what_it_meets(pipeline: Pipeline) -> None:
    assert listed(pipeline, "风湿科看的病里，哪些是肌肉上的？") == ["乙肌病", "甲肌病"]
    text = pipeline.ask("风湿科看的病里，哪些是肌肉上的？").text
    assert re.search(
        r"甲肌病的(?:就诊科室：风湿科\[\d\]，发病部位：肌肉\[\d\]|发病部位：肌肉\[\d\]，就诊科室：风湿科\[\d\])。", text
    )


def test_the_very_word_of_a_record_comes_first(pipeline: Pipeline) -> None:
    assert listed(pipeline, "老年人得的病里哪些会无力症状？") == ["甲肌病", "乙肌病"]


def test_diseases_of_a_department_are_listed_beside_its_introduction() -> None:
    library = FakeLibrary()
    text = "风湿科是诊治关节和肌肉疾病的科室。"
    about = EntityId("department:风湿科")
    said = Passage(text, PassageKind.MONOGRAPH, BOOK.id, title="风湿科", about=about, aspect="介绍")
    library.publish([*records(), said])
    answer = fake_pipeline(library).ask("风湿科看哪些病")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.dropped == ()
    assert re.findall("^(..病)的就诊科室：风湿科", answer.text, re.MULTILINE) == ["丙骨病", "乙肌病", "甲肌病"]
    assert "风湿科的介绍：“风湿科是诊治关节和肌肉疾病的科室”" in answer.text
    assert "不能据此诊断" not in answer.text
    assert answer.questions == ()


def test_what_nobody_meets_is_no_list(pipeline: Pipeline) -> None:
    answer = pipeline.ask("骨科看的病里，哪些是骨骼上的？")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert answer.citations == ()


def test_this_illness_is_no_question_for_illnesses() -> None:
    assert not asks_for_diseases("这种疾病的治疗方案有哪些")
    assert not asks_for_diseases("该病的症状有哪些")
    assert asks_for_diseases("哪些疾病会引起头痛")


# ---------------------------------------------------------------- remedies of a sort

EFFECTS = {
    "herb:甲草": "清热，凉血止血",
    "herb:乙草": "清热解毒，消肿",
    "formula:甲汤": "清热解毒，凉血",
    "drug:甲胶囊": "补血",
}
CLASSES = {"drug:甲素": "某系统药物，抗凝血药", "drug:乙素": "抗炎性平喘药", "drug:丙素": "他某类调血脂药"}


@pytest.fixture(scope="module")
def remedies() -> Pipeline:
    library = FakeLibrary()
    effects = [fact(e, Relation.EFFICACY, Literal(text, "efficacy")) for e, text in EFFECTS.items()]
    classes = [fact(e, Relation.DRUG_CLASS, Literal(text, "drug_class")) for e, text in CLASSES.items()]
    ill = fact("disease:甲肌病", Relation.DRUG, "drug:甲素")
    library.publish([BOOK, *effects, *classes, ill])
    return fake_pipeline(library)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("清热解毒的中药有哪些？", ["乙草"]),
        ("清热的药材有哪些", ["乙草", "甲草"]),
        ("请问哪些中药可以凉血", ["甲草"]),
        ("有清热解毒作用的方剂有哪些", ["甲汤"]),
        ("清热解毒的药有哪些", ["甲汤", "乙草"]),
        ("补血的中成药有哪些", ["甲胶囊"]),
        ("抗凝血药有哪些种类", ["甲素"]),
        ("他某类药物有哪些", ["丙素"]),
    ],
)
def test_remedies_of_a_sort_are_listed_with_what_says_so(
    remedies: Pipeline, question: str, expected: list[str]
) -> None:
    answer = remedies.ask(question)
    assert answer.outcome is Outcome.ANSWERED
    assert re.findall("^(.+?)的(?:功效|药品类型)：", answer.text, re.MULTILINE) == expected
    assert len(answer.citations) == len(expected)
    assert "未必是全部" in answer.text
    assert "不能据此诊断" not in answer.text


def test_a_part_of_a_class_is_another_class(remedies: Pipeline) -> None:
    assert remedies.ask("抗炎药有哪些？").outcome is Outcome.NOT_IN_KB


@pytest.mark.parametrize(
    ("question", "known"),
    [
        ("甲肌病的药有哪些", ["disease:甲肌病"]),
        ("治疗头痛的药物有哪些", ["symptom:头痛"]),
        ("孕妇能吃的药有哪些", ["population:孕妇"]),
        ("医院开的药有哪些", []),
        ("常用药有哪些", []),
        ("甲素的药理作用是什么", ["drug:甲素"]),
        ("甲素的副作用有哪些", ["drug:甲素"]),
    ],
)
def test_what_treats_an_illness_is_no_sort(question: str, known: list[str]) -> None:
    rows = [(entity.partition(":")[2], entity, "name") for entity in known]
    assert sort_of_remedy(question, Linker(names(*rows)).link(question)) == ()


@pytest.mark.parametrize(
    ("question", "known", "recorded"),
    [
        ("退烧药有哪些", [], "解热镇痛药"),
        ("抗过敏药有哪些？", ["disease:过敏"], "抗组胺药"),
        ("请问抗癌药物都有哪些", ["disease:癌"], "抗肿瘤药"),
    ],
)
def test_a_class_is_found_by_what_people_call_it(question: str, known: list[str], recorded: str) -> None:
    rows = [(entity.partition(":")[2], entity, "name") for entity in known]
    (condition,) = sort_of_remedy(question, Linker(names(*rows)).link(question))
    assert (condition.relation, recorded in condition.words) == (Relation.DRUG_CLASS, True)


def test_a_class_without_a_record_is_told_as_the_drugs_of_its_illness() -> None:
    library = FakeLibrary()
    library.publish([BOOK, fact("disease:高血压", Relation.DRUG, "drug:氨氯地平")])
    answer = fake_pipeline(library).ask("降压药有哪些")
    assert answer.rewritten == "高血压用什么药"
    assert "高血压的药物治疗，知识库记载有：氨氯地平[1]" in answer.text


def test_a_class_on_record_is_told_as_such() -> None:
    library = FakeLibrary()
    kind = fact("drug:甲素", Relation.DRUG_CLASS, Literal("某类降压药", "drug_class"))
    library.publish([BOOK, kind, fact("disease:高血压", Relation.DRUG, "drug:氨氯地平")])
    answer = fake_pipeline(library).ask("降压药有哪些")
    assert answer.rewritten is None
    assert "甲素的药品类型：某类降压药[1]" in answer.text


def test_the_type_asked_for_is_kept() -> None:
    (condition,) = sort_of_remedy("补血的中药有哪些", ())
    assert condition.of == (EntityType.HERB,)

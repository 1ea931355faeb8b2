"""What an answer leaves out: facts beside the pair asked about, lists that would bury an emergency."""

from __future__ import annotations

import pytest

from rag.domain import Answer, Outcome, Record
from rag.vocabulary import Relation
from tests.answering.records import BOOK
from tests.fakes import FakeLibrary, fake_pipeline
from tests.records import entity, fact_of

RECORDS: tuple[Record, ...] = (
    BOOK,
    *(entity(f"drug:{name}") for name in ("阿司匹林", "华法林", "布洛芬", "氯吡格雷", "二甲双胍")),
    fact_of("drug:阿司匹林", Relation.INTERACTION, "drug:华法林", BOOK),
    fact_of("drug:华法林", Relation.INTERACTION, "drug:阿司匹林", BOOK),
    fact_of("drug:阿司匹林", Relation.INTERACTION, "drug:氯吡格雷", BOOK),
    fact_of("drug:二甲双胍", Relation.INTERACTION, "drug:布洛芬", BOOK),
)


def ask(question: str) -> Answer:
    library = FakeLibrary()
    library.publish(RECORDS)
    return fake_pipeline(library).ask(question)


def test_the_pair_is_stated_once() -> None:
    answer = ask("阿司匹林和华法林能一起吃吗")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.count("华法林") == 1
    assert "氯吡格雷" not in answer.text


def test_no_record_between_two_is_said_of_the_pair() -> None:
    answer = ask("阿司匹林和二甲双胍能一起吃吗")
    assert answer.outcome is Outcome.NOT_IN_KB
    assert "阿司匹林与二甲双胍之间" in answer.text
    assert "没有记录不等于安全" in answer.text
    assert answer.citations == ()


def test_in_an_emergency_no_list_by_one_symptom_follows_the_action() -> None:
    library = FakeLibrary()
    diseases = [entity(f"disease:{name}") for name in ("厥脱", "小肠气痛")]
    names = ("冷汗", "出冷汗")
    sweats = [fact_of(d.id, Relation.SYMPTOM, f"symptom:{name}", BOOK) for d in diseases for name in names]
    library.publish([BOOK, *diseases, entity("symptom:冷汗"), *sweats])
    answer = fake_pipeline(library).ask("胸口疼冒冷汗怎么办")
    assert answer.outcome is Outcome.EMERGENCY
    assert "120" in answer.text
    assert "厥脱" not in answer.text


@pytest.mark.parametrize("who", ["怀孕三个月", "8个月的宝宝", "哺乳期"])
def test_whoever_takes_few_medicines_is_given_no_list_of_them(who: str) -> None:
    library = FakeLibrary()
    care = [
        fact_of("disease:便秘", Relation.DRUG, "drug:泻叶片", BOOK),
        fact_of("disease:便秘", Relation.TREATMENT, "treatment:多饮水", BOOK),
        fact_of("disease:便秘", Relation.TREATMENT, "acupoint:合谷", BOOK),
    ]
    library.publish([BOOK, entity("population:哺乳期妇女"), *care])
    pipeline = fake_pipeline(library)
    answer = pipeline.ask(f"{who}，便秘怎么办")
    assert "多饮水[1]" in answer.text
    assert "泻叶片" not in answer.text
    assert "合谷" not in answer.text
    assert "用药要由医生决定" in answer.text
    assert "泻叶片" in pipeline.ask("便秘怎么办").text
    assert "泻叶片" in pipeline.ask(f"{who}，便秘吃什么药").text

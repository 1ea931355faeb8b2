"""The generator without a model: what it says passes the checker, whatever the records hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.checking.checker import Checker
from rag.checking.cutting import cut_sentences
from rag.checking.quotations import MARK
from rag.domain import (
    Candidate,
    EntityId,
    Evidence,
    GenerationRequest,
    Literal,
    Mention,
    Passage,
    PassageKind,
    Qualifiers,
    RankedSubject,
)
from rag.generators.extractive.generator import ExtractiveGenerator
from rag.vocabulary import EntityType, Relation
from tests.answering.records import BOOK, CONCLUSION, ENGLISH, IBUPROFEN, MONOGRAPH, names, request, stated, told

CHECKER = Checker(names())


def said(asked: GenerationRequest) -> list[str]:
    return list(ExtractiveGenerator().stream(asked, Event()))


def dropped(asked: GenerationRequest) -> list[tuple[str, str]]:
    """What the checker refuses of the sentences as the pipeline cuts them."""
    checked = [(sentence, CHECKER.check(sentence, asked.evidence)) for sentence in cut_sentences(said(asked))]
    return [(sentence, reason) for sentence, reason in checked if reason]


def numbered(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Each under an id of its own."""
    return [
        replace(e, id=f"f:{n}", fact=replace(e.fact, id=f"f:{n}") if e.fact else None) for n, e in enumerate(evidence)
    ]


NAME = st.text("甲乙丙丁戊ab1 2.。；;，、()（）[]“”不无禁忌%-St", min_size=2, max_size=12).map(
    lambda t: " ".join(t.split())
)
TOLD = st.builds(
    lambda relation, text, severity, population, dose: stated(
        "disease:某某综合征", relation, Literal(text or "甲", relation.value), Qualifiers(severity, population, dose)
    ),
    st.sampled_from(list(Relation)),
    NAME,
    st.none() | st.just("严重"),
    st.none() | st.just("儿童"),
    st.none() | st.just("每次2片；每日3次"),
)


@settings(max_examples=200)
@given(st.lists(TOLD, min_size=1, max_size=6), st.booleans())
def test_whatever_facts_hold_their_sentences_pass(evidence: list[Evidence], full: bool) -> None:
    evidence = numbered(evidence)
    relations = tuple(dict.fromkeys(e.fact.relation for e in evidence if e.fact))
    assert dropped(request(evidence, relations=relations, detail="full" if full else "short")) == []


@settings(max_examples=200)
@given(
    st.text("甲乙丙丁ab1 2.。；;，()（）[]“”不无禁忌%-\n！3", min_size=1, max_size=60),
    st.sampled_from(list(PassageKind)),
    st.sampled_from(["布洛芬", "St. A的“研究”", "维生素B12", "甲[3]"]),
)
def test_whatever_passages_hold_their_quotations_pass(text: str, kind: PassageKind, title: str) -> None:
    passage = Passage(text, kind, BOOK.id, title=title, about=IBUPROFEN, aspect="禁忌证")
    mention = Mention("布洛芬", 0, 3, (Candidate(IBUPROFEN, "布洛芬", EntityType.DRUG, "name", 1.0),))
    asked = request([told(passage)], question="甲乙", mentions=(mention,), detail="full")
    assert [d for d in dropped(asked) if d[1] != "quote_not_in_evidence"] == []


def test_one_sentence_a_relation_in_the_order_asked_with_a_mark_an_object() -> None:
    evidence = numbered(
        [
            stated("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心"),
            stated("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心"),
            stated("disease:偏头痛", Relation.SYMPTOM, "symptom:畏光"),
            stated("disease:偏头痛", Relation.DEPARTMENT, "department:神经内科"),
        ]
    )
    asked = request(evidence, relations=(Relation.DEPARTMENT, Relation.SYMPTOM))
    assert said(asked) == ["偏头痛的就诊科室：神经内科[4]。\n", "偏头痛的常见症状有：恶心[1][2]、畏光[3]。\n"]


def test_an_object_that_would_end_the_sentence_is_quoted() -> None:
    asked = request(
        [stated("disease:偏头痛", Relation.CURE_RATE, Literal("约七成。可复发", "cure_rate"))],
        relations=(Relation.CURE_RATE,),
    )
    assert said(asked) == ["偏头痛的治愈率：“约七成。可复发”[1]。\n"]
    assert dropped(asked) == []


@pytest.mark.parametrize("name", ["[13]碳尿素", "甲【1】", "单边“引号"])
def test_a_name_that_reads_like_a_citation_is_left_out(name: str) -> None:
    evidence = numbered(
        [
            stated("disease:偏头痛", Relation.DRUG, Literal(name, "x")),
            stated("disease:偏头痛", Relation.DRUG, IBUPROFEN),
        ]
    )
    assert said(request(evidence, relations=(Relation.DRUG,))) == ["偏头痛的药物治疗，知识库记载有：布洛芬[2]。\n"]


def test_a_sentence_with_bracketed_numbers_is_not_quoted() -> None:
    passage = Passage("早期研究支持这一点[3]。新研究不支持。", PassageKind.CONCLUSION, BOOK.id)
    quotes = said(request([told(passage)], detail="full"))
    assert quotes == ["文献结论（2019年）：“新研究不支持”[1]。\n"]


def test_what_limits_a_fact_is_said_with_it_in_a_ranking_too() -> None:
    evidence = stated("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心", Qualifiers(population="儿童"))
    assert evidence.fact is not None
    ranked = (RankedSubject(EntityId("disease:偏头痛"), "偏头痛", 1.0, (evidence.fact,), 3),)
    asked = request([evidence], ranked=ranked)
    assert said(asked) == ["偏头痛，相符的症状：恶心（人群：儿童）[1]。\n"]
    assert dropped(asked) == []


def test_facts_that_a_warning_states_are_not_repeated() -> None:
    asked = request([stated("drug:布洛芬", Relation.INTERACTION, "drug:阿司匹林")], relations=(Relation.INTERACTION,))
    assert len(said(asked)) == 1
    assert said(replace(asked, warned=frozenset({"f:1"}))) == []


def test_a_short_answer_keeps_to_its_length_and_says_that_there_is_more() -> None:
    evidence = numbered([stated("disease:偏头痛", Relation.SYMPTOM, f"symptom:第{n}种症状") for n in range(40)])
    asked = request(evidence, relations=(Relation.SYMPTOM,), characters=120)
    text = "".join(said(asked))
    assert 60 < len(text) <= 120
    assert text.endswith("等。\n")
    full = "".join(said(request(evidence, relations=(Relation.SYMPTOM,), detail="full")))
    assert len(MARK.findall(full)) == 40


def test_an_english_conclusion_is_quoted_in_the_original_and_labelled() -> None:
    text = "".join(said(request([told(ENGLISH)], question="stroke risk in migraine")))
    assert text.startswith("英文文献结论（2019年）原文：“Ibuprofen did not increase")


def test_facts_come_before_literature() -> None:
    evidence = [told(CONCLUSION), stated("disease:偏头痛", Relation.DRUG, IBUPROFEN)]
    text = said(request(evidence, relations=(Relation.DRUG,)))
    assert [("药物治疗" in text[0]), ("文献结论" in text[1])] == [True, True]


def test_the_sentence_of_a_monograph_that_names_the_patient_comes_alone() -> None:
    drug = Mention("布洛芬", 0, 3, (Candidate(IBUPROFEN, "布洛芬", EntityType.DRUG, "name", 1.0),))
    group = Candidate(EntityId("population:孕妇"), "孕妇", EntityType.POPULATION, "name", 1.0)
    asked = request([told(MONOGRAPH)], mentions=(drug, Mention("孕妇", 3, 5, (group,))))
    assert said(asked) == ["布洛芬的禁忌证：“孕妇禁用”[1]。\n"]


def test_it_stops_when_cancelled() -> None:
    cancel = Event()
    stream = ExtractiveGenerator().stream(request([told(CONCLUSION), told(ENGLISH)], detail="full"), cancel)
    next(stream)
    cancel.set()
    assert list(stream) == []


def test_of_an_overview_what_a_drug_interacts_with_comes_last_and_its_common_grade_once() -> None:
    ungraded = Qualifiers(severity="未分级")
    pairs = [stated(IBUPROFEN, Relation.INTERACTION, f"drug:{n}", ungraded) for n in ("华法林", "阿司匹林", "地高辛")]
    use = stated(IBUPROFEN, Relation.INDICATION, "disease:偏头痛")
    asked = request(numbered([*pairs, use]), relations=(Relation.INTERACTION,), characters=900)
    overview = replace(asked, intent=replace(asked.intent, explicit=False))
    assert said(asked)[0].startswith("布洛芬的相互作用有（严重程度：未分级）：华法林[1]、阿司匹林[2]、地高辛[3]。")
    assert "相互作用" in said(overview)[-1]
    assert "相互作用" not in said(overview)[0]
    assert dropped(asked) == dropped(overview) == []


def test_an_unreviewed_reply_is_quoted_from_its_beginning_without_the_greeting() -> None:
    text = "你好，根据你的描述，考虑是偏头痛。建议检查。平时要注意休息，头痛时少看手机。"
    reply = told(Passage(text, PassageKind.QA, BOOK.id, question="头痛看手机怎么回事"))
    assert said(request([reply], question="头痛看手机"))[0].startswith("问答记录（未经审校）：“考虑是偏头痛。建议检查")

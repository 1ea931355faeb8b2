"""Citations quote the evidence at their span."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag.checking.quoting import citation_for, from_sentence, nested, quotable, whole
from rag.domain import PassageKind
from rag.vocabulary import Relation
from tests.answering.records import CONCLUSION, ENGLISH, stated, told


@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_the_quote_is_the_text_at_the_span(text: str, sentence: str, quoted: bool) -> None:
    evidence = replace(told(CONCLUSION), text=text)
    citation = citation_for(1, evidence, f"“{text[3:9]}”{sentence}" if quoted else sentence)
    start, end = citation.span
    assert 0 <= start <= end <= len(text)
    assert citation.quote == text[start:end]


def test_a_quotation_is_what_is_quoted() -> None:
    citation = citation_for(2, told(ENGLISH), "原文：“Response improved within 2 hours”[2]。")
    assert citation.quote == "Response improved within 2 hours"
    assert (citation.n, citation.kind) == (2, PassageKind.CONCLUSION)


def test_a_paraphrase_rests_on_the_closest_sentence() -> None:
    assert citation_for(1, told(CONCLUSION), "孕妇不宜使用布洛芬").quote == "未发现布洛芬增加肾损害，但孕妇不宜使用。"


def test_a_fact_is_quoted_whole() -> None:
    evidence = stated("disease:偏头痛", Relation.SYMPTOM, "symptom:恶心")
    assert citation_for(1, evidence, "恶心[1]").quote == evidence.text == "偏头痛的症状：恶心"


@given(st.text(max_size=80))
def test_marks_within_a_quotation_become_single_ones_in_their_place(text: str) -> None:
    assert len(nested(text)) == len(text)
    assert not set(nested(text)) & set("“”")
    assert all(quote in nested(text) for quote in (*quotable(text), *whole(text)))


def test_a_sentence_with_marks_of_its_own_is_quoted() -> None:
    evidence = replace(told(CONCLUSION), text="位于“鼻烟窝”处。另一句。")
    (quote, _) = quotable(evidence.text)
    assert quote == "位于‘鼻烟窝’处"
    assert citation_for(1, evidence, f"“{quote}”[1]。").quote == "位于“鼻烟窝”处"


def test_a_quotation_goes_on_as_far_as_there_is_room() -> None:
    text = "问曰：何也？师曰：甲也。乙也。"
    assert from_sentence(text, "问曰：何也", 20) == "问曰：何也？师曰：甲也。乙也"
    assert from_sentence(text, "问曰：何也", 12) == "问曰：何也？师曰：甲也"
    assert from_sentence("甲也。\n乙也。", "甲也", 20) == "甲也"

"""Citations quote the evidence at their span."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag.checking.quoting import citation_for
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

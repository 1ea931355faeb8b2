"""Chinese words that are no names, as English index terms."""

from __future__ import annotations

from rag.retrieval.other_words import english_words
from rag.text import tokens


def terms(*words: str) -> set[str]:
    return {term for word in words for term in tokens(word)}


def test_words_become_index_terms_and_longer_ones_come_first() -> None:
    assert terms("elderly", "older", "survival") <= set(english_words("老年人活多久"))
    assert terms("laparoscopic") <= set(english_words("微创好吗"))
    assert terms("night", "nocturnal").isdisjoint(english_words("白天好吗"))
    assert set(english_words("减肥手术")) == terms("weight", "loss", "surgery", "surgical", "operation")


def test_a_question_without_such_words_adds_nothing() -> None:
    assert english_words("有什么用") == {}
    assert english_words("migraine") == {}

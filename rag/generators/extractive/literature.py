"""Conclusions, textbooks, classics and records of questions, quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answer.rendering import object_text
from rag.checking.quoting import from_sentence, quotable, whole
from rag.domain import Evidence, GenerationRequest, PassageKind
from rag.generators.extractive.sentences import Budget, Numbered, stands_bare
from rag.retrieval.textbook import fields_asked
from rag.text import language_of, tokens
from rag.vocabulary import Grade

_LONGEST_QUOTE = 180
_LONGEST_FIELD = 300
"""A field of a textbook up to so many characters is quoted in one piece."""
_QUOTES_SHORT = 2


def literature(request: GenerationRequest, numbered: Sequence[Numbered], budget: Budget) -> Iterator[str]:
    """Conclusions and other passages; in a short answer the best sentence of each."""
    shown, asked = 0, fields_asked(request.question, request.mentions)
    stated = [object_text(e.fact) for _, e in numbered if e.fact is not None]
    for n, evidence in numbered:
        passage = evidence.passage
        if passage is None or passage.kind is PassageKind.MONOGRAPH:
            continue
        field = passage.kind is PassageKind.TEXTBOOK and passage.aspect in asked
        every = budget.full or field or passage.aspect == "用法用量"  # half of a direction is worse than none
        opening = _introduction(evidence)
        for quote in _quotes(request.question, evidence, field=field, every=every):
            if quote in request.quoted or any(quote in text for text in stated):
                continue  # a warning or a fact says it already
            sentence = f"{opening}“{quote}”[{n}]。\n"
            if budget.takes(sentence):
                shown += not field
                opening = "" if every else opening  # the same field goes on
                yield sentence
        if shown >= _QUOTES_SHORT and not budget.full:
            return


def _quotes(question: str, evidence: Evidence, *, field: bool, every: bool) -> list[str]:
    """A `field` that is asked for and a classic whole where they are short; else `every` sentence, or the best."""
    if evidence.kind == PassageKind.QA and not every:
        return _first_said(evidence.text)
    quotes = whole(evidence.text) if field and len(evidence.text) <= _LONGEST_FIELD else []
    quotes = quotes or _best_quotes(question, evidence.text, every)
    if evidence.kind != PassageKind.CLASSIC or every:
        return quotes
    if len(evidence.text) <= _LONGEST_QUOTE:
        return whole(evidence.text)
    return [from_sentence(evidence.text, quote, _LONGEST_QUOTE) for quote in quotes]


def _introduction(evidence: Evidence) -> str:
    year = f"（{evidence.source.year}年）" if evidence.source.year else ""
    if evidence.kind == PassageKind.CONCLUSION and evidence.source.grade is Grade.EDITORIAL:
        return "编者整理，英文原文：" if language_of(evidence.text) == "en" else "编者整理："
    if evidence.kind == PassageKind.CONCLUSION:
        return f"英文文献结论{year}原文：" if language_of(evidence.text) == "en" else f"文献结论{year}："
    passage = evidence.passage
    if (
        passage is not None
        and passage.kind is PassageKind.TEXTBOOK
        and passage.aspect
        and stands_bare(passage.title or "")
    ):
        return f"教材，{passage.title}的{passage.aspect}："
    if passage is not None and passage.kind is PassageKind.CLASSIC and stands_bare(evidence.source.title):
        place = f"·{passage.title}" if passage.title and stands_bare(passage.title) else ""
        return f"《{evidence.source.title}{place}》："
    return {"textbook": "教材：", "classic": "古籍：", "qa": "问答记录（未经审校）："}.get(evidence.kind, "资料：")


def _first_said(text: str) -> list[str]:
    """What an unreviewed reply begins with once it has greeted: there it answers, behind it gives general advice."""
    said = [_GREETING.sub("", quote) for quote in quotable(text)]
    said = [quote for quote in said if len(quote) >= _LEAST_SAID]
    return [from_sentence(text, said[0], _LONGEST_REPLY)] if said and len(said[0]) <= _LONGEST_QUOTE else said[:0]


_GREETING = re.compile(
    r"^(?:(?:你|您|大家)好|亲爱的?|亲|这位|朋友|宝妈|根据(?:你|您)的?(?:描述|叙述|情况|症状|问题|提问)(?:来看|分析|判断)?|"
    r"(?:问题|病情)分析|(?:指导|意见|处理)?(?:意见|建议)|[，,。：:！!\s])+"
)
_LEAST_SAID, _LONGEST_REPLY = 6, 80


def _best_quotes(question: str, text: str, full: bool) -> list[str]:
    """All sentences, or in a short answer the one that shares most with the question, the first if none does."""
    quotes = quotable(text)
    if full or not quotes:
        return quotes
    asked = set(tokens(question))
    fitting = [quote for quote in quotes if len(quote) <= _LONGEST_QUOTE * (2 if language_of(text) == "en" else 1)]
    if not fitting:
        return []
    shared = [len(asked & set(tokens(quote))) for quote in fitting]
    best = max(range(len(fitting)), key=lambda n: (shared[n], n)) if any(shared) else 0
    return [fitting[best]]

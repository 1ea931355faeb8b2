"""Marks of citation and quotations in a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.quoting import nested
from rag.checking.wording import CLAUSE, NEGATION
from rag.domain import Evidence
from rag.text import normalise, sentence_spans

MARK = re.compile(r"\[(\d{1,4})\]")


_MARKS = re.compile(r"((?:\[\d{1,4}\])+)")


QUOTED = re.compile(r"“([^”]*)”")


END_MARKS = "。；;！!？?，, ."


FORBIDDING = re.compile(r"禁用|禁止|禁忌|慎用|慎重|不宜|不能|不可|不得|不要|避免|切勿|勿|禁|忌|慎")
"""What a sentence about a relation that speaks against something may add."""


@dataclass(frozen=True)
class Part:
    """A stretch of a sentence and the evidence cited right behind it."""

    text: str
    cited: tuple[Evidence, ...]


def parts_of(sentence: str, evidence: Sequence[Evidence]) -> list[Part]:
    """The sentence cut behind each run of marks."""
    pieces = _MARKS.split(sentence)
    marks = [[int(n) for n in MARK.findall(run)] for run in pieces[1::2]]
    return [
        Part(text, tuple(evidence[n - 1] for n in numbers))
        for text, numbers in zip(pieces[::2], [*marks, []], strict=True)
    ]


def quotes_reason(sentence: str, parts: Sequence[Part]) -> str | None:
    """Quotations hold no marks and stand in the evidence that is cited behind them."""
    if any(MARK.search(quote) for quote in QUOTED.findall(sentence)):
        return "quote_not_in_evidence"
    for n, part in enumerate(parts):
        cited = part.cited or (parts[n - 1].cited if n else ())
        quotes = QUOTED.findall(part.text)
        if not all(any(_quoted(quote, e) for e in cited) for quote in quotes):
            return "quote_not_in_evidence"
        if quotes and not all(e.fact or any(_quoted(quote, e) for quote in quotes) for e in cited):
            return "citation_does_not_support"
    return None


def _quoted(quote: str, evidence: Evidence) -> bool:
    """Word for word, and not cut out of a clause that denies it."""
    text = nested(evidence.text)
    start = text.find(quote) if quote.strip() else -1
    while start >= 0:
        lead = CLAUSE.split(text[:start])[-1]
        tail = CLAUSE.split(text[start + len(quote) :])[0]
        if not any(pattern.search(normalise(rest)) for pattern in (NEGATION, FORBIDDING) for rest in (lead, tail)):
            return True
        start = text.find(quote, start + 1)
    return False


def is_sentence_of(bare: str, evidence: Evidence) -> bool:
    """Whether the sentence is one of the evidence's, word for word."""
    said = normalise(bare).strip(END_MARKS)
    return any(normalise(evidence.text[a:b]).strip(END_MARKS) == said for a, b in sentence_spans(evidence.text))

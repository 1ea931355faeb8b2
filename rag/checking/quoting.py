"""Which words of a piece of evidence a sentence rests on. `quote == evidence.text[start:end]`, always."""

from __future__ import annotations

import re

from rag.domain import Citation, Evidence
from rag.text import ITEM_NUMBER, sentence_spans, tokens

QUOTE = re.compile(r"“([^”]+)”")
"""What stands between quotation marks."""
_UNQUOTABLE = re.compile(r"\[\d{1,4}\]")
_INNER = str.maketrans("“”", "‘’")


def citation_for(n: int, evidence: Evidence, sentence: str) -> Citation:
    """`[n]`: the quotation in the sentence if it is from this evidence, a whole fact, else the closest sentence."""
    start, end = _span(evidence, sentence)
    return Citation(n, evidence.id, evidence.kind, evidence.text[start:end], (start, end), evidence.source)


def _span(evidence: Evidence, sentence: str) -> tuple[int, int]:
    for quote in QUOTE.findall(sentence):
        place = nested(evidence.text).find(quote)
        if place >= 0:
            return place, place + len(quote)
    if evidence.fact is not None:
        return 0, len(evidence.text)
    said = set(tokens(sentence))
    spans = sentence_spans(evidence.text) or [(0, len(evidence.text))]
    return max(spans, key=lambda span: len(said & set(tokens(evidence.text[span[0] : span[1]]))))


def nested(text: str) -> str:
    """`text` as it stands between quotation marks: its own become single ones, each in its place (GB/T 15834)."""
    return text.translate(_INNER)


def quotable(text: str) -> list[str]:
    """Sentences of `text` as they are quoted, without their end mark; none that would be read as a citation."""
    found = [
        ITEM_NUMBER.sub("", nested(text)[start:end]).rstrip("。；;！!？? .") for start, end in sentence_spans(text)
    ]
    return [quote for quote in found if quote and not _UNQUOTABLE.search(quote)]


def from_sentence(text: str, first: str, longest: int) -> str:
    """The sentence `first` of `quotable(text)` and those behind it, as far as they stay within `longest` characters."""
    said, start = nested(text), nested(text).find(first)
    ends = [b for _, b in sentence_spans(text) if start + len(first) <= b <= start + longest]
    quote = said[start : ends[-1]].rstrip("。；;！!？? .") if ends else first
    return first if "\n" in quote or _UNQUOTABLE.search(quote) else quote


def whole(text: str) -> list[str]:
    """All of `text` in one quotation, as `quotable` would have its sentences; empty where it cannot be."""
    quote = ITEM_NUMBER.sub("", nested(text)).strip().rstrip("。；;！!？? .，,、")
    return [quote] if quote and "\n" not in quote and not _UNQUOTABLE.search(quote) else []

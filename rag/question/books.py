"""Questions of what a classic says (`伤寒论里太阳病的脉象`) or where something is written (`出自哪本书`). Pure.

A book is known by its title, which nothing but the passages themselves tells: so passages are judged, not titles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag.domain import Evidence, Mention, PassageKind
from rag.text import normalise, tokens

_TITLED = re.compile(r"《([^《》]{2,20})》")
_ENDING = (
    "(?:本草经|内经|难经|甲乙经|脉经|纲目|要略|要方|翼方|条辨|金鉴|歌诀|素问|灵枢|改错|脉学|心悟|集注|全书|"
    "(?<=[寒胃候病气方源])论)"
)
_SAID_IN = re.compile(
    rf"([^\W在看按据照依和与的是说]{{0,6}}{_ENDING})"
    "(?=里|中(?!药|医|的药)|上(?!火|面)|对|怎么|如何|说|记载|提到|是怎么|认为|的)"
)
_ANY = re.compile("古籍|典籍|古书|古代医书|医籍|原文|条文|出自|出处|哪本书|哪部书|哪一?篇")
_UNWANTED = re.compile("(?:不用|不要|不必|别|无需|不需要?)(?:给|写|列|标|注明|说|带)?(?:出|任何)?(?:出处|原文|条文)")
_ABOUT_BOOKS = re.compile(
    rf"{_TITLED.pattern}|{_ANY.pattern}|请|依据|根据|给出|回答|记载|关于|怎么说|如何|怎么|什么|哪[一本部篇]+|[里中上]|论述|的|是|对"
)
_FEWEST_SHARED = 0.5
QUOTED = 3
"""Passages of books in an answer."""


@dataclass(frozen=True)
class BookQuestion:
    """`title`: the book named, normalised, empty where any will do; `rest`: what is asked of it."""

    title: str
    rest: str


def book_question(question: str) -> BookQuestion | None:
    """None where no book is asked."""
    text = normalise(question)
    found = _TITLED.search(text) or _SAID_IN.search(text)
    if found is None and (not _ANY.search(text) or _UNWANTED.search(text)):
        return None
    title = found[1] if found else ""
    return BookQuestion(title, _ABOUT_BOOKS.sub(" ", text.replace(title, " ") if title else text).strip())


def told_in(asked: BookQuestion, mentions: Sequence[Mention], passages: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The best of `passages`, which are best first, that stand in the book and name all that the question names."""
    named = [m for m in mentions if not m.negated and normalise(m.surface) not in asked.title]
    names = [{normalise(m.surface), *(c.name for c in m.candidates if c.score >= 1.0)} for m in named]
    wanted = set(tokens(asked.rest))
    kept: list[tuple[float, Evidence]] = []
    for evidence in passages:
        if evidence.kind != PassageKind.CLASSIC or not _stands_in(asked.title, evidence):
            continue
        text = normalise(f"{evidence.title or ''} {evidence.text}")
        shared = len(wanted & set(tokens(text))) / (len(wanted) or 1)
        if all(any(name in text for name in one) for one in names) and (names or shared >= _FEWEST_SHARED):
            kept.append((shared + _headed(evidence, names), evidence))
    kept.sort(key=lambda one: -one[0])
    return tuple(evidence for _, evidence in kept[:QUOTED])


def _headed(evidence: Evidence, names: Sequence[Collection[str]]) -> bool:
    """Whether it stands under the very name that is asked about: `桂枝汤方`."""
    headings = {part.strip().removesuffix("方") for part in normalise(evidence.title or "").split("·")}
    return any(not headings.isdisjoint(name.removesuffix("方") for name in one) for one in names)


def _stands_in(title: str, evidence: Evidence) -> bool:
    """`素问` is `黄帝内经素问`; `本草纲目` is no `本草经`."""
    own = normalise(evidence.source.title)
    return not title or own in title or title in own


def not_told(asked: BookQuestion) -> str:
    """What is said where the book named holds nothing of it."""
    book = f"《{asked.title}》" if asked.title else "古籍"
    return f"知识库收录的{book}中没有找到与此有关的原文。"

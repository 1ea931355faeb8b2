"""Follow-ups about things side by side: `能和阿司匹林一起吃吗`, `再加上布洛芬呢`, `这两个哪个好`. Pure.

The one side, or both, stand in earlier turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import EntityId, Mention
from rag.question.turns import Piece, Understood, kinds, latest_with_subject, said, subjects_of
from rag.retrieval.selection import may_be_subject
from rag.vocabulary import REMEDIES, EntityType

_CAN = "(?:能不能|可不可以|能否|是否可以|还能|可以|能|会不会|会)"
_TAKEN = "(?:一起|同时|一块儿?)(?:吃|用|服用?|喝)?"
_BESIDE = re.compile(
    rf"^(?:那么?|如果|要是|请问)?[，, ]*(?:{_CAN}|要)?(?P<link>再?[和跟与同]|再?加上?)(?P<rest>.{{2,40}}?)"
    rf"(?P<tail>(?:比(?:较|起来)?|相比)(?:的话)?呢?|{_CAN}?(?:不能)?{_TAKEN}(?:的话)?[呢吗么]?|[呢吗])?[？?。!！]*$"
)
"""`和阿司匹林一起呢`, `和支气管炎比呢`."""
_BOTH = re.compile(
    rf"^(?:那么?|请问)?[，, ]*(?:(?:它们|[这那]?(?:两|俩)(?:个|种|者)?(?:药物?|病)?)(?:之间)?"
    rf"(?P<rest>{_CAN}?(?:不能)?{_TAKEN}.{{0,4}}|(?:哪一?[个种]|有(?:什么|啥)(?:区别|不同)|区别|有?(?:没有)?冲突|会冲突).{{0,12}})|"
    rf"(?P<alone>{_CAN}(?:不能)?{_TAKEN}(?:药)?[吗么不]?|哪一?[个种](?:更|最|比较)?(?:好|安全|有效|管用)(?:些|一点)?))[呢呀啊]?[？?。!！]*$"
)
"""`能一起吃吗`, `两个哪个好`: nothing is named."""
_ASKS_ITSELF = re.compile(f"{_CAN}.*[吗么]$")
_MOST = 3
"""Names that are put side by side."""


def together(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> list[Piece] | None:
    """The question with the side that it leaves out, or both; None where it leaves out none."""
    return _with_another(question, mentions, before) or _of_both(question, mentions, before)


def _with_another(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> list[Piece] | None:
    """One name behind a joint, behind that of its kind that was asked about before, or all of them to be added to."""
    match = _BESIDE.match(question)
    if match is None or len(mentions) != 1 or mentions[0].start != match.start("rest"):
        return None
    own, adds = mentions[0], "加" in match["link"]
    if adds and not kinds(own) & REMEDIES:
        return None
    for turn in latest_with_subject(before):
        found = subjects_of(turn)
        same = [m for m in found if kinds(m) & kinds(own) and _ids([m]).isdisjoint(_ids([own]))]
        if not same:
            return None
        names = list(dict.fromkeys(said(turn, m) for m in (same if adds else same[-1:])))[-_MOST:]
        link, rest, tail = match.start("link"), match.end("rest"), match["tail"] or ""
        if adds:
            return [Piece("和".join(names) + "和"), Piece(question[own.start : rest], own.start), Piece("能一起用吗")]
        joined = [Piece(names[0]), Piece(question[link:rest], link)]
        if _ASKS_ITSELF.match(tail):
            return [*joined, Piece(question[rest:], rest)]
        return [*joined, Piece("有什么区别" if "比" in tail else "能一起用吗")] if tail else joined
    return None


def _of_both(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> list[Piece] | None:
    """The two things of one kind that were named last, before a question that names none."""
    match = _BOTH.match(question)
    if match is None or any(may_be_subject(m) or m.modifier for m in mentions):
        return None
    start = max(match.start("rest"), match.start("alone"))
    for wanted in (REMEDIES, frozenset({EntityType.DISEASE})):
        named: dict[frozenset[EntityId], str] = {}
        for turn in latest_with_subject(before):
            for mention in reversed(subjects_of(turn)):
                if kinds(mention) & wanted:
                    named.setdefault(frozenset(_ids([mention])), said(turn, mention))
        names = list(named.values())[:2][::-1]
        if len(names) > 1:
            return [Piece("和".join(names)), Piece(question[start:], start)]
    return None


def _ids(mentions: Sequence[Mention]) -> set[EntityId]:
    return {c.entity for m in mentions for c in m.candidates}

"""`吃布洛芬会胃痛吗`, `服药后干咳正常吗`: whether a complaint may come from a remedy that is taken. Pure.

Neither what the complaint is treated with nor what the remedy is for is an answer, only its adverse effects; and the
complaint is no illness of the patient that the remedy could be bad for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Intent, Mention
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType, Relation

_REMEDY, _COMPLAINT = "\u25a1", "\u25a0"
_GAP = f"[^，。；？,;?{_REMEDY}{_COMPLAINT}]"
_TAKING = "(?:吃|服用?|用|打|喝|抹|涂|贴|注射|滴)(?:了|过|完|着)?"
_BRINGS = "(?:引起|导致|造成|引发|诱发|带来)"
_MAY = "(?:会不会|会|是否会|可能会?|容易|易)"
_SHOWS = f"(?:{_BRINGS}|出现|有|产生|发生|让人|使人|让|使|感到|觉得|感觉|变得?|更)?"
_TAKEN = f"(?:{_TAKING}{_REMEDY}+|{_REMEDY}{_GAP}{{0,2}}(?:吃|服用?|用|打|喝|抹|涂|贴)(?:了|过|完|后|之后|以后))"
_EXPECTED = (
    "(?:(?:是不是|是否|算不算|算|是|属于)?(?:正常|正常的?(?:反应|现象|情况))(?:[吗么不]|$)|正不正常|"
    "(?:是不是|是否|算不算|算|是|属于)[^，。；？,;?]{0,6}?(?:副作用|不良反应|副反应))"
)
_WHY = "(?:怎么回事|怎么办|咋回事|咋办|为什么|为啥|什么原因|是何原因)"
_AFTER = "(?:之?后|以后|期间|完)?[，,]?(?:就|会|总|老是?|一直|开始|出现|感觉|觉得|感到|有点儿?|有些|我|人)*"
_SINCE = "(?:之?后|以后|完|就|开始|出现)"
_STILL = f"(?!{_GAP}*(?:还|仍|依然|没|不))"
_CAUSES = "(?:causes?|leads? to|makes?|gives?|results? in|triggers?)"
_ASKED = tuple(
    map(
        re.compile,
        (
            rf"{_REMEDY}{_GAP}{{0,4}}?{_MAY}{_SHOWS}(?!{_GAP}{{0,2}}[治缓减好防退消止降])(?:{_GAP}{{0,2}}){_COMPLAINT}",
            rf"{_REMEDY}(?:能|可以|可能|可)?{_BRINGS}{_GAP}{{0,3}}{_COMPLAINT}",
            rf"{_COMPLAINT}+{_GAP}{{0,3}}(?:是|跟|与|和){_GAP}{{0,8}}{_TAKING}?{_REMEDY}+{_GAP}{{0,2}}"
            rf"(?:{_BRINGS}|所致|的?副作用|的?不良反应|吃的|有关)",
            rf"{_TAKEN}{_STILL}{_AFTER}{_GAP}{{0,4}}{_COMPLAINT}+{_GAP}{{0,4}}[，,]?{_EXPECTED}",
            rf"{_TAKEN}{_STILL}{_SINCE}{_AFTER}{_GAP}{{0,4}}{_COMPLAINT}+{_GAP}{{0,4}}[，,]?{_GAP}{{0,4}}{_WHY}",
            rf"{_TAKING[:-1]}{_REMEDY}+{_STILL}{_AFTER}{_GAP}{{0,4}}{_COMPLAINT}+[。.!！]?$",
            rf"{_TAKING}{_REMEDY}+(?![^，。；？]*(?:血[压糖脂]|指标|数值|多少|几))[^。；？]{{1,14}}?{_EXPECTED}",
            rf"{_REMEDY} (?:tablets? |capsules? )?{_CAUSES} (?:you |me |one |people )?(?:feel )?(?:an? )?{_COMPLAINT}",
            rf"{_COMPLAINT} (?:an? |one of the )?(?:common |known |normal )*(?:side|adverse) effects? (?:of|from) "
            rf"(?:taking )?{_REMEDY}",
            rf"{_COMPLAINT} (?:caused by|due to|because of|from|after|normal (?:after|with|on)) (?:taking )?{_REMEDY}",
        ),
    )
)
"""Over the question with a mark for each character of a remedy and of a complaint."""
_CLASS = re.compile("药(?![店房膏酒材剂流浴用理])(?:片|物)?")
_ILL = frozenset({EntityType.DISEASE, EntityType.SYMPTOM})


@dataclass(frozen=True)
class Effect:
    """What is asked of a remedy: whether the `complaints` come from it, which may be told in words that are no names.

    `sort`: the words for the remedy where they name only what it is for (感冒药).
    """

    complaints: tuple[Mention, ...]
    sort: str = ""

    @property
    def intent(self) -> Intent:
        """Its adverse effects, and whether they hold the complaint."""
        objects = tuple(dict.fromkeys(c.entity for m in self.complaints for c in m.candidates))
        relations = (Relation.ADVERSE,)
        return Intent(relations, (relations,), yes_no=True, object=objects)


def effect_asked(question: str, mentions: Sequence[Mention]) -> Effect | None:
    """None where no such thing is asked."""
    text = normalise(question)
    if len(text) != len(question):
        return None
    chars, sort = list(text), ""
    complaints: list[Mention] = []
    for mention in mentions:
        if mention.carried or not mention.candidates:
            continue
        kinds = {c.type for c in mention.candidates}
        named = _CLASS.match(text, mention.end) if kinds & _ILL else None
        if named:
            sort = text[mention.start : named.end()]
            chars[mention.start : named.end()] = _REMEDY * len(sort)
        elif mention.best.type in REMEDIES and not mention.modifier:
            chars[mention.start : mention.end] = _REMEDY * (mention.end - mention.start)
        elif kinds & _ILL and not mention.negated:
            chars[mention.start : mention.end] = _COMPLAINT * (mention.end - mention.start)
            complaints.append(mention)
    masked = "".join(chars)
    if not any(pattern.search(masked) for pattern in _ASKED):
        return None
    return Effect(tuple(complaints), sort if not _names_one(mentions) else "")


def _names_one(mentions: Sequence[Mention]) -> bool:
    return any(m.best.type in REMEDIES for m in mentions if m.candidates and not m.modifier)


def without_effect(mentions: Sequence[Mention], effect: Effect | None) -> tuple[Mention, ...]:
    """The mentions of whom and what the patient is: what a remedy may do to somebody is nothing he has already."""
    return tuple(m for m in mentions if effect is None or m not in effect.complaints)


def without_class(mentions: Sequence[Mention], effect: Effect | None) -> tuple[Mention, ...]:
    """Without the illness by which a class of remedies is called, of which nothing is asked (感冒 of 感冒药)."""
    if effect is None or not effect.sort:
        return tuple(mentions)
    return tuple(m for m in mentions if not effect.sort.startswith(normalise(m.surface)))

"""`其实我怀孕了`, `我还有哮喘`: a message that only tells more of the patient, or other than before. Pure.

What was asked last is then asked anew of the patient as told now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.domain import Mention
from rag.question.illnesses import is_illness
from rag.question.turns import Piece, Understood, latest_with_subject

_LEAD = re.compile(
    r"^(?:(?:哦|啊|嗯|对了|不对|不是|不好意思|抱歉|等等|等一下)[，,。 ]*)*"
    r"(?:其实|实际上|事实上|忘(?:了|记)说了?|忘了告诉你|补充一下|更正一下|更正|"
    r"(?:我)?(?:刚才|刚刚|前面)?(?:说|写|打)错了)[，,：: ]*"
)
_WHO = r"(?:我|他|她|孩子|宝宝|小孩|患者|病人|老人|我妈妈?|我爸爸?|我老公|我老婆)"
_ADDS = re.compile(
    rf"^{_WHO}(?:本身|平时|同时|现在|目前)?(?:还|也)(?:有|患有?|得了?|在吃|在用|在服|对|是|怀|在)|"
    rf"^(?:对了|哦)[，, ]*{_WHO}(?:现在|目前|已经|还|也|正在)*(?:有|患有?|怀孕|对|是|在吃|在用|在服|在喂)"
)
_HAS = re.compile(rf"^{_WHO}(?:本身|平时|一直|从小)?有(?![点些时没])")
_ASKS = re.compile(r"[?？吗呢]|什么|怎么|哪|能不能|可不可以|多少|几|是不是|要不要|为什么")
_TOLD = re.compile(
    r"怀孕|孕妇|孕\d|妊娠|哺乳|喂奶|母乳|\d+\s*(?:岁|个月)|[一二两三四五六七八九十]+(?:岁|个月)|过敏|"
    r"[肝肾]功能|[病炎症癌瘤]|哮喘|高血压|糖尿|"
    r"青光眼|溃疡|痛风|衰竭|透析|在吃|在用|在服|老人|儿童|孩子|成年?人|大人"
)
"""What tells of the patient, if a name does not."""
_WHOM = re.compile(
    r"(?:我|他|她)?(?:家|的)?"
    r"(?:孕妇|怀孕\d*[个周月]*了?|孕\d+周|孕期|哺乳期?(?:妇女)?|"
    r"\d+\s?(?:岁半?|个多?月)(?:大?的?(?:宝宝|孩子|小孩|婴儿|老人))?|"
    r"婴幼?儿|新生儿|宝宝|小孩|孩子|儿童|老年?人)[，, ]*"
)
"""Whom the earlier question named, whose place is taken."""
_LONGEST = 40


def corrected(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> list[Piece] | None:
    """The message and behind it what was asked last, without whom that was about; None where it tells no such thing."""
    lead = _LEAD.match(question)
    first = lead.end() if lead else 0
    told = question[first:].rstrip("。.!！~ ")
    adds = _ADDS.match(question) or (
        _HAS.match(question) and any(is_illness(c) for m in mentions for c in m.candidates)
    )
    known = bool(_TOLD.search(told)) or any(m.candidates for m in mentions)
    if not (lead or adds) or not told or len(told) > _LONGEST or not known or _ASKS.search(told):
        return None
    last = next(latest_with_subject(before), None)
    if last is None or len(last.question) > _LONGEST:
        return None
    asked = _WHOM.sub("", last.question) if lead else last.question
    return [Piece(told, first), Piece(f"，{asked}")]

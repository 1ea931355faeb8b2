"""What a message means among the turns before it: a question that stands for itself, its names, what it asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.domain import Condition, Intent, Mention, Turn
from rag.linking.linker import Linker
from rag.linking.names import Names, entity_name
from rag.linking.sites import GENERAL
from rag.question.allergens import without_allergens
from rag.question.complaints import as_complaint
from rag.question.conditions import asks_for_diseases, conditions_of, sort_of_remedy
from rag.question.deciding import suspected
from rag.question.dialogue import MOST_QUESTIONS, Consultation, asks, hurried, thing, told_before, told_now
from rag.question.followup import understand
from rag.question.intent import read_intent
from rag.question.sufferers import without_sufferers
from rag.retrieval.avoided import asks_to_avoid, asks_what_brings
from rag.retrieval.selection import may_be_subject, parts_told, told_symptoms
from rag.text import normalise
from rag.vocabulary import REMEDIES, EntityType


@dataclass(frozen=True)
class Meaning:
    """`text` is the question with what earlier turns told; `may_ask`: whether a question back is in place.

    `asked`: symptoms, normalised, that were asked about before, in this consultation; `conditions`: what the diseases
    that are asked for must meet.
    """

    text: str
    mentions: tuple[Mention, ...]
    intent: Intent
    may_ask: bool = False
    asked: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    as_typed: tuple[Mention, ...] | None = None

    @property
    def nowhere(self) -> str:
        """The complaint that alone was told, could be anywhere and was not said where: then that is asked first."""
        told = told_symptoms(self.mentions)
        if not self.may_ask or self.asked or len(told.present) != 1 or parts_told(self.mentions):
            return ""
        if asks_for_diseases(self.text):
            return ""
        name = entity_name(told.present[0])
        return name if name in GENERAL else ""

    def behind(self, intent: Intent, mentions: Sequence[Mention]) -> Meaning | None:
        """`intent` taken for the question which illness is behind the complaint; None where it cannot be meant so."""
        complaint = as_complaint(intent, mentions, self.text) if not _INHERITED.search(self.text) else None
        may_ask = _DECIDES.search(self.text) is None and not hurried(self.text)
        return replace(self, intent=complaint, may_ask=may_ask) if complaint is not None else None

    @property
    def shown(self) -> tuple[Mention, ...]:
        """The mentions for a reader of the question as it was typed."""
        return self.mentions if self.as_typed is None else self.as_typed


def meaning_of(question: str, history: Sequence[Turn], consultation: Consultation | None, linker: Linker) -> Meaning:
    """By the question alone, or as the next turn of the consultation if it is one."""
    if consultation is not None:
        own = linker.link(question)
        before, now = told_before(consultation, linker), told_now(consultation, own)
        if consultation.asks_where and (placed := _placed(consultation.with_place(question), consultation, linker)):
            now = (*now, placed)
        before = _somewhere(before, now, consultation.placing)
        told = (*now, *_others(before, now))
        if _continues(consultation, question, own, told):
            adds = any(_symptom(m) for m in _others(now, before))
            return _next_turn(consultation, question, told, adds=adds)
        if not any(may_be_subject(m) or m.modifier for m in own):
            return Meaning(question, told, replace(read_intent(question, told), reverse=True))
        whole = consultation.restated(question)
        if _SUPPOSES.match(question) and suspected(whole, linked := linker.link(whole)):
            return _alone(whole, linked)
    understood = understand(question, history, linker)
    mentions = tuple(_for_whom(_plain(mention, linker.names)) for mention in understood.mentions)
    return replace(_alone(understood.question, mentions), as_typed=understood.asked)


_WHOM = frozenset({"儿童", "婴儿", "婴幼儿", "幼儿", "新生儿", "早产儿", "青少年", "老年", "孕期", "妊娠", "妊娠期"})


_STATES = frozenset({"孕期", "怀孕期", "怀孕期间", "孕早期", "孕中期", "孕晚期", "哺乳期", "经期", "月经期"})
"""In which somebody falls ill; 妊娠期 is how the names of illnesses of their own begin (妊娠期高血压)."""


_WHO = _WHOM | {"老人", "老年人", "小孩", "小儿", "宝宝", "孩子", "孕妇", "产妇"}


def _plain(mention: Mention, names: Names) -> Mention:
    """`老人便秘` as 便秘, where a graph knows it as a complaint: nothing more is recorded of it."""
    if any(c.type is not EntityType.SYMPTOM for c in mention.candidates):
        return mention
    said = normalise(mention.surface)
    rest = (names.candidates(said.removeprefix(who)) for who in sorted(_WHO, key=len, reverse=True) if who in said[:4])
    return next((replace(mention, candidates=tuple(found)) for found in rest if found), mention)


def _for_whom(mention: Mention) -> Mention:
    """`儿童布洛芬怎么吃`: who takes a medicine makes it no other one; 小儿 is part of the names of some.

    Nor does it make an illness another one that she is pregnant (`孕期智齿发炎`); the answer says what it is not for.
    """
    remedy = mention.modifier in _WHOM and all(c.type in REMEDIES for c in mention.candidates)
    return replace(mention, modifier="") if remedy or mention.modifier in _STATES else mention


def _placed(message: str, consultation: Consultation, linker: Linker) -> Mention | None:
    """The complaint that was asked about at the place that the message names, if it names one."""
    found = linker.link(message)
    there = found and (found[-1].parts or found[-1].best.name != consultation.placing)
    return replace(found[-1], start=0, end=0, carried=True) if there and _symptom(found[-1]) else None


def _somewhere(before: tuple[Mention, ...], now: Sequence[Mention], placing: str) -> tuple[Mention, ...]:
    """Without the complaint that was told at first without its place, once it is told with it."""
    vague = [m for m in before if m.best.name == placing and not m.parts]
    others = [m for m in (*before, *now) if m not in vague and _symptom(m)]
    placed = any(set(placing) & set(m.best.name) for m in others)  # 膝关节疼痛 for 疼痛
    return tuple(m for m in before if m not in vague) if placed else before


_ABOUT_SYMPTOMS = re.compile(r"要紧|严重吗|(?:什么|啥|是何)(?:原因|缘故)|为什么|怎么引起|什么引起|怎么造成|怎么导致")
"""Of several symptoms at once, their cause and how grave they are is asked of what they belong to."""
_INHERITED = re.compile("遗传")
"""`偏头痛会遗传吗` asks for no illness that has it among its symptoms."""
_SUPPOSES = re.compile(
    r"(?:那|这|那么|请问|医生|我|他|她|孩子|宝宝)*(?:会不会|是不是|是否|有没有可能|可能|难道|莫非|该不会)"
)
"""`会不会是肺炎`, after the complaints were told."""
_DECIDES = re.compile(r"能不能|可不可以|能否|可否|要不要|会不会|是不是(?!得了|有病|生病|病了)|是否")
"""A decision is asked for, not what it may be."""


def _alone(question: str, mentions: tuple[Mention, ...]) -> Meaning:
    asked_about = without_allergens(question, mentions)
    intent = read_intent(question, asked_about)
    today = without_sufferers(question, asked_about, intent)
    intent = intent if today == asked_about else read_intent(question, today)
    if conditions := conditions_of(question, mentions):
        return Meaning(question, mentions, Intent((), (), reverse=True), conditions=conditions)
    if conditions := sort_of_remedy(question, mentions):
        return Meaning(question, mentions, replace(intent, settled=True), conditions=conditions)
    if asks_to_avoid(question, mentions):
        return Meaning(question, mentions, Intent((), (), reverse=True, avoids=True))
    if asks_what_brings(question, mentions):
        return Meaning(question, mentions, Intent((), (), reverse=True, avoids=True, brings=True))
    present = [m for m in mentions if not m.negated and not m.modifier]
    bare = [m for m in present if _symptom(m) and all(c.type is not EntityType.DISEASE for c in m.candidates)]
    others = any(may_be_subject(m) and not _symptom(m) for m in present)
    if bare and len(present) > 1 and not others and _ABOUT_SYMPTOMS.search(question):
        intent = Intent((), (), reverse=True, yes_no=intent.yes_no)
    clear = bool(intent.groups) or not intent.reverse or _DECIDES.search(question) is not None
    return Meaning(question, mentions, intent, not clear and not hurried(question))


def _continues(consultation: Consultation, question: str, own: Sequence[Mention], told: tuple[Mention, ...]) -> bool:
    """Whether the message answers, adds to what was told, or presses; another question is one of its own."""
    if not consultation.pending and not (consultation.open and any(map(_symptom, own))):
        return False
    others = any(not _symptom(m) and may_be_subject(m) for m in own)
    if consultation.answered or hurried(question):
        return not (others and asks(question))
    return not others and not read_intent(question, told).groups


def _next_turn(consultation: Consultation, question: str, told: tuple[Mention, ...], *, adds: bool) -> Meaning:
    """The symptoms told so far; only who answers or adds something is asked again, at most `MOST_QUESTIONS` times."""
    intent = read_intent(question, told) if asks(question) else Intent((), ())
    if not intent.groups:
        intent = Intent((), (), reverse=True)
    more = (consultation.answered or adds) and not hurried(question) and not intent.groups
    asked = tuple(reply.symptom for reply in consultation.replies)
    return Meaning(consultation.restated(question), told, intent, more and len(asked) < MOST_QUESTIONS, asked)


def _others(mentions: Sequence[Mention], than: Sequence[Mention]) -> list[Mention]:
    """Those that speak of something else."""
    known = {thing(m) for m in than}
    return [m for m in mentions if thing(m) not in known]


def _symptom(mention: Mention) -> bool:
    return any(c.type is EntityType.SYMPTOM for c in mention.candidates)

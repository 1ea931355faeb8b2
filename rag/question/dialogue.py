"""What the product asked back in earlier turns and what it was told. Pure; read from the text of the turns alone.

Nothing is remembered between requests: a question is worded in one way (`QuestionBack`), so that a turn that comes back
as history tells which symptom was asked about, and the turn after it what was answered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.domain import Mention, Turn
from rag.linking.linker import Linker
from rag.text import normalise

MOST_QUESTIONS = 3
"""Asked in one consultation."""
HINT = "可以回答“有”“没有”或“不知道”，也可以补充其他症状；想现在就看结果，请说“直接告诉我”。"
"""Said with the first question."""

MORE_WANTED = "只识别到一个症状，符合的疾病很多，请补充其他症状、部位和持续时间。"
"""Said where diseases are listed for one symptom alone."""

_LOOK_BACK = 12
"""Turns, of both sides; a whole consultation has eight."""
_LONGEST = 2000
"""Characters of an earlier message that are read."""
_ASKED = re.compile(r"(?:请问有没有|\b[Ii]s there )“([^“”\n]{1,30})”[？?]")
_ASKED_WHERE = re.compile(r"(?:请问|Where in the body is )“([^“”\n]{1,30})”(?:在身体的哪个部位？|\?)")
_MORE_WANTED = re.compile(f"{MORE_WANTED}|Only one symptom was recognised")
"""In Chinese, and as `rag.answer.english` tells them."""
_CLAUSE = re.compile(r"[，。；！？,;!?\n]")
_FIRST = r"^(?:[\s,，、。]|我|[他她它]|孩子|宝宝|本人|患者|嗯|呃|哦|噢|额|啊|呀|哎|这个|那个|倒是?)*"
_UNKNOWN = re.compile(
    r"不(?:太|大|是很|怎么)?(?:知道|清楚|确定|晓得|懂|记得|好说|敢说)|说不(?:上|好|清|准)|"
    r"没(?:有|太|怎么)?(?:注意|留意|查|检查|测|量)过?|记不清|记不得|忘了|不一定|拿不准|看不出|"
    r"\b(?:unsure|unknown|not sure|don'?t know)\b"
)
_NO = re.compile(
    _FIRST + r"(?:并|都|也|从来|暂时|目前|现在|一个|应该|好像)*"
    r"(?:没(?!办法|法|什么办法)|冇|无|未|否|不(?!好意思|用|要|想|能|过|舒服|适|同|仅|但))|^\s*(?:no|n|not)\b"
)
_YES = re.compile(
    _FIRST + r"(?:(?:好像|似乎|应该|可能|稍微|偶尔|有时候?|经常|确实|的确|也|都|一直|还|是|会|就)*"
    r"有(?!没有|什么|啥|哪|办法|药|谁|多|必要|可能|关系)|是(?!不是|什么|啥|哪|否|怎|为|谁|吗|我|在)|"
    r"对(?![于我不])|会(?!不会|是|怎|传|死)|(?:偶尔|经常|有时|一点|少许|稍微|确实)|(?:yes|y)\b)|^\s*嗯+[\s。.!！]*$"
)
_NAMES_NOTHING = re.compile(
    r"这个|这种|这样|那种|症状|情况|感觉|现象|什么|任何|明显|其[他它]|别的|不舒服|不适|一[点些]|时候|出现|觉得|发生|"
    r"[的了过啊呀呢吧嘛呗哦有会点些也都很太怎么严重厉害\s\W]"
)
"""Beside a yes or a no these say nothing more."""
_NEGATED = re.compile(r"没|不(?!舒服|适|仅|但|只|过)|无|未|否|冇")
_DENIED_AFTER = re.compile(r"^(?:这个|倒|也|都|是)*没(?:有)?(?:$|[，。；！,;!\s的啊呀])")
_ADDS = re.compile(r"^(?:嗯|哦|对了|医生|那个|[，,。\s])*(?:还|也|又|另外|同时|而且|并且|再就是|现在(?:又|还|开始))")
"""How a message begins that goes on telling."""
_ALARMED = re.compile(r"^[^\n]{0,60}(?:拨打120|医院急诊|12356)")
"""How an answer of ours begins that raised an alarm."""
_HURRIED = re.compile(
    r"直接(?:告诉|说|回答|给|讲)|(?:别|不要|不用|不必|甭)再?(?:反)?问|不想再?(?:回答|答|说)|(?:快|赶紧|先|就)告诉我|"
    r"(?:给|要|看)我?个?(?:结果|结论|答案)|你就说|just tell me",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？]|什么|怎么|怎样|如何|哪|吗|多久|多少|咋|啥|能不能|要不要|可不可以")


class Stance(StrEnum):
    """What was answered to a question about one symptom."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reply:
    """A symptom that was asked about, normalised, and what the user said to it; None: nothing to the point."""

    symptom: str
    stance: Stance | None = None


@dataclass(frozen=True)
class Consultation:
    """What was said since the user's message that was met with a question.

    `said` are the user's messages before the current one, the opening first; `replies` all that was asked, with the
    current message's answer; `pending` how many of them, the last ones, the current message follows at once; `open`:
    it follows a turn that asked for more symptoms.
    """

    said: tuple[str, ...]
    replies: tuple[Reply, ...] = ()
    pending: int = 0
    placing: str = ""
    open: bool = False

    @property
    def asks_where(self) -> bool:
        """Whether the current message follows the question where a complaint is."""
        return self.pending == 1 and self.placing != "" and self.replies[-1].symptom == self.placing

    @property
    def answered(self) -> bool:
        """Whether the current message says yes, no or unknown to what was asked last."""
        return any(reply.stance is not None for reply in self.replies[len(self.replies) - self.pending :])

    def asked(self, symptoms: Sequence[str]) -> Consultation:
        """After a turn of ours that asks about `symptoms`, or about none."""
        new = tuple(Reply(normalise(symptom)) for symptom in symptoms)
        return replace(self, replies=(*self.replies, *new), pending=len(new), open=False)

    def asked_where(self, complaint: str) -> Consultation:
        """After a turn of ours that asks where a complaint is."""
        return replace(self.asked([complaint]), placing=normalise(complaint))

    def with_place(self, message: str) -> str:
        """`膝盖` as `膝盖疼痛` where it was asked where the pain is; any other message as it is."""
        return f"{message.rstrip('。，,. ')}{self.placing}" if self.asks_where else message

    def heard(self, message: str) -> Consultation:
        """With the answers that a message gives to what was asked last."""
        first = len(self.replies) - self.pending
        answers = tuple(Reply(r.symptom, stance_to(message, r.symptom)) for r in self.replies[first:])
        return replace(self, replies=(*self.replies[:first], *answers))

    def restated(self, message: str) -> str:
        """All of it, with `message`, as one text that stands for itself."""
        found = [f"{_SAID[r.stance]}{r.symptom}" for r in self.replies if r.stance in _SAID]
        more = [part for part in (*self.said[1:], message) if not BARE.fullmatch(part)]
        return "，".join(part.rstrip("。，,. ") for part in (*self.said[:1], *found, *more))


BARE = re.compile(r"(?:没?有|没|是的?|不是|嗯+|对的?|不?会|不知道|不清楚|直接告诉我)[的了啊呀吧。，,.!！\s]*")
"""Replies that stand in the whole as what was asked."""
_SAID = {Stance.YES: "有", Stance.NO: "没有"}


@dataclass(frozen=True)
class QuestionBack:
    """A question about one symptom; the `first` of a consultation says how it may be answered."""

    symptom: str
    first: bool

    @property
    def text(self) -> str:
        """In the wording that `read_consultation` finds again."""
        return f"为了区分这些疾病，请问有没有“{self.symptom}”？"

    @property
    def note(self) -> str:
        """As it stands at the end of an answer."""
        return self.text + (HINT if self.first else "")


def where_is(complaint: str) -> str:
    """A question for the place of a complaint that could be anywhere, as `read_consultation` finds it again."""
    return f"请问“{complaint}”在身体的哪个部位？"


def hurried(message: str) -> bool:
    """Whether somebody wants the answer and no more questions."""
    return _HURRIED.search(message) is not None


def asks(message: str) -> bool:
    """Whether a message holds a question of its own."""
    return _ASKS.search(message) is not None


def adds(message: str) -> bool:
    """`还有点恶心`: whether a message goes on telling what the ones before began, and asks nothing."""
    return _ADDS.match(message) is not None and not asks(message)


def stance_to(message: str, symptom: str) -> Stance | None:
    """What `message` says of `symptom`, by its own clause if it names it, else by how the message begins."""
    text = normalise(message)
    place = text.find(symptom)
    if place < 0:
        return _by_its_beginning(text, symptom)
    before = _CLAUSE.split(text[:place])[-1]
    if _UNKNOWN.search(before):
        return Stance.UNKNOWN
    if before.endswith("有没有"):
        return None
    return Stance.NO if _NEGATED.search(before) or _DENIED_AFTER.match(text[place + len(symptom) :]) else Stance.YES


def _by_its_beginning(text: str, symptom: str) -> Stance | None:
    """`没有，不过有点咳`: yes or no to what was asked, unless the same clause names something else (`没有发热`)."""
    if _UNKNOWN.search(text):
        return Stance.UNKNOWN
    for stance, words in ((Stance.NO, _NO), (Stance.YES, _YES)):
        if match := words.match(text):
            rest = _NAMES_NOTHING.sub("", _CLAUSE.split(text[match.end() :])[0])
            shared = len(set(rest) & set(symptom))
            return stance if len(rest) < 2 or 2 * shared >= max(len(rest), len(symptom)) else None
    return None


def read_consultation(history: Sequence[Turn], message: str) -> Consultation | None:
    """The consultation that `message` continues or follows at once; None where nothing was asked back."""
    found: Consultation | None = None
    opening: tuple[str, ...] = ()
    for turn in history[-_LOOK_BACK:]:
        asked = _ASKED.findall(turn.content)[-MOST_QUESTIONS:] if turn.role == "assistant" else []
        where = _ASKED_WHERE.findall(turn.content) if turn.role == "assistant" else []
        if turn.role == "user" and found is not None and _goes_on(found, turn.content):
            found = replace(found.heard(turn.content), said=(*found.said, found.with_place(turn.content[:_LONGEST])))
        elif turn.role == "user":
            found, opening = None, (turn.content[:_LONGEST],)
        elif where:
            found = (found or Consultation(opening)).asked_where(where[-1])
        elif turn.role == "assistant" and not asked and _MORE_WANTED.search(turn.content):
            found = replace((found or Consultation(opening)).asked(()), open=True)
        elif turn.role == "assistant" and not asked and _ALARMED.match(turn.content):
            found = (found or Consultation(opening)).asked(())
        elif asked or found is not None:
            found = (found or Consultation(opening)).asked(asked)
    if found is None:
        return None
    return replace(found.heard(message), open=found.open or (not found.pending and adds(message)))


def _goes_on(found: Consultation, message: str) -> bool:
    """Whether a message belongs to the consultation before it."""
    return bool(found.pending) or (found.open and not asks(message)) or adds(message)


def told_before(consultation: Consultation, linker: Linker) -> tuple[Mention, ...]:
    """What was told before the current message, carried; of two words on one thing the later.

    What was asked about is taken as it was answered, in whatever words that was.
    """
    latest: dict[object, Mention] = {}
    for text in consultation.said:
        latest |= {thing(m): m for m in linker.link(text)}
    for symptom, stance in _answered(consultation).items():
        latest |= {thing(m): replace(m, negated=stance is Stance.NO) for m in linker.link(symptom)}
    return tuple(replace(m, start=0, end=0, carried=True) for m in latest.values())


def told_now(consultation: Consultation, own: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions of the current message; what was asked about is denied or not as it was answered."""
    answered = _answered(consultation)
    found = []
    for mention in own:
        stance = answered.get(normalise(mention.surface))
        found.append(mention if stance is None else replace(mention, negated=stance is Stance.NO))
    return tuple(found)


def thing(mention: Mention) -> object:
    """What two mentions of one thing share."""
    return mention.best.entity, mention.modifier


def _answered(consultation: Consultation) -> dict[str, Stance]:
    return {r.symptom: r.stance for r in consultation.replies if r.stance is not None and r.stance in _SAID}

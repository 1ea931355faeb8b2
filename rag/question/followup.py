"""Earlier turns: what a follow-up question leaves out (`那它要做什么检查`), put back by rules. Pure.

A question is written out as it is meant in the light of the turns before it; names, intent and retrieval then see a
question that stands for itself. One with a subject of its own is another topic and takes nothing over; `那高血压呢`
puts another name into the question before. What the product said is never taken for what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.domain import Intent, Mention, Turn
from rag.linking.comparing import apart
from rag.linking.linker import Linker
from rag.question.corrections import corrected
from rag.question.cues import without_cues
from rag.question.intent import read_intent
from rag.question.together import together
from rag.question.turns import Piece, Understood, kinds, whole
from rag.retrieval.selection import may_be_subject
from rag.text import HAN, clean
from rag.vocabulary import RELATIONS, REMEDIES, EntityType, Relation

_LOOK_BACK = 6
"""Turns, of both sides."""
_LONGEST = 2_000
"""Characters of an earlier turn that are read."""
_PRONOUN = re.compile(
    r"它们?|[这那](?:一?[个种款类])?(?:疾病|病症?(?![人房历程史例])|毛病|药物?)|[这那]一?[个种款](?![月天年周人医])|"
    r"[该此本](?:病(?![人房历程史例])|药)|"
    r"\b(?:th(?:is|at) (?:drug|medicine|disease|illness|condition)|"
    r"(?<!is )(?<!was )(?<!does )it(?! (?:is|was|safe|ok|okay|true|possible|normal|good|bad|hurts))|them)\b",
    re.IGNORECASE,
)
_THESE = re.compile(r"^(?:那么?|请问)?[，, ]*(?:[这那]些|上述的?|以上的?|上面的?)药物?(?:里|当中|中)?(?:面)?[，, ]*")
_LEAD = re.compile(r"^(?:那么?|然后|还有|另外|请问|再问一下|嗯|哦|好的?)[，, ]*")
_INSTEAD = re.compile(
    r"^(?P<lead>那么?|换成|换作|改成|要是|如果是?|假如是?|若是|至于|(?:and|or|(?:and )?(?:what|how) about)\b)?[，, ]*"
    r"(?P<name>.{2,30}?)"
    r"(?P<tail>(?<=[a-z])(?=\?)|呢|又怎么样|怎么样呢?|也是这样吗?|也一样吗?|也是吗|也这样吗|也可以吗|也行吗|也会吗|也能吗|(?:可以|行|能|会|好)(?:吗|不|么)|行不行|可不可以|会不会)[？?。!！]*$",
    re.IGNORECASE,
)
_MAY = re.compile("可以|行|能")
_UNKNOWN = re.compile(
    f"(?<![什别这那该此本种个疾])[{HAN}](?:(?<![什么别的这那该此本种个疾])病(?![人房历程史例])|(?<!并发)症(?!状)|炎|癌|瘤|综合征|"
    "霉素|西林|沙星|洛尔|地平|沙坦|他汀|拉唑|胶囊|颗粒|口服液|注射液)"
)
"""What looks like the name of an illness or a drug; if nothing is linked there, it is one that is not known."""
_OF_IT = re.compile(
    r"^(?:那么?|请问)?[，, ]*(?:它|这|还|也|以后|时间长了|久了|严重了)*"
    r"(?:会不会|会|可能|有可能|有没有可能|是不是会|能不能|容易)+(?:也|再|继续|慢慢|直接)*"
    r"(?:变成|变为|转成|转为|转变成|发展成|发展为|癌变|恶变|导致|引起|引发|诱发|并发|影响|造成)"
)
"""`会变成癌症吗`: what it leads to is named, and not what does."""
_MAY_ONE = re.compile(
    r"^(?:那么?|请问)?[，, ]*(?:还|也|平时)*(?:可不可以|能不能|可以|能否|能|要不要|该不该|应不应该)"
    r"(?:再|多|经常|继续|适量|偶尔|天天|去|做)*"
    r"(?:吃|喝|饮|抽|用|打|洗|泡|晒|运动|锻炼|游泳|跑步|健身|熬夜|同房|怀孕|喂奶|哺乳)"
)
"""`可以喝酒吗`: who has what was asked about before."""
_DONE_OR_EATEN = frozenset(
    {EntityType.FOOD, EntityType.CAUSE, EntityType.TREATMENT, EntityType.THERAPY, EntityType.EXAMINATION}
)
_WHO = re.compile(
    r"孕妇|怀孕\d*[个周月]*|孕\d+周|孕期|哺乳期?(?:妇女)?|备孕|\d+(?:个多?月|岁半?)(?:大?的?(?:宝宝|孩子|小孩|婴儿|老人))?|"
    r"婴幼?儿|新生儿|宝宝|小孩|孩子|儿童|老年?人|对[^，。；,;]{1,8}过敏|[肝肾]功能不全"
)
"""Whom an earlier question was about."""


def understand(question: str, history: Sequence[Turn], linker: Linker) -> Understood:
    """The question with what it leaves out; the earlier ones are understood in turn, so that a chain holds."""
    before: list[Understood] = []
    for turn in history[-_LOOK_BACK:]:
        if turn.role == "user":
            before.append(_read(clean(turn.content[:_LONGEST]), before, linker))
    return _read(question, before, linker)


def _read(question: str, before: Sequence[Understood], linker: Linker) -> Understood:
    mentions = apart(question, linker.link(question), linker)
    pieces = _pieces(question, mentions, before, linker) if before else None
    if pieces is None:
        return Understood(question, without_cues(mentions), mentions)
    text = "".join(piece.text for piece in pieces)
    found = apart(text, linker.link(text), linker)
    return Understood(text, without_cues(found), tuple(_placed(mention, pieces) for mention in found), rewritten=True)


def _placed(mention: Mention, pieces: Sequence[Piece]) -> Mention:
    """A mention of the rewritten question for a reader of the one that was typed."""
    start = 0
    for piece in pieces:
        end = start + len(piece.text)
        if piece.origin is not None and start <= mention.start and mention.end <= end:
            shift = piece.origin - start
            return replace(mention, start=mention.start + shift, end=mention.end + shift)
        start = end
    return replace(mention, start=0, end=0, carried=True)


def _pieces(
    question: str, mentions: Sequence[Mention], before: Sequence[Understood], linker: Linker
) -> list[Piece] | None:
    """How the question is written out, or None where it stands for itself."""
    relations = read_intent(question, mentions)
    asks = relations.explicit and bool(relations.relations)
    if pieces := together(question, mentions, before) or corrected(question, mentions, before):
        return pieces
    if not asks and (pieces := _instead(question, mentions, before)):
        return pieces
    subjects = _subjects(before, relations.relations if asks else ())
    if not subjects:
        return None
    if (listed := _THESE.search(question)) and not _of_a_remedy(
        before
    ):  # the drugs of the illness that was asked about, which our own answer listed
        return [Piece(f"{subjects}用什么药，"), Piece(question[listed.end() :], listed.end())]
    if pronoun := next((m for m in _PRONOUN.finditer(question) if not _determines(m.span(), mentions)), None):
        start, end = pronoun.span()
        first = _begins(question[:start])
        return [Piece(question[first:start], first), Piece(subjects), Piece(question[end:], end)]
    first = _begins(question)
    rest = Piece(question[first:], first)
    if _leaves_out(question, mentions, before):
        return _joined(subjects, rest, linker)
    whom = relations.yes_no and asks and _for_whom(relations, mentions) and _of_a_remedy(before)
    if not whom and (any(may_be_subject(m) or m.modifier for m in mentions) or _UNKNOWN.search(question)):
        return None
    if not asks and not (relations.yes_no and mentions):
        return None
    return _joined(subjects, rest, linker)


def _begins(question: str) -> int:
    """Where a question begins behind `那`, `请问`."""
    lead = _LEAD.match(question)
    return lead.end() if lead else 0


def _leaves_out(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> bool:
    """Whether what it names is only what somebody with the illness before may do, or what that illness leads to."""
    if _of_a_remedy(before):
        return False
    leads = (found := _OF_IT.match(question)) is not None and all(m.start >= found.end() for m in mentions)
    done = all(kinds(m) <= _DONE_OR_EATEN for m in mentions)
    return (leads and bool(mentions)) or (_MAY_ONE.match(question) is not None and done)


def _for_whom(intent: Intent, mentions: Sequence[Mention]) -> bool:
    """`高血压能用吗`: only illnesses are named, and it is asked what may be taken; what, an earlier turn said."""
    ill = all(kinds(m) <= _STATES and not m.modifier for m in mentions)
    return bool(mentions) and ill and Relation.CONTRAINDICATION in intent.relations


_STATES = frozenset({EntityType.DISEASE, EntityType.SYMPTOM, EntityType.SYNDROME, EntityType.POPULATION})


def _of_a_remedy(before: Sequence[Understood]) -> bool:
    """Whether the latest question with a subject was about something to take."""
    last = next((turn for turn in reversed(before) if any(map(may_be_subject, turn.mentions))), None)
    return last is not None and any(kinds(m) & REMEDIES for m in last.mentions)


def _joined(subjects: str, rest: Piece, linker: Linker) -> list[Piece]:
    """Subjects before the rest, with a comma where the two would run into another name."""
    alone = {m.surface for m in linker.link(subjects)}
    together = {m.surface for m in linker.link(subjects + rest.text) if m.start < len(subjects)}
    return [Piece(subjects), *([] if alone == together else [Piece("，")]), rest]


def _determines(span: tuple[int, int], mentions: Iterable[Mention]) -> bool:
    """Whether it stands within a name, or right before one (`这个高血压`)."""
    return any(m.start <= span[1] and span[0] < m.end for m in mentions)


# ---------------------------------------------------------------- another name in the same question


def _instead(question: str, mentions: Sequence[Mention], before: Sequence[Understood]) -> list[Piece] | None:
    """`那高血压呢`: the question before, with this name in the place of one of its own kind."""
    match = _INSTEAD.match(question)
    if match is None or _PRONOUN.search(match["name"]):
        return None
    start, end = match.span("name")
    own = [m for m in mentions if start <= m.start and m.end <= end]
    known = len(own) == 1 and len(own[0].surface) + len(own[0].modifier) >= len(match["name"].strip())
    if not known and not (match["lead"] and _UNKNOWN.search(match["name"])):
        return None
    last = next((turn for turn in reversed(before) if any(map(may_be_subject, turn.mentions))), None)
    if last is None:
        return None
    name = Piece(question[start:end], start)
    own_kinds = {c.type for m in own for c in m.candidates}
    same = [m for m in last.mentions if not m.negated and (kinds(m) & own_kinds if known else may_be_subject(m))]
    if not same and own_kinds & REMEDIES and (ill := _subjects(before, ())):
        return [Piece(f"{ill}能用"), name, Piece("吗")] if _MAY.search(match["tail"]) else None
    if not same:
        return [name, Piece(f"，{last.question}")] if EntityType.POPULATION in own_kinds else None
    first, stop = whole(last.question, same[-1])
    return [Piece(last.question[:first]), name, Piece(last.question[stop:])]


# ---------------------------------------------------------------- the subject of before


def _subjects(before: Sequence[Understood], relations: Sequence[Relation]) -> str:
    """Whom or what the latest question with a subject was about, as words; empty if there was none."""
    for turn in reversed(before):
        found = [m for m in turn.mentions if may_be_subject(m) and not m.negated]
        if found:
            able = {kind for relation in relations for kind in RELATIONS[relation].subjects}
            fitting = [m for m in found if kinds(m) & able] or found
            fitting = [m for m in fitting if EntityType.SYMPTOM not in kinds(m)] or fitting
            names = [turn.question[slice(*whole(turn.question, m))] for m in fitting]
            who = [m[0] for m in _WHO.finditer(turn.question) if not any(m[0] in name for name in names)]
            listed = "和" if EntityType.SYMPTOM not in kinds(fitting[0]) else "、"
            return "".join(f"{word}，" for word in dict.fromkeys(who[:2])) + listed.join(dict.fromkeys(names))
    return ""
